from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import ISSUER, account, alice, policy

from sso_core.accounts.policy import AccessPolicy, NewAccounts, RolePrecedence
from sso_core.accounts.roles import decide_role, is_admin_id, is_admin_subject
from sso_core.failures import Reason, Refusal
from sso_core.identity.identity import Identity
from sso_core.identity.ladder import RoleLadder
from sso_core.records import Account
from sso_core.settings.ladder import REFERENCE_LADDER

VIEWER_FIRST = policy(new_accounts=NewAccounts(role="proxy_admin_viewer"))
DIRECTORY = policy(role_precedence=RolePrecedence.DIRECTORY)
ROOT = policy(admin_id="root", admin_issuer=ISSUER)
ROOT_OF_NO_ISSUER = policy(admin_id="root")
ROOT_BY_HANDLE = policy(admin_id="root", admin_id_matches_handle_unsafe=True)


@pytest.mark.parametrize(
    ("stored", "identity", "rule", "role"),
    [
        # somebody new
        (None, alice(), policy(), "internal_user_viewer"),
        (None, alice(), VIEWER_FIRST, "proxy_admin_viewer"),
        (None, alice(role="internal_user"), VIEWER_FIRST, "internal_user"),
        (None, alice(role="nope"), VIEWER_FIRST, "proxy_admin_viewer"),
        (None, alice(role="internal_user"), DIRECTORY, "internal_user"),
        (None, alice(), policy(new_accounts=NewAccounts(role="nope")), "internal_user_viewer"),
        (None, alice(role="org_admin"), policy(), "org_admin"),
        # somebody who is known
        (account(role="internal_user"), alice(), VIEWER_FIRST, "internal_user"),
        (account(role=None), alice(), VIEWER_FIRST, "internal_user_viewer"),
        (account(role=""), alice(), policy(), "internal_user_viewer"),
        (account(role="a role of the host's own"), alice(), policy(), "a role of the host's own"),
        (account(role="internal_user"), alice(role="nope"), policy(), "internal_user"),
        (account(role="proxy_admin"), alice(role="internal_user"), policy(), "internal_user"),
        (account(role="internal_user"), alice(role="Proxy_Admin"), policy(), "proxy_admin"),
        (account(role="proxy_admin"), alice(role="internal_user"), DIRECTORY, "proxy_admin"),
        (account(role=None), alice(role="internal_user"), DIRECTORY, "internal_user"),
        # an administrator whom the provider was asked about, and did not name
        (account(role="proxy_admin"), alice(role_answered=True), policy(), "internal_user_viewer"),
        (account(role="proxy_admin"), alice(role="nope", role_answered=True), policy(), "internal_user_viewer"),
        (
            account(role="proxy_admin_viewer"),
            alice(role_answered=True),
            policy(new_accounts=NewAccounts(role="internal_user")),
            "internal_user",
        ),
        (account(role="proxy_admin"), alice(role="proxy_admin", role_answered=True), policy(), "proxy_admin"),
        (account(role="internal_user"), alice(role_answered=True), policy(), "internal_user"),
        (account(role="proxy_admin"), alice(role_answered=True, role_known=False), policy(), "proxy_admin"),
        (account(role="proxy_admin"), alice(role_answered=True), DIRECTORY, "proxy_admin"),
        (account(role="proxy_admin"), alice(), policy(), "proxy_admin"),
        (account(account_id="root", role="proxy_admin"), alice(role_answered=True), ROOT, "proxy_admin"),
        # groups that could not be read
        (account(role="proxy_admin"), alice(role_known=False), policy(), "proxy_admin"),
        (account(role="internal_user"), alice(role="proxy_admin", role_known=False), policy(), "internal_user"),
        (None, alice(role="proxy_admin", role_known=False), policy(), "internal_user_viewer"),
    ],
)
def test_the_first_word_on_a_role_counts(
    stored: Account | None, identity: Identity, rule: AccessPolicy, role: str
) -> None:
    assert decide_role(stored, identity, rule)[0] == role


ADMIN_FIRST = policy(new_accounts=NewAccounts(role="proxy_admin"))
UNREAD = alice(role_known=False)
UNREAD_GROUPS = alice(role_known=False, role_by_groups=True)


