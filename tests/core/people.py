"""The people and accounts that decisions are made about in these tests."""

from __future__ import annotations

from typing import Any

import attrs

from sso_core.accounts.policy import AccessPolicy
from sso_core.identity.identity import Identity
from sso_core.identity.teams import TeamsFound
from sso_core.records import Account
from sso_core.settings.ladder import REFERENCE_LADDER

ISSUER = "https://idp.example"
ALICE = Identity(ISSUER, "s-1", "Alice", email="alice@corp.example", email_verified=True)
ACCOUNT = Account(
    "a1",
    "Alice",
    revision=7,
    identities=((ISSUER, "s-1"),),
    email="alice@corp.example",
    email_verified=True,
    role="internal_user",
)


def policy(**rules: Any) -> AccessPolicy:
    return AccessPolicy(REFERENCE_LADDER, **rules)


def alice(**changes: Any) -> Identity:
    return attrs.evolve(ALICE, **changes)


def account(**changes: Any) -> Account:
    return attrs.evolve(ACCOUNT, **changes)


def in_teams(*team_ids: str, complete: bool = True) -> Identity:
    return alice(teams=TeamsFound(team_ids, complete=complete))
