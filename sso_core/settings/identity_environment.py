"""How claims are read, by the operator's settings: names of attributes, the role map, the claims of teams."""

from __future__ import annotations

from sso_core.identity.ladder import RoleLadder
from sso_core.identity.rules import AccessTokenClaims, AttributeNames, IdentityRules
from sso_core.providers.microsoft import RULES, microsoft_names
from sso_core.records import RoleMap
from sso_core.settings.reading import Reading

ROLES = "GENERIC_ROLE_MAPPINGS_ROLES"
GROUP_CLAIM = "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM"
DEFAULT_ROLE = "GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE"

GROUP_LIMIT = 1000
"""Groups in one map; a directory has more, but nobody lists them all by hand."""


def read_generic_rules(reading: Reading, ladder: RoleLadder, group_claims: tuple[str, ...]) -> IdentityRules:
    """Return how a generic provider's claims are read. `group_claims` list teams beside its own claims of teams."""
    access_token = reading.choice("GENERIC_ACCESS_TOKEN_CLAIMS", AccessTokenClaims, AccessTokenClaims.IGNORED)
    audience = reading.text("GENERIC_ACCESS_TOKEN_AUDIENCE")
    if access_token is AccessTokenClaims.VERIFIED and audience is None:
        reading.missing("GENERIC_ACCESS_TOKEN_AUDIENCE", "a token that is made for others proves nothing here")
    return IdentityRules(
        names=_generic_names(reading),
        role_map=_role_map(reading, ladder),
        team_claims=_unique(*group_claims, *(reading.items("GENERIC_TEAM_IDS_ATTRIBUTE") or ())),
        email_is_verified=reading.flag("GENERIC_EMAIL_IS_VERIFIED"),
        access_token=access_token,
        access_token_audience=audience,
    )


def read_microsoft_rules(reading: Reading, group_claims: tuple[str, ...]) -> IdentityRules:
    """Return how Entra's profile and claims are read."""

    def named(what: str, default: str) -> str:
        return reading.text(f"MICROSOFT_USER_{what}_ATTRIBUTE") or default

    names = microsoft_names(
        email=named("EMAIL", "userPrincipalName"),
        display_name=named("DISPLAY_NAME", "displayName"),
        handle=named("ID", "id"),
        first_name=named("FIRST_NAME", "givenName"),
        last_name=named("LAST_NAME", "surname"),
    )
    return IdentityRules(
        names=names, role_claim_names=RULES.role_claim_names, team_claims=group_claims, group_teams=RULES.group_teams
    )


def _generic_names(reading: Reading) -> AttributeNames:
    def named(what: str, *default: str) -> tuple[str, ...]:
        name = reading.text(f"GENERIC_USER_{what}_ATTRIBUTE")
        return default if name is None else (name,)

    return AttributeNames(
        handle=named("ID", "sub"),
        display_name=named("DISPLAY_NAME"),
        email=named("EMAIL", "email"),
        first_name=named("FIRST_NAME", "first_name", "given_name"),
        last_name=named("LAST_NAME", "last_name", "family_name"),
        provider=named("PROVIDER", "provider"),
        role=named("ROLE", "role"),
        extra=reading.items("GENERIC_USER_EXTRA_ATTRIBUTES"),
    )


def _unique(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _role_map(reading: Reading, ladder: RoleLadder) -> RoleMap | None:
    written, claim = reading.table(ROLES), reading.text(GROUP_CLAIM)
    default = read_role(reading, DEFAULT_ROLE, ladder)
    if written is None:
        for name in (GROUP_CLAIM, DEFAULT_ROLE):
            if reading.has(name) and not reading.has(ROLES):
                reading.note(name, "has no effect", f"without {reading.label(ROLES)}")
        return None
    roles = tuple(_groups_of_role(reading, role, groups, ladder) for role, groups in written.items())
    if claim is None:
        reading.missing(GROUP_CLAIM, f"{reading.label(ROLES)} says nothing without it")
        return None
    found = tuple(pair for pair in roles if pair is not None)
    if sum(len(groups) for _, groups in found) > GROUP_LIMIT:
        reading.problem(ROLES, f"lists more than {GROUP_LIMIT} groups")
    if len({role for role, _ in found}) != len(found):
        reading.problem(ROLES, "names a role twice")
    return RoleMap(claim, found, default)


def _groups_of_role(
    reading: Reading, written: str, groups: object, ladder: RoleLadder
) -> tuple[str, tuple[str, ...]] | None:
    role = ladder.named(written.strip())
    if role not in ladder.roles:
        reading.problem(ROLES, "names a role that no group can give", f"one of {', '.join(ladder.roles)}")
        return None
    if not isinstance(groups, list | tuple) or not all(isinstance(group, str) and group.strip() for group in groups):
        reading.problem(ROLES, f"has no list of groups for {role}", 'such as {"role": ["group"]}')
        return None
    return role, tuple(group.strip() for group in groups)


def read_role(reading: Reading, name: str, ladder: RoleLadder) -> str | None:
    """Return the role that a setting names, as the ladder spells it."""
    text = reading.text(name)
    role = ladder.named(text)
    if text is not None and role is None:
        reading.problem(name, "names no role", f"one of {', '.join((*ladder.roles, *ladder.unranked))}")
    return role
