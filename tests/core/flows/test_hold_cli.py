from __future__ import annotations

import attrs
import pytest
from cli_scenes import ID, LOGIN, SESSION, kept, reason
from scenes import NOW, settings

from sso_core.effects import Drop, Keep, Kind
from sso_core.events import AlreadyTaken, Dropped, Event, Found, Kept, Missing, StoreUnreachable, Taken
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.hold_cli import BUSY, ReturningCliLogin, check_cli_enabled, entry_of, why_closed
from sso_core.machine import Failed, advance
from sso_core.sessions.cli_entry import cli_login_key

FAILURE = Failure(Reason.WRONG_USER_CODE)


def test_an_entry_is_what_was_kept() -> None:
    assert entry_of(Found(kept()), NOW) == entry_of(Taken(kept()), NOW) == LOGIN


@pytest.mark.parametrize(
    ("event", "now", "expected"),
    [
        (Missing(), NOW, Reason.NO_CLI_LOGIN),
        (StoreUnreachable(), NOW, Reason.STORE_UNREACHABLE),
        (AlreadyTaken(BUSY), NOW, Reason.TOO_MANY_REQUESTS),
        (AlreadyTaken(b"used"), NOW, Reason.NO_CLI_LOGIN),
        (Taken(b"damaged"), NOW, Reason.NO_CLI_LOGIN),
        (Found(kept()), NOW + 600, Reason.NO_CLI_LOGIN),
    ],
)
def test_or_there_is_a_reason_why_there_is_none(event: Event, now: float, expected: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        entry_of(event, now)  # type: ignore[arg-type] # one of those that the effects declare
    assert caught.value.failure.reason is expected


def test_a_login_is_open_until_it_is_approved_or_saw_too_many_wrong_codes() -> None:
    assert why_closed(LOGIN) is None
    approved, tried = why_closed(attrs.evolve(LOGIN, session=SESSION)), why_closed(attrs.evolve(LOGIN, tries=5))
    assert approved is not None
    assert tried is not None
    assert (approved.reason, tried.reason) == (Reason.NO_CLI_LOGIN, Reason.TOO_MANY_TRIES)


def test_what_was_taken_is_put_back_with_what_is_left_of_its_time() -> None:
    state = ReturningCliLogin(ID, LOGIN, 7, FAILURE)
    assert state.awaits == (Keep(Kind.CLI_LOGIN, cli_login_key(ID), kept(), 7),)
    assert advance(state, [Kept()], now=NOW) == Failed(FAILURE)
    assert reason(advance(state, [StoreUnreachable()], now=NOW)) is Reason.SESSION_NOT_KEPT


def test_after_too_many_wrong_codes_it_is_gone() -> None:
    state = ReturningCliLogin(ID, attrs.evolve(LOGIN, tries=5), 7, FAILURE)
    assert state.awaits == (Drop(Kind.CLI_LOGIN, cli_login_key(ID)),)
    assert advance(state, [Dropped()], now=NOW) == Failed(FAILURE)


def test_a_command_line_may_be_switched_off() -> None:
    check_cli_enabled(settings())
    with pytest.raises(Refusal):
        check_cli_enabled(settings(cli_enabled=False))
