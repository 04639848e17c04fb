from __future__ import annotations

from typing import Any

import pytest
from scenes import CLIENT, ISSUER

from sso_core.oauth.token import with_extra
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.generic import generic_oauth, generic_openid

PLAIN = (ISSUER + "/authorize", ISSUER + "/token", ISSUER + "/me")


def test_an_openid_provider_needs_no_more_than_its_issuer() -> None:
    provider = generic_openid(CLIENT, ISSUER)
    assert (provider.issuer, provider.scope, provider.endpoints) == (ISSUER, "openid email profile", None)


def test_scopes_are_separated_by_blanks_of_any_number() -> None:
    assert generic_openid(CLIENT, ISSUER, scope=" openid\temail  groups ").scope == "openid email groups"
    assert generic_oauth(CLIENT, *PLAIN, scope="read:user  user:email").scope == "read:user user:email"


@pytest.mark.parametrize("name", ["authorization", "token", "userinfo"])
def test_single_endpoints_may_be_named_beside_the_issuer(name: str) -> None:
    named: dict[str, Any] = {f"{name}_endpoint": "https://other.example/"}
    assert generic_openid(CLIENT, ISSUER, **named).endpoints == EndpointOverrides(**{name: "https://other.example/"})


def test_a_plain_providers_namespace_is_fixed_by_configuration() -> None:
    assert generic_oauth(CLIENT, *PLAIN).namespace == ISSUER
    assert generic_oauth(CLIENT, *PLAIN, namespace="forge").namespace == "forge"


@pytest.mark.parametrize("position", range(3))
def test_each_address_of_a_plain_provider_is_checked(position: int) -> None:
    named = [*PLAIN]
    named[position] = "http://idp.example/"
    with pytest.raises(ValueError, match="plain http"):
        generic_oauth(CLIENT, *named)
    with pytest.raises(ValueError, match="the issuer is plain http"):
        generic_openid(CLIENT, "http://idp.example")


def test_the_operators_headers_never_replace_those_of_the_protocol() -> None:
    extra = (("X-Key", "k"), ("Authorization", "Basic x"), ("ACCEPT", "text/html"))
    provider = generic_openid(CLIENT, ISSUER, extra_headers=extra)
    sent = with_extra((("accept", "application/json"),), provider.extra_headers)
    assert sent == (("accept", "application/json"), ("x-key", "k"))
