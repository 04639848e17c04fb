"""Groups that Graph lists, against the reference."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cases import Case, Row, Verdict, each, expected

from sso_core.events import HttpResponse, Unreachable
from sso_core.failures import Reason, Refusal
from sso_core.oauth.token import parse_token_response
from sso_core.providers.graph import MOST_PAGES, GraphGroups, GroupLists, first_pages
from sso_core.secret import Secret

GRAPH = "https://graph.microsoft.com/v1.0"
ME = GRAPH + "/me/memberOf"
Outcome = dict[str, Any]


# The recorded world, as one that answers us


def respond(case: Case, url: str) -> HttpResponse | Unreachable:
    """Answer by the first rule that fits; a first page is asked for with a cast and a query that none has."""
    asked = url.partition("?")[0].removesuffix("/microsoft.graph.group") if "$top=999" in url else unquote(url)
    for rule in case.world.get("http", ()):
        known = unquote(rule["url"])
        if asked == known or ((rule.get("prefix") or "pages" in rule) and asked.startswith(known)):
            return _answer(rule, asked)
    return Unreachable(sent=False, why="nobody is there")


def _answer(rule: dict[str, Any], asked: str) -> HttpResponse | Unreachable:
    if "raise" in rule:
        return Unreachable(sent=True, why="raised")
    if "pages" in rule:
        number = int(asked.rpartition("page=")[2] or 1) if "page=" in asked else 1
        document: Any = {"value": [{"id": f"g{number}"}]}
        if number < rule["pages"]:
            document["@odata.nextLink"] = f"{ME}?page={number + 1}"
    else:
        document = rule.get("json")
    text = rule["text"] if "text" in rule else json.dumps(document)
    return HttpResponse(rule.get("status", 200), text.encode())


def ours(case: Case, graph: GraphGroups) -> tuple[GroupLists, list[str]]:
    lists, asked = first_pages(graph), list[str]()
    while lists.pending:
        requests = lists.requests(Secret(case.args["access_token"]))
        asked += [request.url for request in requests]
        lists = lists.after([respond(case, request.url) for request in requests])
    assert all(url.startswith(GRAPH + "/") for url in asked)
    return lists, asked


# What there is to read, by the words of the specification


def walked(case: Case, start: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the entries of all pages that may be read, and whether those are all."""
    entries: list[dict[str, Any]] = []
    seen: list[str] = []
    url: Any = start
    while len(seen) < MOST_PAGES:
        answer = respond(case, url)
        seen.append(unquote(url))
        try:
            body = answer.body if isinstance(answer, HttpResponse) and answer.status == 200 else b""
            document: Any = json.loads(body)
        except ValueError:
            document = None
        if not is_page(document, "id" if start == ME else "principalId"):
            return entries, False
        entries += document.get("value") or []
        if document.get("@odata.nextLink") is None:
            return entries, True
        url = document["@odata.nextLink"]
        if not isinstance(url, str) or urlsplit(url).netloc != "graph.microsoft.com" or unquote(url) in seen:
            return entries, False
    return entries, False


def is_page(document: Any, name: str) -> bool:
    """Whether this is a list of Graph's, and one of objects that have ids."""
    if not isinstance(document, dict) or "error" in document:
        return False
    listed = document.get("value")
    if listed is None:
        return "@odata.context" in document
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        return False
    ids = [entry.get(name) for entry in listed]
    return all(one is None or isinstance(one, str) for one in ids) and (not ids or any(ids))


def ids_of(entries: list[dict[str, Any]], name: str = "id") -> list[str]:
    return [entry[name] for entry in entries if isinstance(entry.get(name), str) and entry[name]]


def assigned(case: Case) -> tuple[list[dict[str, Any]], bool] | None:
    principal = case.env.get("MICROSOFT_SERVICE_PRINCIPAL_ID") or case.args.get("service_principal_id")
    if not principal:
        return None
    entries, whole = walked(case, f"{GRAPH}/servicePrincipals/{principal}/appRoleAssignedTo")
    return [entry for entry in entries if entry.get("principalType") == "Group"], whole


def summary(groups: list[str], like: Any) -> Any:
    """Return a long list the way the recording has it."""
    if isinstance(like, dict) and "count" in like:
        return {"count": len(groups), "first": groups[0], "last": groups[-1]} if groups else {"count": 0}
    return groups


# The groups of a person


def _whole(case: Case, outcome: Any) -> Outcome:
    return {"groups": outcome, "complete": True}


def _has_no_token(case: Case) -> bool:
    token = case.args.get("access_token")
    return not isinstance(token, str) or not token


def _readable(case: Case, outcome: Outcome) -> Outcome:
    groups, whole = walked(case, ME)
    theirs = assigned(case)
    complete = whole and (theirs is None or theirs[1])
    return outcome if complete else {"groups": summary(_counted(case, groups), case.result), "complete": False}


def _counted(case: Case, entries: list[dict[str, Any]]) -> list[str]:
    theirs = assigned(case)
    known = None if theirs is None else set(ids_of(theirs[0], "principalId"))
    return [name for name in ids_of(entries) if known is None or name in known]


