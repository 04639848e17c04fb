from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import attrs
import pytest

from sso_core.accounts.policy import AccessPolicy
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider
from sso_core.secret import Secret
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings

CLIENT = Client("client", Secret("canary"))
PROVIDER = OpenIdProvider("https://idp.example", CLIENT)


def settings(base: str = "https://app.example", **changes: Any) -> SignInSettings:
    usual: dict[str, Any] = {"origin": Origin(base), "providers": (PROVIDER,)}
    return SignInSettings(**usual | changes)


@pytest.mark.parametrize(
    ("base", "redirect_uri"),
    [
        ("https://app.example/", "https://app.example/sso/callback"),
        ("https://app.example/a", "https://app.example/a/sso/callback"),
    ],
)
def test_the_redirect_uri_follows_from_the_public_address(base: str, redirect_uri: str) -> None:
    assert settings(base).redirect_uri(PROVIDER) == redirect_uri


@pytest.mark.parametrize(
    "changes",
    [
        {"leeway": 0},
        {"leeway": 300},
        {"login_ttl": 1},
        {"session_ttl": 0.5},
        {"account_check_interval": 0},
        {"cli_session_ttl": 366 * 24 * 3600},
    ],
)
def test_durations_within_reason_are_taken(changes: dict[str, Any]) -> None:
    assert {name: getattr(settings(**changes), name) for name in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {"leeway": -1},
        {"leeway": 301},
        {"login_ttl": 0},
        {"login_ttl": -1},
        {"session_ttl": 0},
        {"account_check_interval": -1},
    ]
    + [
        {name: value}
        for name in (
            "login_ttl",
            "session_ttl",
            "cli_login_ttl",
            "cli_session_ttl",
            "key_ttl",
            "account_check_interval",
        )
        for value in (float("inf"), float("nan"), 1e300)
    ],
)
def test_durations_that_would_switch_a_check_off_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        settings(**changes)


OTHER = attrs.evolve(PROVIDER, provider_id="other", issuer="https://other.example")


def test_the_first_provider_owns_the_plain_callback_and_each_other_one_its_own() -> None:
    both = SignInSettings(Origin("https://app.example"), (PROVIDER, OTHER))
    assert both.redirect_uri(PROVIDER) == "https://app.example/sso/callback"
    assert both.redirect_uri(OTHER) == "https://app.example/sso/callback/other"


def test_each_provider_signs_people_out_where_its_callback_is_and_all_send_them_back_to_one_place() -> None:
    both = SignInSettings(Origin("https://app.example/a"), (PROVIDER, OTHER))
    assert both.backchannel_logout_path(PROVIDER) == "/sso/logout/backchannel"
    assert both.backchannel_logout_path(OTHER) == "/sso/logout/backchannel/other"
    assert both.post_logout_redirect_uri == "https://app.example/a/sso/logout/return"


def test_the_administrator_is_a_subject_of_the_one_provider_or_of_the_issuer_that_is_named() -> None:
    named = AccessPolicy(REFERENCE_LADDER, admin_id="root", admin_issuer="https://third.example")
    unnamed = AccessPolicy(REFERENCE_LADDER, admin_id="root")
    assert settings(policy=unnamed).policy.admin_issuer == PROVIDER.issuer
    assert settings(policy=named).policy == named
    assert settings(policy=unnamed, providers=(PROVIDER, OTHER)).policy == unnamed
    assert settings().policy == AccessPolicy(REFERENCE_LADDER)


def test_two_registrations_at_one_issuer_are_refused() -> None:
    other = attrs.evolve(PROVIDER, provider_id="other", client=Client("other", Secret("canary")))
    with pytest.raises(ValueError, match="namespace of its own"):
        settings(providers=(PROVIDER, other))


def test_no_secret_shows_in_a_text() -> None:
    shown = repr(settings(sealing_keys=SealingKeys((b"canary" * 6,))))
    assert "canary" not in shown


def test_no_two_providers_share_an_id() -> None:
    with pytest.raises(ValueError, match="id of its own"):
        settings(providers=(PROVIDER, PROVIDER))


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "-a", "a" * 41])
def test_an_id_is_fit_for_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="id of its own"):
        settings(providers=(attrs.evolve(PROVIDER, provider_id=name),))


def test_a_plain_provider_shares_its_namespace_with_nobody() -> None:
    plain = OAuthProvider("shared", CLIENT, "https://a.example/a", "https://a.example/t", "https://a.example/u")
    other = attrs.evolve(plain, provider_id="other")
    with pytest.raises(ValueError, match="namespace of its own"):
        settings(providers=(plain, other))
    assert (
        settings(providers=(plain, attrs.evolve(other, namespace="other"))).callback_path(other)
        == "/sso/callback/other"
    )


def test_each_provider_has_a_callback_of_its_own_and_one_to_look_at() -> None:
    second = attrs.evolve(PROVIDER, provider_id="second")
    several = SignInSettings(Origin("https://app.example/a"), (PROVIDER, second))
    assert [several.redirect_uri(provider) for provider in several.providers] == [
        "https://app.example/a/sso/callback",
        "https://app.example/a/sso/callback/second",
    ]
    assert [several.redirect_uri(provider, debug=True) for provider in several.providers] == [
        "https://app.example/a/sso/debug/callback",
        "https://app.example/a/sso/debug/callback/second",
    ]


@pytest.mark.parametrize("ids", [("a", "a"), ("A",), ("",), ("a/b",), ("a" * 41,)])
def test_providers_that_cannot_be_told_apart_are_refused(ids: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="id of its own"):
        SignInSettings(Origin("https://app.example"), tuple(attrs.evolve(PROVIDER, provider_id=name) for name in ids))


@pytest.mark.parametrize(
    "path", ["", "ui/", "//evil.example", "/a//b", "/a?b", "/a b", "https://evil.example/", "/\\e"]
)
def test_a_landing_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="landing path"):
        settings(landing_path=path)


@pytest.mark.parametrize("network", ["", "nonsense", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_network_of_proxies_that_is_none_is_refused(network: str) -> None:
    with pytest.raises(ValueError):
        settings(header_proxies=(network,))
    with pytest.raises(ValueError):
        settings(address_proxies=(network,))


def test_networks_are_read_once() -> None:
    assert settings(header_proxies=("10.0.0.0/8", "fd00::/8")).proxy_networks == (
        ip_network("10.0.0.0/8"),
        ip_network("fd00::/8"),
    )
    assert settings(address_proxies=("10.0.0.1",)).address_networks == (ip_network("10.0.0.1/32"),)


def test_who_may_say_where_people_come_from_may_not_say_who_they_are_and_the_other_way_round() -> None:
    assert settings(address_proxies=("10.0.0.1",)).proxy_networks == ()
    assert settings(header_proxies=("10.0.0.1",)).address_networks == ()


def test_no_session_lasts_longer_than_the_longest() -> None:
    assert settings(session_ttl=5, cli_session_ttl=7).longest_session == 7
    assert settings(session_ttl=9, cli_session_ttl=7).longest_session == 9


def test_where_people_land_follows_from_the_mount() -> None:
    assert settings("https://app.example/a", landing_path="/ui/").landing == "/a/ui/"
    assert settings(landing_path="/ui/", announce_login=True).landing == "/ui/?login=success"
