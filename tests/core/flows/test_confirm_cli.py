from __future__ import annotations

import attrs
import pytest
from cli_scenes import ID, LOOPBACK, SESSION, STARTED, begun, kept, reason
from scenes import ENTROPY, METADATA, NOW, OPENID, SIGNER, settings

from sso_core.effects import Drop, Keep, Kind, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Event, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.begin_login import KeepingLogin
from sso_core.flows.confirm_cli import ClaimingCliLogin, CountingCode, TakingCliLogin, confirm_cli_login, needs_code
from sso_core.flows.hold_cli import BUSY, ReturningCliLogin
from sso_core.machine import Failed, advance
from sso_core.sessions.cli_entry import cli_login_key, decode_cli_login, is_secret
from sso_core.sessions.limits import cli_code_quota
from sso_core.sessions.pending_login import LoginPurpose, decode_login


def opened(code: str, peer: str = "198.51.100.9") -> CountingCode | TakingCliLogin:
    warm, address = Warm(METADATA, SIGNER.keys), "198.51.100.9"
    state = confirm_cli_login(
        settings(), OPENID, login_id=ID, code=code, address=address, peer=peer, entropy=ENTROPY, warm=warm
    )
    assert not isinstance(state, Failed)
    return state


def confirming(code: str = STARTED.user_code, peer: str = "198.51.100.9") -> TakingCliLogin:
    state = opened(code, peer)
    return state.taking if isinstance(state, CountingCode) else state


def test_a_command_line_that_is_switched_off_is_confirmed_by_nobody() -> None:
    off = settings(cli_enabled=False)
    ending = confirm_cli_login(off, OPENID, login_id=ID, code="", address="", peer="", entropy=ENTROPY, warm=Warm())
    assert reason(ending) is Reason.SWITCHED_OFF


def test_a_code_is_counted_for_its_address_before_it_is_looked_at() -> None:
    state, quota = opened("BCDF-GHJK"), cli_code_quota(settings().limits, "198.51.100.9")
    assert isinstance(state, CountingCode)
    assert state.awaits == (quota.count,)
    assert state.uninterruptible
    assert advance(state, [Counted(quota.most, 60)], now=NOW) == state.taking
    assert reason(advance(state, [Counted(quota.most + 1, 60)], now=NOW)) is Reason.TOO_MANY_REQUESTS
    assert reason(advance(state, [StoreUnreachable("down")], now=NOW)) is Reason.STORE_UNREACHABLE


def test_who_brings_no_code_guesses_none() -> None:
    assert isinstance(opened(""), TakingCliLogin)


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


@pytest.mark.parametrize(
    ("redirect_uri", "address", "peer", "needed"),
    [
        (LOOPBACK, "192.0.2.1", "192.0.2.1", False),
        (LOOPBACK, "192.0.2.1", "198.51.100.9", True),
        (LOOPBACK, "", "", True),
        (None, "192.0.2.1", "192.0.2.1", True),
    ],
)
def test_only_on_the_loopback_and_from_one_address_no_code_is_asked_for(
    redirect_uri: str | None, address: str, peer: str, needed: bool
) -> None:
    login = attrs.evolve(begun(redirect_uri).login, address=address)
    assert needs_code(login, peer) is needed
    after = advance(confirming("", peer), [Taken(kept(login))], now=NOW)
    assert type(after) is (ReturningCliLogin if needed else ClaimingCliLogin)


@pytest.mark.parametrize("code", ["", "BCDF-GHJK", STARTED.user_code[:-1], STARTED.user_code + "B"])
def test_a_wrong_code_is_counted_and_leads_nowhere(code: str) -> None:
    counting = advance(confirming(code), [Taken(kept())], now=NOW)
    assert isinstance(counting, ReturningCliLogin)
    (keep,) = counting.awaits
    assert isinstance(keep, Keep)
    assert decode_cli_login(keep.value).tries == 1
    assert reason(advance(counting, [Kept()], now=NOW)) is Reason.WRONG_USER_CODE


def test_the_fifth_wrong_code_ends_the_login() -> None:
    counting = advance(confirming(""), [Taken(kept(tries=4))], now=NOW)
    assert isinstance(counting, ReturningCliLogin)
    assert counting.awaits == (Drop(Kind.CLI_LOGIN, cli_login_key(ID)),)
    assert reason(advance(counting, [Dropped()], now=NOW)) is Reason.TOO_MANY_TRIES


def test_even_the_right_code_comes_too_late_after_that() -> None:
    counting = advance(confirming(), [Taken(kept(tries=5))], now=NOW)
    assert isinstance(counting, ReturningCliLogin)
    assert reason(advance(counting, [Dropped()], now=NOW)) is Reason.TOO_MANY_TRIES


def test_what_is_approved_is_put_back_and_confirmed_by_nobody_else() -> None:
    counting = advance(confirming(), [Taken(kept(session=SESSION))], now=NOW)
    assert isinstance(counting, ReturningCliLogin)
    (keep,) = counting.awaits
    assert isinstance(keep, Keep)
    assert decode_cli_login(keep.value).session == SESSION
    assert reason(advance(counting, [Kept()], now=NOW)) is Reason.NO_CLI_LOGIN


def test_a_count_that_is_lost_is_an_outage() -> None:
    counting = advance(confirming(""), [Taken(kept())], now=NOW)
    assert isinstance(counting, ReturningCliLogin)
    assert reason(advance(counting, [StoreUnreachable()], now=NOW)) is Reason.SESSION_NOT_KEPT


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AlreadyTaken(BUSY), Reason.TOO_MANY_REQUESTS),
        (AlreadyTaken(b"used"), Reason.NO_CLI_LOGIN),
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
    assert reason(advance(claiming, [event], now=NOW)) is Reason.SESSION_NOT_KEPT
