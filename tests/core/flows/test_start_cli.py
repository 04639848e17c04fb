from __future__ import annotations

import pytest
from cli_scenes import CHALLENGE, ID, LOGIN, LOOPBACK, SESSION, STARTED, begun, kept, reason
from scenes import ENTROPY, NOW, settings

from sso_core.effects import Keep, Kind
from sso_core.events import AlreadyTaken, Counted, Event, Found, Kept, Missing, Occupied, StoreUnreachable
from sso_core.failures import Reason
from sso_core.flows.hold_cli import BUSY
from sso_core.flows.start_cli import CliLoginShown, CliLoginStarted, CountingStart, show_cli_login, start_cli_login
from sso_core.machine import Failed, advance
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import cli_login_key, decode_cli_login, is_secret
from sso_core.sessions.limits import cli_start_quota


def test_a_command_line_gets_an_id_a_secret_and_a_code_that_we_made() -> None:
    state = begun()
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.key, keep.ttl, keep.only_if_absent) == (Kind.CLI_LOGIN, cli_login_key(ID), 600, True)
    assert decode_cli_login(keep.value) == LOGIN
    assert advance(state, [Kept()], now=NOW) == STARTED
    assert is_secret(ID, STARTED.poll_secret, LOGIN.poll_hash)
    assert is_secret(ID, Secret(STARTED.user_code), LOGIN.user_code_hash)


def test_a_start_is_counted_for_its_address_before_anything_is_stored() -> None:
    quota = cli_start_quota(settings().limits, "192.0.2.1")
    state = start_cli_login(settings(), client="cli on box", address="192.0.2.1", entropy=ENTROPY, now=NOW)
    assert isinstance(state, CountingStart)
    assert state.awaits == (quota.count,)
    assert advance(state, [Counted(quota.most, 60)], now=NOW) == begun()
    assert reason(advance(state, [Counted(quota.most + 1, 60)], now=NOW)) is Reason.TOO_MANY_REQUESTS
    assert reason(advance(state, [StoreUnreachable("down")], now=NOW)) is Reason.STORE_UNREACHABLE


def test_its_secrets_show_in_no_text_and_lie_in_no_store() -> None:
    for secret in (STARTED.poll_secret.reveal(), STARTED.user_code):
        assert secret not in repr(STARTED)
        assert secret not in repr(begun())
        assert secret.encode() not in kept()


def test_one_on_the_loopback_has_a_challenge_beside_its_code() -> None:
    state = begun(LOOPBACK)
    assert is_secret(ID, Secret(state.started.user_code), state.login.user_code_hash)
    assert state.login.loopback is not None
    assert state.login.loopback.code_challenge == CHALLENGE


@pytest.mark.parametrize(
    ("uri", "challenge"),
    [("http://evil.example/callback", CHALLENGE), *((LOOPBACK, wrong) for wrong in ("", "c" * 65000, "ä" * 43))],
)
def test_a_loopback_is_its_own_and_has_a_challenge(uri: str, challenge: str) -> None:
    ending = start_cli_login(
        settings(), client="", address="", entropy=ENTROPY, now=NOW, redirect_uri=uri, code_challenge=challenge
    )
    assert reason(ending) is Reason.MALFORMED_CALLBACK


def test_a_command_line_that_is_switched_off_is_not_begun_and_not_shown() -> None:
    off = settings(cli_enabled=False)
    assert reason(start_cli_login(off, client="", address="", entropy=ENTROPY, now=NOW)) is Reason.SWITCHED_OFF
    assert reason(show_cli_login(off, ID)) is Reason.SWITCHED_OFF


@pytest.mark.parametrize("event", [Occupied(b""), StoreUnreachable("down")])
def test_a_login_that_is_not_stored_is_not_begun(event: Event) -> None:
    assert reason(advance(begun(), [event], now=NOW)) is Reason.STORE_UNREACHABLE


def test_a_person_sees_who_asks() -> None:
    state = show_cli_login(settings(), ID)
    assert not isinstance(state, Failed)
    assert advance(state, [Found(kept())], now=NOW) == CliLoginShown(ID, LOGIN)


@pytest.mark.parametrize(
    ("event", "now", "expected"),
    [
        (Missing(), NOW, Reason.NO_CLI_LOGIN),
        (AlreadyTaken(BUSY), NOW, Reason.TOO_MANY_REQUESTS),
        (StoreUnreachable(), NOW, Reason.STORE_UNREACHABLE),
        (Found(b"damaged"), NOW, Reason.NO_CLI_LOGIN),
        (Found(kept()), NOW + 600, Reason.NO_CLI_LOGIN),
        (Found(kept(session=SESSION)), NOW, Reason.NO_CLI_LOGIN),
        (Found(kept(tries=5)), NOW, Reason.TOO_MANY_TRIES),
    ],
)
def test_or_why_there_is_nothing_to_see(event: Event, now: float, expected: Reason) -> None:
    state = show_cli_login(settings(), ID)
    assert not isinstance(state, Failed)
    assert reason(advance(state, [event], now=now)) is expected


def test_started_says_what_to_do_and_when_to_ask() -> None:
    assert CliLoginStarted("id", Secret("s"), "code", 600).interval == 2
