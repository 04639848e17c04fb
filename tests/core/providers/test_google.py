from __future__ import annotations

import pytest
from scenes import CLIENT

from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import identify
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.google import google
from sso_core.settings.ladder import REFERENCE_LADDER


def test_google_is_discovered_under_its_issuer_and_asked_for_profile_and_address() -> None:
    provider = google(CLIENT)
    assert (provider.issuer, provider.scope) == ("https://accounts.google.com", "openid email profile")
    assert (provider.provider_id, provider.label) == ("google", "Google")
    assert provider.verified_email_required
    assert (provider.hosted_domains, provider.authorization_parameters) == ((), ())


@pytest.mark.parametrize(
    ("domains", "hint"),
    [(("Example.org ",), "example.org"), (("example.org", "example.net"), "*")],
)
def test_google_is_told_which_organisations_are_meant(domains: tuple[str, ...], hint: str) -> None:
    provider = google(CLIENT, hosted_domains=domains)
    assert provider.authorization_parameters == (("hd", hint),)
    assert provider.hosted_domains == tuple(domain.strip().lower() for domain in domains)


@pytest.mark.parametrize(("rules", "role"), [(None, None), (IdentityRules(), "proxy_admin")])
def test_no_claim_of_google_gives_a_role_unless_it_is_named(rules: IdentityRules | None, role: str | None) -> None:
    provider = google(CLIENT) if rules is None else google(CLIENT, rules=rules)
    claims = merge_claims(ClaimSet({"role": "proxy_admin"}), ClaimSet(), ClaimSet())
    gathered = Gathered(provider.issuer, "s-1", claims)
    assert identify(gathered, provider.rules, REFERENCE_LADDER, provider_id="google").role == role


def test_an_empty_domain_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="hosted domain is empty"):
        google(CLIENT, hosted_domains=("example.org", " "))


def test_a_test_has_addresses_of_its_own() -> None:
    endpoints = EndpointOverrides(token="http://localhost:9000/token")
    provider = google(CLIENT, issuer="http://localhost:9000", endpoints=endpoints)
    assert (provider.issuer, provider.endpoints) == ("http://localhost:9000", endpoints)
    with pytest.raises(ValueError, match="plain http"):
        google(CLIENT, issuer="http://accounts.google.com")
