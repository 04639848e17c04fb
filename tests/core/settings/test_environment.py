from __future__ import annotations

import pytest

from sso_core.oauth.client import AuthenticationMethod
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, ResponseMode
from sso_core.settings.environment import SettingsError, settings_from_environment
from sso_core.settings.sign_in import SignInSettings
from sso_core.wire import b64url_encode

BASE = "http://127.0.0.1:4000"
OPENID = {
    "GENERIC_CLIENT_ID": "id",
    "GENERIC_CLIENT_SECRET": "secret-canary",
    "GENERIC_ISSUER": "https://idp.example",
}
ENDPOINTS = {
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example/a",
    "GENERIC_TOKEN_ENDPOINT": "https://idp.example/t",
    "GENERIC_USERINFO_ENDPOINT": "https://idp.example/u",
}
PLAIN = {"GENERIC_CLIENT_ID": "id", "GENERIC_CLIENT_SECRET": "secret-canary"} | ENDPOINTS


def read(environ: dict[str, str]) -> SignInSettings:
    return settings_from_environment(environ, default_base_url=BASE)


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(environ)
    assert "canary" not in str(caught.value)
    return [problem.variable for problem in caught.value.problems]


def test_an_issuer_makes_an_openid_provider() -> None:
    settings = read(OPENID | {"GENERIC_RESPONSE_MODE": "form_post", "GENERIC_SCOPE": "openid groups"})
    provider = settings.providers[0]
    assert isinstance(provider, OpenIdProvider)
    assert (provider.issuer, provider.scope) == ("https://idp.example", "openid groups")
    assert provider.response_mode is ResponseMode.FORM_POST
    assert settings.redirect_uri(provider) == BASE + "/sso/callback"


def test_three_endpoints_make_a_plain_provider_with_a_fixed_namespace() -> None:
    provider = read(PLAIN).providers[0]
    assert isinstance(provider, OAuthProvider)
    assert provider.namespace == "https://idp.example"
    named = read(PLAIN | {"GENERIC_NAMESPACE": "corp"}).providers[0]
    assert named.namespace == "corp"


@pytest.mark.parametrize(
    ("environ", "method"),
    [
        (OPENID, AuthenticationMethod.BASIC),
        (OPENID | {"GENERIC_INCLUDE_CLIENT_ID": "True"}, AuthenticationMethod.POST),
        (OPENID | {"GENERIC_CLIENT_AUTHENTICATION": "client_secret_post"}, AuthenticationMethod.POST),
        (
            {"GENERIC_CLIENT_ID": "id", "GENERIC_ISSUER": "https://i.example", "GENERIC_CLIENT_AUTHENTICATION": "none"},
            AuthenticationMethod.NONE,
        ),
    ],
)
def test_the_client_proves_itself_as_it_is_registered(environ: dict[str, str], method: AuthenticationMethod) -> None:
    assert read(environ).providers[0].client.method is method


def test_sealing_keys_are_read_newest_first() -> None:
    keys = ",".join(b64url_encode(bytes([number]) * 32) for number in (1, 2))
    sealing = read(OPENID | {"SSO_SEALING_KEYS": keys}).sealing_keys
    assert sealing is not None
    assert sealing.secrets == (b"\x01" * 32, b"\x02" * 32)
    assert read(OPENID).sealing_keys is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["GENERIC_CLIENT_ID", "GENERIC_CLIENT_SECRET", "GENERIC_ISSUER"]),
        (OPENID | {"GENERIC_CLIENT_ID": " "}, ["GENERIC_CLIENT_ID"]),
        (OPENID | {"GENERIC_CLIENT_AUTHENTICATION": "none"}, ["GENERIC_CLIENT_SECRET"]),
        (OPENID | {"GENERIC_CLIENT_AUTHENTICATION": "magic"}, ["GENERIC_CLIENT_AUTHENTICATION"]),
        (OPENID | {"GENERIC_ISSUER": "idp"}, ["GENERIC_ISSUER"]),
        (OPENID | {"GENERIC_ISSUER": "http://idp.example"}, ["GENERIC_ISSUER"]),
        (OPENID | {"GENERIC_SCOPE": "profile"}, ["GENERIC_SCOPE"]),
        (OPENID | ENDPOINTS, list(ENDPOINTS)),
        (OPENID | {"PROXY_BASE_URL": "http://app.example"}, ["PROXY_BASE_URL"]),
        (OPENID | {"SSO_SEALING_KEYS": "c2hvcnQ"}, ["SSO_SEALING_KEYS"]),
        (OPENID | {"SSO_SEALING_KEYS": "not base64"}, ["SSO_SEALING_KEYS"]),
        (PLAIN | {"GENERIC_TOKEN_ENDPOINT": ""}, ["GENERIC_TOKEN_ENDPOINT"]),
        (
            {"GENERIC_ISSUER": "x", "PROXY_BASE_URL": "x", "GENERIC_SCOPE": "x"},
            ["PROXY_BASE_URL", "GENERIC_CLIENT_ID", "GENERIC_CLIENT_SECRET", "GENERIC_ISSUER", "GENERIC_SCOPE"],
        ),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(environ: dict[str, str], expected: list[str]) -> None:
    assert problems(environ) == expected
