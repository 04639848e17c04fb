from __future__ import annotations

from typing import Any

import pytest
from people import ACCOUNT, ISSUER, account, alice, policy

from sso_core.accounts.linking import Found, find_account, link_obstacle
from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.events import AccountFacts
from sso_core.failures import Reason, Refusal
from sso_core.identity.identity import Identity
from sso_core.records import Account

ELSEWHERE = "https://other.example"
UNBOUND = account(account_id="u", identities=())
OF_ANOTHER_ISSUER = account(account_id="o", identities=((ELSEWHERE, "x"),))
BY_EMAIL = policy(linking=Linking.VERIFIED_EMAIL)
BY_ANYTHING = policy(linking=Linking.ANY_EMAIL_UNSAFE)


def refused(facts: AccountFacts, identity: Identity, rule: AccessPolicy) -> Reason:
    with pytest.raises(Refusal) as refusal:
        find_account(facts, identity, rule)
    return refusal.value.failure.reason


@pytest.mark.parametrize("linking", Linking)
def test_issuer_and_subject_find_the_account_first(linking: Linking) -> None:
    facts = AccountFacts(ACCOUNT, email_holders=(UNBOUND,), handle_account=UNBOUND)
    assert find_account(facts, alice(), policy(linking=linking)) == Found(ACCOUNT)


@pytest.mark.parametrize("linking", Linking)
def test_the_account_of_the_former_namespace_is_theirs_before_any_that_an_address_tells(linking: Linking) -> None:
    former = account(account_id="f", role="proxy_admin", identities=(("corp", "alice"),))
    facts = AccountFacts(None, email_holders=(UNBOUND,), handle_account=UNBOUND, former_account=former)
    assert find_account(facts, alice(), policy(linking=linking)) == Found(former, "the provider's former namespace")
    known = AccountFacts(ACCOUNT, former_account=former)
    assert find_account(known, alice(), policy(linking=linking)) == Found(ACCOUNT)


def test_without_linking_an_address_and_a_handle_find_nobody() -> None:
    facts = AccountFacts(None, email_holders=(UNBOUND,), handle_account=UNBOUND)
    assert find_account(facts, alice(), policy()) == Found(None)


def test_a_verified_address_leads_to_the_one_account_that_has_it() -> None:
    found = find_account(AccountFacts(None, email_holders=(UNBOUND,)), alice(), BY_EMAIL)
    assert found == Found(UNBOUND, "a verified e-mail address")


@pytest.mark.parametrize("identity", [alice(), alice(email=None)])
def test_an_address_that_nobody_has_finds_nobody(identity: Identity) -> None:
    assert find_account(AccountFacts(None), identity, BY_EMAIL) == Found(None)
    assert find_account(AccountFacts(None), identity, BY_ANYTHING) == Found(None)


@pytest.mark.parametrize(
    ("holder", "identity", "rules", "obstacle"),
    [
        (UNBOUND, alice(), {}, ""),
        (OF_ANOTHER_ISSUER, alice(), {}, "it is bound to another sign-in already"),
        (account(identities=(), email_verified=False), alice(), {}, ""),
        (UNBOUND, alice(email_verified=False), {}, "the provider has not verified the address"),
        (account(identities=(), role="proxy_admin"), alice(), {}, "an administrator is not linked by an address"),
        (
            account(identities=(), role="proxy_admin_viewer"),
            alice(),
            {},
            "an administrator is not linked by an address",
        ),
        (UNBOUND, alice(), {"admin_id": "u"}, "an administrator is not linked by an address"),
        (
            OF_ANOTHER_ISSUER,
            alice(),
            {"admin_id": "x", "admin_issuer": ELSEWHERE},
            "an administrator is not linked by an address",
        ),
        (account(identities=((ISSUER, "s-2"),)), alice(), {}, "it is bound to another sign-in already"),
        (
            account(identities=((ELSEWHERE, "x"),), email_verified=False),
            alice(),
            {},
            "it is bound to another sign-in already",
        ),
    ],
)
def test_a_link_has_to_be_beyond_doubt(
    holder: Account, identity: Identity, rules: dict[str, Any], obstacle: str
) -> None:
    rule = policy(linking=Linking.VERIFIED_EMAIL, **rules)
    assert link_obstacle(holder, identity, rule) == obstacle
    facts = AccountFacts(None, email_holders=(holder,))
    if obstacle:
        assert refused(facts, identity, rule) is Reason.EMAIL_TAKEN
    else:
        assert find_account(facts, identity, rule).account == holder


def test_an_address_of_two_accounts_tells_neither() -> None:
    facts = AccountFacts(None, email_holders=(UNBOUND, OF_ANOTHER_ISSUER))
    assert refused(facts, alice(), BY_EMAIL) is Reason.EMAIL_TAKEN
    assert refused(facts, alice(), BY_ANYTHING) is Reason.EMAIL_TAKEN


def test_the_unsafe_linking_takes_a_handle_then_any_address() -> None:
    admin = account(role="proxy_admin")
    unverified = alice(email_verified=False)
    facts = AccountFacts(None, email_holders=(admin,), handle_account=UNBOUND)
    assert find_account(facts, unverified, BY_ANYTHING) == Found(UNBOUND, "a handle")
    facts = AccountFacts(None, email_holders=(admin,))
    assert find_account(facts, unverified, BY_ANYTHING) == Found(admin, "an e-mail address")
