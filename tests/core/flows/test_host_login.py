from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from scenes import ENTROPY, ISSUER, NOW, settings

from sso_core.effects import AskHost
from sso_core.events import AccountFacts, Counted, HostAnswered, HostFailed, Kept, StoreUnreachable, Written
from sso_core.failures import Reason
from sso_core.flows.enter import ReadingAccount, WritingAccount
from sso_core.flows.host_login import (
    HEADERS,
    PASSWORD,
    CheckingHeaders,
    CheckingPassword,
    CountingTries,
    gathered_of,
    sign_in_by_headers,
    sign_in_with_password,
)
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.hosts import CheckHeaders, CheckPassword, Declined, Person, Vouched
from sso_core.identity.teams import NOBODY_ASKED, TeamsFound
from sso_core.machine import Failed, advance
from sso_core.records import Team
from sso_core.secret import Secret
from sso_core.sessions.limits import password_quotas
from sso_core.sessions.session import session_key

ALICE = Person(
    "host",
    "42",
    "Alice",
    handle="al",
    email="Alice@corp.example",
    email_verified=True,
    role="internal_user",
    team_ids=("t1",),
    claims=(("department", "x"), ("role", "proxy_admin"), ("teams", ["t2"]), ("email_verified", False)),
)
PASSWORDS: dict[str, Any] = {"password_sign_in": True}
PROXIES: dict[str, Any] = {"header_proxies": ("10.0.0.0/8",)}
FORMER = Secret("former-canary")


def by_password(**changes: Any) -> CountingTries | Failed:
    return sign_in_with_password(
        settings(**PASSWORDS | changes),
        username="al",
        password=Secret("password-canary"),
        address="192.0.2.1",
        return_to="/back",
        former_session=FORMER,
        entropy=ENTROPY,
    )


def by_headers(**changes: Any) -> CheckingHeaders | Failed:
    return sign_in_by_headers(
        settings(**PROXIES | changes),
        headers=(("x-user", "header-canary"),),
        return_to="/back",
        former_session=None,
        entropy=ENTROPY,
    )


def counting() -> CountingTries:
    state = by_password()
    assert isinstance(state, CountingTries)
    return state


def checking_password() -> CheckingPassword:
    return counting().checking


def checking_headers() -> CheckingHeaders:
    state = by_headers()
    assert isinstance(state, CheckingHeaders)
    return state


def entering(person: Person = ALICE) -> ReadingAccount:
    state = advance(checking_password(), [HostAnswered(Vouched(person))], now=NOW)
    assert isinstance(state, ReadingAccount)
    return state


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_a_try_is_counted_for_its_address_then_its_name_there_then_its_name_before_the_host_sees_it() -> None:
    state: object = counting()
    for quota in password_quotas(settings().limits, "al", "192.0.2.1"):
        assert isinstance(state, CountingTries)
        assert (state.awaits, state.uninterruptible) == ((quota.count,), True)
        assert "canary" not in repr(state)
        state = advance(state, [Counted(quota.most, 60)], now=NOW)
    assert state == checking_password()


@pytest.mark.parametrize("room", [0, 1, 2])
def test_one_try_too_many_is_not_looked_at_and_counts_for_nothing_further(room: int) -> None:
    state = counting()
    state = attrs.evolve(state, quotas=state.quotas[room:])
    failed = advance(state, [Counted(state.quotas[0].most + 1, 60)], now=NOW)
    assert isinstance(failed, Failed)
    assert (failed.failure.reason, failed.failure.wait) == (Reason.TOO_MANY_REQUESTS, 60)


def test_a_try_that_cannot_be_counted_is_not_looked_at() -> None:
    assert reason(advance(counting(), [StoreUnreachable("down")], now=NOW)) is Reason.STORE_UNREACHABLE


def test_the_host_alone_checks_a_password() -> None:
    state = checking_password()
    assert state.awaits == (AskHost(CheckPassword("al", Secret("password-canary"))),)
    assert state.arrival.provider_id == PASSWORD
    assert state.arrival.former_session == session_key(FORMER)
    assert "canary" not in repr(state) + repr(state.awaits)


