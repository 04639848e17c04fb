from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, ISSUER, NOW, settings

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Keep, Kind, ReadAccount
from sso_core.events import AccountFacts, DirectoryUnreachable, Event, Kept, Occupied, StoreUnreachable
from sso_core.failures import Reason
from sso_core.flows.end_sessions import (
    SETTLED,
    EndingSessions,
    FindingLoggedOut,
    LoggedOut,
    RememberingLogout,
    SettlingLogout,
    logout_token_key,
)
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.oauth.logout_token import AllSessions, LogoutToken, OneSession, remembered_for
from sso_core.sessions.revocation import ENDED, encode_revocation, revocation_key, sid_key

SETTINGS = settings()
OF_ALICE = LogoutToken(ISSUER, "j1", AllSessions("alice"))
OF_SID = LogoutToken(ISSUER, "j1", OneSession("s1"))
DOWN = StoreUnreachable("down")
LONGEST = SETTINGS.longest_session
TTL = remembered_for(SETTINGS.leeway)
FINDING = FindingLoggedOut(SETTINGS, OF_ALICE, NOW, "alice")
MARK = Keep(Kind.REVOKED, revocation_key("a1"), encode_revocation(NOW), LONGEST, only_if_absent=True)
ENDING = EndingSessions(SETTINGS, OF_ALICE, NOW, MARK, "a1")


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


@pytest.mark.parametrize(
    ("token", "after"),
    [
        (OF_ALICE, FINDING),
        (
            OF_SID,
            EndingSessions(
                SETTINGS,
                OF_SID,
                NOW,
                Keep(
                    Kind.REVOKED,
                    sid_key(ISSUER, "s1"),
                    ENDED,
                    LONGEST + SETTINGS.login_ttl + SETTINGS.cli_login_ttl,
                ),
            ),
        ),
    ],
)
def test_a_token_is_remembered_with_the_moment_before_anything_ends(token: LogoutToken, after: object) -> None:
    state = RememberingLogout(SETTINGS, token, NOW)
    key, value = logout_token_key(token), encode_revocation(NOW)
    assert state.awaits == (Keep(Kind.LOGOUT_TOKEN, key, value, TTL, only_if_absent=True),)
    assert advance(state, [Kept()], now=NOW + 1) == after


def test_a_token_whose_sessions_are_not_over_yet_ends_those_and_none_that_began_since() -> None:
    again = RememberingLogout(SETTINGS, OF_ALICE, NOW + 60)
    assert advance(again, [Occupied(encode_revocation(NOW))], now=NOW + 60) == FINDING


@pytest.mark.parametrize("value", [SETTLED, b"", b"{", b'"1"', b"true", b"null"])
def test_a_token_that_was_used_ends_nothing_more(value: bytes) -> None:
    state = RememberingLogout(SETTINGS, OF_ALICE, NOW)
    assert reason(advance(state, [Occupied(value)], now=NOW)) is Reason.LOGOUT_TOKEN_REPLAYED


def test_a_person_is_found_by_their_account() -> None:
    assert FINDING.awaits == (ReadAccount(ISSUER, "alice"),)
    assert advance(FINDING, [AccountFacts(ACCOUNT)], now=NOW) == ENDING


def test_whoever_has_no_account_here_has_no_session_either() -> None:
    assert advance(FINDING, [AccountFacts(None)], now=NOW) == SettlingLogout(SETTINGS, OF_ALICE)


def test_the_mark_is_left_and_then_the_token_is_good_for_nothing() -> None:
    assert ENDING.awaits == (MARK,)
    settling = advance(ENDING, [Kept()], now=NOW)
    assert isinstance(settling, SettlingLogout)
    assert settling.awaits == (Keep(Kind.LOGOUT_TOKEN, logout_token_key(OF_ALICE), SETTLED, TTL),)
    assert advance(settling, [Kept()], now=NOW) == LoggedOut(OF_ALICE, "a1")


@pytest.mark.parametrize("there", [encode_revocation(NOW), encode_revocation(NOW + 60), b"damaged"])
def test_a_mark_that_ends_more_stays(there: bytes) -> None:
    assert advance(ENDING, [Occupied(there)], now=NOW) == SettlingLogout(SETTINGS, OF_ALICE, "a1")


def test_a_mark_that_ends_less_is_replaced() -> None:
    over = advance(ENDING, [Occupied(encode_revocation(NOW - 1))], now=NOW)
    assert over == attrs.evolve(ENDING, mark=attrs.evolve(MARK, only_if_absent=False))


def test_sessions_that_are_over_are_said_to_be_even_where_the_token_cannot_be_settled() -> None:
    assert advance(SettlingLogout(SETTINGS, OF_ALICE), [DOWN], now=NOW) == LoggedOut(OF_ALICE)


@pytest.mark.parametrize(
    ("ending", "deeds"),
    [
        (LoggedOut(OF_ALICE, "a1"), [AuditEvent(AuditKind.SIGNED_OUT_BY_PROVIDER, "a1", ISSUER, "alice")]),
        (LoggedOut(OF_ALICE), []),
        (
            LoggedOut(OF_SID),
            [AuditEvent(AuditKind.SIGNED_OUT_BY_PROVIDER, issuer=ISSUER, detail="the provider's session s1")],
        ),
    ],
)
def test_the_operators_log_tells_what_ended(ending: LoggedOut, deeds: list[AuditEvent]) -> None:
    assert list(ending.deeds) == deeds


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (RememberingLogout(SETTINGS, OF_ALICE, NOW), DOWN),
        (FINDING, DirectoryUnreachable("down")),
        (ENDING, DOWN),
    ],
)
def test_nothing_is_over_before_the_store_says_so(state: Working, answer: Event) -> None:
    assert reason(advance_any(state, [answer], now=NOW)).status == 503


def test_each_token_of_each_issuer_is_remembered_by_itself() -> None:
    others = (attrs.evolve(OF_ALICE, jti="j2"), attrs.evolve(OF_ALICE, issuer=ISSUER + "/"))
    assert len({logout_token_key(token) for token in (OF_ALICE, *others)}) == 3
    assert logout_token_key(OF_ALICE) == logout_token_key(OF_SID)
