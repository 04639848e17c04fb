from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, IDENTITY, METADATA, NOW, OPENID, SIGNER, settings

from sso_core.effects import (
    AlreadyTaken,
    Drop,
    Dropped,
    Event,
    Found,
    Keep,
    Kept,
    Kind,
    Missing,
    Occupied,
    StoreUnreachable,
    Take,
    Taken,
)
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.begin_login import KeepingLogin
from sso_core.flows.cli_login import (
    BUSY,
    ClaimingCliLogin,
    CliLoginShown,
    CliLoginStarted,
    CountingWrongCode,
    KeepingCliLogin,
    TakingCliLogin,
    confirm_cli_login,
    show_cli_login,
    start_cli_login,
)
from sso_core.machine import Failed, Resting, Working, advance
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, cli_login_key, decode_cli_login, encode_cli_login, is_secret
from sso_core.sessions.pending_login import LoginPurpose, decode_login
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
LOOPBACK = "http://127.0.0.1:5000/callback"


def begun(redirect_uri: str | None = None, challenge: str = "challenge") -> KeepingCliLogin:
    state = start_cli_login(
        settings(),
        client="cli on box",
        address="192.0.2.1",
        entropy=ENTROPY,
        now=NOW,
        redirect_uri=redirect_uri,
        code_challenge=challenge,
    )
    assert isinstance(state, KeepingCliLogin)
    return state


STARTED = begun().started
LOGIN = begun().login
ID = STARTED.login_id


def kept(login: CliLogin = LOGIN, **changes: object) -> bytes:
    return encode_cli_login(attrs.evolve(login, **changes))


def confirming(code: str = STARTED.user_code) -> TakingCliLogin:
    warm = Warm(METADATA, SIGNER.keys)
    state = confirm_cli_login(settings(), OPENID, login_id=ID, code=code, entropy=ENTROPY, warm=warm)
    assert isinstance(state, TakingCliLogin)
    return state


def reason(state: Working | Resting) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_a_command_line_gets_an_id_a_secret_and_a_code_that_we_made() -> None:
    state = begun()
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.key, keep.ttl, keep.only_if_absent) == (Kind.CLI_LOGIN, cli_login_key(ID), 600, True)
    assert decode_cli_login(keep.value) == LOGIN
    assert advance(state, [Kept()], now=NOW) == STARTED
    assert is_secret(ID, STARTED.poll_secret, LOGIN.poll_hash)
    assert is_secret(ID, Secret(STARTED.user_code), LOGIN.user_code_hash)


def test_its_secrets_show_in_no_text_and_lie_in_no_store() -> None:
    for secret in (STARTED.poll_secret.reveal(), STARTED.user_code):
        assert secret not in repr(STARTED)
        assert secret not in repr(begun())
        assert secret.encode() not in kept()


def test_one_on_the_loopback_has_no_code_to_type() -> None:
    state = begun(LOOPBACK)
    assert state.started.user_code == ""
    assert state.login.user_code_hash == ""
    assert state.login.loopback is not None
    assert state.login.loopback.code_challenge == "challenge"


@pytest.mark.parametrize(("uri", "challenge"), [("http://evil.example/callback", "c"), (LOOPBACK, "")])
def test_a_loopback_is_its_own_and_has_a_challenge(uri: str, challenge: str) -> None:
    ending = start_cli_login(
        settings(), client="", address="", entropy=ENTROPY, now=NOW, redirect_uri=uri, code_challenge=challenge
    )
    assert reason(ending) is Reason.MALFORMED_CALLBACK


def test_a_command_line_that_is_switched_off_is_refused_everywhere() -> None:
    off = settings(cli_enabled=False)
    assert reason(start_cli_login(off, client="", address="", entropy=ENTROPY, now=NOW)) is Reason.SWITCHED_OFF
    ending = confirm_cli_login(off, OPENID, login_id=ID, code="", entropy=ENTROPY, warm=Warm())
    assert reason(ending) is Reason.SWITCHED_OFF


@pytest.mark.parametrize("event", [Occupied(b""), StoreUnreachable("down")])
def test_a_login_that_is_not_stored_is_not_begun(event: Event) -> None:
    assert reason(advance(begun(), [event], now=NOW)) is Reason.STORE_UNREACHABLE


def test_a_person_sees_who_asks() -> None:
    state = show_cli_login(ID)
    assert not isinstance(state, Failed)
    assert advance(state, [Found(kept())], now=NOW) == CliLoginShown(ID, LOGIN)


