from __future__ import annotations

import attrs
import pytest
from scenes import GATHERED, ISSUER, NOW, answer, attempt, pending_login

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import Event, Unreachable
from sso_core.failures import Failure, Reason
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.gather_groups import ReadingGroups
from sso_core.machine import Failed, advance
from sso_core.providers.graph import GRAPH, PATIENCE, GraphGroups, WhenIncomplete, first_pages
from sso_core.records import Team
from sso_core.secret import Secret

SECOND, THIRD = GRAPH + "/me/memberOf?page=2", GRAPH + "/me/memberOf?page=3"
DOWN = Unreachable(sent=True, why="reset")
NOTE = Failure(Reason.USERINFO_UNREACHABLE)


def reading(graph: GraphGroups = GraphGroups()) -> ReadingGroups:  # noqa: B008 -- frozen
    gathered = attrs.evolve(GATHERED, notes=(NOTE,))
    return ReadingGroups(attempt(), pending_login(), gathered, Secret("at-canary"), first_pages(graph))


def page(*ids: str, next_link: str | None = None) -> Event:
    document: dict[str, object] = {"value": [{"id": name} for name in ids]}
    return answer(document if next_link is None else document | {"@odata.nextLink": next_link})


def assigned(*ids: str) -> Event:
    entries = [{"principalType": "Group", "principalId": name, "principalDisplayName": f"N {name}"} for name in ids]
    return answer({"value": entries})


def going_on(state: object) -> ReadingGroups:
    assert isinstance(state, ReadingGroups), state
    return state


def ended(state: object) -> ReadingAccount:
    assert isinstance(state, ReadingAccount), state
    return state


def urls(state: ReadingGroups) -> list[str]:
    return [effect.url for effect in state.awaits if isinstance(effect, HttpRequest)]


def test_pages_are_asked_with_the_token_in_the_header_which_shows_nowhere() -> None:
    state = reading()
    (request,) = state.awaits
    assert isinstance(request, HttpRequest)
    assert request.purpose is Purpose.GROUPS
    assert dict(request.headers)["authorization"] == "Bearer at-canary"
    assert "canary" not in request.url + repr(state)


@pytest.mark.parametrize("when_incomplete", WhenIncomplete)
def test_a_service_that_drips_page_after_page_holds_no_login_up(when_incomplete: WhenIncomplete) -> None:
    graph = GraphGroups(when_incomplete=when_incomplete)
    state = attrs.evolve(reading(graph), lists=first_pages(graph, now=NOW))
    state = going_on(advance(state, [page("a", next_link=SECOND)], now=NOW + PATIENCE - 1))
    after = advance(state, [page("b", next_link=THIRD)], now=NOW + PATIENCE)
    if when_incomplete is WhenIncomplete.REFUSE:
        assert isinstance(after, Failed)
        assert after.failure.reason is Reason.GROUPS_UNREACHABLE
        return
    listing = ended(after).gathered.listing
    assert listing is not None
    assert (listing.groups, listing.complete) == (("a", "b"), False)


def test_pages_are_read_one_after_the_other_and_the_groups_go_with_the_person() -> None:
    state = going_on(advance(reading(), [page("a", next_link=SECOND)], now=NOW))
    assert urls(state) == [SECOND]
    state = going_on(advance(state, [page("b", next_link=THIRD)], now=NOW))
    after = ended(advance(state, [page("c")], now=NOW))
    assert after.gathered.listing is not None
    assert (after.gathered.listing.groups, after.gathered.listing.complete) == (("a", "b", "c"), True)
    assert (after.gathered.issuer, after.gathered.claims) == (ISSUER, GATHERED.claims)
    assert after.gathered.notes == (NOTE,)


def test_both_lists_page_on_together() -> None:
    state = reading(GraphGroups(service_principal_id="sp-1"))
    assert len(state.awaits) == 2
    state = going_on(advance(state, [page("a", next_link=SECOND), page(next_link=THIRD)], now=NOW))
    assert urls(state) == [SECOND, THIRD]
    state = going_on(advance(state, [page("b", next_link=THIRD), assigned("b")], now=NOW))
    assert urls(state) == [THIRD]
    after = ended(advance(state, [page("c")], now=NOW))
    assert after.gathered.listing is not None
    assert after.gathered.listing.groups == ("b",)
    assert after.gathered.listing.teams == (Team("b", "N b"),)


BAD = [DOWN, answer("", 429), answer("", 500), answer("<html>"), page("x", next_link="https://evil.example/x")]


@pytest.mark.parametrize("event", BAD)
def test_a_list_that_was_cut_ends_the_login(event: Event) -> None:
    for state in (reading(), going_on(advance(reading(), [page("a", next_link=SECOND)], now=NOW))):
        after = advance(state, [event], now=NOW)
        assert isinstance(after, Failed)
        assert (after.failure.reason, after.failure.reason.status) == (Reason.GROUPS_UNREACHABLE, 503)


@pytest.mark.parametrize("event", BAD)
def test_a_login_may_go_on_with_a_list_that_was_cut_but_never_takes_it_for_whole(event: Event) -> None:
    state = going_on(
        advance(reading(GraphGroups(when_incomplete=WhenIncomplete.KEEP)), [page("a", next_link=SECOND)], now=NOW)
    )
    after = ended(advance(state, [event], now=NOW))
    assert after.gathered.listing is not None
    assert after.gathered.listing.groups[:1] == ("a",)
    assert not after.gathered.listing.complete
    assert [note.reason for note in after.gathered.notes] == [NOTE.reason, Reason.GROUPS_UNREACHABLE]


def test_one_list_goes_on_where_the_other_was_cut_and_the_login_may_go_on() -> None:
    graph = GraphGroups(service_principal_id="sp-1", when_incomplete=WhenIncomplete.KEEP)
    state = going_on(advance(reading(graph), [page("a", next_link=SECOND), DOWN], now=NOW))
    assert urls(state) == [SECOND]
    after = ended(advance(state, [page("b")], now=NOW))
    assert after.gathered.listing is not None
    assert (after.gathered.listing.groups, after.gathered.listing.complete) == ((), False)
