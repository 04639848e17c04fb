from __future__ import annotations

import attrs
import pytest
from scenes import ENTROPY, GATHERED, IDENTITY, ISSUER, NOW, attempt, pending_login

from sso_core.accounts.decision import decide
from sso_core.effects import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    Event,
    Keep,
    Kept,
    Kind,
    Occupied,
    OutcomeUnknown,
    ReadAccount,
    StoreUnreachable,
    WriteAccount,
    Written,
)
from sso_core.failures import Reason
from sso_core.flows.approve_cli import Approval, TakingApprovedLogin
from sso_core.flows.enter import KeepingSession, ReadingAccount, SignedIn, WritingAccount, read_account
from sso_core.machine import Failed, advance
from sso_core.records import Account
from sso_core.secret import Secret
from sso_core.sessions.pending_login import LoginPurpose
from sso_core.sessions.session import decode_session, session_key

ACCOUNT = Account("a1", "Alice", 1, ((ISSUER, "alice"),))


def reading() -> ReadingAccount:
    return read_account(attempt(), pending_login(), GATHERED)


def writing(tries: int = 4) -> WritingAccount:
    decision = decide(AccountFacts(None), IDENTITY, new_account_id="a1")
    return WritingAccount(attrs.evolve(reading(), tries=tries), decision)


def keeping(former: str | None = None) -> KeepingSession:
    state = attrs.evolve(reading(), attempt=attempt(former_session=former))
    after = advance(state, [AccountFacts(ACCOUNT)], now=NOW)
    assert isinstance(after, KeepingSession)
    return after


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_the_account_is_looked_up_by_issuer_and_subject() -> None:
    assert reading().awaits == (ReadAccount(ISSUER, "alice"),)


def test_a_new_person_is_written_before_they_are_signed_in() -> None:
    state = advance(reading(), [AccountFacts(None)], now=NOW)
    assert isinstance(state, WritingAccount)
    assert state.awaits == (WriteAccount(state.decision.changes, state.decision.guards),)
    after = advance(state, [Written()], now=NOW)
    assert isinstance(after, KeepingSession)
    assert after.session.account_id == ENTROPY.account_id


def test_a_known_person_needs_no_writing() -> None:
    assert keeping().session.account_id == "a1"


def test_an_unreachable_directory_gives_no_session() -> None:
    assert reason(advance(reading(), [DirectoryUnreachable("locked")], now=NOW)) is Reason.DIRECTORY_UNREACHABLE
    assert reason(advance(writing(), [DirectoryUnreachable("full")], now=NOW)) is Reason.DIRECTORY_UNREACHABLE


@pytest.mark.parametrize("event", [Conflict(), OutcomeUnknown()])
def test_what_is_uncertain_is_read_again_but_not_forever(event: Event) -> None:
    after = advance(writing(), [event], now=NOW)
    assert isinstance(after, ReadingAccount)
    assert after.tries == 3
    assert reason(advance(writing(tries=1), [event], now=NOW)) is Reason.ACCOUNT_CONTESTED


def test_the_session_takes_the_place_of_the_browsers_former_one() -> None:
    state = keeping(former="old")
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.key, keep.instead_of) == (Kind.SESSION, session_key(ENTROPY.session_id), "old")
    assert keep.ttl == 8 * 3600
    assert decode_session(keep.value) == state.session


def test_the_person_is_signed_in_when_the_session_is_kept() -> None:
    ending = advance(keeping(), [Kept()], now=NOW)
    assert isinstance(ending, SignedIn)
    assert (ending.session_id, ending.return_to) == (ENTROPY.session_id, "/back")
    assert ENTROPY.session_id.reveal() not in repr(ending)


@pytest.mark.parametrize("event", [StoreUnreachable("down"), Occupied(b"")])
def test_a_session_that_is_not_kept_is_none(event: Event) -> None:
    assert reason(advance(keeping(), [event], now=NOW)) is Reason.SESSION_NOT_KEPT


CLAIM = Secret("claim-canary")


def for_a_command_line() -> ReadingAccount:
    login = pending_login(purpose=LoginPurpose.CLI, cli_login="id", cli_claim=CLAIM)
    return read_account(attempt(former_session="old"), login, GATHERED)


@pytest.mark.parametrize("facts", [AccountFacts(ACCOUNT), AccountFacts(None)])
def test_whom_a_command_line_waits_for_approves_it_and_gets_no_session(facts: AccountFacts) -> None:
    state = advance(for_a_command_line(), [facts], now=NOW)
    if isinstance(state, WritingAccount):
        state = advance(state, [Written()], now=NOW)
    assert isinstance(state, TakingApprovedLogin)
    session = state.approval.session
    assert session.expires_at == NOW + 8 * 3600
    assert state.approval == Approval("id", CLAIM, session, ENTROPY.loopback_code)
    assert "canary" not in repr(state)
