from __future__ import annotations

from typing import Any

import pytest

from sso_core.providers.graph import GraphGroups, WhenIncomplete
from sso_core.providers.kinds import OpenIdProvider, Provider
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.provider_environment import (
    READERS,
    Described,
    read_environment_provider,
    report_restrictions_of_others,
)
from sso_core.settings.reading import Reading, Report

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER = TENANT.replace("1", "9")
GOOGLE = {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "secret-canary"}
MICROSOFT = {
    "MICROSOFT_CLIENT_ID": "id",
    "MICROSOFT_CLIENT_SECRET": "secret-canary",
    "MICROSOFT_TENANT": TENANT.upper(),
}
GENERIC = {
    "GENERIC_CLIENT_ID": "id",
    "GENERIC_CLIENT_SECRET": "secret-canary",
    "GENERIC_ISSUER": "https://idp.example",
}


def read(environ: dict[str, Any]) -> tuple[Provider | None, Report]:
    report = Report()
    provider = read_environment_provider(Reading(environ, report), Described(REFERENCE_LADDER))
    assert "canary" not in str(report)
    assert "secret-canary" not in repr(provider)
    return provider, report


def whole(environ: dict[str, Any]) -> OpenIdProvider:
    provider, report = read(environ)
    assert report.problems == []
    assert isinstance(provider, OpenIdProvider)
    return provider


def problems(environ: dict[str, Any]) -> list[str]:
    provider, report = read(environ)
    assert provider is None or report.problems
    return [f"{problem.variable} {problem.what}" for problem in report.problems]


@pytest.mark.parametrize(
    ("environ", "provider_id", "overlooked"),
    [
        (GOOGLE, "google", []),
        (MICROSOFT, "microsoft", []),
        (GENERIC, "generic", []),
        (GENERIC | MICROSOFT, "microsoft", ["GENERIC_CLIENT_ID"]),
        (GENERIC | MICROSOFT | GOOGLE, "google", ["MICROSOFT_CLIENT_ID", "GENERIC_CLIENT_ID"]),
        (GENERIC | {"GOOGLE_CLIENT_ID": " "}, "generic", []),
    ],
)
def test_the_first_with_a_client_id_is_the_one(
    environ: dict[str, str], provider_id: str, overlooked: list[str]
) -> None:
    assert whole(environ).provider_id == provider_id
    assert [note.variable for note in read(environ)[1].notes] == overlooked


@pytest.mark.parametrize(
    ("environ", "foreign"),
    [
        (GENERIC | {"GOOGLE_HOSTED_DOMAINS": "canary.example"}, "GOOGLE_HOSTED_DOMAINS"),
        (GOOGLE | {"MICROSOFT_TENANTS": "canary"}, "MICROSOFT_TENANTS"),
        (GENERIC | {"MICROSOFT_SERVICE_PRINCIPAL_ID": "canary"}, "MICROSOFT_SERVICE_PRINCIPAL_ID"),
        (GOOGLE | {"GENERIC_VERIFIED_EMAIL_REQUIRED": "canary"}, "GENERIC_VERIFIED_EMAIL_REQUIRED"),
        (MICROSOFT | GENERIC | {"GENERIC_VERIFIED_EMAIL_REQUIRED": "true"}, "GENERIC_VERIFIED_EMAIL_REQUIRED"),
    ],
)
def test_a_restriction_of_another_provider_restricts_nobody(environ: dict[str, str], foreign: str) -> None:
    chosen = next(kind for kind in READERS if f"{kind.upper()}_CLIENT_ID" in environ)
    assert problems(environ) == [f"{foreign} restricts nobody: the provider is {chosen}"]


def test_where_no_provider_is_named_those_of_all_restrict_nobody() -> None:
    report = Report()
    environ = {"GOOGLE_HOSTED_DOMAINS": "x", "SSO_SEATS": "5", "GENERIC_VERIFIED_EMAIL_REQUIRED": "true"}
    report_restrictions_of_others(Reading(environ, report), None)
    assert [f"{problem.variable} {problem.what}" for problem in report.problems] == [
        "GOOGLE_HOSTED_DOMAINS restricts nobody: no provider is named",
        "GENERIC_VERIFIED_EMAIL_REQUIRED restricts nobody: no provider is named",
    ]


