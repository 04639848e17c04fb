from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, settings

from sso_core.audit import AuditKind
from sso_core.effects import Keep, Kind, Take
from sso_core.events import AlreadyTaken, Event, Found, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.failures import Reason
from sso_core.flows.hold_cli import BUSY
from sso_core.flows.poll_cli import (
    USED,
    CliPending,
    CliSignedIn,
    CliTeamsToChoose,
    KeepingCliSession,
    PeekingApproval,
    Poll,
    TakingToken,
    poll_cli,
)
from sso_core.machine import Failed, Resting, Working, advance
from sso_core.oauth.pkce import code_challenge
from sso_core.records import Membership
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, Loopback, cli_hash, cli_login_key, encode_cli_login
from sso_core.sessions.session import SessionKind, decode_session, session_key, session_of

SECRET, CODE, VERIFIER = Secret("poll-canary"), Secret("code-canary"), Secret("v" * 43)
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
TEAMS = attrs.evolve(ACCOUNT, memberships=(Membership("blue"), Membership("green")))
OF_TWO = session_of(IDENTITY, TEAMS, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
OF_ONE = attrs.evolve(OF_TWO, team_ids=("blue",))
WAITING = CliLogin(cli_hash("id", SECRET), "c", "cli", "", NOW, NOW + 600)
APPROVED = attrs.evolve(WAITING, session=SESSION, aliases=(("blue", "Blue"),))
LISTENING = attrs.evolve(
    APPROVED, loopback=Loopback("http://127.0.0.1/callback", code_challenge(VERIFIER), cli_hash("id", CODE))
)
POLL = Poll(settings(), "id", SECRET, None, ENTROPY)
PROVEN = attrs.evolve(POLL, code=CODE, code_verifier=VERIFIER)


def found(login: CliLogin = APPROVED, **changes: Any) -> Found:
    return Found(encode_cli_login(attrs.evolve(login, **changes)))


def taken(login: CliLogin = APPROVED, **changes: Any) -> Taken:
    return Taken(encode_cli_login(attrs.evolve(login, **changes)))


def reason(state: Working | Resting) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def asked(poll: Poll, event: Event, now: float = NOW) -> Working | Resting:
    state = poll_cli(poll)
    assert isinstance(state, PeekingApproval)
    return advance(state, [event], now=now)


def test_until_somebody_approves_the_command_line_waits() -> None:
    assert asked(POLL, found(WAITING)) == CliPending(2.0)


def test_while_somebody_else_holds_the_entry_the_command_line_waits_too() -> None:
    assert asked(POLL, AlreadyTaken(BUSY)) == CliPending(2.0)
    assert advance(TakingToken(POLL, None), [AlreadyTaken(BUSY)], now=NOW) == CliPending(2.0)
    assert reason(asked(POLL, AlreadyTaken(USED))) is Reason.NO_CLI_LOGIN


def test_a_token_is_given_out_even_if_whoever_asked_has_left() -> None:
    assert PeekingApproval.uninterruptible


def test_one_of_several_teams_has_to_be_named_and_nothing_is_used_up() -> None:
    assert asked(POLL, found(session=OF_TWO)) == CliTeamsToChoose(OF_TWO, (("blue", "Blue"),))


@pytest.mark.parametrize(
    ("session", "named", "team_id"),
    [(SESSION, None, None), (OF_ONE, None, "blue"), (OF_ONE, "blue", "blue"), (OF_TWO, "green", "green")],
)
def test_the_token_is_for_the_team_named_or_the_only_one(session: Any, named: str | None, team_id: str | None) -> None:
    assert asked(attrs.evolve(POLL, team_id=named), found(session=session)) == TakingToken(
        attrs.evolve(POLL, team_id=named), team_id
    )


@pytest.mark.parametrize("session", [SESSION, OF_ONE, OF_TWO])
def test_a_team_that_the_person_is_not_in_is_refused(session: Any) -> None:
    assert reason(asked(attrs.evolve(POLL, team_id="red"), found(session=session))) is Reason.WRONG_TEAM


@pytest.mark.parametrize("login", [WAITING, APPROVED, LISTENING])
def test_whoever_lacks_the_poll_secret_learns_nothing(login: CliLogin) -> None:
    assert reason(asked(attrs.evolve(PROVEN, poll_secret=Secret("x")), found(login))) is Reason.WRONG_POLL_SECRET


@pytest.mark.parametrize(
    "poll",
    [
        POLL,
        attrs.evolve(PROVEN, code=Secret("x")),
        attrs.evolve(PROVEN, code_verifier=Secret("x" * 43)),
        attrs.evolve(PROVEN, code_verifier=Secret("")),
        attrs.evolve(PROVEN, code_verifier=Secret("ä" * 43)),
    ],
)
def test_on_the_loopback_code_and_verifier_are_needed_too(poll: Poll) -> None:
    assert reason(asked(poll, found(LISTENING))) is Reason.WRONG_POLL_SECRET


def test_and_are_enough() -> None:
    assert asked(PROVEN, found(LISTENING)) == TakingToken(PROVEN, None)
    assert asked(POLL, found(LISTENING, session=None)) == CliPending(2.0)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Missing(), Reason.NO_CLI_LOGIN),
        (StoreUnreachable(), Reason.STORE_UNREACHABLE),
        (found(expires_at=NOW), Reason.NO_CLI_LOGIN),
    ],
)
def test_an_entry_that_is_not_there_is_over(event: Event, expected: Reason) -> None:
    assert reason(asked(POLL, event)) is expected


