"""Habits that weaken a sign-in, that somebody may depend on, and that are switched on here: for `sso-core doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import attrs

from sso_core.accounts.policy import Linking, TeamSync
from sso_core.identity.rules import AccessTokenClaims
from sso_core.providers.kinds import Provider
from sso_core.settings.sign_in import SignInSettings

WIDE = {4: 8, 6: 32}
"""Shorter prefixes than these are nobody's own network."""


@attrs.frozen
class UnsafeOption:
    """An option that is on: its name, what it lets happen, and what to do in its place."""

    name: str
    what: str
    instead: str


def unsafe_options(settings: SignInSettings) -> tuple[UnsafeOption, ...]:
    """Return the unsafe options that are on."""
    return (*_of_access(settings), *_of_roles(settings), *_of_the_site(settings), *_of_providers(settings))


def _of_access(settings: SignInSettings) -> Iterator[UnsafeOption]:
    policy = settings.policy
    if policy.linking is Linking.ANY_EMAIL_UNSAFE:
        yield UnsafeOption(
            "SSO_LINKING=any_email_unsafe",
            "whoever can choose their e-mail address or handle at a provider takes over the account that has it",
            "SSO_LINKING=verified_email, or let people be linked by an administrator",
        )
    if policy.unverified_email_domains_unsafe:
        yield UnsafeOption(
            "SSO_UNVERIFIED_EMAIL_DOMAINS_UNSAFE",
            "whoever writes an address of an allowed domain into their profile comes in",
            "a provider that verifies addresses, or GOOGLE_HOSTED_DOMAINS, or MICROSOFT_TENANTS",
        )
    if policy.admin_id_matches_handle_unsafe:
        yield UnsafeOption(
            "SSO_ADMIN_ID_MATCHES_HANDLE_UNSAFE",
            "whoever can choose their handle at a provider becomes administrator",
            "the subject or the id of the account as PROXY_ADMIN_ID",
        )
    if policy.team_sync is TeamSync.ADD_ONLY:
        yield UnsafeOption(
            "SSO_TEAM_SYNC=add_only",
            "who leaves a team at the provider keeps what the team may do here",
            "SSO_TEAM_SYNC=add_and_remove, which leaves alone what others added",
        )


def _of_roles(settings: SignInSettings) -> Iterator[UnsafeOption]:
    ladder, given = settings.policy.ladder, settings.policy.new_accounts.role
    if ladder.is_admin(ladder.default):
        yield UnsafeOption(
            "roles.default",
            "everybody of whom nothing else is known is an administrator",
            "a default that is not among the admins",
        )
    if ladder.is_admin(ladder.named(given)):
        yield UnsafeOption(
            "DEFAULT_INTERNAL_USER_PARAMS.user_role",
            "whoever comes in for the first time is an administrator",
            "a role that is none, and PROXY_ADMIN_ID or a role map for administrators",
        )


def _of_the_site(settings: SignInSettings) -> Iterator[UnsafeOption]:
    if settings.debug_for_anybody_unsafe:
        yield UnsafeOption(
            "SSO_DEBUG_FOR_ANYBODY_UNSAFE",
            "whoever can sign in at a provider sees how claims are judged here",
            "SSO_DEBUG_PAGE, which is for administrators",
        )
    token = settings.reference_token
    if token is not None and token.readable_by_scripts_unsafe:
        yield UnsafeOption(
            "SSO_REFERENCE_TOKEN_READABLE_UNSAFE",
            "a script that slips into any page of the site takes the token of whoever sees it",
            "a user interface that asks GET /sso/session who is signed in",
        )
    if token is not None and token.user_token_as_key_unsafe:
        yield UnsafeOption(
            "SSO_REFERENCE_TOKEN_KEY_UNSAFE",
            "whoever reads the cookie acts for its person at every host that takes such tokens",
            "personal keys, or the session",
        )
    if _is_wide(settings.header_proxies):
        yield UnsafeOption(
            "SSO_HEADER_PROXIES",
            "the whole world, or much of it, may say by a header who somebody is",
            "the addresses of the proxies alone",
        )
    if _is_wide(settings.address_proxies):
        yield UnsafeOption(
            "SSO_ADDRESS_PROXIES",
            "the whole world, or much of it, may say by a header where it comes from, and no limit by address holds",
            "the addresses of the proxies alone",
        )


def _is_wide(networks: tuple[str, ...]) -> bool:
    return any(network.prefixlen < WIDE[network.version] for network in map(ip_network, networks))


def _of_providers(settings: SignInSettings) -> Iterator[UnsafeOption]:
    for provider in settings.providers:
        rules = provider.rules
        if rules.access_token is AccessTokenClaims.UNVERIFIED_UNSAFE:
            yield UnsafeOption(
                _of("GENERIC_ACCESS_TOKEN_CLAIMS=unverified_unsafe", provider),
                "whoever can swap an access token decides about roles and teams",
                "verified, with the audience that the token is made for; or have the claims put into the ID token",
            )
        ladder, role_map = settings.policy.ladder, rules.role_map
        if role_map is not None and ladder.is_admin(ladder.named(role_map.default_role)):
            yield UnsafeOption(
                _of("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", provider),
                "whoever is in none of the mapped groups is an administrator, and so is everybody if the claim fails",
                "a default that is none, and a group for administrators",
            )
        if rules.email_is_verified:
            yield UnsafeOption(
                _of("GENERIC_EMAIL_IS_VERIFIED", provider),
                "addresses count as verified on your word; where people write their own, they are whoever they like",
                "have the provider send email_verified",
            )


def _of(name: str, provider: Provider) -> str:
    return f"{name} ({provider.provider_id})"