def test_without_any_a_generic_one_is_missing() -> None:
    assert problems({})[0] == "GENERIC_CLIENT_ID is missing"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GOOGLE_CLIENT_ID": "id"}, ["GOOGLE_CLIENT_SECRET is missing"]),
        ({"MICROSOFT_CLIENT_ID": "id"}, ["MICROSOFT_CLIENT_SECRET is missing", "MICROSOFT_TENANT is missing"]),
        (GOOGLE | {"GOOGLE_HOSTED_DOMAINS": "canary@example.com"}, ["GOOGLE_HOSTED_DOMAINS holds what is no domain"]),
        (GOOGLE | {"GOOGLE_HOSTED_DOMAINS": ","}, ["GOOGLE_HOSTED_DOMAINS is an empty list"]),
        (
            MICROSOFT | {"MICROSOFT_TENANT": "canary/../x"},
            ["MICROSOFT_TENANT is no tenant", "MICROSOFT_TENANTS is missing"],
        ),
        (MICROSOFT | {"MICROSOFT_TENANT": "common"}, ["MICROSOFT_TENANTS is missing"]),
        (MICROSOFT | {"MICROSOFT_TENANT": "common", "MICROSOFT_TENANTS": ","}, ["MICROSOFT_TENANTS is an empty list"]),
        (
            MICROSOFT | {"MICROSOFT_TENANT": "common", "MICROSOFT_TENANTS": "canary.example"},
            ["MICROSOFT_TENANTS holds what is no tenant's id"],
        ),
        (MICROSOFT | {"MICROSOFT_TENANTS": OTHER}, ["MICROSOFT_TENANTS contradicts the one tenant"]),
        (MICROSOFT | {"MICROSOFT_SCOPE": "User.Read"}, ["MICROSOFT_SCOPE lacks openid"]),
        (MICROSOFT | {"MICROSOFT_TOKEN_ENDPOINT": "http://canary"}, ["MICROSOFT_TOKEN_ENDPOINT is plain http"]),
        (MICROSOFT | {"MICROSOFT_GRAPH_URL": "http://canary"}, ["MICROSOFT_GRAPH_URL is plain http"]),
        (MICROSOFT | {"MICROSOFT_SERVICE_PRINCIPAL_ID": "canary/"}, ["MICROSOFT_SERVICE_PRINCIPAL_ID is no id"]),
        (
            MICROSOFT | {"MICROSOFT_SERVICE_PRINCIPAL_ID": OTHER, "MICROSOFT_GROUPS": "off"},
            ["MICROSOFT_SERVICE_PRINCIPAL_ID contradicts groups that are off"],
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_the_order_of_need(environ: dict[str, str], expected: list[str]) -> None:
    assert problems(environ) == expected


def test_google_is_told_its_organisations() -> None:
    provider = whole(GOOGLE | {"GOOGLE_HOSTED_DOMAINS": "Example.com, other.example"})
    assert provider.hosted_domains == ("example.com", "other.example")
    assert provider.verified_email_required
    assert whole(GOOGLE).hosted_domains == ()
    assert whole(GOOGLE).rules.names.role == ()


def test_a_tenant_of_entra_is_the_only_one_that_may_sign_in() -> None:
    provider = whole(MICROSOFT | {"MICROSOFT_TENANTS": TENANT})
    assert provider.tenants is not None
    assert provider.tenants.allowed == (TENANT,)
    assert provider.groups == GraphGroups()


def test_an_authority_of_many_lets_in_those_that_are_listed() -> None:
    provider = whole(MICROSOFT | {"MICROSOFT_TENANT": "organizations", "MICROSOFT_TENANTS": f"{TENANT}, {OTHER}"})
    assert provider.tenants is not None
    assert provider.tenants.allowed == (TENANT, OTHER)


@pytest.mark.parametrize(
    ("environ", "groups"),
    [
        ({"MICROSOFT_GROUPS": "off"}, None),
        ({"MICROSOFT_GROUPS": "direct"}, GraphGroups(direct=True)),
        ({"MICROSOFT_GROUPS_INCOMPLETE": "keep"}, GraphGroups(when_incomplete=WhenIncomplete.KEEP)),
        ({"MICROSOFT_SERVICE_PRINCIPAL_ID": OTHER}, GraphGroups(service_principal_id=OTHER)),
        ({"MICROSOFT_GRAPH_URL": "https://graph.example/v1.0"}, GraphGroups("https://graph.example/v1.0")),
    ],
)
def test_graph_is_asked_for_groups_as_the_operator_wishes(environ: dict[str, str], groups: GraphGroups | None) -> None:
    assert whole(MICROSOFT | environ).groups == groups


def test_endpoints_of_entra_can_be_replaced() -> None:
    names = ("AUTHORIZATION_ENDPOINT", "TOKEN_ENDPOINT", "USERINFO_ENDPOINT", "LOGIN_URL")
    environ = {f"MICROSOFT_{name}": f"https://{name[0].lower()}.example" for name in names}
    provider = whole(MICROSOFT | environ | {"MICROSOFT_SCOPE": "openid  email"})
    assert provider.endpoints is not None
    assert (provider.endpoints.authorization, provider.endpoints.token, provider.endpoints.userinfo) == (
        *("https://a.example", "https://t.example", "https://u.example"),
    )
    assert provider.issuer.startswith("https://l.example/")
    assert provider.scope == "openid email"


def test_people_sign_out_at_entra_as_well_where_the_operator_wishes() -> None:
    assert whole(MICROSOFT | {"MICROSOFT_LOGOUT_AT_PROVIDER": "true"}).logout_at_provider
    assert not whole(MICROSOFT).logout_at_provider


@pytest.mark.parametrize(("kind", "environ"), [("google", GOOGLE), ("microsoft", MICROSOFT), ("generic", GENERIC)])
def test_each_kind_takes_an_id_and_the_claims_of_groups(kind: str, environ: dict[str, str]) -> None:
    described = Described(REFERENCE_LADDER, ("groups",), "corp")
    provider = READERS[kind](Reading(environ, Report()), described)
    assert provider is not None
    assert (provider.provider_id, provider.rules.team_claims) == ("corp", ("groups",))
