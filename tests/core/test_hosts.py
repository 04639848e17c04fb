from __future__ import annotations

import pytest

from sso_core.hosts import (
    AfterLogin,
    CheckHeaders,
    CheckPassword,
    Declined,
    HostAnswer,
    HostQuestion,
    Person,
    Vouched,
    Wishes,
    answers_to,
)
from sso_core.secret import Secret

ALICE = Person("host", "alice", email="canary@corp.example", claims=(("canary", 1),))


@pytest.mark.parametrize(
    ("question", "answer", "fits"),
    [
        (AfterLogin(ALICE, None), Wishes(), True),
        (AfterLogin(ALICE, None), Declined(), True),
        (AfterLogin(ALICE, None), Vouched(ALICE), False),
        (CheckPassword("alice", Secret("canary")), Vouched(ALICE), True),
        (CheckPassword("alice", Secret("canary")), Declined(), True),
        (CheckPassword("alice", Secret("canary")), Wishes(), False),
        (CheckHeaders((("x-user", "canary"),)), Vouched(ALICE), True),
        (CheckHeaders((("x-user", "canary"),)), Wishes(), False),
    ],
)
def test_each_question_has_its_answers(question: HostQuestion, answer: HostAnswer, *, fits: bool) -> None:
    assert isinstance(answer, answers_to(question)) is fits


@pytest.mark.parametrize("value", [ALICE, CheckPassword("alice", Secret("canary")), CheckHeaders((("a", "canary"),))])
def test_what_is_personal_or_secret_shows_in_no_text(value: object) -> None:
    assert "canary" not in repr(value)
