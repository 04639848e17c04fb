from __future__ import annotations

from typing import Any

import attrs
import pytest

from sso_core.accounts.policy import AccessPolicy, Linking, NewAccounts, TeamSync
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.records import RoleMap
from sso_core.secret import Secret
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.settings.environment import settings_from_environment
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.settings.unsafe import unsafe_options
from sso_core.settings.variables import BY_NAME

PROVIDER = OpenIdProvider("https://idp.example", Client("client", Secret("canary")))


def names(provider: OpenIdProvider = PROVIDER, **changes: Any) -> list[str]:
    options = unsafe_options(SignInSettings(Origin("https://app.example"), (provider,), **changes))
    assert all(option.what and option.instead for option in options)
    assert "canary" not in repr(options)
    return [option.name for option in options]


def test_by_default_nothing_is_unsafe() -> None:
    assert names() == []
    assert names(policy=AccessPolicy(REFERENCE_LADDER, linking=Linking.VERIFIED_EMAIL)) == []


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"linking": Linking.ANY_EMAIL_UNSAFE}, "SSO_LINKING=any_email_unsafe"),
        ({"unverified_email_domains_unsafe": True}, "SSO_UNVERIFIED_EMAIL_DOMAINS_UNSAFE"),
        ({"admin_id_matches_handle_unsafe": True}, "SSO_ADMIN_ID_MATCHES_HANDLE_UNSAFE"),
        ({"team_sync": TeamSync.ADD_ONLY}, "SSO_TEAM_SYNC=add_only"),
    ],
)
def test_each_unsafe_rule_is_named_as_it_is_set(rule: dict[str, Any], name: str) -> None:
    assert names(policy=AccessPolicy(REFERENCE_LADDER, **rule)) == [name]
    assert name.partition("=")[0] in BY_NAME


@pytest.mark.parametrize("role", ["proxy_admin", "Proxy_Admin_Viewer"])
def test_a_role_of_administrators_for_everybody_is_named(role: str) -> None:
    new = AccessPolicy(REFERENCE_LADDER, new_accounts=NewAccounts(role=role))
    assert names(policy=new) == ["DEFAULT_INTERNAL_USER_PARAMS.user_role"]
    mapped = IdentityRules(role_map=RoleMap("groups", default_role=role))
    assert names(attrs.evolve(PROVIDER, rules=mapped)) == ["GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE (generic)"]
    ladder = AccessPolicy(RoleLadder(("chief", "user"), ("chief",), "chief"))
    assert names(policy=ladder) == ["roles.default"]


def test_a_role_of_others_for_everybody_is_not() -> None:
    new = AccessPolicy(REFERENCE_LADDER, new_accounts=NewAccounts(role="internal_user"))
    for default in ("internal_user", None, "unknown"):
        mapped = IdentityRules(role_map=RoleMap("groups", (("proxy_admin", ("admins",)),), default))
        assert names(attrs.evolve(PROVIDER, rules=mapped), policy=new) == []


def test_a_debug_page_for_anybody_is_named() -> None:
    assert names(debug_page=True) == []
    assert names(debug_for_anybody_unsafe=True) == ["SSO_DEBUG_FOR_ANYBODY_UNSAFE"]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({}, None),
        ({"readable_by_scripts_unsafe": True}, "SSO_REFERENCE_TOKEN_READABLE_UNSAFE"),
        ({"user_token_as_key_unsafe": True}, "SSO_REFERENCE_TOKEN_KEY_UNSAFE"),
    ],
)
def test_what_gives_the_reference_s_token_away_is_named(option: dict[str, Any], name: str | None) -> None:
    assert names(reference_token=ReferenceToken(b"canary" * 6, **option)) == ([name] if name else [])


@pytest.mark.parametrize(
    ("network", "wide"),
    [("10.0.0.0/8", False), ("0.0.0.0/0", True), ("2001:db8::/32", False), ("::/0", True), ("10.0.0.1/32", False)],
)
def test_proxies_that_may_be_anybody_are_named(network: str, wide: bool) -> None:
    assert names(header_proxies=(network,)) == (["SSO_HEADER_PROXIES"] if wide else [])
    assert names(address_proxies=(network,)) == (["SSO_ADDRESS_PROXIES"] if wide else [])


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        (
            IdentityRules(access_token=AccessTokenClaims.UNVERIFIED_UNSAFE),
            "GENERIC_ACCESS_TOKEN_CLAIMS=unverified_unsafe (corp)",
        ),
        (IdentityRules(email_is_verified=True), "GENERIC_EMAIL_IS_VERIFIED (corp)"),
    ],
)
def test_what_is_unsafe_at_a_provider_names_the_provider(rules: IdentityRules, name: str) -> None:
    assert names(attrs.evolve(PROVIDER, provider_id="corp", rules=rules)) == [name]


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.endswith("_UNSAFE")])
def test_each_variable_with_a_loud_name_is_listed_when_it_is_on(name: str) -> None:
    environ = {
        "GENERIC_CLIENT_ID": "id",
        "GENERIC_CLIENT_SECRET": "canary",
        "GENERIC_ISSUER": "https://idp.example",
        "SSO_REFERENCE_TOKEN_SECRET": "canary" * 6,
    }
    plain, loud = (
        settings_from_environment(environ | more, default_base_url="http://localhost:4000")
        for more in ({}, {name: "true"})
    )
    assert unsafe_options(plain) == ()
    assert [option.name for option in unsafe_options(loud)] == [name]
