from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from sso_core.effects import HttpRequest, Purpose
from sso_core.providers.graph import GraphGroups, GroupLists, first_pages
from sso_core.secret import Secret
from sso_core.testing.fake_graph import BASE, GRAPH_HOSTILE, Assignment, Graph, GraphAlterations, GraphPerson, respond

ADA = GraphPerson(
    "ada", (("displayName", "Ada"),), tuple((f"g{i}", f"Group {i}") for i in range(3)), (("n1", "Nested"),)
)
GRAPH = Graph(
    people=(ADA,), assignments=(Assignment("g1", "One"), Assignment("u", "Ada", "User"), Assignment("g9", "Nine")),
    page_size=2,
)  # fmt: skip


def ask(path: str, graph: Graph = GRAPH, *, person: str | None = "ada", **more: Any) -> tuple[int, dict[str, Any]]:
    response = respond(graph, HttpRequest(Purpose.GROUPS, BASE + path, **more), object_id=person)
    return response.status, json.loads(response.body)


def read(graph: Graph, groups: GraphGroups) -> tuple[GroupLists, list[str]]:
    lists, asked = first_pages(groups), []
    while lists.pending:
        requests = lists.requests(Secret("t"))
        asked += [request.url for request in requests]
        lists = lists.after([respond(graph, request, object_id="ada") for request in requests])
    return lists, asked


def test_graph_tells_the_profile_of_whoever_holds_the_token() -> None:
    assert ask("/me") == (200, {"id": "ada", "displayName": "Ada"})


@pytest.mark.parametrize("person", [None, "stranger"])
def test_graph_answers_nobody_else(person: str | None) -> None:
    assert ask("/me", person=person)[0] == 401


def test_graph_has_lists_in_pages() -> None:
    status, page = ask("/me/memberOf?$select=id")
    assert (status, [entry.get("id") for entry in page["value"]]) == (200, ["g0", "g1"])
    status, page = ask(page["@odata.nextLink"].removeprefix(BASE))
    assert (status, [entry.get("id") for entry in page["value"]]) == (200, ["g2", None])
    assert "@odata.nextLink" not in page


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/me/photo", {}, 404),
        ("/servicePrincipals/other/appRoleAssignedTo", {}, 404),
        ("/me", {"body": b""}, 405),
        ("/me/transitiveMemberOf/microsoft.graph.group?$count=true", {}, 400),
        ("/me/transitiveMemberOf/microsoft.graph.group", {"headers": (("consistencylevel", "eventual"),)}, 400),
    ],
)
def test_graph_is_strict(path: str, more: dict[str, Any], status: int) -> None:
    assert ask(path, **more)[0] == status


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (GraphGroups(), ("g0", "g1", "g2", "n1")),
        (GraphGroups(direct=True), ("g0", "g1", "g2")),
        (GraphGroups(service_principal_id="sp-1"), ("g1",)),
    ],
)
def test_all_pages_of_an_honest_graph_are_read(groups: GraphGroups, expected: tuple[str, ...]) -> None:
    listing = read(GRAPH, groups)[0].listing()
    assert (listing.groups, listing.complete) == (expected, True)


@pytest.mark.parametrize("name", GRAPH_HOSTILE)
def test_a_graph_that_misbehaves_is_never_taken_for_whole_and_gets_no_token_elsewhere(name: str) -> None:
    graph = attrs.evolve(GRAPH, alterations=GRAPH_HOSTILE[name])
    lists, asked = read(graph, GraphGroups(direct=True))
    assert not lists.listing().complete
    assert {url.startswith(BASE + "/") for url in asked} == {True}
    assert len(asked) <= 200


def test_a_profile_can_be_altered() -> None:
    graph = attrs.evolve(GRAPH, alterations=GraphAlterations(profile=lambda profile: {**profile, "id": "mallory"}))
    assert ask("/me", graph)[1]["id"] == "mallory"
