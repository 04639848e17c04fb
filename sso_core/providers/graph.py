"""Microsoft Graph as a source: the profile of the person, the groups they are in, the groups assigned to the service.

Lists come in pages. A list that was cut, refused, garbled or led elsewhere is kept as far as it was read, and never
counts as whole: nobody must lose a role because Graph was busy. Links to next pages are followed on Graph's own origin
only, since the access token goes with each request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from hmac import compare_digest
from math import inf
from typing import Any

import attrs

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import Headers, HttpResponse, Unreachable
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.identity.gathered import GroupListing
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.provider_text import quote_provider
from sso_core.oauth.token import OK, TOO_MANY_REQUESTS, with_extra
from sso_core.providers.endpoints import check_address
from sso_core.records import Team
from sso_core.secret import Secret
from sso_core.wire import WireError, parse_http_url, parse_json_object

GRAPH = "https://graph.microsoft.com/v1.0"

PAGE_LIMIT = 1024 * 1024
"""Bytes of a page; one of 999 groups with long names has a third of it."""
MOST_PAGES = 200
"""Pages of one list: far more groups than Entra lets a person be in."""

PATIENCE = 10.0
"""Seconds for all pages together. Each has a deadline of its own, which a list of many could use up again and again."""

FORBIDDEN = (401, 403)

_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


class WhenIncomplete(Enum):
    """What becomes of a login whose groups cannot all be read."""

    REFUSE = "refuse"
    """It ends, and may be tried again: who somebody is here depends on groups."""
    KEEP = "keep"
    """It goes on with those that were read. What groups decide stays as it was."""


@attrs.frozen
class GraphGroups:
    """Which lists of groups Graph is asked for. Raises ValueError for an address or an id that is not usable.

    `direct` leaves out the groups that the person is in through other groups. With `service_principal_id`, only groups
    that are assigned to this service count, and teams are made for those; without any, no group counts. Graph wants the
    permission `User.Read` for ids of groups, `GroupMember.Read.All` for their names too, and `Application.Read.All` for
    a service principal.
    """

    base: str = GRAPH
    direct: bool = False
    service_principal_id: str | None = None
    when_incomplete: WhenIncomplete = WhenIncomplete.REFUSE

    def __attrs_post_init__(self) -> None:
        check_address("address of Graph", self.base)
        if self.service_principal_id is not None and not _ID.fullmatch(self.service_principal_id):
            raise ValueError("the service principal's id is made of letters, digits and hyphens")


@attrs.frozen
class GroupList:
    """One list as far as it was read: pairs of id and name, and the address of the page to come."""

    members: tuple[tuple[str, str | None], ...] = attrs.field(repr=False)
    next_url: str | None
    visited: tuple[str, ...] = attrs.field(default=(), repr=False)
    fault: Failure | None = None
    """Why the rest cannot be read."""


@attrs.frozen
class GroupLists:
    """The lists that are read for one person, side by side."""

    graph: GraphGroups
    groups: GroupList
    """Those of the person."""
    assigned: GroupList | None
    """Those assigned to the service; None where that does not matter."""
    until: float = inf
    """When no further page is asked for, in seconds since the epoch."""

    @property
    def pending(self) -> tuple[str, ...]:
        """The pages to ask for next."""
        lists = (self.groups, self.assigned) if self.assigned is not None else (self.groups,)
        return tuple(one.next_url for one in lists if one.next_url is not None)

    @property
    def faults(self) -> tuple[Failure, ...]:
        """Why lists are not whole."""
        lists = (self.groups, self.assigned) if self.assigned is not None else (self.groups,)
        return tuple(one.fault for one in lists if one.fault is not None)

    def requests(self, access_token: Secret) -> tuple[HttpRequest, ...]:
        """Return the requests for the pages to come, one for each list that goes on."""
        return tuple(_page_request(url, access_token) for url in self.pending)

    def after(self, answers: Sequence[HttpResponse | Unreachable]) -> GroupLists:
        """Return the lists with these pages, which answer `requests` one by one."""
        rest = list(answers)
        groups, assigned = self.groups, self.assigned
        if groups.next_url is not None:
            groups = _read_page(groups, rest.pop(0), self.graph.base, "id", _group)
        if assigned is not None and assigned.next_url is not None:
            assigned = _read_page(assigned, rest.pop(0), self.graph.base, "principalId", _assigned_group)
        return attrs.evolve(self, groups=groups, assigned=assigned)

    def in_time(self, now: float) -> GroupLists:
        """Return the lists, those given up that go on although their time is over."""
        if now < self.until:
            return self
        assigned = None if self.assigned is None else _given_up(self.assigned)
        return attrs.evolve(self, groups=_given_up(self.groups), assigned=assigned)

    def listing(self) -> GroupListing:
        """Return what the lists come to: the groups that count, and the teams to make."""
        ids = tuple(name for name, _ in self.groups.members)
        if self.assigned is None:
            return GroupListing(ids, complete=not self.faults)
        assigned = dict(self.assigned.members)
        teams = tuple(Team(name, alias) for name, alias in assigned.items())
        return GroupListing(tuple(name for name in ids if name in assigned), not self.faults, teams)


def first_pages(graph: GraphGroups, *, now: float = inf) -> GroupLists:
    """Return the lists before anything was read; their time begins at `now`, and without that is without end."""
    base = graph.base.rstrip("/")
    # A cast to groups is an advanced query, which Graph answers for $count and a ConsistencyLevel only.
    # Without the cast, the person's administrative roles and units would be in the list too.
    relation = "memberOf" if graph.direct else "transitiveMemberOf"
    groups = GroupList((), f"{base}/me/{relation}/microsoft.graph.group?$count=true&$select=id,displayName&$top=999")
    if graph.service_principal_id is None:
        return GroupLists(graph, groups, None, now + PATIENCE)
    url = f"{base}/servicePrincipals/{graph.service_principal_id}/appRoleAssignedTo?$top=999"
    return GroupLists(graph, groups, GroupList((), url), now + PATIENCE)


def _page_request(url: str, access_token: Secret) -> HttpRequest:
    headers = (
        ("accept", "application/json"),
        ("authorization", f"Bearer {access_token.reveal()}"),
        ("consistencylevel", "eventual"),
    )
    return HttpRequest(Purpose.GROUPS, url, headers, limit=PAGE_LIMIT)


Member = tuple[str, str | None]


def _read_page(
    one: GroupList,
    answer: HttpResponse | Unreachable,
    base: str,
    id_name: str,
    member: Callable[[dict[str, object]], Member | None],
) -> GroupList:
    visited = (*one.visited, one.next_url or "")
    try:
        document = _page(answer)
        read = map(member, _entries(document, id_name))
        members = (*one.members, *(found for found in read if found is not None))
        one = attrs.evolve(one, members=members, visited=visited, next_url=None)
        return attrs.evolve(one, next_url=_next_url(document, visited, base))
    except Refusal as refusal:
        return attrs.evolve(one, visited=visited, next_url=None, fault=refusal.failure)


def _given_up(one: GroupList) -> GroupList:
    if one.next_url is None:
        return one
    fault = Failure(Reason.GROUPS_UNREACHABLE, f"listing groups takes longer than {PATIENCE:g} s")
    return attrs.evolve(one, next_url=None, fault=fault)


def _page(answer: HttpResponse | Unreachable) -> dict[str, object]:
    if isinstance(answer, Unreachable):
        refuse(Reason.GROUPS_UNREACHABLE, f"Graph cannot be reached: {answer.why}")
    if answer.status == TOO_MANY_REQUESTS:
        wait = answer.header("retry-after")
        hint = f"it asks to wait {quote_provider(wait)} s" if wait.isdecimal() else ""
        refuse(Reason.GROUPS_UNREACHABLE, "Graph is asked too often", hint)
    if answer.status in FORBIDDEN:
        hint = "grant this client the permissions that listing groups needs, with an administrator's consent"
        refuse(Reason.GROUPS_UNREACHABLE, f"Graph answers {answer.status}", hint)
    if answer.status != OK:
        refuse(Reason.GROUPS_UNREACHABLE, f"Graph answers {answer.status}")
    try:
        return parse_json_object(answer.body, limit=PAGE_LIMIT)
    except WireError as error:
        refuse(Reason.GROUPS_UNREACHABLE, f"a page of groups cannot be read: {error}")


def _entries(document: dict[str, object], id_name: str) -> list[dict[str, Any]]:
    """Return the objects that a page lists; refuses what is no page of Graph's, which an empty one has to be, too.

    An object whose id is not shown is nothing to go by. Where that is true of all of them, they are something else.
    """
    entries = document.get("value")
    if document.get("error") is not None:
        refuse(Reason.GROUPS_UNREACHABLE, "a page of groups is an error")
    if entries is None and isinstance(document.get("@odata.context"), str):
        return []
    if not isinstance(entries, list):
        refuse(Reason.GROUPS_UNREACHABLE, "a page of groups has no list of them")
    if not all(isinstance(entry, dict) for entry in entries):
        refuse(Reason.GROUPS_UNREACHABLE, "a page of groups lists what is no object")
    ids = [entry.get(id_name) for entry in entries]
    if not all(name is None or isinstance(name, str) for name in ids) or (ids and not any(ids)):
        refuse(Reason.GROUPS_UNREACHABLE, "a page of groups has none by its id")
    return entries


def _next_url(document: dict[str, object], visited: tuple[str, ...], base: str) -> str | None:
    """Return the address of the next page, or None; refuses one that leads elsewhere, in a circle, or too far."""
    url = document.get("@odata.nextLink")
    if url is None:
        return None
    if not isinstance(url, str) or not _is_of(url, parse_http_url(base).origin):
        refuse(Reason.GROUPS_UNREACHABLE, "Graph names a next page that is not its own; nothing was sent there")
    if url in visited:
        refuse(Reason.GROUPS_UNREACHABLE, "Graph names a next page that was read before")
    if len(visited) >= MOST_PAGES:
        refuse(Reason.GROUPS_UNREACHABLE, f"there are more than {MOST_PAGES} pages of groups")
    return url


def _is_of(url: str, origin: str) -> bool:
    try:
        return parse_http_url(url).origin == origin
    except WireError:
        return False


def _group(entry: dict[str, object]) -> Member | None:
    return _named(entry.get("id"), entry.get("displayName"))


def _assigned_group(entry: dict[str, object]) -> Member | None:
    if entry.get("principalType") != "Group":
        return None
    return _named(entry.get("principalId"), entry.get("principalDisplayName"))


def _named(name: object, alias: object) -> Member | None:
    if not isinstance(name, str) or not name:
        return None
    return name, alias if isinstance(alias, str) and alias else None


# The profile


def profile_request(endpoint: str, access_token: Secret, extra_headers: Headers = ()) -> HttpRequest:
    """Ask for the profile of the person whose token this is."""
    headers = (("accept", "application/json"), ("authorization", f"Bearer {access_token.reveal()}"))
    return HttpRequest(Purpose.PROFILE, endpoint, with_extra(headers, extra_headers))


def check_profile_subject(profile: ClaimSet, object_id: object) -> None:
    """Refuse a profile of anybody but the person of the ID token, told by Entra's `id` and `oid`.

    Graph knows no `sub`, which differs from service to service; `oid` is one in all of a tenant. Without the check an
    access token swapped by an attacker would put another person's profile on this login (OIDC Core 5.3.2).
    """
    said = profile.get("id")
    if not isinstance(object_id, str) or not object_id:
        refuse(Reason.OTHER_SUBJECT, "the ID token has no oid to hold the profile against", "ask for the scope profile")
    if isinstance(said, str) and object_id.startswith(_PERSONAL):
        said, object_id = said.zfill(16), object_id.removeprefix(_PERSONAL).replace("-", "")
    if not isinstance(said, str) or not compare_digest(said.encode(), object_id.encode()):
        refuse(Reason.OTHER_SUBJECT, "the profile is not that of the ID token's person")


_PERSONAL = "00000000-0000-0000-"
"""How the `oid` of a personal Microsoft account begins. Graph knows such an account by the 16 digits that follow."""
