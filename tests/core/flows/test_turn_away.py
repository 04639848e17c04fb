from __future__ import annotations

import pytest
from scenes import NOW, arrival

from sso_core.effects import Drop, Kind
from sso_core.events import Dropped, StoreUnreachable
from sso_core.failures import Failure, Family, Reason, Refusal
from sso_core.flows.turn_away import EndingFormerSession, end_former_session, ends_session, turn_away
from sso_core.machine import Failed, advance
from sso_core.sessions.pending_login import LoginPurpose

REFUSED = Failure(Reason.NOT_IN_GROUP, "the group is G")


def test_the_session_that_the_browser_held_ends_before_the_refusal_is_told() -> None:
    state = turn_away(arrival(former_session="old"), Refusal(REFUSED))
    assert state == EndingFormerSession("old", REFUSED)
    assert state.awaits == (Drop(Kind.SESSION, "old"),)
    assert advance(state, [Dropped()], now=NOW) == Failed(REFUSED)


@pytest.mark.parametrize(("before", "after"), [("", ""), ("ask for it", "ask for it; ")])
def test_a_store_that_is_down_lets_nobody_in_and_says_so(before: str, after: str) -> None:
    state = EndingFormerSession("old", Failure(Reason.NOT_IN_GROUP, "why", before))
    ending = advance(state, [StoreUnreachable("down")], now=NOW)
    hint = f"{after}the browser's former session may not have ended: down"
    assert ending == Failed(Failure(Reason.NOT_IN_GROUP, "why", hint))


def test_without_a_former_session_the_refusal_is_told_at_once() -> None:
    with pytest.raises(Refusal):
        turn_away(arrival(), Refusal(REFUSED))


def test_a_login_that_only_wants_to_know_signs_nobody_out() -> None:
    with pytest.raises(Refusal):
        turn_away(arrival(former_session="old", purpose=LoginPurpose.DEBUG), Refusal(Failure(Reason.NOT_ADMIN)))


OUTAGES = (Family.PROVIDER_UNREACHABLE, Family.UNAVAILABLE, Family.MISCONFIGURED)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.code)
def test_whatever_ends_a_login_ends_the_session_but_for_outages_and_mistakes_of_ours(reason: Reason) -> None:
    refusal = Refusal(Failure(reason))
    assert ends_session(refusal.failure) is (reason.family not in OUTAGES)
    if reason.family in OUTAGES:
        with pytest.raises(Refusal):
            turn_away(arrival(former_session="old"), refusal)
    else:
        assert end_former_session("old", refusal) == turn_away(arrival(former_session="old"), refusal)


def test_nothing_that_may_be_tried_again_as_it_is_ends_a_session() -> None:
    assert not any(ends_session(Failure(reason)) for reason in Reason if reason.resumable)
