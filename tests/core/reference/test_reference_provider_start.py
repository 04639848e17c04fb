"""The way to Google and to Entra, as the environment names them, against the reference."""

from __future__ import annotations

import re
from typing import Any

import attrs
from cases import Case, Row, Verdict, each, hold
from scenes import ENTROPY, METADATA, NOW
from test_reference_redirect import NONCE, START_ROWS, goes, is_of_another_kind, missing, sent, their_query, with_query

from sso_core.facts import ProviderMetadata, Warm
from sso_core.flows.begin_login import begin_login
from sso_core.providers.kinds import OpenIdProvider
from sso_core.settings.environment import SettingsError, settings_from_environment
from sso_core.settings.sign_in import SignInSettings

A_TENANT = "8b9a0c1d-0000-4000-8000-000000000001"
"""Whose people may sign in, where the case's tenant stands for several."""


def kind_of(case: Case) -> str:
    return "GOOGLE" if case.args.get("google_client_id") else "MICROSOFT"


def loaded(case: Case) -> SignInSettings:
    """Return the settings of the case's provider; raises SettingsError."""
    kind = kind_of(case)
    environ = {name: value for name, value in case.env.items() if name.startswith(kind)}
    environ |= {
        f"{kind}_CLIENT_ID": case.args[f"{kind.lower()}_client_id"],
        "PROXY_BASE_URL": case.args["redirect_url"].removesuffix("/sso/callback"),
    }
    tenant = environ.get("MICROSOFT_TENANT", "")
    if tenant and not re.fullmatch(r"[0-9a-f-]{36}", tenant.lower()):
        environ["MICROSOFT_TENANTS"] = A_TENANT
    return settings_from_environment(environ, default_base_url="https://proxy.example.com")


def metadata_of(case: Case, provider: OpenIdProvider) -> ProviderMetadata:
    """Return what the provider publishes: what the case's world has of it, or what Entra publishes for the tenant."""
    tenant = case.env.get("MICROSOFT_TENANT", "common")
    endpoint = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"
    for rule in case.world.get("http", ()):
        endpoint = rule.get("json", {}).get("authorization_endpoint", endpoint)
    return attrs.evolve(METADATA, issuer=provider.issuer, authorization_endpoint=endpoint)


def ours(case: Case) -> dict[str, Any]:
    try:
        options = loaded(case)
    except SettingsError as error:
        return {"problems": [name for name in lacks(case) if name in str(error)]}
    (provider,) = options.providers
    assert isinstance(provider, OpenIdProvider)
    start = begin_login(options, provider, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm())
    return sent(start, metadata_of(case, provider))


def lacks(case: Case) -> list[str]:
    """Return the variables that the case lacks, one that the reference misses at the callback only among them."""
    if kind_of(case) == "MICROSOFT" and case.error is None and not case.env.get("MICROSOFT_TENANT"):
        return ["MICROSOFT_TENANT"]
    return missing(case)


def theirs(case: Case) -> dict[str, Any]:
    if case.error is not None:
        return {"problems": missing(case)}
    return {"location": case.result["location"], "query": their_query(case.result["query"]), "kept_for": None}


ROWS = (
    *START_ROWS,
    Row(
        Verdict.DIFFERENT,
        "W4: an OpenID Connect provider has to bring a nonce back",
        goes,
        lambda _case, outcome: with_query(outcome, nonce=NONCE),
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: Entra is asked for the profile too, which brings the id that names a person for good",
        lambda case: goes(case) and kind_of(case) == "MICROSOFT",
        lambda _case, outcome: with_query(outcome, scope="openid profile email User.Read"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W10, W23, S23: an endpoint on plain http is no setting, and what the callback needs is missed at the start",
        lambda case: goes(case) and bool(lacks(case)),
        lambda case, _outcome: {"problems": lacks(case)},
    ),
)


@each("redirect", "get_sso_login_redirect", only=is_of_another_kind)
def test_google_and_entra_are_asked_as_the_reference_asks_them(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)
