"""Microsoft Entra as a pure provider with Graph beside it: one authority, people of several tenants.

    answer(state, graph, request, now=...)   the relying party asks either of them   -> (state, HttpResponse)

The ID token names the person by a `sub` of this service and an `oid` of their tenant, its `iss` is the tenant's, and
beyond a number of groups it points elsewhere for them. `FakeEntra` holds the state for those who do not care to.
"""

from __future__ import annotations

from functools import partial

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.testing import fake_provider
from sso_core.testing.fake_graph import Assignment, Graph, GraphPerson, respond
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import CALLBACK, Alterations, Document, Person, ProviderState, example_provider
from sso_core.testing.token_endpoint import header

LOGIN = "https://login.microsoftonline.com"
HOME, ELSEWHERE = "11111111-1111-4111-8111-111111111111", "99999999-9999-4999-8999-999999999999"
"""Two tenants: that of the operator, and anybody's."""
GROUPS_IN_A_TOKEN = 200

ADA_ID, MALLORY_ID = "aaaaaaaa-0000-4000-8000-000000000001", "eeeeeeee-0000-4000-8000-000000000002"
ADA = Person(
    "ada-here",
    (("tid", HOME), ("oid", ADA_ID), ("name", "Ada Example"), ("roles", ["reader"]), ("email", "ada@example.org")),
)
MALLORY = Person(
    "mallory-here",
    (("tid", ELSEWHERE), ("oid", MALLORY_ID), ("name", "Mallory"), ("email", "ada@example.org"), ("roles", ["admin"])),
)
"""Somebody of another tenant, who wrote Ada's address into their own profile."""

GRAPH = Graph(
    people=(
        GraphPerson(
            ADA_ID,
            (
                ("userPrincipalName", "Ada@Example.onmicrosoft.com"),
                ("mail", "ada@example.org"),
                ("displayName", "Ada Example"),
                ("givenName", "Ada"),
                ("surname", "Example"),
            ),
            (("g1", "Engineers"), ("g2", "Readers"), ("g3", "Runners")),
            (("g4", "Everybody"),),
        ),
        GraphPerson(MALLORY_ID, (("userPrincipalName", "mallory@evil.example"), ("mail", "ada@example.org"))),
    ),
    assignments=(Assignment("g1", "Engineers"), Assignment("g4", "Everybody"), Assignment("u1", "Ada", "User")),
    page_size=2,
)


def entra_provider(
    tenant: str = "common", *, login: str = LOGIN, redirect_uri: str = CALLBACK, keys_of: str | None = None
) -> ProviderState:
    """Return the authority of a tenant, or `common`, with one client, `client`.

    The metadata of `common` and `organizations` names the template, that of a tenant the tenant. Keys say whose they
    are: everybody's, or those of the tenant `keys_of`.
    """
    template = f"{login}/{{tenantid}}/v2.0"
    issuer = f"{login}/{tenant}/v2.0"
    state = example_provider(issuer, redirect_uri=redirect_uri)
    published = template if tenant in ("common", "organizations") else issuer
    owner = template if keys_of is None else template.replace("{tenantid}", keys_of)
    alterations = Alterations(
        metadata=partial(_metadata, published), keys=partial(_keys, owner), id_token_claims=partial(_claims, template)
    )
    return attrs.evolve(
        state, people=(ADA, MALLORY), response_issuer=False, claims_in_id_token=True, alterations=alterations
    )


def _metadata(issuer: str, document: Document) -> Document:
    return {**document, "issuer": issuer}


def _keys(issuer: str, document: Document) -> Document:
    return {"keys": [{**key, "issuer": issuer} for key in document["keys"]]}


def _claims(template: str, claims: Document) -> Document:
    claims = {**claims, "iss": template.replace("{tenantid}", claims["tid"]), "ver": "2.0"}
    if len(claims.get("groups", ())) > GROUPS_IN_A_TOKEN:
        del claims["groups"]
        source = f"https://graph.windows.net/{claims['tid']}/users/{claims['oid']}/getMemberObjects"
        claims |= {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": source}}}
    return claims


REFUSED = (400, 404, 405)
"""What Graph answers to what no sound relying party asks."""


def answer(
    state: ProviderState, graph: Graph, request: HttpRequest, *, now: float
) -> tuple[ProviderState, HttpResponse]:
    """Answer a request of the relying party, whichever of the two it is for; the log calls Graph `graph`."""
    if not request.url.startswith(graph.base + "/"):
        return fake_provider.answer(state, request, now=now)
    state = attrs.evolve(state, requests=(*state.requests, request)).seeing("graph")
    scheme, _, token = header(request, "authorization").partition(" ")
    grant = state.grant(access_token=token) if scheme == "Bearer" else None
    object_id = None if grant is None else dict(state.person(grant.subject).claims).get("oid")
    response = respond(graph, request, object_id=object_id if isinstance(object_id, str) else None)
    if response.status in REFUSED:
        state = state.surprised(f"Graph was asked what it answers with {response.status}")
    return state, response


class FakeEntra(FakeProvider):
    """Entra and Graph with a memory."""

    def __init__(self, state: ProviderState | None = None, graph: Graph = GRAPH) -> None:
        super().__init__(entra_provider() if state is None else state)
        self.graph = graph

    def answer(self, request: HttpRequest, now: float) -> HttpResponse:
        """Answer a request of the relying party."""
        return self._play(lambda state: answer(state, self.graph, request, now=now))
