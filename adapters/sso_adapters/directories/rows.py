"""Records as rows, and rows as records.

Lists and maps lie in the database as JSON, where others may write too. What is not of the very shape that is written
here raises ValueError: a role map that is read with good will makes administrators of the wrong people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from sso_core.records import Account, ApiKey, Mappings, Membership, MembershipSource, RoleMap, Team

Values = dict[str, Any]
AnyRow = Row[Any]


def description(account: Account) -> Values:
    """Return the columns that describe an account: all but its id, its revision, and what other tables hold."""
    return {
        "display_name": account.display_name,
        "handle": account.handle,
        "email": account.email,
        "email_key": None if account.email is None else email_key(account.email),
        "email_verified": account.email_verified,
        "role": account.role,
        "models": list(account.models),
        "max_budget": account.max_budget,
        "budget_duration": account.budget_duration,
        "auth_provider": account.auth_provider,
        "disabled": account.disabled,
    }


def email_key(email: str) -> str:
    """Return what an e-mail address is found by."""
    return email.lower()


def account_of(row: AnyRow, identities: Iterable[AnyRow], memberships: Iterable[AnyRow]) -> Account:
    """Return an account from its row and the rows that belong to it."""
    return Account(
        row.account_id,
        row.display_name,
        row.revision,
        identities=tuple(sorted((one.issuer, one.subject) for one in identities)),
        handle=row.handle,
        email=row.email,
        email_verified=row.email_verified,
        role=row.role,
        memberships=tuple(
            Membership(one.team_id, MembershipSource(one.source))
            for one in sorted(memberships, key=lambda one: one.team_id)
        ),
        models=_texts(row.models),
        max_budget=row.max_budget,
        budget_duration=row.budget_duration,
        auth_provider=row.auth_provider,
        disabled=row.disabled,
    )


def team_values(team: Team) -> Values:
    """Return the columns of a team."""
    return {
        "team_id": team.team_id,
        "alias": team.alias,
        "models": list(team.models),
        "max_budget": team.max_budget,
        "budget_duration": team.budget_duration,
        "tpm_limit": team.tpm_limit,
        "rpm_limit": team.rpm_limit,
    }


def team_of(row: AnyRow) -> Team:
    """Return a team from its row."""
    return Team(
        row.team_id,
        row.alias,
        _texts(row.models),
        row.max_budget,
        row.budget_duration,
        row.tpm_limit,
        row.rpm_limit,
    )


def key_values(key: ApiKey) -> Values:
    """Return the columns of a key."""
    return {
        "key_hash": key.key_hash,
        "account_id": key.account_id,
        "name": key.name,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "team_id": key.team_id,
    }


def key_of(row: AnyRow) -> ApiKey:
    """Return a key from its row."""
    return ApiKey(row.key_hash, row.account_id, row.name, row.created_at, row.expires_at, row.team_id)


def mappings_values(mappings: Mappings) -> Values:
    """Return the columns of the maps."""
    roles = mappings.role_map
    role_map = roles and {
        "group_claim": roles.group_claim,
        "roles": [[role, list(groups)] for role, groups in roles.roles],
        "default_role": roles.default_role,
        "provider": roles.provider,
    }
    return {"role_map": role_map, "team_claim": mappings.team_claim}


def mappings_of(row: AnyRow | None) -> Mappings:
    """Return the maps from their row; none where there is none. An empty claim of teams is none."""
    if row is None:
        return Mappings()
    claim: object = row.team_claim
    if claim is not None and not isinstance(claim, str):
        raise ValueError("the claim of teams is no text")
    return Mappings(None if row.role_map is None else _role_map(row.role_map), (claim or "").strip() or None)


def _role_map(kept: object) -> RoleMap:
    match kept:
        case {
            "group_claim": str(group_claim),
            "roles": list(roles),
            "default_role": str() | None as default_role,
            "provider": str(provider),
            **rest,
        } if group_claim.strip() and not rest:
            return RoleMap(group_claim, tuple(map(_role, roles)), default_role, provider)
        case _:
            raise ValueError("what is kept as the role map is none")


def _role(pair: object) -> tuple[str, tuple[str, ...]]:
    match pair:
        case [str(role), list(groups)] if role.strip() and all(_texts(groups)):
            return role, _texts(groups)
        case _:
            raise ValueError("what is kept as a role of the map is none")


def _texts(kept: object) -> tuple[str, ...]:
    if not isinstance(kept, list) or not all(isinstance(text, str) for text in kept):
        raise ValueError("what is kept as a list of texts is none")
    return tuple(kept)
