from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.audit import AuditKind
from sso_core.effects import Drop, Keep, Kind
from sso_core.events import Dropped, Event, Found, Kept, Missing, Occupied, StoreUnreachable
from sso_core.failures import Reason
from sso_core.flows.sign_out import (
    EndingSession,
    FindingAccount,
    RevokingSessions,
    SignedOut,
    sign_out,
    sign_out_everywhere,
)
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.secret import Secret
from sso_core.sessions.revocation import encode_revocation, revocation_key
from sso_core.sessions.session import SessionKind, encode_session, session_key, session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
OF_CLI = attrs.evolve(SESSION, kind=SessionKind.CLI)
KEY = session_key(Secret("id"))
DOWN = StoreUnreachable("down")


def test_a_browser_without_a_session_is_out_already() -> None:
    assert sign_out(None) == SignedOut()
    assert sign_out_everywhere(None, longest=9) == SignedOut()


def test_signing_out_drops_the_session() -> None:
    state = sign_out(Secret("id"))
    assert isinstance(state, EndingSession)
    assert state.awaits == (Drop(Kind.SESSION, KEY),)
    ending = advance(state, [Dropped()], now=NOW)
    assert ending == SignedOut(KEY)
    assert [(deed.kind, deed.session) for deed in ending.deeds] == [(AuditKind.SIGNED_OUT, KEY[:12])]
    assert SignedOut().deeds == ()


def test_signing_out_everywhere_marks_the_account_and_drops_this_session() -> None:
    state = sign_out_everywhere(Secret("id"), longest=100)
    assert isinstance(state, FindingAccount)
    revoking = advance(state, [Found(encode_session(SESSION))], now=NOW + 1)
    assert isinstance(revoking, RevokingSessions)
    mark = encode_revocation(NOW + 1)
    assert revoking.awaits == (Keep(Kind.REVOKED, revocation_key("a1"), mark, 100), Drop(Kind.SESSION, KEY))
    for dropped in (Dropped(), DOWN):
        ending = advance(revoking, [Kept(), dropped], now=NOW + 1)
        assert ending == SignedOut(KEY, "a1")
        assert [(deed.kind, deed.account_id) for deed in ending.deeds] == [(AuditKind.SIGNED_OUT_EVERYWHERE, "a1")]


@pytest.mark.parametrize("answer", [Missing(), Found(b"{"), Found(encode_session(OF_CLI))])
def test_what_is_no_session_of_a_browser_ends_no_other(answer: Event) -> None:
    assert advance_any(FindingAccount(KEY, 9), [answer], now=NOW) == SignedOut()


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        (EndingSession(KEY), (DOWN,)),
        (FindingAccount(KEY, 9), (DOWN,)),
        (RevokingSessions(KEY, "a1", NOW, 9), (DOWN, Dropped())),
        (RevokingSessions(KEY, "a1", NOW, 9), (Occupied(b""), Dropped())),
    ],
)
def test_without_the_store_nobody_is_told_that_they_are_out(state: Working, answers: tuple[Event, ...]) -> None:
    ending = advance_any(state, answers, now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.STORE_UNREACHABLE
