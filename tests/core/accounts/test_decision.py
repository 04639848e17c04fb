from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import ACCOUNT, ALICE, ISSUER, account, alice, in_teams, policy

from sso_core.accounts.decision import Decision, decide
from sso_core.accounts.policy import AccessPolicy, Linking, NewAccounts
from sso_core.audit import AuditEvent, AuditKind
from sso_core.events import AccountFacts
from sso_core.failures import Reason, Refusal
from sso_core.hosts import Wishes
from sso_core.identity.identity import Identity
from sso_core.identity.teams import TeamsFound
from sso_core.records import (
    Account,
    AccountUnchanged,
    CreateAccount,
    EmailFree,
    EnsureTeam,
    HandleFree,
    IdentityAbsent,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    Membership,
    SeatLeft,
    Team,
    UpdateAccount,
)
from sso_core.settings.ladder import REFERENCE_LADDER

LINKING = policy(linking=Linking.VERIFIED_EMAIL)


def decided(facts: AccountFacts, identity: Identity = ALICE, rule: AccessPolicy = policy(), **more: Any) -> Decision:
    return decide(facts, identity, rule, new_account_id="new", **more)


def reason(facts: AccountFacts, identity: Identity = ALICE, rule: AccessPolicy = policy(), **more: Any) -> Reason:
    with pytest.raises(Refusal) as refusal:
        decided(facts, identity, rule, **more)
    return refusal.value.failure.reason


def test_whom_nobody_knows_gets_an_account_if_still_nobody_does() -> None:
    created = Account(
        "new",
        "Alice",
        1,
        ((ISSUER, "s-1"),),
        email="alice@corp.example",
        email_verified=True,
        role="internal_user_viewer",
    )
    decision = decided(AccountFacts(None))
    assert (decision.account, decision.changes) == (created, (CreateAccount(created),))
    assert decision.guards == (IdentityAbsent(ISSUER, "s-1"),)


def test_somebody_new_is_written_whole_in_one_batch() -> None:
    identity = attrs.evolve(in_teams("t1", "t2"), handle="al")
    rule = policy(linking=Linking.VERIFIED_EMAIL, seats=5, create_teams=True)
    decision = decided(AccountFacts(None, teams=(Team("t1"),), seats_taken=4), identity, rule)
    bare = attrs.evolve(decision.account, memberships=())
    assert decision.account.team_ids == ("t1", "t2")
    assert decision.changes == (
        EnsureTeam(Team("t2")),
        CreateAccount(bare),
        JoinTeam("new", Membership("t1")),
        JoinTeam("new", Membership("t2")),
    )
    assert decision.guards == (
        IdentityAbsent(ISSUER, "s-1"),
        SeatLeft(5),
        EmailFree("alice@corp.example"),
        HandleFree("al"),
    )


def test_whom_we_know_as_they_are_is_let_in_without_a_write() -> None:
    decision = decided(AccountFacts(ACCOUNT))
    assert (decision.account, decision.changes, decision.guards) == (ACCOUNT, (), ())


@pytest.mark.parametrize(
    ("stored", "identity", "after"),
    [
        (ACCOUNT, alice(display_name="Alice Maiden"), {"display_name": "Alice Maiden"}),
        (ACCOUNT, alice(role="proxy_admin"), {"role": "proxy_admin"}),
        (ACCOUNT, alice(email="b@corp.example"), {"email": "b@corp.example"}),
        (account(handle="old"), alice(provider="okta"), {"handle": "old", "auth_provider": "okta"}),
    ],
)
def test_what_changed_is_written_if_nothing_else_did_meanwhile(
    stored: Account, identity: Identity, after: dict[str, Any]
) -> None:
    decision = decided(AccountFacts(stored), identity)
    changed = attrs.evolve(stored, revision=8, **after)
    assert (decision.account, decision.changes) == (changed, (UpdateAccount(changed),))
    assert decision.guards == (AccountUnchanged("a1", 7),)


def test_a_change_of_teams_alone_makes_the_revision_grow() -> None:
    stored = account(memberships=(Membership("old"),))
    decision = decided(AccountFacts(stored, teams=(Team("t1"),)), in_teams("t1"))
    assert decision.changes == (
        UpdateAccount(decision.account),
        JoinTeam("a1", Membership("t1")),
        LeaveTeam("a1", "old"),
    )
    assert decision.account == account(revision=8, memberships=(Membership("t1"),))
    assert decision.guards == (AccountUnchanged("a1", 7),)


def deeds(facts: AccountFacts, identity: Identity = ALICE, rule: AccessPolicy = policy()) -> list[AuditEvent]:
    found = decided(facts, identity, rule).deeds
    assert all((deed.issuer, deed.subject) == (identity.issuer, identity.subject) for deed in found)
    return [attrs.evolve(deed, issuer="", subject="") for deed in found]


