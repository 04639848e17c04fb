from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from scenes import answer

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse, Unreachable
from sso_core.failures import Reason, Refusal
from sso_core.oauth.claims import ClaimSet
from sso_core.providers.graph import (
    GRAPH,
    MOST_PAGES,
    PAGE_LIMIT,
    PATIENCE,
    GraphGroups,
    GroupLists,
    check_profile_subject,
    first_pages,
    profile_request,
)
from sso_core.records import Team
from sso_core.secret import Secret

TOKEN = Secret("at-canary")
FILTERED = GraphGroups(service_principal_id="sp-1")
NEXT = GRAPH + "/me/memberOf?$skiptoken="


def page(*ids: object, next_link: object = None) -> HttpResponse:
    document: dict[str, Any] = {"value": [{"id": name} for name in ids]}
    return answer(document if next_link is None else document | {"@odata.nextLink": next_link})


def assigned(*ids: object, next_link: str | None = None) -> HttpResponse:
    entries = [{"principalType": "Group", "principalId": name, "principalDisplayName": f"N {name}"} for name in ids]
    return answer({"value": entries} | ({} if next_link is None else {"@odata.nextLink": next_link}))


def read(*answers: HttpResponse | Unreachable) -> GroupLists:
    """Return the lists after these pages, which come one a round."""
    lists = first_pages(GraphGroups())
    for one in answers:
        lists = lists.after([one])
    return lists


def urls(lists: GroupLists) -> list[str]:
    return [request.url for request in lists.requests(TOKEN)]


# What is asked


def test_all_groups_are_asked_for_and_those_of_groups_too() -> None:
    (request,) = first_pages(GraphGroups()).requests(TOKEN)
    assert isinstance(request, HttpRequest)
    assert (
        request.url
        == f"{GRAPH}/me/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id,displayName&$top=999"
    )
    assert (request.purpose, request.limit, request.method) == (Purpose.GROUPS, PAGE_LIMIT, "GET")
    assert dict(request.headers)["authorization"] == "Bearer at-canary"
    assert dict(request.headers)["consistencylevel"] == "eventual"
    assert "canary" not in repr(request)


def test_direct_groups_and_assigned_groups_are_asked_for_where_configured() -> None:
    graph = GraphGroups("http://localhost:9000/v1.0/", direct=True, service_principal_id="sp-1")
    assert urls(first_pages(graph)) == [
        "http://localhost:9000/v1.0/me/memberOf/microsoft.graph.group?$count=true&$select=id,displayName&$top=999",
        "http://localhost:9000/v1.0/servicePrincipals/sp-1/appRoleAssignedTo?$top=999",
    ]


@pytest.mark.parametrize("name", ["", "a/b", "a?b", "ü", "x" * 65])
def test_the_id_of_a_service_principal_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="service principal"):
        GraphGroups(service_principal_id=name)


def test_graph_is_reached_over_https() -> None:
    with pytest.raises(ValueError, match="address of Graph is plain http"):
        GraphGroups("http://graph.example")


# Pages


def test_pages_are_read_to_the_last() -> None:
    lists = read(page("a", next_link=NEXT + "2"))
    assert urls(lists) == [NEXT + "2"]
    lists = lists.after([page("b", "a")])
    assert (lists.pending, lists.faults) == ((), ())
    assert (lists.listing().groups, lists.listing().complete) == (("a", "b", "a"), True)


@pytest.mark.parametrize("document", [{"@odata.context": "c"}, {"@odata.context": "c", "value": None}, {"value": []}])
def test_a_page_without_groups_is_empty_and_whole(document: object) -> None:
    lists = read(answer(document))
    assert (lists.listing().groups, lists.listing().complete) == ((), True)


def test_an_object_without_an_id_is_passed_over() -> None:
    lists = read(answer({"value": [{"id": "a"}, {}, {"id": None}, {"id": ""}]}))
    assert (lists.listing().groups, lists.listing().complete) == (("a",), True)


