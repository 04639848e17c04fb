"""The role that a person has from this login on: one of several words on it, by precedence."""

from __future__ import annotations

from sso_core.accounts.policy import AccessPolicy, RolePrecedence
from sso_core.failures import Reason, refuse
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity
from sso_core.records import Account


def is_admin_id(policy: AccessPolicy, account: Account) -> bool:
    """Say whether the account is the one that is always an administrator: by its id, or a subject at that issuer."""
    if policy.admin_id is None:
        return False
    by_handle = policy.admin_id_matches_handle_unsafe and account.handle == policy.admin_id
    return (
        by_handle
        or account.account_id == policy.admin_id
        or (policy.admin_issuer, policy.admin_id) in account.identities
    )


def is_admin_subject(policy: AccessPolicy, identity: Identity) -> bool:
    """Say whether the person is the one who is always an administrator, never by a name they chose.

    The same subject at another issuer is another person (OIDC Core 5.7).
    """
    if policy.admin_id is None:
        return False
    by_handle = policy.admin_id_matches_handle_unsafe and identity.handle == policy.admin_id
    return by_handle or (identity.issuer, identity.subject) == (policy.admin_issuer, policy.admin_id)


def decide_role(account: Account | None, identity: Identity, policy: AccessPolicy) -> tuple[str, Step]:
    """Return the role, and what it comes from; `account` is None for somebody new.

    What the provider says counts at every login, so that a demotion takes effect (unless the directory's word goes
    first). A role that the provider does not know, or that is none, says nothing: the stored one stays. Only an
    administrator does not stay one whom the provider was asked about, and did not name.

    Refuses with GROUPS_INCOMPLETE where the role cannot be told and nothing but a default would be left: for somebody
    new where groups make roles, and for anybody whom the default would make an administrator.
    """
    ladder = policy.ladder
    if is_admin_subject(policy, identity) or (account is not None and is_admin_id(policy, account)):
        return ladder.promoted, Step("always an administrator", "", "", ladder.promoted)
    provider = ("the provider's role", ladder.named(identity.role) if identity.role_known else None)
    stored = ("the account's role", account.role or None if account is not None else None)
    revoked = _is_revoked(account, identity, policy)
    if revoked:
        stored = ("the account's role", None)
    first = (provider, stored) if policy.role_precedence is RolePrecedence.PROVIDER else (stored, provider)
    new = ("new accounts", ladder.named(policy.new_accounts.role) if account is None or revoked else None)
    rule, role = next(word for word in (*first, new, ("everybody", ladder.default)) if word[1])
    assert role is not None
    if not identity.role_known and rule in {"new accounts", "everybody"}:
        _check_default(account, identity, policy, role)
    return role, Step(rule, "", "", role)


def _is_revoked(account: Account | None, identity: Identity, policy: AccessPolicy) -> bool:
    """Say whether a stored administrator is one no longer: groups or signed roles were read whole, and give no role."""
    return (
        account is not None
        and policy.ladder.is_admin(account.role)
        and policy.role_precedence is RolePrecedence.PROVIDER
        and identity.role_answered
        and identity.role_known
        and policy.ladder.named(identity.role) is None
    )


def _check_default(account: Account | None, identity: Identity, policy: AccessPolicy, role: str) -> None:
    if (account is None and identity.role_by_groups) or policy.ladder.is_admin(role):
        refuse(
            Reason.GROUPS_INCOMPLETE,
            f"not all that gives roles could be read, and {role} would be no more than a guess",
            "let the provider send fewer groups, or let a directory service be asked for them",
        )