def test_the_log_is_to_say_what_becomes_of_the_account() -> None:
    basic = "internal_user_viewer"
    assert deeds(AccountFacts(ACCOUNT)) == []
    assert deeds(AccountFacts(None)) == [AuditEvent(AuditKind.ACCOUNT_CREATED, "new", role=basic)]
    assert deeds(AccountFacts(ACCOUNT), alice(role="proxy_admin")) == [
        AuditEvent(AuditKind.ROLE_CHANGED, "a1", role="proxy_admin", former_role=ACCOUNT.role)
    ]
    holder = account(identities=(), role="internal_user")
    assert [deed.kind for deed in deeds(AccountFacts(None, email_holders=(holder,)), ALICE, LINKING)] == [
        AuditKind.ACCOUNT_LINKED,
        *([AuditKind.ROLE_CHANGED] if holder.role != ACCOUNT.role else []),
    ]
    stored = account(memberships=(Membership("old"),))
    assert deeds(AccountFacts(stored, teams=(Team("t1"),)), in_teams("t1")) == [
        AuditEvent(AuditKind.TEAMS_CHANGED, "a1", role=ACCOUNT.role, joined=("t1",), left=("old",))
    ]
    assert [deed.kind for deed in deeds(AccountFacts(None, teams=(Team("t1"),)), in_teams("t1"))] == [
        AuditKind.ACCOUNT_CREATED,
        AuditKind.TEAMS_CHANGED,
    ]


def test_a_team_to_make_is_a_change_too() -> None:
    identity = alice(teams=attrs.evolve(in_teams("t1").teams, team_ids=(), to_create=(Team("t1"),)))
    decision = decided(AccountFacts(ACCOUNT), identity)
    assert decision.changes == (EnsureTeam(Team("t1")), UpdateAccount(account(revision=8)))


def test_a_link_rests_on_the_account_and_on_nobody_holding_the_identity() -> None:
    holder = account(identities=(), role="internal_user")
    decision = decided(AccountFacts(None, email_holders=(holder,)), ALICE, LINKING)
    assert decision.account == account(revision=8)
    assert decision.changes == (UpdateAccount(decision.account), LinkIdentity("a1", ISSUER, "s-1"))
    assert decision.guards == (AccountUnchanged("a1", 7), IdentityAbsent(ISSUER, "s-1"))
    assert "by a verified e-mail address" in [step.result for step in decision.explanation]


DISABLED = account(disabled=True)


@pytest.mark.parametrize(
    ("facts", "identity", "rule", "expected"),
    [
        (AccountFacts(DISABLED), ALICE, policy(), Reason.ACCOUNT_DISABLED),
        (
            AccountFacts(None, email_holders=(attrs.evolve(DISABLED, identities=()),)),
            ALICE,
            LINKING,
            Reason.ACCOUNT_DISABLED,
        ),
        (AccountFacts(ACCOUNT), ALICE, policy(email_domains=("x",)), Reason.EMAIL_DOMAIN_REFUSED),
        (AccountFacts(ACCOUNT), ALICE, policy(restricted_group="G"), Reason.NOT_IN_GROUP),
        (AccountFacts(ACCOUNT), ALICE, policy(admins_only=True), Reason.ADMINS_ONLY),
        (
            AccountFacts(account(role="proxy_admin")),
            alice(role="internal_user"),
            policy(admins_only=True),
            Reason.ADMINS_ONLY,
        ),
        (AccountFacts(None, seats_taken=1), ALICE, policy(seats=1), Reason.NO_SEAT_LEFT),
        (AccountFacts(None), ALICE, policy(new_accounts=NewAccounts(allowed=False)), Reason.NO_ACCOUNT),
        (AccountFacts(None, email_holders=(ACCOUNT,)), ALICE, LINKING, Reason.EMAIL_TAKEN),
    ],
)
def test_whom_a_rule_keeps_out_gets_no_decision(
    facts: AccountFacts, identity: Identity, rule: AccessPolicy, expected: Reason
) -> None:
    assert reason(facts, identity, rule) is expected


def test_people_who_have_an_account_come_in_although_no_seat_is_left() -> None:
    assert decided(AccountFacts(ACCOUNT, seats_taken=9), ALICE, policy(seats=1)).changes == ()


def test_the_role_that_only_administrators_need_may_be_the_one_of_this_login() -> None:
    rule = policy(admins_only=True)
    assert decided(AccountFacts(ACCOUNT), alice(role="proxy_admin"), rule).account.role == "proxy_admin"
    assert (
        decided(AccountFacts(None), ALICE, policy(admins_only=True, admin_id="s-1", admin_issuer=ISSUER)).account.role
        == "proxy_admin"
    )


def test_a_host_may_lower_and_raise_but_lets_nobody_past_a_rule() -> None:
    rule = policy(admins_only=True)
    assert decided(AccountFacts(ACCOUNT), ALICE, rule, wishes=Wishes(role="proxy_admin")).account.role == "proxy_admin"
    lowered = Wishes(role="internal_user")
    assert reason(AccountFacts(ACCOUNT), alice(role="proxy_admin"), rule, wishes=lowered) is Reason.ADMINS_ONLY
    assert reason(AccountFacts(DISABLED), wishes=Wishes(role="proxy_admin")) is Reason.ACCOUNT_DISABLED


