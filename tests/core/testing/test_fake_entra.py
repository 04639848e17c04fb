from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import NOW
from whole_login import WholeLogin

from sso_core.effects import HttpRequest, Purpose
from sso_core.failures import Reason
from sso_core.flows.keep_session import SignedIn
from sso_core.machine import Failed, Resting
from sso_core.oauth.client import Client
from sso_core.providers.graph import GraphGroups, WhenIncomplete
from sso_core.providers.kinds import OpenIdProvider
from sso_core.providers.microsoft import microsoft
from sso_core.records import Team
from sso_core.testing.fake_entra import ADA, ADA_ID, ELSEWHERE, GRAPH, HOME, LOGIN, MALLORY, FakeEntra, entra_provider
from sso_core.testing.fake_graph import EVIL, GRAPH_HOSTILE, GraphAlterations
from sso_core.testing.provider_state import Person, ProviderState

REGISTERED = entra_provider().clients[0]
CLIENT = Client(REGISTERED.client_id, REGISTERED.client_secret)
ALL = GraphGroups()


def entra(
    tenant: str = "common", tenants: tuple[str, ...] = (HOME,), groups: GraphGroups | None = None
) -> OpenIdProvider:
    return microsoft(CLIENT, tenant, tenants=() if tenant == HOME else tenants, groups=groups)


def refused(ending: Resting) -> Reason:
    assert isinstance(ending, Failed), ending
    return ending.failure.reason


def with_claims(state: ProviderState, **claims: object) -> ProviderState:
    person = Person(ADA.subject, (*ADA.claims, *claims.items()))
    return attrs.evolve(state, people=(person, MALLORY))


@pytest.mark.parametrize("tenant", ["common", "organizations", HOME, "example.org"])
def test_a_person_signs_in_with_entra(tenant: str) -> None:
    state = entra_provider(tenant)
    if tenant == "example.org":
        issuer = f"{LOGIN}/{HOME}/v2.0"
        published = attrs.evolve(state.alterations, metadata=lambda document: {**document, "issuer": issuer})
        state = attrs.evolve(state, alterations=published)
    op = FakeEntra(state)
    login = WholeLogin(entra(tenant), op, ADA.subject)
    assert isinstance(login.ending, SignedIn), login.ending
    assert op.state.surprises == ()
    gathered = login.gathered
    assert gathered is not None
    assert (gathered.issuer, gathered.subject) == (f"{LOGIN}/{HOME}/v2.0", ADA.subject)
    assert gathered.id_token.get("roles") == ["reader"]
    claims = gathered.claims.claims
    assert (claims.get("userPrincipalName"), claims.get("email")) == ("Ada@Example.onmicrosoft.com", None)
    assert gathered.listing is None
    identity = login.identity
    assert identity is not None
    assert (identity.email, identity.email_verified) == ("ada@example.onmicrosoft.com", False)
    assert (identity.handle, identity.display_name, identity.provider) == (ADA_ID, "Ada Example", "microsoft")


def test_an_address_of_the_token_counts_once_entra_vouches_for_it() -> None:
    login = WholeLogin(entra(), FakeEntra(with_claims(entra_provider(), xms_edov=True)), ADA.subject)
    assert login.identity is not None
    assert (login.identity.email, login.identity.email_verified) == ("ada@example.org", True)


def test_somebody_of_another_tenant_with_the_same_address_is_refused() -> None:
    login = WholeLogin(entra(), FakeEntra(), MALLORY.subject)
    assert refused(login.ending) is Reason.TENANT_REFUSED
    assert "ReadingAccount" not in login.trail


def test_somebody_of_another_tenant_that_may_sign_in_is_somebody_else() -> None:
    login = WholeLogin(entra(tenants=(HOME, ELSEWHERE)), FakeEntra(), MALLORY.subject)
    assert login.gathered is not None
    assert login.gathered.issuer == f"{LOGIN}/{ELSEWHERE}/v2.0"
    assert login.gathered.claims.claims.get("email") is None


def test_a_single_tenant_takes_no_token_of_another() -> None:
    assert (
        refused(WholeLogin(entra(HOME), FakeEntra(entra_provider(HOME)), MALLORY.subject).ending)
        is Reason.TENANT_REFUSED
    )


def test_metadata_of_another_authority_is_refused_before_anybody_is_sent_away() -> None:
    state = entra_provider()
    evil = attrs.evolve(
        state.alterations, metadata=lambda document: {**document, "issuer": "https://evil.example/{tenantid}/v2.0"}
    )
    login = WholeLogin(entra(), FakeEntra(attrs.evolve(state, alterations=evil)), ADA.subject)
    assert refused(login.ending) is Reason.ISSUER_MISMATCH
    assert login.location == ""


def test_a_key_of_another_tenant_signs_for_nobody_here() -> None:
    state = entra_provider(keys_of=ELSEWHERE)
    assert refused(WholeLogin(entra(), FakeEntra(state), ADA.subject).ending) is Reason.WRONG_ISSUER
    assert isinstance(WholeLogin(entra(), FakeEntra(entra_provider(keys_of=HOME)), ADA.subject).ending, SignedIn)


