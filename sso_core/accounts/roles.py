"""The role that a person has from this login on: one of several words on it, by precedence."""

from __future__ import annotations

from sso_core.accounts.policy import AccessPolicy, RolePrecedence
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity
from sso_core.records import Account


def is_admin_id(policy: AccessPolicy, account: Account) -> bool:
    """Say whether the account is the one that is always an administrator, by its id or by a subject that it has."""
    if policy.admin_id is None:
        return False
    names = {account.account_id, *(subject for _, subject in account.identities)}
    if policy.admin_id_matches_handle_unsafe:
        names.add(account.handle or "")
    return policy.admin_id in names


def is_admin_subject(policy: AccessPolicy, identity: Identity) -> bool:
    """Say whether the person is the one who is always an administrator: by the subject, never by a name they chose."""
    if policy.admin_id is None:
        return False
    names = {identity.subject}
    if policy.admin_id_matches_handle_unsafe:
        names.add(identity.handle or "")
    return policy.admin_id in names


def decide_role(account: Account | None, identity: Identity, policy: AccessPolicy) -> tuple[str, Step]:
    """Return the role, and what it comes from; `account` is None for somebody new.

    What the provider says counts at every login, so that a demotion takes effect (unless the directory's word goes
    first). A role that the provider does not know, or that is none, says nothing: the stored one stays.
    """
    ladder = policy.ladder
    if is_admin_subject(policy, identity) or (account is not None and is_admin_id(policy, account)):
        return ladder.promoted, Step("always an administrator", "", "", ladder.promoted)
    provider = ("the provider's role", ladder.named(identity.role) if identity.role_known else None)
    stored = ("the account's role", account.role if account is not None else None)
    first = (provider, stored) if policy.role_precedence is RolePrecedence.PROVIDER else (stored, provider)
    for rule, role in first:
        if role:
            return role, Step(rule, "", "", role)
    new = ladder.named(policy.new_accounts.role) if account is None else None
    if new:
        return new, Step("new accounts", "", "", new)
    return ladder.default, Step("everybody", "", "", ladder.default)
