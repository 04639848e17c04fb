from __future__ import annotations

import attrs
import pytest

from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.client import Client
from sso_core.oauth.tenants import Tenants
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, UserinfoPolicy
from sso_core.secret import Secret

ISSUER = "https://idp.example"
CLIENT = Client("client", Secret("canary"))


@pytest.mark.parametrize("scope", ["openid", "openid email", "email openid profile"])
def test_the_scope_of_openid_connect_contains_openid(scope: str) -> None:
    assert OpenIdProvider(ISSUER, CLIENT, scope=scope).scope == scope


@pytest.mark.parametrize("scope", ["", "email", "OpenID", "openid-email", "email\topenid"])
def test_a_scope_without_openid_is_refused(scope: str) -> None:
    with pytest.raises(ValueError, match="contains openid"):
        OpenIdProvider(ISSUER, CLIENT, scope=scope)


def test_a_subject_is_unique_below_the_issuer_or_the_configured_namespace() -> None:
    assert OpenIdProvider(ISSUER, CLIENT).namespace == ISSUER
    plain = OAuthProvider("forge.example", CLIENT, ISSUER + "/authorize", ISSUER + "/token", ISSUER + "/me", scope="")
    assert plain.namespace == "forge.example"


def test_userinfo_is_asked_for_and_not_insisted_on_unless_configured() -> None:
    assert OpenIdProvider(ISSUER, CLIENT).userinfo is UserinfoPolicy.PREFERRED


def test_neither_the_client_secret_nor_the_operators_headers_show_in_a_text() -> None:
    assert "canary" not in repr(OpenIdProvider(ISSUER, CLIENT, extra_headers=(("x-key", "canary"),)))


@pytest.mark.parametrize("former", ["", ISSUER])
def test_a_former_namespace_is_another_than_the_issuer(former: str) -> None:
    with pytest.raises(ValueError, match="former namespace"):
        OpenIdProvider(ISSUER, CLIENT, former_namespace=former)
    assert OpenIdProvider(ISSUER, CLIENT, former_namespace="corp").namespace == ISSUER


def test_the_subjects_of_several_issuers_come_from_no_one_namespace() -> None:
    tenants = Tenants(ISSUER + "/{tenantid}", ("1", "2"))
    with pytest.raises(ValueError, match="former namespace"):
        OpenIdProvider(ISSUER, CLIENT, tenants=tenants, former_namespace="corp")


PLAIN = OAuthProvider("forge.example", CLIENT, ISSUER + "/authorize", ISSUER + "/token", ISSUER + "/me")


@pytest.mark.parametrize("provider", [OpenIdProvider(ISSUER, CLIENT), PLAIN])
@pytest.mark.parametrize(
    "parameters",
    [(("state", "static"),), (("prompt", "login"), ("prompt", "none")), (("code_challenge_method", "plain"),)],
)
def test_no_parameter_stands_beside_one_of_the_protocol(
    provider: OpenIdProvider | OAuthProvider, parameters: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(ValueError, match="stands twice"):
        attrs.evolve(provider, authorization_parameters=parameters)


@pytest.mark.parametrize(
    "address",
    [
        "http://idp.example",
        "ftp://idp.example",
        "https://user@idp.example",
        "http://localhost@evil.example",
        "https://idp.example#a",
        "//idp.example",
        "",
    ],
)
def test_an_address_that_would_give_secrets_away_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        OpenIdProvider(address, CLIENT)
    with pytest.raises(ValueError, match="authorization endpoint"):
        attrs.evolve(PLAIN, authorization_endpoint=address)
    with pytest.raises(ValueError, match="token endpoint"):
        attrs.evolve(PLAIN, token_endpoint=address)
    with pytest.raises(ValueError, match="userinfo endpoint"):
        attrs.evolve(PLAIN, userinfo_endpoint=address)


def test_on_the_loopback_of_this_machine_an_issuer_may_be_plain() -> None:
    assert OpenIdProvider("http://127.0.0.1:8080", CLIENT).namespace == "http://127.0.0.1:8080"


def test_an_access_token_is_verified_for_an_audience_that_has_a_name() -> None:
    verified = IdentityRules(access_token=AccessTokenClaims.VERIFIED)
    with pytest.raises(ValueError, match="audience"):
        OpenIdProvider(ISSUER, CLIENT, rules=verified)
    named = attrs.evolve(verified, access_token_audience="api://us")
    assert OpenIdProvider(ISSUER, CLIENT, rules=named).rules == named


def test_a_plain_provider_has_no_keys_to_verify_an_access_token_with() -> None:
    rules = IdentityRules(access_token=AccessTokenClaims.VERIFIED, access_token_audience="api://us")
    with pytest.raises(ValueError, match="no keys"):
        attrs.evolve(PLAIN, rules=rules)


def test_an_authority_of_many_publishes_what_it_says_and_any_other_its_issuer() -> None:
    template = ISSUER + "/{tenantid}"
    assert OpenIdProvider(ISSUER, CLIENT).published_issuers == ()
    many = OpenIdProvider(ISSUER, CLIENT, tenants=Tenants(template, ("t",), (template,)))
    assert many.published_issuers == (template,)


def test_whoever_signs_out_stays_signed_in_at_the_provider_unless_configured() -> None:
    assert not OpenIdProvider(ISSUER, CLIENT).logout_at_provider
