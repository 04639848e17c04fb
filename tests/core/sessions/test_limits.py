from __future__ import annotations

from typing import Any

import pytest

from sso_core.effects import Count, Kind
from sso_core.events import Counted, StoreUnreachable
from sso_core.failures import Reason, Refusal
from sso_core.sessions.limits import (
    LONGEST_WINDOW,
    MOST,
    Limits,
    Quota,
    check_quota,
    cli_code_quota,
    cli_start_quota,
    folded_name,
    password_quotas,
)

LIMITS = Limits(300, 2, 4, 8, 16, 32)
HERE, THERE = "192.0.2.7", "198.51.100.9"
QUOTA = Quota("tries", "key", 3, 300, "hint")


def keys(username: str = "alice", address: str = HERE) -> tuple[str, ...]:
    return tuple(quota.key for quota in password_quotas(LIMITS, username, address))


def test_a_password_counts_for_its_address_then_for_its_name_there_then_for_its_name() -> None:
    quotas = password_quotas(LIMITS, "alice", HERE)
    assert [quota.most for quota in quotas] == [4, 2, 8]
    assert {quota.window for quota in quotas} == {300}
    assert [quota.count for quota in quotas] == [Count(Kind.TRIES, key, 300) for key in keys()]


@pytest.mark.parametrize(
    ("username", "address", "together"),
    [
        ("alice", HERE, (True, True, True)),
        ("bob", HERE, (True, False, False)),
        ("alice", THERE, (False, False, True)),
        ("bob", THERE, (False, False, False)),
        ("ALICE", "::ffff:192.0.2.7", (True, True, True)),
        (" Alice\u00a0", HERE, (True, True, True)),
        ("\uff21lice", HERE, (True, True, True)),
        ("", HERE, (True, False, False)),
        ("alice", "", (False, False, True)),
        ("\ud800", HERE, (True, False, False)),
    ],
)
def test_what_counts_together(username: str, address: str, together: tuple[bool, ...]) -> None:
    assert tuple(one == other for one, other in zip(keys(), keys(username, address), strict=True)) == together


def test_a_site_of_ipv6_is_one_address() -> None:
    assert keys(address="2001:db8::1") == keys(address="2001:db8::2")
    assert keys(address="2001:db8::1") != keys(address="2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("one", "other"),
    [("STRASSE", "stra\u00dfe"), ("\ufb01n", "FIN"), ("\u0130", "i\u0307"), (" a ", "A"), ("e\u0301", "\u00c9")],
)
def test_names_are_folded_as_a_lenient_host_may_read_them(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)
    assert folded_name(folded_name(one)) == folded_name(one)


def test_no_two_things_that_are_counted_meet() -> None:
    quotas = (
        *password_quotas(LIMITS, HERE, HERE),
        *password_quotas(LIMITS, "", "a"),
        cli_start_quota(LIMITS, HERE),
        cli_code_quota(LIMITS, HERE),
    )
    assert len({quota.key for quota in quotas}) == len(quotas)
    assert keys("b", "a1 ") != keys("1 b", "a")


def test_a_command_line_counts_for_its_address() -> None:
    assert (cli_start_quota(LIMITS, HERE).most, cli_code_quota(LIMITS, HERE).most) == (16, 32)
    for quota_of in (cli_start_quota, cli_code_quota):
        assert quota_of(LIMITS, HERE) == quota_of(LIMITS, "::ffff:192.0.2.7") != quota_of(LIMITS, THERE)
        assert quota_of(LIMITS, HERE).window == 300


def test_nothing_that_is_kept_or_logged_names_a_name_or_an_address() -> None:
    shown = repr((password_quotas(LIMITS, "canary", "canary"), cli_start_quota(LIMITS, "canary")))
    assert "canary" not in shown


@pytest.mark.parametrize("number", [1, 2, 3])
def test_within_the_quota_nobody_is_refused(number: int) -> None:
    check_quota(QUOTA, Counted(number, 100))


@pytest.mark.parametrize(
    ("answer", "reason", "wait"),
    [
        (Counted(4, 100.5), Reason.TOO_MANY_REQUESTS, 100.5),
        (Counted(10**9, 0), Reason.TOO_MANY_REQUESTS, 1),
        (StoreUnreachable("down"), Reason.STORE_UNREACHABLE, 0),
    ],
)
def test_beyond_it_and_where_nobody_can_count_everybody_is(
    answer: Counted | StoreUnreachable, reason: Reason, wait: float
) -> None:
    with pytest.raises(Refusal) as caught:
        check_quota(QUOTA, answer)
    assert (caught.value.failure.reason, caught.value.failure.wait) == (reason, wait)


def test_a_stranger_at_one_address_cannot_keep_a_person_out() -> None:
    """What is refused to the stranger is not counted for the name."""
    counts: dict[str, int] = {}

    def let_through(address: str) -> bool:
        for quota in password_quotas(Limits(), "alice", address):
            counts[quota.key] = counts.get(quota.key, 0) + 1
            if counts[quota.key] > quota.most:
                return False
        return True

    assert sum(let_through(THERE) for _ in range(10_000)) == Limits().passwords
    assert let_through(HERE)


@pytest.mark.parametrize(
    "changes",
    [
        {"window": 0},
        {"window": LONGEST_WINDOW + 1},
        {"window": float("nan")},
        {"passwords": 0},
        {"passwords_per_address": -1},
        {"passwords_per_name": MOST + 1},
        {"cli_starts_per_address": 0},
        {"cli_codes_per_address": float("inf")},
        {"passwords": 200},
        {"passwords": 1, "passwords_per_name": 1},
    ],
)
def test_a_limit_that_is_none_or_that_hands_a_person_to_a_stranger_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Limits(**changes)


def test_by_default_a_name_at_an_address_has_few_tries_an_address_more_and_a_name_most() -> None:
    limits = Limits()
    assert limits.passwords < limits.passwords_per_address < limits.passwords_per_name