BAD = [
    (Unreachable(sent=True, why="reset"), "cannot be reached"),
    (answer({"error": {"code": "TooManyRequests"}}, 429), "too often"),
    (answer("", 503), "answers 503"),
    (answer("", 302), "answers 302"),
    (answer("", 401), "answers 401"),
    (answer("", 403), "answers 403"),
    (answer("<html>"), "cannot be read"),
    (answer([]), "cannot be read"),
    (answer({"value": "a"}), "no list"),
    (answer({"value": {"id": "a"}}), "no list"),
    (answer({"@odata.context": "c", "value": {"id": "a"}}), "no list"),
    (answer({}), "no list"),
    (answer({"value": None}), "no list"),
    (answer({"@odata.context": None}), "no list"),
    (answer({"error": {"code": "x"}}), "is an error"),
    (answer({"@odata.context": "c", "error": {"code": "x"}}), "is an error"),
    (answer({"value": [], "error": {}}), "is an error"),
    (answer({"value": ["b"]}), "no object"),
    (answer({"value": [{"id": "b", "principalId": "b", "principalType": "Group"}, None]}), "no object"),
    (answer({"value": [{"nid": "b"}, {"id": None, "principalId": None}]}), "none by its id"),
    (answer({"value": [{"id": "b", "principalId": "b"}, {"id": 7, "principalId": 7}]}), "none by its id"),
    (HttpResponse(200, b'{"value": ["' + b"x" * PAGE_LIMIT + b'"]}'), "larger than"),
    (HttpResponse(200, b'{"value": [], "value": []}'), "stands twice"),
]


@pytest.mark.parametrize(("event", "said"), BAD)
def test_a_list_that_cannot_be_read_is_not_empty(event: HttpResponse | Unreachable, said: str) -> None:
    for lists in (read(event), read(page("a", next_link=NEXT + "2"), event)):
        (fault,) = lists.faults
        assert fault.reason is Reason.GROUPS_UNREACHABLE
        assert said in fault.detail
        assert lists.pending == ()
        assert not lists.listing().complete
    assert lists.listing().groups == ("a",)


@pytest.mark.parametrize(("wait", "hint"), [("30", "it asks to wait 30 s"), ("soon\r\n", ""), ("", "")])
def test_a_busy_graph_says_how_long_to_wait(wait: str, hint: str) -> None:
    busy = HttpResponse(429, b"", (("retry-after", wait),))
    assert read(busy).faults[0].hint == hint


def test_a_missing_permission_is_hinted_at() -> None:
    assert "consent" in read(answer("", 403)).faults[0].hint


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x",
        "https://graph.microsoft.com.evil.example/v1.0/me",
        "https://graph.microsoft.com@evil.example/",
        "http://graph.microsoft.com/v1.0/me/memberOf?page=2",
        "https://graph.microsoft.com:444/v1.0/me",
        "//graph.microsoft.com/v1.0",
        "/v1.0/me/memberOf?page=2",
        "",
        7,
        {"href": NEXT},
        NEXT + "x" * 2048,
    ],
)
def test_the_token_goes_to_no_page_elsewhere(link: object) -> None:
    lists = read(page("a", next_link=link))
    assert lists.requests(TOKEN) == ()
    assert "not its own" in lists.faults[0].detail
    assert (lists.listing().groups, lists.listing().complete) == (("a",), False)


def test_a_circle_of_pages_ends() -> None:
    lists = read(page("a", next_link=NEXT + "2"), page("b", next_link=NEXT + "2"))
    assert "read before" in lists.faults[0].detail
    first = urls(first_pages(GraphGroups()))[0]
    assert "read before" in read(page("a", next_link=first)).faults[0].detail


@pytest.mark.parametrize(("pages", "whole"), [(MOST_PAGES, True), (MOST_PAGES + 1, False)])
def test_there_are_only_so_many_pages(pages: int, whole: bool) -> None:
    lists, count = first_pages(GraphGroups()), 0
    while lists.pending:
        count += 1
        lists = lists.after([page(f"g{count}", next_link=NEXT + str(count) if count < pages else None)])
    assert count == MOST_PAGES
    assert len(lists.listing().groups) == MOST_PAGES
    assert lists.listing().complete is whole


def test_lists_that_take_too_long_are_read_no_further_and_are_not_whole() -> None:
    lists = first_pages(FILTERED, now=100.0).after([page("a", next_link=NEXT), assigned("a")])
    assert lists.in_time(100.0 + PATIENCE - 0.1) == lists
    late = lists.in_time(100.0 + PATIENCE)
    assert (late.pending, late.listing().groups, late.listing().complete) == ((), ("a",), False)
    assert [fault.detail for fault in late.faults] == ["listing groups takes longer than 10 s"]
    whole = first_pages(GraphGroups(), now=100.0).after([page("a")])
    assert whole.in_time(1000.0) == whole


# Groups assigned to the service


def both(groups: HttpResponse | Unreachable, theirs: HttpResponse | Unreachable) -> GroupLists:
    return first_pages(FILTERED).after([groups, theirs])


