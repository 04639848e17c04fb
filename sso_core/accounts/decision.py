"""What becomes of the account: decided from facts, before anything is written."""

from __future__ import annotations

import attrs

from sso_core.effects import AccountFacts
from sso_core.identity.identity import Identity
from sso_core.records import Account, AccountUnchanged, Change, CreateAccount, Guard, IdentityAbsent, UpdateAccount


@attrs.frozen
class Decision:
    """The account as it will be, the changes that make it so, and the facts that this rests on."""

    account: Account
    changes: tuple[Change, ...] = ()
    guards: tuple[Guard, ...] = ()


def decide(facts: AccountFacts, identity: Identity, *, new_account_id: str) -> Decision:
    """Find the person's account by (issuer, subject), or decide on a new one; keep its display name true."""
    name = identity.display_name
    account = facts.account
    if account is None:
        key = (identity.issuer, identity.subject)
        created = Account(new_account_id, name, revision=1, identities=(key,))
        return Decision(created, (CreateAccount(created),), (IdentityAbsent(*key),))
    if account.display_name == name:
        return Decision(account)
    renamed = attrs.evolve(account, display_name=name, revision=account.revision + 1)
    return Decision(renamed, (UpdateAccount(renamed),), (AccountUnchanged(account.account_id, account.revision),))
