"""Providers by the operator's settings: Google, Microsoft Entra, or any other."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

import attrs

from sso_core.identity.ladder import RoleLadder
from sso_core.oauth.client import Client
from sso_core.providers.google import RULES, google
from sso_core.providers.graph import GRAPH, GraphGroups, WhenIncomplete
from sso_core.providers.kinds import Provider
from sso_core.providers.microsoft import LOGIN, SCOPE, microsoft
from sso_core.settings.generic_environment import read_generic
from sso_core.settings.identity_environment import read_microsoft_rules
from sso_core.settings.reading import Reading
from sso_core.settings.variables import PROVIDER_KINDS, VARIABLES

_TENANT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TENANT_NAME = re.compile(r"[A-Za-z0-9.-]{1,255}", re.ASCII)
_OBJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


class GroupsAsked(Enum):
    """Which groups Graph is asked for."""

    TRANSITIVE = "transitive"
    DIRECT = "direct"
    OFF = "off"


@attrs.frozen
class Described:
    """What every kind of provider is described with, beside its own settings."""

    ladder: RoleLadder
    group_claims: tuple[str, ...] = ()
    """Claims that list groups at whichever provider."""
    provider_id: str | None = None
    """None for the name of its kind."""


def read_environment_provider(reading: Reading, described: Described) -> Provider | None:
    """Return the one provider that an environment names: the first of Google, Microsoft, generic with a client id.

    Without any, a generic one is missing.
    """
    chosen = next((kind for kind in PROVIDER_KINDS if reading.has(f"{kind.upper()}_CLIENT_ID")), "generic")
    for kind in PROVIDER_KINDS[PROVIDER_KINDS.index(chosen) + 1 :]:
        if reading.has(f"{kind.upper()}_CLIENT_ID"):
            hint = f"{chosen.upper()}_CLIENT_ID goes first; several providers at once are for a TOML file"
            reading.note(f"{kind.upper()}_CLIENT_ID", "is not looked at", hint)
    report_restrictions_of_others(reading, chosen)
    return READERS[chosen](reading, described)


def report_restrictions_of_others(reading: Reading, chosen: str | None) -> None:
    """Report what would restrict the people of another provider than the chosen one: its writer believes in it."""
    why = "no provider is named" if chosen is None else f"the provider is {chosen}"
    for variable in VARIABLES:
        foreign = variable.table in PROVIDER_KINDS and variable.table != chosen
        if foreign and variable.restricts and reading.has(variable.name):
            reading.problem(variable.name, f"restricts nobody: {why}", "remove it, or name its provider")


def read_client(reading: Reading, kind: str) -> Client | None:
    """Return a registration that has a secret."""
    names = f"{kind}_CLIENT_ID", f"{kind}_CLIENT_SECRET"
    client_id, secret = reading.text(names[0]), reading.secret(names[1])
    for name, hint in zip(names, ("the id under which the provider knows this service", ""), strict=True):
        if not reading.has(name):
            reading.missing(name, hint)
    return None if client_id is None or secret is None else Client(client_id, secret)


def read_google(reading: Reading, described: Described) -> Provider | None:
    """Return Google."""
    client = read_client(reading, "GOOGLE")
    domains = tuple(domain.lower() for domain in reading.items("GOOGLE_HOSTED_DOMAINS") or ())
    if not all(map(_DOMAIN.fullmatch, domains)):
        reading.problem("GOOGLE_HOSTED_DOMAINS", "holds what is no domain", "such as example.com")
        return None
    if client is None:
        return None
    rules = attrs.evolve(RULES, team_claims=described.group_claims)
    return google(client, hosted_domains=domains, provider_id=described.provider_id or "google", rules=rules)


def read_microsoft(reading: Reading, described: Described) -> Provider | None:
    """Return Microsoft Entra."""
    client = read_client(reading, "MICROSOFT")
    tenant, tenants = _tenants(reading)
    graph = reading.address("MICROSOFT_GRAPH_URL") or GRAPH
    groups = _groups(reading, graph)
    rules = read_microsoft_rules(reading, described.group_claims)
    names = ("AUTHORIZATION_ENDPOINT", "TOKEN_ENDPOINT", "USERINFO_ENDPOINT", "LOGIN_URL")
    authorization, token, userinfo, login = (reading.address(f"MICROSOFT_{name}") for name in names)
    scope = reading.text("MICROSOFT_SCOPE") or SCOPE
    logout_at_provider = reading.flag("MICROSOFT_LOGOUT_AT_PROVIDER")
    if "openid" not in scope.split():
        reading.problem("MICROSOFT_SCOPE", "lacks openid", "Entra gives ID tokens for it only")
        return None
    if client is None or tenant is None:
        return None
    return microsoft(
        client,
        tenant,
        tenants=tenants,
        groups=groups,
        rules=rules,
        scope=" ".join(scope.split()),
        authorization_endpoint=authorization,
        token_endpoint=token,
        userinfo_endpoint=userinfo,
        login=login or LOGIN,
        graph=graph,
        provider_id=described.provider_id or "microsoft",
        logout_at_provider=logout_at_provider,
    )


def _tenants(reading: Reading) -> tuple[str | None, tuple[str, ...]]:
    """Return the tenant and, where it stands for several, those that may sign in; no tenant where they do not fit."""
    tenant = reading.text("MICROSOFT_TENANT")
    tenants = tuple(known.lower() for known in reading.items("MICROSOFT_TENANTS") or ())
    if tenant is None:
        reading.missing("MICROSOFT_TENANT", "the tenant's id, or organizations with a list of tenants")
        return None, ()
    fit = True
    if not _TENANT_NAME.fullmatch(tenant):
        reading.problem("MICROSOFT_TENANT", "is no tenant", "an id, a domain, common, organizations or consumers")
        fit = False
    if not all(map(_TENANT_ID.fullmatch, tenants)):
        reading.problem("MICROSOFT_TENANTS", "holds what is no tenant's id", "ids, not domains: a domain may move on")
        fit = False
    elif _TENANT_ID.fullmatch(tenant) and tenants not in ((), (tenant.lower(),)):
        reading.problem("MICROSOFT_TENANTS", "contradicts the one tenant", f"see {reading.label('MICROSOFT_TENANT')}")
        fit = False
    elif not _TENANT_ID.fullmatch(tenant) and not reading.has("MICROSOFT_TENANTS"):
        reading.missing("MICROSOFT_TENANTS", "the ids of those that may sign in: the tenant stands for several")
        fit = False
    return (tenant, tenants) if fit and (tenants or _TENANT_ID.fullmatch(tenant)) else (None, ())


def _groups(reading: Reading, graph: str) -> GraphGroups | None:
    asked = reading.choice("MICROSOFT_GROUPS", GroupsAsked, GroupsAsked.TRANSITIVE)
    incomplete = reading.choice("MICROSOFT_GROUPS_INCOMPLETE", WhenIncomplete, WhenIncomplete.REFUSE)
    principal = reading.text("MICROSOFT_SERVICE_PRINCIPAL_ID")
    if principal is not None and not _OBJECT_ID.fullmatch(principal):
        reading.problem("MICROSOFT_SERVICE_PRINCIPAL_ID", "is no id", "the object id of the enterprise application")
        return None
    if asked is GroupsAsked.OFF:
        if principal is not None:
            reading.problem("MICROSOFT_SERVICE_PRINCIPAL_ID", "contradicts groups that are off", "remove one")
        return None
    return GraphGroups(
        graph, direct=asked is GroupsAsked.DIRECT, service_principal_id=principal, when_incomplete=incomplete
    )


def _read_generic(reading: Reading, described: Described) -> Provider | None:
    return read_generic(reading, described.ladder, described.group_claims, described.provider_id or "generic")


READERS: dict[str, Callable[[Reading, Described], Provider | None]] = {
    "google": read_google,
    "microsoft": read_microsoft,
    "generic": _read_generic,
}
"""Who reads which kind."""
