from __future__ import annotations

from collections.abc import Callable

import pytest

from sso_core.events import HostAnswered, HostFailed
from sso_core.failures import Reason, Refusal
from sso_core.flows.host_answers import vouched_person, wishes_of
from sso_core.hosts import Declined, Person, Vouched, Wishes

ALICE = Person("host", "alice")
Answer = HostAnswered | HostFailed


def reason(read: Callable[[Answer], object], answer: Answer) -> Reason:
    with pytest.raises(Refusal) as refusal:
        read(answer)
    return refusal.value.failure.reason


def vouched(answer: Answer) -> Person:
    return vouched_person(answer, Reason.WRONG_PASSWORD)


def test_wishes_are_what_the_host_wishes() -> None:
    assert wishes_of(HostAnswered(Wishes(role="r"))) == Wishes(role="r")


def test_a_vouched_person_is_who_the_host_says() -> None:
    assert vouched(HostAnswered(Vouched(ALICE))) == ALICE


@pytest.mark.parametrize(
    ("read", "answer", "expected"),
    [
        (wishes_of, HostFailed("raised"), Reason.HOST_FAILED),
        (wishes_of, HostAnswered(Declined("no")), Reason.HOST_DECLINED),
        (wishes_of, HostAnswered(Vouched(ALICE)), Reason.HOST_FAILED),
        (vouched, HostFailed("raised"), Reason.HOST_FAILED),
        (vouched, HostAnswered(Declined("no")), Reason.WRONG_PASSWORD),
        (vouched, HostAnswered(Wishes()), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("", "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("host", ""))), Reason.HOST_FAILED),
    ],
)
def test_any_other_answer_lets_nobody_in(read: Callable[[Answer], object], answer: Answer, expected: Reason) -> None:
    assert reason(read, answer) is expected
