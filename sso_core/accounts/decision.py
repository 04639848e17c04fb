"""What becomes of the account: decided from facts, before anything is written."""

from __future__ import annotations

import attrs

from sso_core.effects import AccountFacts
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, Change, CreateAccount, Guard, RenameAccount
from sso_core.identity.identity import Identity


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
        issuer, subject = identity.issuer, identity.subject
        return Decision(
            Account(new_account_id, issuer, subject, name, revision=1),
            (CreateAccount(new_account_id, issuer, subject, name),),
            (AccountAbsent(issuer, subject),),
        )
    if account.display_name == name:
        return Decision(account)
    return Decision(
        attrs.evolve(account, display_name=name, revision=account.revision + 1),
        (RenameAccount(account.account_id, name),),
        (AccountUnchanged(account.account_id, account.revision),),
    )