def test_what_the_host_wishes_is_written() -> None:
    wishes = Wishes(handle="al", team_ids=("t1",), models=("m",), max_budget=1.0, budget_duration="1d")
    decision = decided(AccountFacts(account(handle="old"), teams=(Team("t1"),)), wishes=wishes)
    assert decision.account == account(
        revision=8,
        handle="al",
        memberships=(Membership("t1"),),
        models=("m",),
        max_budget=1.0,
        budget_duration="1d",
    )
    assert HandleFree("al") in decision.guards


def test_why_is_told_from_the_claim_to_the_account() -> None:
    decision = decided(AccountFacts(None, handle_holder="x"), attrs.evolve(in_teams("t1"), handle="al"))
    assert [step.rule for step in decision.explanation] == ["everybody", "handle", "teams"]


def test_the_names_of_the_persons_teams_are_told_along() -> None:
    stored = account(memberships=(Membership("old"), Membership("t1")))
    facts = AccountFacts(stored, teams=(Team("t1", "One"), Team("t2"), Team("t3", "Three")))
    assert decided(facts, in_teams("old", "t1", "t2")).aliases == (("t1", "One"),)
    assert decided(AccountFacts(None), alice(teams=TeamsFound(("t",), to_create=(Team("t", "T"),)))).aliases == (
        ("t", "T"),
    )


# Whatever comes together

roles = st.sampled_from((None, *REFERENCE_LADDER.roles, *REFERENCE_LADDER.unranked, "nope"))
names = st.sampled_from((None, "al", "root"))
addresses = st.sampled_from((None, "alice@corp.example", "bob@corp.example"))
identities = st.builds(
    alice,
    role=roles,
    role_known=st.booleans(),
    handle=names,
    email=addresses,
    email_verified=st.booleans(),
    teams=st.sampled_from((alice().teams, in_teams("t1").teams, in_teams("t2", "t1", complete=False).teams)),
)
bound = st.sampled_from(((), ((ISSUER, "s-2"),), (("https://other.example", "x"),)))
accounts = st.builds(
    account,
    account_id=st.sampled_from(("a1", "root")),
    role=roles,
    handle=names,
    email_verified=st.booleans(),
    disabled=st.booleans(),
    identities=bound,
    memberships=st.sampled_from(((), (Membership("t2"),))),
)
facts = st.builds(
    AccountFacts,
    st.none() | st.builds(attrs.evolve, accounts, identities=st.just(ACCOUNT.identities)),
    email_holders=st.lists(accounts, max_size=2).map(tuple),
    handle_holder=st.none() | st.sampled_from(("a1", "b")),
    teams=st.sampled_from(((), (Team("t1"),))),
    seats_taken=st.sampled_from((0, 1, 2)),
)
policies = st.builds(
    policy,
    linking=st.sampled_from((Linking.NEVER, Linking.VERIFIED_EMAIL)),
    email_domains=st.none() | st.just(("corp.example",)),
    restricted_group=st.none() | st.just("t1"),
    admins_only=st.booleans(),
    admin_id=st.none() | st.just("root"),
    seats=st.none() | st.just(1),
    create_teams=st.booleans(),
)


@given(facts, identities, policies)
def test_nobody_becomes_administrator_through_a_link(
    facts: AccountFacts, identity: Identity, rule: AccessPolicy
) -> None:
    try:
        decision = decided(facts, identity, rule)
    except Refusal:
        return
    linked = [change for change in decision.changes if isinstance(change, LinkIdentity)]
    if linked and REFERENCE_LADDER.is_admin(decision.account.role):
        assert identity.role_known
        assert REFERENCE_LADDER.is_admin(identity.role)
    for holder in facts.email_holders:
        if linked and holder.account_id == decision.account.account_id:
            assert not REFERENCE_LADDER.is_admin(holder.role)


@given(facts, identities, policies)
def test_a_login_that_was_written_changes_nothing_the_next_time(
    facts: AccountFacts, identity: Identity, rule: AccessPolicy
) -> None:
    try:
        once = decided(facts, identity, rule)
    except Refusal:
        return
    made = tuple(change.team for change in once.changes if isinstance(change, EnsureTeam))
    then = attrs.evolve(facts, account=once.account, teams=(*facts.teams, *made))
    again = decided(then, identity, rule)
    assert (again.account, again.changes) == (once.account, ())


@given(facts, identities, policies)
def test_every_change_of_an_account_that_exists_is_guarded_by_its_revision(
    facts: AccountFacts, identity: Identity, rule: AccessPolicy
) -> None:
    try:
        decision = decided(facts, identity, rule)
    except Refusal:
        return
    kinds = {type(change) for change in decision.changes}
    if CreateAccount in kinds:
        assert IdentityAbsent(ISSUER, "s-1") in decision.guards
        assert UpdateAccount not in kinds
    elif kinds:
        (update,) = [change for change in decision.changes if isinstance(change, UpdateAccount)]
        assert update.account == decision.account
        assert AccountUnchanged(decision.account.account_id, decision.account.revision - 1) in decision.guards
    else:
        assert decision.guards == ()
