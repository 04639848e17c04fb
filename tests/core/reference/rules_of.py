"""The reference's names for rules of identity, in ours."""

from __future__ import annotations

from typing import Any

from sso_core.identity.attributes import text_at
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import read_groups
from sso_core.identity.roles import best_match
from sso_core.identity.rules import AttributeNames
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.records import RoleMap
from sso_core.settings.ladder import REFERENCE_LADDER

NOTHING = ClaimSet()


def gathered(claims: object, **rest: Any) -> Gathered:
    """Return what a provider says by these claims, of the subject that they name or of a made-up one."""
    userinfo = ClaimSet(claims) if isinstance(claims, dict) else NOTHING
    subject = text_at(userinfo, ("sub",)) or "a-subject"
    return Gathered("https://idp.example", subject, merge_claims(userinfo, NOTHING, NOTHING), **rest)


def generic_names(env: dict[str, str]) -> AttributeNames:
    """Return the names by which a generic provider's claims are read."""
    extra = env.get("GENERIC_USER_EXTRA_ATTRIBUTES")
    return AttributeNames(
        handle=(env.get("GENERIC_USER_ID_ATTRIBUTE", "preferred_username"),),
        display_name=(env.get("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE", "sub"),),
        email=(env.get("GENERIC_USER_EMAIL_ATTRIBUTE", "email"),),
        first_name=(env.get("GENERIC_USER_FIRST_NAME_ATTRIBUTE", "first_name"),),
        last_name=(env.get("GENERIC_USER_LAST_NAME_ATTRIBUTE", "last_name"),),
        provider=(env.get("GENERIC_USER_PROVIDER_ATTRIBUTE", "provider"),),
        role=(env.get("GENERIC_USER_ROLE_ATTRIBUTE", "role"),),
        extra=tuple(name.strip() for name in extra.split(",")) if extra else None,
    )


def microsoft_names(env: dict[str, str]) -> AttributeNames:
    """Return the names by which Entra's claims are read; none of them is a path."""

    def name(what: str, default: str) -> str:
        return env.get(f"MICROSOFT_USER_{what}_ATTRIBUTE", default).replace(".", "\\.")

    return AttributeNames(
        handle=(name("ID", "id"),),
        display_name=(name("DISPLAY_NAME", "displayName"),),
        email=(name("EMAIL", "userPrincipalName"), "mail"),
        first_name=(name("FIRST_NAME", "givenName"),),
        last_name=(name("LAST_NAME", "surname"),),
        provider=(),
        role=(),
    )


def role_map(value: dict[str, Any] | None, *, provider: str | None = None) -> RoleMap | None:
    """Return a role map; `provider` stands in for the one that it names."""
    if value is None:
        return None
    roles = [(role, tuple(groups)) for role, groups in value["roles"].items() if isinstance(groups, list)]
    return RoleMap(value["group_claim"] or "", tuple(roles), value["default_role"], provider or value["provider"])


def mapped_role(mapped: RoleMap | None, groups: object) -> str | None:
    """Return the role that a map gives for the value of a group claim, its default included."""
    if mapped is None:
        return None
    match = best_match(mapped, read_groups(groups).names, REFERENCE_LADDER)
    return match[0] if match else mapped.default_role


def highest_role(values: object) -> str | None:
    """Return the most powerful role that the items of a list name, in any case of letters."""
    named = {item.lower() for item in values if isinstance(item, str)} if isinstance(values, list) else set()
    return next((role for role in (*REFERENCE_LADDER.roles, *REFERENCE_LADDER.unranked) if role in named), None)


def one_field(name: str | None) -> tuple[str, ...]:
    """Return a field that may be missing."""
    return () if name is None else (name,)
