from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Keep, Kind, Take
from sso_core.events import AlreadyTaken, Event, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.failures import Reason
from sso_core.flows.approve_cli import Approval, ApprovingCliLogin, CliApproved, TakingApprovedLogin
from sso_core.flows.hold_cli import BUSY, ReturningCliLogin
from sso_core.machine import Failed, Resting, Working, advance
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import (
    CliLogin,
    Loopback,
    cli_hash,
    cli_login_key,
    decode_cli_login,
    encode_cli_login,
    is_secret,
)
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
CLAIM = Secret("claim-canary")
LOGIN = CliLogin("p", "c", "cli on box", "192.0.2.1", NOW, NOW + 600, claim_hash=cli_hash("id", CLAIM))
LISTENING = attrs.evolve(LOGIN, loopback=Loopback("http://127.0.0.1:5/callback", "challenge"))
APPROVAL = Approval("id", CLAIM, SESSION, Secret("code-canary"), (("blue", "Blue"),))
TAKING = TakingApprovedLogin(APPROVAL)


def reason(state: Working | Resting) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def approving(login: CliLogin = LOGIN) -> ApprovingCliLogin:
    state = advance(TAKING, [Taken(encode_cli_login(login))], now=NOW + 1)
    assert isinstance(state, ApprovingCliLogin)
    return state


def test_the_person_is_written_into_the_entry_that_their_browser_claimed() -> None:
    assert TakingApprovedLogin(APPROVAL).awaits == (Take(Kind.CLI_LOGIN, cli_login_key("id"), BUSY, 10.0),)
    (keep,) = approving().awaits
    assert isinstance(keep, Keep)
    assert keep.ttl == 599
    kept = decode_cli_login(keep.value)
    assert (kept.session, kept.aliases) == (SESSION, (("blue", "Blue"),))


def test_then_the_terminal_goes_on_and_the_browser_is_given_nothing() -> None:
    assert advance(approving(), [Kept()], now=NOW) == CliApproved("cli on box", SESSION)


def test_the_log_hears_of_the_account_and_of_the_approval() -> None:
    created = AuditEvent(AuditKind.ACCOUNT_CREATED, "a1")
    approving = ApprovingCliLogin(attrs.evolve(APPROVAL, changed=(created,)), LOGIN, 9.0)
    ending = advance(approving, [Kept()], now=NOW)
    assert [deed.kind for deed in ending.deeds] == [AuditKind.ACCOUNT_CREATED, AuditKind.COMMAND_LINE_APPROVED]
    assert (ending.deeds[1].client, ending.deeds[1].account_id) == ("cli on box", SESSION.account_id)
    assert advance(approving, [StoreUnreachable()], now=NOW).deeds == (created,)


def test_on_the_loopback_the_browser_takes_a_code_there() -> None:
    state = approving(LISTENING)
    assert state.login.loopback is not None
    assert is_secret("id", Secret("code-canary"), state.login.loopback.code_hash)
    ending = advance(state, [Kept()], now=NOW)
    assert isinstance(ending, CliApproved)
    assert ending.location == "http://127.0.0.1:5/callback?code=code-canary&login=id"
    assert "canary" not in repr(ending)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Missing(), Reason.NO_CLI_LOGIN),
        (AlreadyTaken(BUSY), Reason.TOO_MANY_REQUESTS),
        (StoreUnreachable(), Reason.STORE_UNREACHABLE),
        (Taken(encode_cli_login(attrs.evolve(LOGIN, expires_at=NOW))), Reason.NO_CLI_LOGIN),
    ],
)
def test_without_the_claim_or_the_entry_nothing_is_approved(event: Event, expected: Reason) -> None:
    assert reason(advance(TAKING, [event], now=NOW)) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"claim_hash": ""}, Reason.NO_CLI_LOGIN),
        ({"claim_hash": cli_hash("id", Secret("x"))}, Reason.NO_CLI_LOGIN),
        ({"session": SESSION}, Reason.NO_CLI_LOGIN),
    ],
)
def test_who_may_not_approve_puts_the_entry_back_as_it_was(changes: dict[str, Any], expected: Reason) -> None:
    login = attrs.evolve(LOGIN, **changes)
    state = advance(TAKING, [Taken(encode_cli_login(login))], now=NOW)
    assert isinstance(state, ReturningCliLogin)
    assert state.login == login
    assert reason(advance(state, [Kept()], now=NOW)) is expected


@pytest.mark.parametrize("event", [Occupied(b""), StoreUnreachable()])
def test_an_approval_that_is_not_stored_is_none(event: Event) -> None:
    assert reason(advance(approving(), [event], now=NOW)) is Reason.SESSION_NOT_KEPT
