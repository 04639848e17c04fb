from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from scenes import ISSUER, OPENID, PLAIN

from sso_core.events import HostAnswered, HostFailed
from sso_core.failures import Reason, Refusal
from sso_core.flows.host_answers import vouched_person, wishes_of
from sso_core.hosts import Declined, Person, Vouched, Wishes
from sso_core.oauth.tenants import Tenants
from sso_core.settings.ladder import REFERENCE_LADDER

ALICE = Person("host", "alice")
MANY = attrs.evolve(
    OPENID, issuer="https://many.example/common", tenants=Tenants("https://many.example/{tenantid}", ("t1",))
)
RENAMED = attrs.evolve(OPENID, issuer="https://new.example", former_namespace="corp")
Answer = HostAnswered | HostFailed


def reason(read: Callable[[Answer], object], answer: Answer) -> Reason:
    with pytest.raises(Refusal) as refusal:
        read(answer)
    return refusal.value.failure.reason


def vouched(answer: Answer) -> Person:
    return vouched_person(answer, Reason.WRONG_PASSWORD, (OPENID, PLAIN, MANY, RENAMED))


def wished(answer: Answer) -> Wishes:
    return wishes_of(answer, REFERENCE_LADDER)


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(),
        Wishes(role="Proxy_Admin"),
        Wishes("org_admin", "al", ("t1", "t2"), ("m",), 0, "30d"),
        Wishes(handle="a" * 512, team_ids=(), models=(), max_budget=0.5),
    ],
)
def test_wishes_are_what_the_host_wishes(wishes: Wishes) -> None:
    assert wished(HostAnswered(wishes)) == wishes


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("role", "internal-user"),
        ("role", ""),
        ("role", 5),
        ("role", ["proxy_admin"]),
        ("handle", ""),
        ("handle", "a" * 513),
        ("handle", "a\x00"),
        ("handle", 5),
        ("team_ids", ["t1"]),
        ("team_ids", "t1"),
        ("team_ids", ("",)),
        ("team_ids", ("t1", None)),
        ("models", ["m"]),
        ("models", (5,)),
        ("max_budget", -1.0),
        ("max_budget", float("nan")),
        ("max_budget", float("inf")),
        ("max_budget", True),
        ("max_budget", "5"),
        ("budget_duration", ""),
        ("budget_duration", 30),
        ("budget_duration", "d" * 33),
    ],
)
def test_a_wish_of_the_wrong_type_or_out_of_bounds_lets_nobody_in(name: str, wish: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        wished(HostAnswered(Wishes(**{name: wish})))
    assert refusal.value.failure.reason is Reason.HOST_FAILED
    assert name in refusal.value.failure.detail


def test_a_vouched_person_is_who_the_host_says() -> None:
    assert vouched(HostAnswered(Vouched(ALICE))) == ALICE


@pytest.mark.parametrize(
    ("read", "answer", "expected"),
    [
        (wished, HostFailed("raised"), Reason.HOST_FAILED),
        (wished, HostAnswered(Declined("no")), Reason.HOST_DECLINED),
        (wished, HostAnswered(Vouched(ALICE)), Reason.HOST_FAILED),
        (vouched, HostFailed("raised"), Reason.HOST_FAILED),
        (vouched, HostAnswered(Declined("no")), Reason.WRONG_PASSWORD),
        (vouched, HostAnswered(Wishes()), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("", "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("host", ""))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("host", "a\x00"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("host", "a" * 256))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("host", 5))), Reason.HOST_FAILED),  # type: ignore[arg-type]  # a slip
        (vouched, HostAnswered(Vouched(Person("h\n", "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("h" * 2049, "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person(ISSUER, "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person(PLAIN.namespace, "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("https://many.example/t1", "alice"))), Reason.HOST_FAILED),
        (vouched, HostAnswered(Vouched(Person("corp", "alice"))), Reason.HOST_FAILED),
    ],
)
def test_any_other_answer_lets_nobody_in(read: Callable[[Answer], object], answer: Answer, expected: Reason) -> None:
    assert reason(read, answer) is expected
