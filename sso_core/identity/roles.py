"""The role that a provider's word gives a person: from groups, from a claim, from signed roles, from the access token.

The first of them that gives one decides. Within each the most powerful wins, in whatever order a provider lists them.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sso_core.identity.claim_path import first_value, source_at
from sso_core.identity.explanation import ACCESS_TOKEN, LISTING, Step, shown
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import Groups, find_groups
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet, Source
from sso_core.records import Mappings, RoleMap

ANY_PROVIDER = frozenset({"generic", "okta"})
"""What a role map says that is meant for every provider."""


@attrs.frozen
class RoleFound:
    """The role, where the provider gives one. `known` is false where it might, if its groups could all be read.

    `answered` is true where the provider was asked for roles and everything that could give one was read: then none is
    an answer too. A claim that a provider may or may not send is no such question.
    """

    role: str | None = None
    known: bool = True
    answered: bool = False


def applies(role_map: RoleMap, provider_id: str | None) -> bool:
    """Say whether the map is meant for this provider, in any case of letters."""
    meant = role_map.provider.casefold()
    return meant in ANY_PROVIDER or (provider_id is not None and meant == provider_id.casefold())


def meant_for(provider_id: str | None, mappings: Mappings, *, only_one: bool) -> Mappings:
    """Return those of the directory's maps that this provider's word may be read by.

    An administrator who wrote a map for every provider knew one. A second one names its groups and teams as it likes,
    so beside others a role map has to name its provider, and the claim of teams, which names none, counts nowhere.
    """
    if only_one:
        return mappings
    role_map = mappings.role_map
    named = role_map is not None and provider_id is not None and role_map.provider.casefold() == provider_id.casefold()
    return Mappings(role_map if named else None)


def best_match(role_map: RoleMap, groups: Iterable[str], ladder: RoleLadder) -> tuple[str, str] | None:
    """Return the most powerful role that one of the groups gives, and that group."""
    given = frozenset(groups)
    matched: dict[str, str] = {}
    for name, members in role_map.roles:
        group = next((member for member in members if member in given), None)
        role = ladder.named(name)
        if group is not None and role is not None:
            matched.setdefault(role, group)
    role = ladder.highest(matched)
    return (role, matched[role]) if role is not None else None


def role_named(value: object, ladder: RoleLadder) -> str | None:
    """Return the role that a claim names itself, the most powerful of a list; None for what names no role."""
    if not isinstance(value, list):
        return ladder.named(value)
    roles = {role for item in value if (role := ladder.named(item)) is not None}
    return ladder.highest(roles) or next((role for role in ladder.unranked if role in roles), None)


def signed_role(id_token: ClaimSet, names: tuple[str, ...], ladder: RoleLadder) -> tuple[str, str] | None:
    """Return the role of the first claim with a value, and that claim.

    It must be a list, and stand in the verified ID token: nobody but the provider can have put it there.
    """
    found = first_value(id_token, names)
    if found is None or not isinstance(found[1], list):
        return None
    role = role_named(found[1], ladder)
    return (found[0], role) if role is not None else None


def find_role(
    gathered: Gathered,
    rules: IdentityRules,
    ladder: RoleLadder,
    role_map: RoleMap | None,
    groups: Groups,
    steps: list[Step],
    *,
    provider_id: str | None = None,
) -> RoleFound:
    """Return the role, and add to `steps` what it comes from.

    Where not all groups could be read, nothing below the map is asked: it might give less than one of the groups would.
    A role that the provider signs goes before the map's default, which says only that no group gives one.
    """
    answered = bool(rules.role_claim_names) and not gathered.notes
    if role_map is not None and applies(role_map, provider_id):
        answered = answered or bool(role_map.roles)
        if role_map.roles and not groups.complete:
            steps.append(
                Step("role map", role_map.group_claim, "", "not all groups could be read; the role is unknown")
            )
            return RoleFound(known=False)
        match = best_match(role_map, groups.names, ladder)
        if match is not None:
            steps.append(_match_step(gathered, role_map.group_claim, match))
            return RoleFound(match[0], answered=True)
        default = ladder.named(role_map.default_role)
        if default is not None:
            signed = _signed(gathered, rules, ladder, steps)
            if signed is None:
                steps.append(Step("default of the role map", "", "", default))
            return RoleFound(signed or default, answered=answered)
    role = _direct(gathered, rules, ladder, steps) or _signed(gathered, rules, ladder, steps)
    if role is None and gathered.access_token:
        found = _from_access_token(gathered.access_token, rules, ladder, role_map, steps)
        return attrs.evolve(found, answered=found.known and (answered or found.answered))
    return RoleFound(role, answered=answered)


def _match_step(gathered: Gathered, path: str, match: tuple[str, str]) -> Step:
    role, group = match
    listed = gathered.listing is not None and group in gathered.listing.groups
    return Step(
        "role map", path, LISTING if listed else source_at(gathered.claims, path), f"{shown(group)} gives {role}"
    )


def _direct(gathered: Gathered, rules: IdentityRules, ladder: RoleLadder, steps: list[Step]) -> str | None:
    # What a provider adds to its token answer describes the tokens; nobody meant it to make an administrator.
    paths = [path for path in rules.names.role if source_at(gathered.claims, path) != Source.TOKEN_RESPONSE.value]
    found = first_value(gathered.claims.claims, paths)
    if found is None:
        return None
    path, value = found
    role = role_named(value, ladder)
    steps.append(Step("role claim", path, source_at(gathered.claims, path), role or f"{shown(value)} names no role"))
    return role


def _signed(gathered: Gathered, rules: IdentityRules, ladder: RoleLadder, steps: list[Step]) -> str | None:
    signed = signed_role(gathered.id_token, rules.role_claim_names, ladder)
    if signed is None:
        return None
    path, role = signed
    steps.append(Step("signed roles", path, Source.ID_TOKEN.value, role))
    return role


def _from_access_token(
    claims: ClaimSet, rules: IdentityRules, ladder: RoleLadder, role_map: RoleMap | None, steps: list[Step]
) -> RoleFound:
    """Read it as the other claims are read, whichever provider the map is for: the operator made it a source."""
    answered = role_map is not None and bool(role_map.roles)
    if role_map is not None and answered:
        path = role_map.group_claim
        groups = find_groups(claims, path)
        if not groups.complete:
            steps.append(Step("role map", path, ACCESS_TOKEN, "not all groups could be read; the role is unknown"))
            return RoleFound(known=False)
        match = best_match(role_map, groups.names, ladder)
        if match is not None:
            steps.append(Step("role map", path, ACCESS_TOKEN, f"{shown(match[1])} gives {match[0]}"))
            return RoleFound(match[0], answered=True)
        default = ladder.named(role_map.default_role)
        if default is not None:
            steps.append(Step("default of the role map", "", "", default))
            return RoleFound(default, answered=True)
    found = first_value(claims, rules.names.role)
    role = role_named(found[1], ladder) if found else None
    if found and role:
        steps.append(Step("role claim", found[0], ACCESS_TOKEN, role))
    return RoleFound(role, answered=answered)