@pytest.mark.parametrize(
    ("event", "now", "expected"),
    [
        (Missing(), NOW, Reason.NO_CLI_LOGIN),
        (StoreUnreachable(), NOW, Reason.STORE_UNREACHABLE),
        (Found(b"damaged"), NOW, Reason.NO_CLI_LOGIN),
        (Found(kept()), NOW + 600, Reason.NO_CLI_LOGIN),
        (Found(kept(session=SESSION)), NOW, Reason.NO_CLI_LOGIN),
        (Found(kept(tries=5)), NOW, Reason.TOO_MANY_TRIES),
    ],
)
def test_or_why_there_is_nothing_to_see(event: Event, now: float, expected: Reason) -> None:
    state = show_cli_login(ID)
    assert not isinstance(state, Failed)
    assert reason(advance(state, [event], now=now)) is expected


def test_the_right_code_leads_to_the_provider_with_a_claim_of_this_browser() -> None:
    state = confirming(STARTED.user_code.lower())
    (take,) = state.awaits
    assert take == Take(Kind.CLI_LOGIN, cli_login_key(ID), BUSY, 10.0)
    claiming = advance(state, [Taken(kept())], now=NOW + 1)
    assert isinstance(claiming, ClaimingCliLogin)
    (keep,) = claiming.awaits
    assert isinstance(keep, Keep)
    assert keep.ttl == 599
    assert is_secret(ID, ENTROPY.cli_claim, decode_cli_login(keep.value).claim_hash)
    keeping = advance(claiming, [Kept()], now=NOW + 1)
    assert isinstance(keeping, KeepingLogin)
    (keep,) = keeping.awaits
    assert isinstance(keep, Keep)
    login = decode_login(keep.value)
    assert (login.purpose, login.cli_login, login.cli_claim) == (LoginPurpose.CLI, ID, ENTROPY.cli_claim)


def test_on_the_loopback_no_code_is_asked_for() -> None:
    login = begun(LOOPBACK).login
    assert isinstance(advance(confirming(""), [Taken(kept(login))], now=NOW), ClaimingCliLogin)


@pytest.mark.parametrize("code", ["", "BCDF-GHJK", STARTED.user_code[:-1], STARTED.user_code + "B"])
def test_a_wrong_code_is_counted_and_leads_nowhere(code: str) -> None:
    counting = advance(confirming(code), [Taken(kept())], now=NOW)
    assert isinstance(counting, CountingWrongCode)
    (keep,) = counting.awaits
    assert isinstance(keep, Keep)
    assert decode_cli_login(keep.value).tries == 1
    assert reason(advance(counting, [Kept()], now=NOW)) is Reason.WRONG_USER_CODE


def test_the_fifth_wrong_code_ends_the_login() -> None:
    counting = advance(confirming(""), [Taken(kept(tries=4))], now=NOW)
    assert isinstance(counting, CountingWrongCode)
    assert counting.awaits == (Drop(Kind.CLI_LOGIN, cli_login_key(ID)),)
    assert reason(advance(counting, [Dropped()], now=NOW)) is Reason.TOO_MANY_TRIES


def test_even_the_right_code_comes_too_late_after_that() -> None:
    counting = advance(confirming(), [Taken(kept(tries=5))], now=NOW)
    assert isinstance(counting, CountingWrongCode)
    assert reason(advance(counting, [Dropped()], now=NOW)) is Reason.TOO_MANY_TRIES


def test_what_is_approved_is_put_back_and_confirmed_by_nobody_else() -> None:
    counting = advance(confirming(), [Taken(kept(session=SESSION))], now=NOW)
    assert isinstance(counting, CountingWrongCode)
    (keep,) = counting.awaits
    assert isinstance(keep, Keep)
    assert decode_cli_login(keep.value).session == SESSION
    assert reason(advance(counting, [Kept()], now=NOW)) is Reason.NO_CLI_LOGIN


def test_a_count_that_is_lost_is_an_outage() -> None:
    counting = advance(confirming(""), [Taken(kept())], now=NOW)
    assert isinstance(counting, CountingWrongCode)
    assert reason(advance(counting, [StoreUnreachable()], now=NOW)) is Reason.STORE_UNREACHABLE


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AlreadyTaken(BUSY), Reason.TOO_MANY_REQUESTS),
        (Missing(), Reason.NO_CLI_LOGIN),
        (StoreUnreachable(), Reason.STORE_UNREACHABLE),
        (Taken(b""), Reason.NO_CLI_LOGIN),
    ],
)
def test_an_entry_that_cannot_be_had_leads_nowhere(event: Event, expected: Reason) -> None:
    assert reason(advance(confirming(), [event], now=NOW)) is expected


@pytest.mark.parametrize("event", [Occupied(b""), StoreUnreachable()])
def test_without_a_claim_nobody_is_sent_away(event: Event) -> None:
    claiming = advance(confirming(), [Taken(kept())], now=NOW)
    assert isinstance(claiming, ClaimingCliLogin)
    assert reason(advance(claiming, [event], now=NOW)) is Reason.STORE_UNREACHABLE


def test_started_says_what_to_do_and_when_to_ask() -> None:
    assert CliLoginStarted("id", Secret("s"), "code", 600).interval == 2
