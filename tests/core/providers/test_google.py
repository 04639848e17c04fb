from __future__ import annotations

import pytest
from scenes import CLIENT

from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.google import google


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


def test_an_empty_domain_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="hosted domain is empty"):
        google(CLIENT, hosted_domains=("example.org", " "))


def test_a_test_has_addresses_of_its_own() -> None:
    endpoints = EndpointOverrides(token="http://localhost:9000/token")
    provider = google(CLIENT, issuer="http://localhost:9000", endpoints=endpoints)
    assert (provider.issuer, provider.endpoints) == ("http://localhost:9000", endpoints)
    with pytest.raises(ValueError, match="plain http"):
        google(CLIENT, issuer="http://accounts.google.com")