@pytest.mark.parametrize(
    ("stored", "identity", "rule"),
    [
        (None, UNREAD_GROUPS, policy()),
        (None, UNREAD_GROUPS, DIRECTORY),
        (None, UNREAD_GROUPS, VIEWER_FIRST),
        (None, UNREAD, ADMIN_FIRST),
        (account(role=None), UNREAD, AccessPolicy(RoleLadder(("boss",), ("boss",), "boss"))),
    ],
)
def test_a_default_is_no_guess_at_a_role_that_could_not_be_read(
    stored: Account | None, identity: Identity, rule: AccessPolicy
) -> None:
    with pytest.raises(Refusal) as refusal:
        decide_role(stored, identity, rule)
    assert refusal.value.failure.reason is Reason.GROUPS_INCOMPLETE


@pytest.mark.parametrize(
    ("stored", "identity", "rule", "role"),
    [
        (None, alice(role_by_groups=True), policy(), "internal_user_viewer"),
        (None, alice(role_by_groups=True), ADMIN_FIRST, "proxy_admin"),
        (None, UNREAD, policy(), "internal_user_viewer"),
        (account(role=None), UNREAD_GROUPS, policy(), "internal_user_viewer"),
        (account(role="proxy_admin"), UNREAD_GROUPS, ADMIN_FIRST, "proxy_admin"),
        (None, attrs.evolve(UNREAD_GROUPS, subject="root"), ROOT, "proxy_admin"),
    ],
)
def test_what_is_stored_or_could_be_read_still_counts(
    stored: Account | None, identity: Identity, rule: AccessPolicy, role: str
) -> None:
    assert decide_role(stored, identity, rule)[0] == role


def test_it_is_told_whose_word_it_was() -> None:
    assert decide_role(account(), alice(role="proxy_admin"), policy())[1].rule == "the provider's role"
    assert decide_role(account(), alice(), policy())[1].rule == "the account's role"
    assert decide_role(None, alice(), VIEWER_FIRST)[1].rule == "new accounts"
    assert decide_role(None, alice(), policy())[1].rule == "everybody"


@pytest.mark.parametrize(
    ("stored", "identity", "rule", "promoted"),
    [
        (None, alice(subject="root", role="internal_user"), ROOT, True),
        (account(role="proxy_admin_viewer"), alice(subject="root"), ROOT, True),
        (account(account_id="root"), alice(role="internal_user"), ROOT, True),
        (account(identities=((ISSUER, "root"), (ISSUER, "s-1"))), alice(), ROOT, True),
        # the same subject of somebody else
        (account(identities=(("https://other.example", "root"),)), alice(), ROOT, False),
        (None, alice(issuer="https://other.example", subject="root"), ROOT, False),
        (None, alice(subject="root"), ROOT_OF_NO_ISSUER, False),
        (account(identities=((ISSUER, "root"),)), alice(), ROOT_OF_NO_ISSUER, False),
        (account(account_id="root"), alice(), ROOT_OF_NO_ISSUER, True),
        (None, alice(subject="Root"), ROOT, False),
        (None, alice(email="root", display_name="root"), ROOT, False),
        (None, alice(handle="root"), ROOT, False),
        (account(handle="root"), alice(), ROOT, False),
        (None, alice(handle="root"), ROOT_BY_HANDLE, True),
        (account(handle="root"), alice(), ROOT_BY_HANDLE, True),
        (account(handle="x"), alice(handle=None), ROOT_BY_HANDLE, False),
        (account(), alice(), policy(), False),
    ],
)
def test_one_person_is_always_an_administrator_and_nobody_by_a_name_of_their_choice(
    stored: Account | None, identity: Identity, rule: AccessPolicy, promoted: bool
) -> None:
    assert (decide_role(stored, identity, rule)[0] == REFERENCE_LADDER.promoted) is promoted
    by_account = stored is not None and is_admin_id(rule, stored)
    assert (is_admin_subject(rule, identity) or by_account) is promoted


ROLES = (None, "nope", *REFERENCE_LADDER.roles, *REFERENCE_LADDER.unranked)


@given(st.sampled_from(ROLES), st.sampled_from(ROLES), st.booleans(), st.booleans())
def test_the_same_login_twice_makes_the_same_role(
    stored: str | None, said: str | None, known: bool, answered: bool
) -> None:
    identity = alice(role=said, role_known=known, role_answered=answered)
    once = decide_role(account(role=stored), identity, policy())[0]
    assert decide_role(account(role=once), identity, policy())[0] == once
