"""Microsoft Graph as a function of a request: the profile, the groups and the assignments of made-up people, in pages.

    respond(graph, request, object_id="...")   whoever holds this person's token asks   -> HttpResponse

It asks for what the real one asks for: a cast needs `$count=true` and `ConsistencyLevel: eventual`. `GRAPH_HOSTILE`
has a Graph for each known way to misbehave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.testing.documents import json_answer
from sso_core.testing.provider_state import Document, unaltered
from sso_core.testing.token_endpoint import header
from sso_core.wire import parse_form

BASE = "https://graph.microsoft.com/v1.0"
EVIL = "https://evil.example/v1.0/me/memberOf"

Pairs = tuple[tuple[str, str], ...]


@attrs.frozen
class GraphPerson:
    """Somebody whom Graph knows; groups are pairs of id and name."""

    object_id: str
    profile: tuple[tuple[str, object], ...] = ()
    groups: Pairs = ()
    """Those that the person is in themselves."""
    nested: Pairs = ()
    """Those that the person is in through others."""


@attrs.frozen
class Assignment:
    """Who is assigned to the service: a group, a person, another service."""

    principal_id: str
    name: str
    kind: str = "Group"


def _same_page(document: Document, _number: int) -> Document:
    return document


def _same_answer(answer: HttpResponse, _number: int) -> HttpResponse:
    return answer


@attrs.frozen
class GraphAlterations:
    """What is done to each answer before it leaves Graph, by default nothing. Pages are numbered from 0."""

    profile: Callable[[Document], Document] = unaltered
    page: Callable[[Document, int], Document] = _same_page
    answer: Callable[[HttpResponse, int], HttpResponse] = _same_answer


@attrs.frozen
class Graph:
    """All that Graph knows."""

    base: str = BASE
    people: tuple[GraphPerson, ...] = ()
    service_principal_id: str = "sp-1"
    assignments: tuple[Assignment, ...] = ()
    page_size: int = 100
    """Entries of a page, whatever larger number is asked for."""
    alterations: GraphAlterations = attrs.field(default=GraphAlterations(), repr=False)


def respond(graph: Graph, request: HttpRequest, *, object_id: str | None) -> HttpResponse:
    """Answer a request that comes with the token of this person; None stands for a token that is nobody's."""
    address, _, query = request.url.partition("?")
    person = next((person for person in graph.people if person.object_id == object_id), None)
    if request.method != "GET":
        return _error(405, "Request_BadRequest")
    if person is None:
        return _error(401, "InvalidAuthenticationToken")
    path, asked = address.removeprefix(graph.base), parse_form(query)
    if path == "/me":
        return json_answer(graph.alterations.profile({"id": person.object_id, **dict(person.profile)}))
    entries = _lists(graph, person).get(path)
    if entries is None:
        return _error(404, "Request_ResourceNotFound")
    advanced = asked.get("$count") == "true" and header(request, "consistencylevel") == "eventual"
    if path.endswith("/microsoft.graph.group") and not advanced:
        return _error(400, "Request_UnsupportedQuery")
    return _page(graph, address, asked, entries)


def _lists(graph: Graph, person: GraphPerson) -> dict[str, list[Document]]:
    direct, nested = [_group(*pair) for pair in person.groups], [_group(*pair) for pair in person.nested]
    role: Document = {"@odata.type": "#microsoft.graph.directoryRole", "displayName": "a role that hides its id"}
    return {
        "/me/memberOf": [*direct, role],
        "/me/memberOf/microsoft.graph.group": direct,
        "/me/transitiveMemberOf": [*direct, *nested, role],
        "/me/transitiveMemberOf/microsoft.graph.group": [*direct, *nested],
        f"/servicePrincipals/{graph.service_principal_id}/appRoleAssignedTo": [
            {"principalType": one.kind, "principalId": one.principal_id, "principalDisplayName": one.name}
            for one in graph.assignments
        ],
    }


