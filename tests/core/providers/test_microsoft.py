from __future__ import annotations

from typing import Any

import pytest
from scenes import CLIENT

from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.tenants import Tenants
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.graph import GraphGroups
from sso_core.providers.kinds import Profile
from sso_core.providers.microsoft import CONSUMERS, microsoft, microsoft_names, overage, vouched

ONE, TWO = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
LOGIN = "https://login.microsoftonline.com"
TEMPLATE = LOGIN + "/{tenantid}/v2.0"


def issuer(tenant: str) -> str:
    return f"{LOGIN}/{tenant}/v2.0"


def test_a_single_tenant_is_its_own_list() -> None:
    provider = microsoft(CLIENT, f" {ONE.upper()} ")
    assert provider.issuer == issuer(ONE)
    assert provider.tenants == Tenants(TEMPLATE, (ONE,), (issuer(ONE),))
    assert microsoft(CLIENT, ONE, tenants=(ONE,)) == microsoft(CLIENT, ONE)


@pytest.mark.parametrize("name", ["common", "Organizations"])
def test_an_open_authority_publishes_the_template_and_needs_a_list(name: str) -> None:
    provider = microsoft(CLIENT, name, tenants=(ONE, TWO.upper()))
    assert provider.issuer == issuer(name.lower())
    assert provider.tenants == Tenants(TEMPLATE, (ONE, TWO), (TEMPLATE,))


def test_personal_accounts_are_a_tenant_of_their_own() -> None:
    provider = microsoft(CLIENT, "consumers", tenants=(CONSUMERS,))
    assert provider.issuer == issuer(CONSUMERS)
    assert provider.tenants == Tenants(TEMPLATE, (CONSUMERS,), (issuer(CONSUMERS),))


def test_a_tenant_named_by_its_domain_publishes_the_issuer_of_its_id() -> None:
    provider = microsoft(CLIENT, "contoso.example", tenants=(ONE,))
    assert provider.issuer == issuer("contoso.example")
    assert provider.tenants == Tenants(TEMPLATE, (ONE,), (issuer(ONE),))


@pytest.mark.parametrize(
    ("tenant", "tenants", "said"),
    [
        ("common", (), "name those that may sign in"),
        ("organizations", (), "name those that may sign in"),
        ("consumers", (), "name those that may sign in"),
        ("contoso.example", (), "name those that may sign in"),
        ("common", ("contoso.example",), "named by their ids"),
        ("common", ("",), "named by their ids"),
        (ONE, (TWO,), "only one"),
        (ONE, (ONE, TWO), "only one"),
        ("", (ONE,), "the tenant is an id"),
        ("a/b", (ONE,), "the tenant is an id"),
        ("{tenantid}", (ONE,), "the tenant is an id"),
    ],
)
def test_a_tenant_that_lets_in_nobody_or_everybody_is_a_mistake(
    tenant: str, tenants: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        microsoft(CLIENT, tenant, tenants=tenants)


def test_the_person_is_described_by_graph() -> None:
    provider = microsoft(CLIENT, ONE, groups=GraphGroups())
    assert provider.profile is Profile.GRAPH
    assert provider.endpoints == EndpointOverrides(userinfo="https://graph.microsoft.com/v1.0/me")
    assert provider.scope.split() == ["openid", "profile", "email", "User.Read"]
    assert (provider.provider_id, provider.label) == ("microsoft", "Microsoft")
    assert provider.rules.role_claim_names == ("app_roles", "roles")
    assert not provider.rules.email_is_verified


def test_a_national_cloud_and_single_endpoints_have_addresses_of_their_own() -> None:
    provider = microsoft(
        CLIENT,
        ONE,
        login="https://login.microsoftonline.us/",
        graph="https://graph.microsoft.us/v1.0/",
        token_endpoint="https://login.gov.example/token",
        groups=GraphGroups(direct=True),
    )
    assert provider.issuer == f"https://login.microsoftonline.us/{ONE}/v2.0"
    graph = "https://graph.microsoft.us/v1.0/me"
    assert provider.endpoints == EndpointOverrides(None, "https://login.gov.example/token", graph)
    assert provider.groups == GraphGroups("https://graph.microsoft.us/v1.0/", direct=True)
    other = GraphGroups("https://graph.example/v1.0")
    assert microsoft(CLIENT, ONE, graph="https://graph.microsoft.us/v1.0/", groups=other).groups == other
    with pytest.raises(ValueError, match="address of Entra is plain http"):
        microsoft(CLIENT, ONE, login="http://login.example")
    with pytest.raises(ValueError, match="userinfo endpoint is plain http"):
        microsoft(CLIENT, ONE, userinfo_endpoint="http://graph.example/me")


def test_the_attributes_are_those_of_graph_unless_others_are_named() -> None:
    names = microsoft_names()
    assert (names.handle, names.display_name) == (("id", "oid"), ("displayName", "name"))
    assert (names.first_name, names.last_name) == (("givenName", "given_name"), ("surname", "family_name"))
    assert names.email == ("email", "userPrincipalName", "mail")
    assert (names.provider, names.role) == ((), ())


@pytest.mark.parametrize(
    ("named", "paths"),
    [("mail", ("email", "mail")), ("", ("email", "mail")), ("otherMails", ("email", "otherMails", "mail"))],
)
def test_another_attribute_for_the_address_leaves_mail_to_stand_in(named: str, paths: tuple[str, ...]) -> None:
    assert microsoft_names(email=named).email == paths


@pytest.mark.parametrize("word", [{"xms_edov": True}, {"email_verified": True}])
def test_an_address_that_entra_vouches_for_is_verified(word: dict[str, Any]) -> None:
    claims = vouched(ClaimSet({"sub": "s", "email": "a@example.org"} | word))
    assert (claims.get("email"), claims.get("email_verified")) == ("a@example.org", True)


@pytest.mark.parametrize(
    "word",
    [
        {},
        {"xms_edov": False},
        {"xms_edov": "1"},
        {"xms_edov": 1},
        {"email_verified": "true"},
        {"email_verified": False},
    ],
)
def test_any_other_address_in_a_token_says_nothing(word: dict[str, Any]) -> None:
    claims = vouched(ClaimSet({"sub": "s", "email": "a@example.org"} | word))
    assert (claims.get("email"), claims.get("email_verified"), claims.get("sub")) == (None, None, "s")


@pytest.mark.parametrize(
    "claims",
    [{"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}, {"hasgroups": True}, {"hasgroups": "true"}],
)
def test_groups_that_do_not_fit_into_the_token_are_told_of(claims: dict[str, Any]) -> None:
    failure = overage(ClaimSet(claims))
    assert failure is not None
    assert "Graph" in failure.hint


@pytest.mark.parametrize(
    "claims",
    [{}, {"groups": []}, {"_claim_names": {"address": "src1"}}, {"_claim_names": "groups"}, {"hasgroups": False}],
)
def test_a_token_with_all_groups_or_without_any_tells_of_nothing(claims: dict[str, Any]) -> None:
    assert overage(ClaimSet(claims)) is None
