from __future__ import annotations

import attrs
import pytest
from people import ISSUER, account, alice, policy

from sso_core.accounts.policy import AccessPolicy, Linking, NewAccounts
from sso_core.accounts.values import (
    NO_WISHES,
    described,
    email_guards,
    email_to_keep,
    new_account,
    settle_email,
    settle_handle,
    with_host_values,
    with_values,
    with_wishes,
)
from sso_core.events import AccountFacts
from sso_core.hosts import Wishes
from sso_core.identity.identity import Identity
from sso_core.identity.teams import TeamsFound
from sso_core.records import Account, EmailFree, HandleFree, Team
from sso_core.settings.ladder import REFERENCE_LADDER

LINKING = policy(linking=Linking.VERIFIED_EMAIL)
NOBODY = AccountFacts(None)


def test_without_a_wish_the_identity_is_the_providers() -> None:
    assert with_wishes(alice(), NO_WISHES, REFERENCE_LADDER) == alice()


def test_the_hosts_words_stand_in_place_of_the_claims() -> None:
    made = Team("made")
    before = alice(role="internal_user", role_known=False, handle="al", teams=TeamsFound(("t",), False, (made,)))
    wishes = Wishes(role="PROXY_ADMIN", handle="alice", team_ids=("t1", "t1", "t2"))
    after = with_wishes(before, wishes, REFERENCE_LADDER)
    assert (after.role, after.role_known, after.handle) == ("proxy_admin", True, "alice")
    assert after.teams == TeamsFound(("t1", "t2"), complete=True, to_create=(made,))
    assert [step.rule for step in after.explanation] == ["the host's role", "the host's handle", "the host's teams"]


def test_what_the_host_does_not_name_stays_the_claims_word() -> None:
    after = with_wishes(alice(role="internal_user", handle="al"), Wishes(handle="", max_budget=1.0), REFERENCE_LADDER)
    assert after == alice(role="internal_user", handle="al")


def test_a_role_that_is_none_is_no_wish() -> None:
    after = with_wishes(alice(role="internal_user"), Wishes(role="root"), REFERENCE_LADDER)
    assert after.role == "internal_user"
    assert after.explanation[-1].result == "it names no role"


def test_somebody_new_is_described_by_the_login_and_the_defaults() -> None:
    rule = policy(new_accounts=NewAccounts(models=("m",), max_budget=1.0, budget_duration="7d"))
    assert new_account("n", alice(provider="okta"), "internal_user", rule) == Account(
        "n",
        "Alice",
        1,
        ((ISSUER, "s-1"),),
        email="alice@corp.example",
        email_verified=True,
        role="internal_user",
        models=("m",),
        max_budget=1.0,
        budget_duration="7d",
        auth_provider="okta",
    )


@pytest.mark.parametrize(
    ("role", "defaults", "budget"),
    [
        ("internal_user", NewAccounts(), (10.0, "30d")),
        ("internal_user", NewAccounts(max_budget=0.0), (0.0, "30d")),
        ("internal_user", NewAccounts(budget_duration="7d"), (10.0, "7d")),
        ("internal_user_viewer", NewAccounts(), (None, None)),
        ("proxy_admin", NewAccounts(max_budget=5.0), (5.0, None)),
    ],
)
def test_the_budgeted_role_gets_its_budget_where_nothing_else_sets_one(
    role: str, defaults: NewAccounts, budget: tuple[float | None, str | None]
) -> None:
    rule = policy(new_accounts=defaults, budgeted_max_budget=10.0, budgeted_budget_duration="30d")
    account = new_account("n", alice(), role, rule)
    assert (account.max_budget, account.budget_duration) == budget


def test_an_account_follows_the_name_and_keeps_what_a_login_does_not_say() -> None:
    stored = account(models=("m",), max_budget=3.0, auth_provider="okta")
    after = described(stored, alice(display_name="Alice Maiden", provider="generic"), "proxy_admin")
    assert after == attrs.evolve(stored, display_name="Alice Maiden", role="proxy_admin")
    assert described(stored, alice(display_name="s-1"), "internal_user") == stored
    assert described(account(display_name=""), alice(display_name="s-1"), "internal_user").display_name == "s-1"
    assert described(account(), alice(provider="okta"), "internal_user").auth_provider == "okta"


def test_an_account_without_a_change_is_the_very_same_one() -> None:
    stored = account()
    assert with_values(stored, display_name="Alice", role="internal_user") is stored
    assert with_values(stored, display_name="Alice", role="proxy_admin") == account(role="proxy_admin")


