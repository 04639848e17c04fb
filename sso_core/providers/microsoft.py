"""Microsoft Entra as a provider, and what only Entra says.

- One authority may stand for many tenants; see `oauth.tenants`.
- The person is described by Graph, which names them by `id` and never by `sub`; see `providers.graph`.
- An address in a token proves nothing: whoever runs a tenant may write any into it. It counts only where Entra adds
  that the owner of its domain has verified it.
"""

from __future__ import annotations

import re

import attrs

from sso_core.failures import Failure, Reason
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.client import Client
from sso_core.oauth.tenants import PLACEHOLDER, Tenants
from sso_core.providers.endpoints import EndpointOverrides, check_address
from sso_core.providers.graph import GRAPH, GraphGroups
from sso_core.providers.kinds import OpenIdProvider, Profile, ResponseMode, UserinfoPolicy

LOGIN = "https://login.microsoftonline.com"
SCOPE = "openid profile email User.Read"
"""`profile` brings the `oid` into the ID token, `User.Read` the person's own profile at Graph."""

OPEN_AUTHORITIES = ("common", "organizations")
"""Authorities whose metadata names the template, since tokens of any tenant come from them."""
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal Microsoft accounts, which has a name of its own: consumers."""

_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9.-]{1,255}", re.ASCII)


def microsoft_names(
    *,
    email: str = "userPrincipalName",
    display_name: str = "displayName",
    handle: str = "id",
    first_name: str = "givenName",
    last_name: str = "surname",
    extra: tuple[str, ...] | None = None,
) -> AttributeNames:
    """Return which attribute of the profile is what.

    An e-mail address that Entra vouches for goes before the attribute named here, and `mail` stands in for both.
    """
    return AttributeNames(
        handle=_paths(handle, "oid"),
        display_name=_paths(display_name, "name"),
        email=_paths("email", email, "mail"),
        first_name=_paths(first_name, "given_name"),
        last_name=_paths(last_name, "family_name"),
        provider=(),
        role=(),
        extra=extra,
    )


def _paths(*names: str) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name)


RULES = IdentityRules(names=microsoft_names(), role_claim_names=("app_roles", "roles"), group_teams=True)
"""How Entra is read: roles of the app from the signed ID token, groups as teams."""


def microsoft(
    client: Client,
    tenant: str,
    *,
    tenants: tuple[str, ...] = (),
    groups: GraphGroups | None = None,
    rules: IdentityRules = RULES,
    scope: str = SCOPE,
    authorization_endpoint: str | None = None,
    token_endpoint: str | None = None,
    userinfo_endpoint: str | None = None,
    login: str = LOGIN,
    graph: str = GRAPH,
    provider_id: str = "microsoft",
    label: str = "Microsoft",
    response_mode: ResponseMode = ResponseMode.QUERY,
    userinfo: UserinfoPolicy = UserinfoPolicy.PREFERRED,
    logout_at_provider: bool = False,
) -> OpenIdProvider:
    """Return Entra for one tenant, named by its id, or for an authority of many.

    `common`, `organizations`, `consumers` and a tenant named by a domain need `tenants`: the ids of those whose people
    may sign in. Raises ValueError where they are missing, and for an address that is not usable. `login` and `graph`
    are those of a national cloud, or of a test, and groups are listed by the same Graph unless they name another; the
    three endpoints replace single ones.
    """
    name = tenant.strip()
    if not _NAME.fullmatch(name):
        raise ValueError("the tenant is an id, a domain, or one of common, organizations and consumers")
    base = check_address("address of Entra", login).rstrip("/")
    allowed = _allowed(name.lower(), tenants)
    template = f"{base}/{PLACEHOLDER}/v2.0"
    authority = CONSUMERS if name.lower() == "consumers" else name.lower()
    many = Tenants(template, allowed)
    published = (template,) if authority in OPEN_AUTHORITIES else tuple(many.issuer(known) for known in allowed)
    return OpenIdProvider(
        many.issuer(authority),
        client,
        provider_id=provider_id,
        scope=scope,
        response_mode=response_mode,
        userinfo=userinfo,
        rules=rules,
        label=label,
        endpoints=EndpointOverrides(
            authorization_endpoint, token_endpoint, userinfo_endpoint or graph.rstrip("/") + "/me"
        ),
        tenants=attrs.evolve(many, published=published),
        profile=Profile.GRAPH,
        groups=attrs.evolve(groups, base=graph) if groups is not None and groups.base == GRAPH else groups,
        logout_at_provider=logout_at_provider,
    )


def _allowed(tenant: str, tenants: tuple[str, ...]) -> tuple[str, ...]:
    allowed = tuple(known.strip().lower() for known in tenants)
    if not all(_TENANT_ID.fullmatch(known) for known in allowed):
        raise ValueError("the tenants that may sign in are named by their ids, not by their domains")
    if _TENANT_ID.fullmatch(tenant):
        if allowed not in ((), (tenant,)):
            raise ValueError("a single tenant is the only one that may sign in")
        return (tenant,)
    if not allowed:
        raise ValueError(f"{tenant} stands for more than one tenant id: name those that may sign in")
    return allowed


def vouched(id_token: ClaimSet) -> ClaimSet:
    """Return the ID token's claims, its e-mail address only where Entra vouches for it.

    It does by `xms_edov` (the owner of the address's domain is verified) or `email_verified`, each the boolean true.
    """
    members = dict(id_token.members)
    if members.get("xms_edov") is True or members.get("email_verified") is True:
        members["email_verified"] = True
    else:
        members.pop("email", None)
        members.pop("email_verified", None)
    return ClaimSet(members)


def overage(id_token: ClaimSet) -> Failure | None:
    """Return why an ID token does not say which groups the person is in; None where it does, or none were asked for.

    Beyond some two hundred groups Entra leaves them out and points to Graph (OIDC Core 5.6.2). That address is never
    followed: it comes from a token, and Graph is asked where the operator says so.
    """
    names = id_token.get("_claim_names")
    if not (isinstance(names, dict) and "groups" in names) and id_token.get("hasgroups") in (None, False):
        return None
    hint = "let Graph list the groups, or have Entra emit only those assigned to this service"
    return Failure(Reason.GROUPS_UNREACHABLE, "the person is in more groups than fit into the ID token", hint)