def test_a_command_line_that_is_switched_off_gets_nothing() -> None:
    assert reason(poll_cli(attrs.evolve(POLL, settings=settings(cli_enabled=False)))) is Reason.SWITCHED_OFF


def test_the_token_is_a_session_of_the_command_line_with_a_time_of_its_own() -> None:
    taking = TakingToken(POLL, "blue")
    assert taking.awaits == (Take(Kind.CLI_LOGIN, cli_login_key("id"), USED, 600),)
    keeping = advance(taking, [taken(session=OF_TWO)], now=NOW + 5)
    assert isinstance(keeping, KeepingCliSession)
    (keep,) = keeping.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.key, keep.ttl) == (Kind.SESSION, session_key(ENTROPY.session_id), 24 * 3600)
    session = decode_session(keep.value)
    assert session is not None
    assert session == attrs.evolve(OF_TWO, kind=SessionKind.CLI, team_id="blue", expires_at=NOW + 5 + 24 * 3600)
    ending = advance(keeping, [Kept()], now=NOW + 5)
    assert ending == CliSignedIn(ENTROPY.session_id, session, (("blue", "Blue"),))
    assert ENTROPY.session_id.reveal() not in repr(ending)
    assert [deed.kind for deed in ending.deeds] == [AuditKind.COMMAND_LINE_SIGNED_IN]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AlreadyTaken(USED), Reason.NO_CLI_LOGIN),
        (Missing(), Reason.NO_CLI_LOGIN),
        (StoreUnreachable(), Reason.STORE_UNREACHABLE),
        (taken(WAITING), Reason.NO_CLI_LOGIN),
        (taken(poll_hash="other"), Reason.WRONG_POLL_SECRET),
    ],
)
def test_there_is_one_token_whoever_else_asks(event: Event, expected: Reason) -> None:
    assert reason(advance(TakingToken(POLL, None), [event], now=NOW)) is expected


@pytest.mark.parametrize("event", [Occupied(b""), StoreUnreachable()])
def test_a_session_that_is_not_stored_gives_no_token(event: Event) -> None:
    keeping = KeepingCliSession(POLL, SESSION, (), 60)
    assert reason(advance(keeping, [event], now=NOW)) is Reason.SESSION_NOT_KEPT
