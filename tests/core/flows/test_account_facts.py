from __future__ import annotations

import attrs
import pytest
from people import account, alice, policy
from scenes import arrival, settings

from sso_core.accounts.policy import Linking
from sso_core.effects import ReadAccount
from sso_core.events import AccountFacts, DirectoryUnreachable
from sso_core.failures import Reason, Refusal
from sso_core.flows.account_facts import account_facts, account_questions
from sso_core.flows.arrival import Arrival

ALICE = attrs.evolve(alice(), handle="al")
ISSUER, SUBJECT = ALICE.issuer, ALICE.subject
FIRST = ReadAccount(ISSUER, SUBJECT, handle="al")
AS_HANDLE = ReadAccount(ISSUER, SUBJECT, handle=SUBJECT, by_handle=True)
FORMER = ReadAccount("corp", SUBJECT)
HERS, THERE = account(), account(account_id="former")


def comes(linking: Linking = Linking.NEVER, former: str | None = None) -> Arrival:
    return arrival(settings=settings(policy=policy(linking=linking)), former_namespace=former)


def test_one_question_is_asked_as_a_rule() -> None:
    assert account_questions(comes(), ALICE) == (FIRST,)
    seats = arrival(settings=settings(policy=policy(seats=5, linking=Linking.VERIFIED_EMAIL)))
    assert account_questions(seats, ALICE) == (attrs.evolve(FIRST, email=ALICE.email, count_seats=True),)


def test_the_subject_is_looked_up_in_a_former_namespace_that_is_named() -> None:
    assert account_questions(comes(former="corp"), ALICE) == (FIRST, FORMER)


def test_the_subject_is_looked_up_as_a_handle_where_anything_tells_an_account() -> None:
    first = attrs.evolve(FIRST, email=ALICE.email, by_handle=True)
    anything = comes(Linking.ANY_EMAIL_UNSAFE, "corp")
    assert account_questions(anything, ALICE) == (first, AS_HANDLE, FORMER)
    named_so = attrs.evolve(ALICE, handle=SUBJECT)
    assert account_questions(anything, named_so) == (attrs.evolve(first, handle=SUBJECT), FORMER)


@pytest.mark.parametrize(
    ("asked", "answers", "facts"),
    [
        ((FIRST,), (AccountFacts(HERS, seats_taken=3),), AccountFacts(HERS, seats_taken=3)),
        ((FIRST, FORMER), (AccountFacts(None), AccountFacts(THERE)), AccountFacts(None, former_account=THERE)),
        ((FIRST, FORMER), (AccountFacts(HERS), AccountFacts(THERE)), AccountFacts(HERS, former_account=THERE)),
        ((FIRST, FORMER), (AccountFacts(HERS), AccountFacts(None)), AccountFacts(HERS)),
        (
            (FIRST, AS_HANDLE),
            (AccountFacts(None), AccountFacts(None, handle_account=HERS)),
            AccountFacts(None, handle_account=HERS),
        ),
        (
            (FIRST, AS_HANDLE, FORMER),
            (AccountFacts(None, handle_account=HERS), AccountFacts(None, handle_account=THERE), AccountFacts(THERE)),
            AccountFacts(None, handle_account=HERS, former_account=THERE),
        ),
    ],
)
def test_the_answers_are_one(
    asked: tuple[ReadAccount, ...], answers: tuple[AccountFacts, ...], facts: AccountFacts
) -> None:
    assert account_facts(asked, answers) == facts


@pytest.mark.parametrize("position", [0, 1, 2])
def test_nothing_is_decided_without_all_of_them(position: int) -> None:
    answers: list[AccountFacts | DirectoryUnreachable] = [AccountFacts(HERS)] * 3
    answers[position] = DirectoryUnreachable("down")
    with pytest.raises(Refusal) as refusal:
        account_facts((FIRST, AS_HANDLE, FORMER), tuple(answers))
    assert refusal.value.failure.reason is Reason.DIRECTORY_UNREACHABLE