def _only_assigned(case: Case, outcome: Outcome) -> Outcome:
    return outcome | {"groups": summary(_counted(case, walked(case, ME)[0]), case.result)}


ROWS = (
    Row(Verdict.SAME, "the reference does not say whether a list is whole", lambda _case: True, _whole),
    Row(
        Verdict.DIFFERENT,
        "W15: without an access token the login ends before anybody is asked",
        _has_no_token,
        lambda _case, _outcome: {"refused": Reason.NO_ACCESS_TOKEN},
    ),
    Row(
        Verdict.DIFFERENT,
        "W15, W16: a list that was cut, refused, garbled or led elsewhere is not whole, and no token leaves Graph",
        lambda case: not _has_no_token(case),
        _readable,
    ),
    Row(
        Verdict.DIFFERENT,
        "W15: only assigned groups count, and none where none is; a group's id is a text, and a team needs no database",
        lambda case: not _has_no_token(case),
        _only_assigned,
    ),
)


@each("microsoft", "get_user_groups_from_graph_api")
def test_the_groups_are_those_of_the_reference_where_it_reads_them_all(case: Case) -> None:
    want = expected(case, ROWS).outcome
    if _has_no_token(case):
        token = json.dumps({"access_token": case.args.get("access_token"), "token_type": "Bearer"}).encode()
        with pytest.raises(Refusal) as caught:
            parse_token_response(HttpResponse(200, token))
        assert want == {"refused": caught.value.failure.reason}
        return
    graph = GraphGroups(direct=True, service_principal_id=case.env.get("MICROSOFT_SERVICE_PRINCIPAL_ID") or None)
    lists, _ = ours(case, graph)
    listing = lists.listing()
    assert {"groups": summary(list(listing.groups), case.result), "complete": listing.complete} == want


# One page


def _page(case: Case) -> GroupLists:
    return first_pages(GraphGroups(direct=True)).after([HttpResponse(200, json.dumps(case.args["response"]).encode())])


def _listed(case: Case, outcome: Any) -> Outcome:
    entries = (outcome or {}).get("value") or []
    return _whole(case, [entry.get("id") for entry in entries])


NAMELESS = Row(
    Verdict.DIFFERENT,
    "W15: an empty text names no group",
    lambda _case: True,
    lambda _case, outcome: outcome | {"groups": [name for name in outcome["groups"] if name]},
)
PAGE_ROWS = (
    Row(Verdict.SAME, "the reference does not say whether a list is whole", lambda _case: True, _whole),
    NAMELESS,
)
CAST_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W15: a null is an empty list in a document of Graph's only; this one is not whole, and no unhandled error",
        lambda case: case.error is not None,
        lambda _case, _outcome: {"groups": [], "complete": False},
    ),
    Row(Verdict.SAME, "ours keeps the ids", lambda case: case.error is None, _listed),
    NAMELESS,
)


@each("microsoft", "_get_group_ids_from_graph_api_response")
def test_the_groups_of_one_page_are_those_of_the_reference(case: Case) -> None:
    listing = _page(case).listing()
    assert {"groups": list(listing.groups), "complete": listing.complete} == expected(case, PAGE_ROWS).outcome


@each("microsoft", "_cast_graph_api_response_dict")
def test_one_page_is_read_as_by_the_reference(case: Case) -> None:
    listing = _page(case).listing()
    assert {"groups": list(listing.groups), "complete": listing.complete} == expected(case, CAST_ROWS).outcome


# The groups assigned to the service


def _told(case: Case, _outcome: Any) -> Outcome:
    found = assigned(case)
    entries, whole = found or ([], True)
    teams = [(entry["principalId"], entry.get("principalDisplayName")) for entry in entries if entry.get("principalId")]
    return {"groups": ids_of(entries, "principalId"), "teams": teams, "complete": whole}


def _recorded(_case: Case, outcome: Any) -> Outcome:
    groups, teams = outcome or ([], [])
    pairs = [(team.get("principalId"), team.get("principalDisplayName")) for team in teams]
    return {"groups": groups, "teams": pairs, "complete": True}


ASSIGNED_ROWS = (
    Row(Verdict.SAME, "the reference does not say whether a list is whole", lambda _case: True, _recorded),
    Row(
        Verdict.DIFFERENT,
        "W15: all pages are read; one that was cut or names nobody by an id is not whole, and no id is no team",
        lambda _case: True,
        _told,
    ),
)


@each("microsoft", "get_group_ids_from_service_principal")
def test_the_assigned_groups_are_those_of_the_reference_and_those_of_later_pages(case: Case) -> None:
    lists, _ = ours(case, GraphGroups(direct=True, service_principal_id=case.args["service_principal_id"]))
    assert lists.assigned is not None
    members, whole = lists.assigned.members, lists.assigned.fault is None
    told = {"groups": [name for name, _ in members], "teams": list(members), "complete": whole}
    assert told == expected(case, ASSIGNED_ROWS).outcome
