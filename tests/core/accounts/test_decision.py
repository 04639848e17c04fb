from __future__ import annotations

from sso_core.accounts.decision import Decision, decide
from sso_core.effects import AccountFacts
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, CreateAccount, RenameAccount
from sso_core.identity.identity import Identity

ISSUER = "https://idp.example"
ALICE = Identity(ISSUER, "s-1", "Alice", email="alice@b.example", email_verified=True)


def test_whom_nobody_knows_gets_an_account_if_still_nobody_does() -> None:
    assert decide(AccountFacts(None), ALICE, new_account_id="new") == Decision(
        Account("new", ISSUER, "s-1", "Alice", revision=1),
        (CreateAccount("new", ISSUER, "s-1", "Alice"),),
        (AccountAbsent(ISSUER, "s-1"),),
    )


def test_whom_we_know_by_the_same_name_is_let_in_without_a_write() -> None:
    account = Account("old", ISSUER, "s-1", "Alice", revision=7)
    assert decide(AccountFacts(account), ALICE, new_account_id="new") == Decision(account)


def test_whom_we_know_by_another_name_is_renamed_if_nothing_changed_meanwhile() -> None:
    account = Account("old", ISSUER, "s-1", "Alice Maiden", revision=7)
    assert decide(AccountFacts(account), ALICE, new_account_id="new") == Decision(
        Account("old", ISSUER, "s-1", "Alice", revision=8),
        (RenameAccount("old", "Alice"),),
        (AccountUnchanged("old", 7),),
    )