def test_only_assigned_groups_count_and_are_teams_to_make() -> None:
    listing = both(page("a", "b"), assigned("b", "c")).listing()
    assert (listing.groups, listing.complete) == (("b",), True)
    assert listing.teams == (Team("b", "N b"), Team("c", "N c"))


def test_without_assigned_groups_no_group_counts() -> None:
    listing = both(page("a", "b"), answer({"value": []})).listing()
    assert (listing.groups, listing.complete, listing.teams) == ((), True, ())


@pytest.mark.parametrize(
    "entry",
    [
        {"principalType": "User", "principalId": "a"},
        {"principalType": "group", "principalId": "a"},
        {"principalId": "a"},
        {"principalType": "Group"},
        {"principalType": "Group", "principalId": ""},
    ],
)
def test_what_is_no_group_is_not_assigned(entry: dict[str, object]) -> None:
    somebody = {"principalType": "User", "principalId": "b"}
    listing = both(page("a"), answer({"value": [somebody, entry]})).listing()
    assert (listing.groups, listing.teams, listing.complete) == ((), (), True)


@pytest.mark.parametrize("alias", [None, "", 7])
def test_a_team_may_have_no_name(alias: object) -> None:
    entry = {"principalType": "Group", "principalId": "a", "principalDisplayName": alias}
    assert both(page("a"), answer({"value": [entry]})).listing().teams == (Team("a"),)


@pytest.mark.parametrize(("event", "said"), BAD)
def test_a_list_of_assigned_groups_that_cannot_be_read_lets_none_through_unseen(
    event: HttpResponse | Unreachable, said: str
) -> None:
    lists = both(page("a"), event)
    assert (lists.listing().groups, lists.listing().complete) == ((), False)
    assert said in lists.faults[0].detail


def test_each_list_goes_on_for_itself() -> None:
    lists = both(page("a", next_link=NEXT + "2"), assigned("b"))
    assert urls(lists) == [NEXT + "2"]
    assert lists.after([page("b")]).listing().groups == ("b",)
    lists = both(page("a", "b"), assigned("a", next_link=NEXT + "2"))
    assert urls(lists) == [NEXT + "2"]
    assert lists.after([assigned("b")]).listing().groups == ("a", "b")
    lists = both(page("a", next_link=NEXT + "2"), assigned("a", next_link=NEXT + "3"))
    assert urls(lists) == [NEXT + "2", NEXT + "3"]
    assert lists.after([page("b"), Unreachable(sent=False)]).listing().complete is False


def test_lists_are_values() -> None:
    lists = both(page("a"), assigned("a"))
    assert hash(lists) == hash(both(page("a"), assigned("a")))
    assert attrs.evolve(lists) == lists


# The profile


def test_the_profile_is_asked_with_the_token_in_the_header() -> None:
    request = profile_request(GRAPH + "/me", TOKEN, (("X-Key", "k"),))
    assert (request.purpose, request.url) == (Purpose.PROFILE, GRAPH + "/me")
    assert dict(request.headers)["authorization"] == "Bearer at-canary"
    assert dict(request.headers)["x-key"] == "k"


@pytest.mark.parametrize(
    ("name", "object_id"),
    [
        ("oid-1", "oid-1"),
        ("fde926f844473904", "00000000-0000-0000-fde9-26f844473904"),
        ("d26f844473904", "00000000-0000-0000-000d-26f844473904"),
    ],
)
def test_the_profile_is_that_of_the_tokens_person(name: str, object_id: str) -> None:
    check_profile_subject(ClaimSet({"id": name}), object_id)


@pytest.mark.parametrize(
    ("profile", "object_id"),
    [
        ({"id": "oid-2"}, "oid-1"),
        ({"id": "OID-1"}, "oid-1"),
        ({"id": 1}, "1"),
        ({}, "oid-1"),
        ({"sub": "oid-1"}, "oid-1"),
        ({"id": "oid-1"}, None),
        ({"id": ""}, ""),
        ({"id": 1}, 1),
        ({"id": "fde926f844473905"}, "00000000-0000-0000-fde9-26f844473904"),
        ({"id": ""}, "00000000-0000-0000-fde9-26f844473904"),
        ({"id": "fde926f844473904"}, "00000000-0000-0001-fde9-26f844473904"),
        ({}, "00000000-0000-0000-fde9-26f844473904"),
    ],
)
def test_a_profile_of_anybody_else_is_refused(profile: dict[str, object], object_id: object) -> None:
    with pytest.raises(Refusal) as caught:
        check_profile_subject(ClaimSet(profile), object_id)
    assert caught.value.failure.reason is Reason.OTHER_SUBJECT
    assert json.dumps(profile) not in str(caught.value.failure)
