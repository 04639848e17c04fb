from __future__ import annotations

import pytest
from people import account, alice, in_teams, policy

from sso_core.accounts.access import (
    check_admins_only,
    check_email_domain,
    check_enabled,
    check_group,
    check_new_account,
    check_person,
)
from sso_core.accounts.policy import AccessPolicy, NewAccounts
from sso_core.events import AccountFacts
from sso_core.failures import Failure, Family, Reason, Refusal
from sso_core.identity.attributes import email_address
from sso_core.identity.identity import Identity

CORP = policy(email_domains=("corp",))


def refusal_of(check: object, *args: object) -> Failure | None:
    assert callable(check)
    try:
        check(*args)
    except Refusal as refusal:
        return refusal.failure
    return None


def reason_of(check: object, *args: object) -> Reason | None:
    failure = refusal_of(check, *args)
    return None if failure is None else failure.reason


def test_the_person_of_a_disabled_account_is_refused() -> None:
    assert reason_of(check_enabled, account(disabled=True)) is Reason.ACCOUNT_DISABLED
    assert reason_of(check_enabled, account()) is None
    assert reason_of(check_enabled, None) is None


@pytest.mark.parametrize(
    ("domains", "email", "reason"),
    [
        (None, None, None),
        (None, "a@anywhere", None),
        (("corp",), "a@corp", None),
        (("corp",), "A@CORP", None),
        ((" Corp ", "other.example"), "a@corp", None),
        (("corp", "other.example"), "a@other.example", None),
        (("corp",), None, Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@evil@corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@corp@evil", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@corp.evil", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@evilcorp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@sub.corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@corp.", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@evil,b@corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@corp,b@evil", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@c\N{CYRILLIC SMALL LETTER O}rp", Reason.EMAIL_DOMAIN_REFUSED),
        (("korp",), "a@\N{KELVIN SIGN}orp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "@corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("corp",), "a@ corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("*.corp",), "a@sub.corp", Reason.EMAIL_DOMAIN_REFUSED),
        (("",), "a@", Reason.EMAIL_DOMAIN_REFUSED),
    ],
)
def test_an_address_is_let_in_at_exactly_one_of_the_domains(
    domains: tuple[str, ...] | None, email: str | None, reason: Reason | None
) -> None:
    rule = policy(email_domains=domains)
    assert reason_of(check_email_domain, alice(email=email_address(email)), rule) is reason
    # The rule does not lean on the address having been read with care.
    assert reason is None or reason_of(check_email_domain, alice(email=email), rule) is reason


def test_an_address_that_nobody_verified_lets_nobody_in_unless_the_operator_wants_it() -> None:
    unverified = alice(email="a@corp", email_verified=False)
    assert reason_of(check_email_domain, unverified, CORP) is Reason.EMAIL_NOT_VERIFIED
    unsafe = policy(email_domains=("corp",), unverified_email_domains_unsafe=True)
    assert reason_of(check_email_domain, unverified, unsafe) is None
    assert reason_of(check_email_domain, alice(email="a@evil"), unsafe) is Reason.EMAIL_DOMAIN_REFUSED


def test_a_refused_domain_is_told_to_operators_and_not_to_the_person() -> None:
    failure = refusal_of(check_email_domain, alice(email="a@ev\nil"), CORP)
    assert failure is not None
    assert (failure.detail, failure.hint) == ("the address is at ev il", "allowed: corp")
    assert "corp" not in failure.reason.sentence


def test_whom_no_wish_of_a_host_would_let_in_is_refused_first() -> None:
    assert reason_of(check_person, account(disabled=True), alice(), CORP) is Reason.ACCOUNT_DISABLED
    assert reason_of(check_person, None, alice(), CORP) is Reason.EMAIL_DOMAIN_REFUSED
    assert reason_of(check_person, account(), alice(email="a@corp"), CORP) is None


CUT = (Failure(Reason.GROUPS_INCOMPLETE),)


@pytest.mark.parametrize(
    ("group", "identity", "reason"),
    [
        (None, alice(), None),
        ("G", in_teams("G"), None),
        ("G", alice(groups=("F", "G")), None),
        ("G", alice(groups=("G",), notes=CUT), None),
        ("G", alice(), Reason.NOT_IN_GROUP),
        ("G", in_teams("g", "GG", "xGx"), Reason.NOT_IN_GROUP),
        ("G", alice(notes=(Failure(Reason.USERINFO_STATUS),)), Reason.NOT_IN_GROUP),
        ("G", alice(groups=("F",), notes=CUT), Reason.GROUPS_INCOMPLETE),
    ],
)
def test_only_people_of_the_group_come_in_and_a_cut_list_fails_closed(
    group: str | None, identity: Identity, reason: Reason | None
) -> None:
    assert reason_of(check_group, identity, policy(restricted_group=group)) is reason


def test_operators_are_told_some_of_the_groups_of_whom_they_do_not_let_in() -> None:
    rule = policy(restricted_group="G")
    failure = refusal_of(check_group, alice(groups=tuple(f"g{n}" for n in range(30))), rule)
    assert failure is not None
    assert failure.detail.endswith('"g19"] and 10 more')
    nobody = refusal_of(check_group, alice(), rule)
    assert nobody is not None
    assert nobody.detail == "the group is G; the person's are none"


@pytest.mark.parametrize(
    ("role", "rule", "reason"),
    [
        ("internal_user", policy(), None),
        ("proxy_admin", policy(admins_only=True), None),
        ("proxy_admin_viewer", policy(admins_only=True), None),
        ("internal_user", policy(admins_only=True), Reason.ADMINS_ONLY),
        ("", policy(admins_only=True), Reason.ADMINS_ONLY),
        ("PROXY_ADMIN", policy(admins_only=True), Reason.ADMINS_ONLY),
    ],
)
def test_where_only_administrators_come_in_the_role_as_decided_counts(
    role: str, rule: AccessPolicy, reason: Reason | None
) -> None:
    assert reason_of(check_admins_only, role, rule) is reason


@pytest.mark.parametrize(
    ("rule", "taken", "reason"),
    [
        (policy(), None, None),
        (policy(new_accounts=NewAccounts(allowed=False)), None, Reason.NO_ACCOUNT),
        (policy(seats=5), 4, None),
        (policy(seats=5), 5, Reason.NO_SEAT_LEFT),
        (policy(seats=5), 6, Reason.NO_SEAT_LEFT),
        (policy(seats=5), None, None),
        (policy(), 1000, None),
    ],
)
def test_somebody_new_needs_a_seat_and_leave_to_have_an_account(
    rule: AccessPolicy, taken: int | None, reason: Reason | None
) -> None:
    assert reason_of(check_new_account, AccountFacts(None, seats_taken=taken), rule) is reason


def test_who_may_not_come_in_is_told_so_as_not_allowed() -> None:
    for reason in (Reason.EMAIL_DOMAIN_REFUSED, Reason.NOT_IN_GROUP, Reason.ADMINS_ONLY, Reason.NO_SEAT_LEFT):
        assert reason.family is Family.NOT_ALLOWED
