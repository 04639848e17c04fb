from __future__ import annotations

import attrs

from sso_core.accounts.decision import Decision, decide
from sso_core.effects import AccountFacts
from sso_core.identity.identity import Identity
from sso_core.records import Account, AccountUnchanged, CreateAccount, IdentityAbsent, UpdateAccount

ISSUER = "https://idp.example"
ALICE = Identity(ISSUER, "s-1", "Alice", email="alice@b.example", email_verified=True)
ACCOUNT = Account("old", "Alice", revision=7, identities=((ISSUER, "s-1"),))


def test_whom_nobody_knows_gets_an_account_if_still_nobody_does() -> None:
    created = Account("new", "Alice", revision=1, identities=((ISSUER, "s-1"),))
    expected = Decision(created, (CreateAccount(created),), (IdentityAbsent(ISSUER, "s-1"),))
    assert decide(AccountFacts(None), ALICE, new_account_id="new") == expected


def test_whom_we_know_by_the_same_name_is_let_in_without_a_write() -> None:
    assert decide(AccountFacts(ACCOUNT), ALICE, new_account_id="new") == Decision(ACCOUNT)


def test_whom_we_know_by_another_name_is_renamed_if_nothing_changed_meanwhile() -> None:
    account = attrs.evolve(ACCOUNT, display_name="Alice Maiden")
    renamed = attrs.evolve(ACCOUNT, revision=8)
    expected = Decision(renamed, (UpdateAccount(renamed),), (AccountUnchanged("old", 7),))
    assert decide(AccountFacts(account), ALICE, new_account_id="new") == expected
