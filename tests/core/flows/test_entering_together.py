"""Many people come in at once: what each decides, one directory carries out in whatever order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import pytest
from plain_directory import PlainDirectory
from scenes import ISSUER, NOW, arrival, settings

from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.effects import Keep, ReadAccount, WriteAccount
from sso_core.events import Kept, OutcomeUnknown
from sso_core.failures import Reason
from sso_core.flows.enter import ReadingAccount, WritingAccount, enter
from sso_core.flows.keep_session import SignedIn
from sso_core.identity.gathered import Gathered
from sso_core.identity.rules import IdentityRules
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.settings.ladder import REFERENCE_LADDER


def coming(number: int, subject: str, claims: dict[str, Any] | None = None, **rules: Any) -> ReadingAccount:
    """A browser of its own, in which somebody is about to come in."""
    members = merge_claims(ClaimSet(claims or {}), ClaimSet(), ClaimSet())
    came = arrival(
        settings=settings(policy=AccessPolicy(REFERENCE_LADDER, **rules)),
        rules=IdentityRules(team_claims=("teams",)),
        entropy=Entropy(number.to_bytes(1, "big") * ENTROPY_SIZE),
    )
    return enter(came, Gathered(ISSUER, subject, members))


def together(directory: PlainDirectory, people: list[ReadingAccount]) -> list[Resting]:
    """Let all of them take one step at a time: everybody has read before anybody writes."""
    states: list[Working | Resting] = list(people)
    while any(isinstance(state, Working) for state in states):
        states = [step(directory, state) if isinstance(state, Working) else state for state in states]
    return [state for state in states if isinstance(state, Resting)]


def step(directory: PlainDirectory, state: Working) -> Working | Resting:
    (effect,) = state.awaits
    if isinstance(effect, Keep):
        return advance_any(state, [Kept()], now=NOW)
    assert isinstance(effect, ReadAccount | WriteAccount)
    return advance_any(state, [directory.perform(effect)], now=NOW)


def endings(states: list[Resting]) -> Counter[object]:
    return Counter(state.failure.reason if isinstance(state, Failed) else type(state) for state in states)


def test_fifty_first_logins_of_one_person_make_one_account_and_all_come_in() -> None:
    directory = PlainDirectory()
    ended = together(directory, [coming(number, "alice") for number in range(50)])
    assert endings(ended) == {SignedIn: 50}
    (account,) = directory.accounts.values()
    assert {state.session.account_id for state in ended if isinstance(state, SignedIn)} == {account.account_id}


def test_first_logins_of_many_people_make_nobody_administrator_but_the_one() -> None:
    directory = PlainDirectory()
    people = [coming(number, f"s-{number}", admin_id="s-7") for number in range(50)]
    assert endings(together(directory, people)) == {SignedIn: 50}
    roles = Counter(account.role for account in directory.accounts.values())
    assert roles == {REFERENCE_LADDER.promoted: 1, REFERENCE_LADDER.default: 49}


def test_of_two_subjects_with_one_address_the_quicker_gets_it() -> None:
    directory = PlainDirectory()
    claims = {"email": "alice@corp.example", "email_verified": True}
    people = [coming(number, f"s-{number}", claims, linking=Linking.VERIFIED_EMAIL) for number in range(2)]
    ended = together(directory, people)
    assert endings(ended) == {SignedIn: 1, Reason.EMAIL_TAKEN: 1}
    (account,) = directory.accounts.values()
    assert account.identities == ((ISSUER, "s-0"),)


def test_no_more_come_in_than_there_are_seats_and_whoever_has_one_keeps_it() -> None:
    directory = PlainDirectory()
    first = [coming(number, f"s-{number}", seats=3) for number in range(4)]
    assert endings(together(directory, first)) == {SignedIn: 3, Reason.NO_SEAT_LEFT: 1}
    assert len(directory.accounts) == 3
    assert endings(together(directory, [coming(9, "s-0", seats=3)])) == {SignedIn: 1}


def test_a_name_that_two_want_at_once_is_given_to_one() -> None:
    directory = PlainDirectory()
    named = IdentityRules(attrs.evolve(IdentityRules().names, handle=("preferred_username",)))
    people = []
    for number in range(2):
        state = coming(number, f"s-{number}", {"preferred_username": "al"})
        people.append(enter(attrs.evolve(state.arrival, rules=named), state.gathered))
    assert endings(together(directory, people)) == {SignedIn: 2}
    assert sorted(account.handle or "" for account in directory.accounts.values()) == ["", "al"]


WRITES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"teams": ["t1", "t2"]}, {"teams": ["t2", "t3"]}),
    ({"teams": ["t1"], "name": "Alice"}, {"teams": [], "name": "Alice Maiden"}),
    ({"email": "a@b.example", "role": "internal_user"}, {"role": "proxy_admin"}),
]


@pytest.mark.parametrize(("once", "then"), WRITES)
def test_the_directory_holds_what_was_decided(once: dict[str, Any], then: dict[str, Any]) -> None:
    directory = PlainDirectory()
    for claims in (once, then):
        state = step(directory, coming(1, "alice", claims, create_teams=True))
        assert isinstance(state, WritingAccount)
        decided = state.decision.account
        assert isinstance(together(directory, [state.reading])[0], SignedIn)
        (held,) = directory.accounts.values()
        assert attrs.evolve(held, revision=0) == attrs.evolve(decided, revision=0)
        again = step(directory, coming(1, "alice", claims, create_teams=True))
        assert not isinstance(again, WritingAccount)


def test_a_write_whose_answer_was_lost_is_found_done() -> None:
    directory = PlainDirectory()
    state = step(directory, coming(1, "alice"))
    assert isinstance(state, WritingAccount)
    (write,) = state.awaits
    assert isinstance(write, WriteAccount)
    directory.perform(write)
    again = advance_any(state, [OutcomeUnknown()], now=NOW)
    assert isinstance(again, ReadingAccount)
    assert endings(together(directory, [again])) == {SignedIn: 1}
    (account,) = directory.accounts.values()
    assert account.revision == 1