def _group(name: str, display_name: str) -> Document:
    return {"@odata.type": "#microsoft.graph.group", "id": name, "displayName": display_name}


def _page(graph: Graph, address: str, asked: dict[str, str], entries: list[Document]) -> HttpResponse:
    size, number = min(graph.page_size, int(asked.get("$top", "100"))), int(asked.get("$skiptoken", "0"))
    document: dict[str, Any] = {"@odata.context": "c", "value": entries[number * size : (number + 1) * size]}
    if (number + 1) * size < len(entries):
        document["@odata.nextLink"] = next_link(address, asked, number + 1)
    answer = json_answer(graph.alterations.page(document, number))
    return graph.alterations.answer(answer, number)


def next_link(address: str, asked: Mapping[str, str], number: int) -> str:
    """Return the address of a page; Graph does not escape the dollar sign."""
    query = {**asked, "$skiptoken": str(number)}
    return f"{address}?" + "&".join(f"{name}={value}" for name, value in query.items())


def _error(status: int, code: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    answer = json_answer({"error": {"code": code, "message": ""}}, status=status)
    return attrs.evolve(answer, headers=(*answer.headers, *headers))


# Every known way to misbehave


def _with_next(url: object) -> Callable[[Document, int], Document]:
    def page(document: Document, _number: int) -> Document:
        return {**document, "@odata.nextLink": url}

    return page


def _from_page(number: int, wrong: HttpResponse) -> Callable[[HttpResponse, int], HttpResponse]:
    def answer(honest: HttpResponse, page: int) -> HttpResponse:
        return wrong if page >= number else honest

    return answer


def _endless(document: Document, number: int) -> Document:
    return {**document, "@odata.nextLink": f"{BASE}/me/memberOf?$skiptoken={number + 1}"}


def _no_list(document: Document, _number: int) -> Document:
    return {**document, "value": {"id": "g1"}}


def _nothing(_document: Document, _number: int) -> Document:
    return {}


def _error_as_page(_document: Document, _number: int) -> Document:
    return {"error": {"code": "serviceNotAvailable", "message": ""}, "value": []}


def _texts(document: Document, _number: int) -> Document:
    return {**document, "value": ["g1", "g2"]}


def _without_ids(document: Document, _number: int) -> Document:
    return {**document, "value": [{"displayName": "g1"}]}


GRAPH_HOSTILE: Mapping[str, GraphAlterations] = {
    "throttled": GraphAlterations(answer=_from_page(1, _error(429, "TooManyRequests", (("retry-after", "7"),)))),
    "forbidden": GraphAlterations(answer=_from_page(0, _error(403, "Authorization_RequestDenied"))),
    "broken": GraphAlterations(answer=_from_page(0, _error(503, "ServiceUnavailable"))),
    "breaks_off": GraphAlterations(answer=_from_page(1, _error(500, "InternalServerError"))),
    "page_of_html": GraphAlterations(
        answer=_from_page(1, HttpResponse(200, b"<html>", (("content-type", "text/html"),)))
    ),
    "redirects": GraphAlterations(answer=_from_page(0, HttpResponse(302, b"", (("location", EVIL),)))),
    "next_page_elsewhere": GraphAlterations(page=_with_next(EVIL)),
    "next_page_in_plain_http": GraphAlterations(page=_with_next("http" + BASE.removeprefix("https") + "/me/memberOf")),
    "next_page_is_no_text": GraphAlterations(page=_with_next({"href": BASE})),
    "circle": GraphAlterations(page=_with_next(BASE + "/me/memberOf?$skiptoken=0")),
    "endless": GraphAlterations(page=_endless),
    "no_list": GraphAlterations(page=_no_list),
    "nothing": GraphAlterations(page=_nothing),
    "error_as_page": GraphAlterations(page=_error_as_page),
    "texts": GraphAlterations(page=_texts),
    "without_ids": GraphAlterations(page=_without_ids),
}
"""Each leaves the list of groups incomplete, and must not be taken for a whole one."""
