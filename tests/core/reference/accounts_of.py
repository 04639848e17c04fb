"""The reference's users, results and defaults as ours: accounts, identities and policies."""

from __future__ import annotations

from typing import Any

from sso_core.accounts.policy import AccessPolicy, NewAccounts
from sso_core.identity.attributes import email_address
from sso_core.identity.groups import read_groups
from sso_core.identity.identity import Identity
from sso_core.identity.roles import role_named
from sso_core.identity.teams import TeamsFound
from sso_core.records import Account, Membership
from sso_core.settings.ladder import REFERENCE_LADDER

ISSUER = "https://idp.example"
LADDER = REFERENCE_LADDER


def identity_of(result: dict[str, Any], **changes: Any) -> Identity:
    """The identity that says what a result says; its subject is the result's id."""
    said = {"id": None, "email": None, "user_role": None, "team_ids": (), "provider": None} | result | changes
    teams = read_groups(said["team_ids"] if isinstance(said["team_ids"], list) else None)
    return Identity(
        ISSUER,
        said["id"] or "somebody",
        "",
        email=email_address(said["email"]),
        email_verified=True,
        handle=said.get("handle"),
        role=role_named(said["user_role"], LADDER),
        provider=said["provider"],
        teams=TeamsFound(teams.names, complete=True),
    )


def account_of(user: dict[str, Any]) -> Account:
    """The account that a row of the reference's users is; its user id is a handle, its SSO id a subject."""
    subject = user.get("sso_user_id")
    return Account(
        user["user_id"],
        "",
        1,
        identities=((ISSUER, subject),) if subject else (),
        handle=user["user_id"],
        email=user.get("user_email"),
        role=user.get("user_role"),
        models=tuple(user.get("models") or ()),
        memberships=tuple(Membership(team_id) for team_id in sorted(user.get("teams") or ())),
    )


def new_accounts_of(params: dict[str, Any] | None) -> NewAccounts:
    """The defaults of new users."""
    given = params or {}
    return NewAccounts(
        role=given.get("user_role"),
        models=tuple(given.get("models") or ()),
        max_budget=given.get("max_budget"),
        budget_duration=given.get("budget_duration"),
        team_ids=tuple(team for team in given.get("teams") or () if isinstance(team, str)),
    )


def policy_of(world: dict[str, Any], **rules: Any) -> AccessPolicy:
    """The policy that the reference's settings make."""
    return AccessPolicy(
        LADDER,
        new_accounts=new_accounts_of(world.get("default_internal_user_params")),
        budgeted_max_budget=world.get("max_internal_user_budget"),
        budgeted_budget_duration=world.get("internal_user_budget_duration"),
        **rules,
    )
