"""Which account is the person's: by (issuer, subject), or by what the operator lets an account be told by."""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.accounts.roles import is_admin_id
from sso_core.events import AccountFacts
from sso_core.failures import Reason, refuse
from sso_core.identity.identity import Identity
from sso_core.records import Account


@attrs.frozen
class Found:
    """The person's account, None for somebody new. `linked` tells how it was found other than by its identity."""

    account: Account | None
    linked: str = ""


def find_account(facts: AccountFacts, identity: Identity, policy: AccessPolicy) -> Found:
    """Return the account of the person, or None. That of their subject in a former namespace is theirs, too.

    Refuses with EMAIL_TAKEN where linking is on and the address belongs to an account that may not be linked: a second
    account with it would make neither of them recognisable.
    """
    if facts.account is not None:
        return Found(facts.account)
    if facts.former_account is not None:
        return Found(facts.former_account, "the provider's former namespace")
    match policy.linking:
        case Linking.NEVER:
            return Found(None)
        case Linking.ANY_EMAIL_UNSAFE:
            return _by_anything(facts, identity)
        case Linking.VERIFIED_EMAIL:
            return _by_verified_email(facts, identity, policy)
        case _:
            assert_never(policy.linking)


def _by_verified_email(facts: AccountFacts, identity: Identity, policy: AccessPolicy) -> Found:
    account = holder_of(identity, facts)
    obstacle = "" if account is None else link_obstacle(account, identity, policy)
    if account is not None and obstacle:
        refuse(Reason.EMAIL_TAKEN, f"no link to account {account.account_id}: {obstacle}")
    return Found(account, "" if account is None else "a verified e-mail address")


def holder_of(identity: Identity, facts: AccountFacts) -> Account | None:
    """Return the one account with the person's address; refuses with EMAIL_TAKEN where several have it."""
    match () if identity.email is None else facts.email_holders:
        case ():
            return None
        case (account,):
            return account
        case _:
            refuse(Reason.EMAIL_TAKEN, "no link: several accounts have the address")


def link_obstacle(account: Account, identity: Identity, policy: AccessPolicy) -> str:
    """Return why a verified e-mail address may not lead this person to this account; empty where it may.

    An account that somebody signs in to already is theirs, at whatever provider: no address adds another key to it.
    """
    if not identity.email_verified:
        return "the provider has not verified the address"
    if policy.ladder.is_admin(account.role) or is_admin_id(policy, account):
        return "an administrator is not linked by an address"
    return "it is bound to another sign-in already" if account.identities else ""


def _by_anything(facts: AccountFacts, identity: Identity) -> Found:
    if facts.handle_account is not None:
        return Found(facts.handle_account, "a handle")
    account = holder_of(identity, facts)
    return Found(account, "" if account is None else "an e-mail address")