def test_the_host_alone_reads_the_headers_of_its_proxy() -> None:
    state = checking_headers()
    assert state.awaits == (AskHost(CheckHeaders((("x-user", "header-canary"),))),)
    assert (state.arrival.provider_id, state.arrival.former_session) == (HEADERS, None)
    assert "canary" not in repr(state) + repr(state.awaits)
    assert isinstance(advance(state, [HostAnswered(Vouched(ALICE))], now=NOW), ReadingAccount)


@pytest.mark.parametrize(
    ("way", "off", "expected"),
    [
        (by_password, {"password_sign_in": False}, Reason.SWITCHED_OFF),
        (by_headers, {"header_proxies": ()}, Reason.SWITCHED_OFF),
        (by_password, {"ui_disabled": True}, Reason.UI_DISABLED),
        (by_headers, {"ui_disabled": True}, Reason.UI_DISABLED),
    ],
)
def test_a_way_that_is_off_asks_nobody(way: Callable[..., object], off: dict[str, Any], expected: Reason) -> None:
    assert reason(way(**off)) is expected


def test_whom_the_host_does_not_vouch_for_is_refused_without_saying_what_was_wrong() -> None:
    declined = HostAnswered(Declined("unknown"))
    ending = advance(checking_password(), [declined], now=NOW)
    assert isinstance(ending, EndingFormerSession)
    assert (ending.key, ending.failure.reason) == (session_key(FORMER), Reason.WRONG_PASSWORD)
    assert reason(advance(checking_headers(), [declined], now=NOW)) is Reason.HOST_DECLINED
    assert reason(advance(checking_password(), [HostFailed()], now=NOW)) is Reason.HOST_FAILED
    assert reason(advance(checking_headers(), [HostFailed()], now=NOW)) is Reason.HOST_FAILED


@pytest.mark.parametrize("state", [checking_password(), checking_headers()])
def test_the_host_does_not_vouch_for_people_of_a_provider(state: CheckingPassword | CheckingHeaders) -> None:
    vouched = HostAnswered(Vouched(Person(ISSUER, "alice")))
    assert reason(advance(state, [vouched], now=NOW)) is Reason.HOST_FAILED


def test_the_person_is_described_by_the_hosts_own_words() -> None:
    identity = entering().identity
    assert (identity.issuer, identity.subject, identity.display_name) == ("host", "42", "Alice")
    assert (identity.handle, identity.email, identity.email_verified) == ("al", "alice@corp.example", True)
    assert (identity.role, identity.teams) == ("internal_user", TeamsFound(("t1",), complete=True))
    assert {claim.source for claim in identity.claims} == {"host"}


def test_a_host_that_says_little_claims_nothing() -> None:
    identity = entering(Person("host", "42", claims=(("teams", ["t2"]), ("role", "proxy_admin")))).identity
    assert (identity.handle, identity.email, identity.role, identity.teams) == (None, None, None, NOBODY_ASKED)
    assert identity.display_name == "42"
    assert not identity.email_verified


def test_what_a_person_has_a_field_for_is_not_read_from_their_claims() -> None:
    assert gathered_of(ALICE).claims.claims.members == {
        "department": "x",
        "name": "Alice",
        "preferred_username": "al",
        "email": "Alice@corp.example",
        "email_verified": True,
        "role": "internal_user",
        "teams": ["t1"],
    }


def test_whom_the_host_vouches_for_is_written_and_signed_in_like_anybody() -> None:
    writing = advance(entering(), [AccountFacts(None, teams=(Team("t1"),))], now=NOW)
    assert isinstance(writing, WritingAccount)
    assert writing.decision.account.identities == (("host", "42"),)
    assert writing.decision.account.team_ids == ("t1",)
    keeping = advance(writing, [Written()], now=NOW)
    assert isinstance(keeping, KeepingSession)
    ending = advance(keeping, [Kept()], now=NOW)
    assert isinstance(ending, SignedIn)
    assert (ending.session.provider_id, ending.session.role, ending.return_to) == (PASSWORD, "internal_user", "/back")