def test_a_profile_of_somebody_else_ends_the_login() -> None:
    swapped = GraphAlterations(profile=lambda profile: {**profile, "id": "somebody"})
    op = FakeEntra(graph=attrs.evolve(GRAPH, alterations=swapped))
    assert refused(WholeLogin(entra(), op, ADA.subject).ending) is Reason.OTHER_SUBJECT


@pytest.mark.parametrize(
    ("groups", "expected", "rounds"),
    [
        (GraphGroups(), ("g1", "g2", "g3", "g4"), 1),
        (GraphGroups(direct=True), ("g1", "g2", "g3"), 1),
        (GraphGroups(service_principal_id="sp-1"), ("g1", "g4"), 1),
    ],
)
def test_groups_are_read_to_the_last_page(groups: GraphGroups, expected: tuple[str, ...], rounds: int) -> None:
    op = FakeEntra()
    login = WholeLogin(entra(groups=groups), op, ADA.subject)
    assert isinstance(login.ending, SignedIn), login.ending
    assert op.state.surprises == ()
    assert login.gathered is not None
    assert login.gathered.listing is not None
    assert (login.gathered.listing.groups, login.gathered.listing.complete) == (expected, True)
    assert login.trail.count("ReadingGroups") == rounds


def test_assigned_groups_are_teams_to_make_and_people_are_not() -> None:
    login = WholeLogin(entra(groups=GraphGroups(service_principal_id="sp-1")), FakeEntra(), ADA.subject)
    assert login.gathered is not None
    assert login.gathered.listing is not None
    assert login.gathered.listing.teams == (Team("g1", "Engineers"), Team("g4", "Everybody"))
    assert login.identity is not None
    assert (login.identity.teams.team_ids, login.identity.teams.complete) == (("g1", "g4"), True)


@pytest.mark.parametrize("name", GRAPH_HOSTILE)
@pytest.mark.parametrize("when", WhenIncomplete)
def test_a_graph_that_misbehaves_costs_the_login_or_the_certainty(name: str, when: WhenIncomplete) -> None:
    op = FakeEntra(graph=attrs.evolve(GRAPH, alterations=GRAPH_HOSTILE[name]))
    login = WholeLogin(entra(groups=GraphGroups(direct=True, when_incomplete=when)), op, ADA.subject)
    assert not [request for request in op.state.requests if request.url.startswith(EVIL[:20])]
    if when is WhenIncomplete.REFUSE:
        assert refused(login.ending) is Reason.GROUPS_UNREACHABLE
    else:
        assert isinstance(login.ending, SignedIn), login.ending
        assert login.gathered is not None
        assert login.gathered.listing is not None
        assert not login.gathered.listing.complete
        assert Reason.GROUPS_UNREACHABLE in {note.reason for note in login.ending.notes}


def groups(count: int) -> list[str]:
    return [f"token-group-{number}" for number in range(count)]


def test_groups_beyond_what_fits_into_the_token_come_from_graph_alone() -> None:
    state = with_claims(entra_provider(), groups=groups(201))
    login = WholeLogin(entra(groups=ALL), FakeEntra(state), ADA.subject)
    assert login.gathered is not None
    assert login.gathered.id_token.get("groups") is None
    assert login.gathered.listing is not None
    assert login.gathered.listing.groups == ("g1", "g2", "g3", "g4")
    assert login.gathered.notes == ()
    assert login.identity is not None
    assert (login.identity.groups, login.identity.teams.complete) == (("g1", "g2", "g3", "g4"), True)


@pytest.mark.parametrize(("count", "noted"), [(200, []), (201, [Reason.GROUPS_UNREACHABLE])])
def test_groups_beyond_what_fits_into_the_token_are_missed_without_graph(count: int, noted: list[Reason]) -> None:
    op = FakeEntra(with_claims(entra_provider(), groups=groups(count)))
    login = WholeLogin(entra(), op, ADA.subject)
    assert login.gathered is not None
    assert [note.reason for note in login.gathered.notes] == noted
    assert login.identity is not None
    assert not login.identity.teams.complete
    assert not [request for request in op.state.requests if "graph.windows.net" in request.url]


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/me", ()), ("/me", (("authorization", "Bearer nobody's"),)), ("/me", (("authorization", "Basic x"),))],
)
def test_graph_knows_nobody_without_a_token_of_this_authority(path: str, headers: Any) -> None:
    request = HttpRequest(Purpose.PROFILE, GRAPH.base + path, headers)
    assert FakeEntra().answer(request, NOW).status == 401


def test_a_person_whom_graph_has_no_name_for_is_nobody() -> None:
    nameless = Person(ADA.subject, (("tid", HOME), ("name", "Ada")))
    login = WholeLogin(entra(), FakeEntra(attrs.evolve(entra_provider(), people=(nameless,))), ADA.subject)
    assert isinstance(login.ending, SignedIn)
    assert login.ending.notes[0].reason is Reason.USERINFO_STATUS


def test_what_graph_does_not_offer_is_a_surprise() -> None:
    op = FakeEntra()
    login = WholeLogin(entra(), op, ADA.subject)
    assert isinstance(login.ending, SignedIn)
    token = op.state.grants[-1].access_token
    request = HttpRequest(Purpose.PROFILE, GRAPH.base + "/me/photo", (("authorization", f"Bearer {token}"),))
    assert op.answer(request, NOW).status == 404
    assert len(op.state.surprises) == 1