def test_a_linked_account_is_found_by_its_identities_in_their_order() -> None:
    stored = account(identities=(("https://z.example", "z"),))
    assert described(stored, alice(), "internal_user").identities == ((ISSUER, "s-1"), ("https://z.example", "z"))


def test_the_host_may_set_limits() -> None:
    stored = account(models=("m",), max_budget=3.0, budget_duration="7d")
    assert with_host_values(stored, NO_WISHES) == stored
    after = with_host_values(stored, Wishes(models=(), max_budget=0.0, budget_duration="1d"))
    assert (after.models, after.max_budget, after.budget_duration) == ((), 0.0, "1d")


@pytest.mark.parametrize(
    ("stored", "said", "holder", "by_host", "handle", "guarded"),
    [
        (None, None, None, False, None, False),
        (None, "al", None, False, "al", True),
        (None, "al", "a1", False, "al", True),
        (None, "al", "somebody", False, None, False),
        ("old", "al", None, False, "old", False),
        ("old", "al", None, True, "al", True),
        ("old", "al", "somebody", True, "old", False),
        ("al", "al", "a1", True, "al", False),
    ],
)
def test_a_handle_is_given_once_and_shared_with_nobody(
    stored: str | None, said: str | None, holder: str | None, by_host: bool, handle: str | None, guarded: bool
) -> None:
    facts = AccountFacts(None, handle_holder=holder)
    settled = settle_handle(account(handle=stored), alice(handle=said), facts, by_host=by_host)
    assert settled.account.handle == handle
    assert settled.guards == ((HandleFree("al"),) if guarded else ())
    assert bool(settled.explanation) is (holder == "somebody")


@pytest.mark.parametrize(
    ("stored", "identity", "email", "verified"),
    [
        (account(), alice(email=None, email_verified=False), "alice@corp.example", True),
        (account(), alice(email="new@corp.example"), "new@corp.example", True),
        (account(), alice(email_verified=False), "alice@corp.example", False),
        (account(email=None, email_verified=False), alice(), "alice@corp.example", True),
    ],
)
def test_an_address_is_replaced_and_never_by_nothing(
    stored: Account, identity: Identity, email: str, verified: bool
) -> None:
    settled = settle_email(stored, identity, NOBODY, policy())
    assert (settled.account.email, settled.account.email_verified, settled.guards) == (email, verified, ())


def test_where_addresses_tell_accounts_nobody_takes_over_anothers() -> None:
    moving = alice(email="bob@corp.example")
    free = settle_email(account(), moving, NOBODY, LINKING)
    assert (free.account.email, free.guards) == ("bob@corp.example", (EmailFree("bob@corp.example"),))
    taken = AccountFacts(None, email_holders=(account(account_id="bob"),))
    kept = settle_email(account(), moving, taken, LINKING)
    assert (kept.account, kept.guards) == (account(), ())
    assert kept.explanation[0].result == "left out: it is another account's"
    own = AccountFacts(None, email_holders=(account(),))
    assert settle_email(account(email="Alice@Corp.example"), alice(), own, LINKING).guards == ()


ANY_EMAIL = policy(linking=Linking.ANY_EMAIL_UNSAFE)
UNPROVEN = alice(email="boss@corp.example", email_verified=False)


@pytest.mark.parametrize(("rule", "kept"), [(policy(), True), (ANY_EMAIL, True), (LINKING, False)])
def test_where_a_verified_address_tells_accounts_no_other_one_is_written(rule: AccessPolicy, kept: bool) -> None:
    assert email_to_keep(UNPROVEN, rule) == (UNPROVEN.email if kept else None)
    assert email_to_keep(alice(), rule) == alice().email
    made = new_account("n", UNPROVEN, "internal_user", rule)
    assert (made.email, made.email_verified) == (UNPROVEN.email if kept else None, False)
    settled = settle_email(account(), UNPROVEN, NOBODY, rule)
    assert settled.account.email == (UNPROVEN.email if kept else account().email)
    assert settled.account.email_verified is not kept
    assert [step.result for step in settled.explanation] == ([] if kept else ["left out: it is not verified"])


def test_an_address_that_is_no_longer_verified_stays_and_says_so() -> None:
    settled = settle_email(account(), alice(email_verified=False), NOBODY, LINKING)
    assert (settled.account, settled.explanation) == (account(email_verified=False), ())


def test_a_new_address_is_guarded_only_where_addresses_tell_accounts() -> None:
    assert email_guards(account(), policy()) == ()
    assert email_guards(account(), LINKING) == (EmailFree("alice@corp.example"),)
    assert email_guards(account(email=None), LINKING) == ()
