from __future__ import annotations

from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.effects import Drop, Dropped, Found, Kind, Missing, Peek, StoreUnreachable
from sso_core.failures import Reason
from sso_core.flows.sessions import (
    EndingSession,
    NoSession,
    ReadingSession,
    SessionFound,
    SignedOut,
    read_session,
    sign_out,
)
from sso_core.machine import Failed, advance
from sso_core.secret import Secret
from sso_core.sessions.session import encode_session, session_key, session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
KEY = session_key(Secret("id"))


def test_a_browser_without_a_session_identifier_needs_no_store() -> None:
    assert read_session(None) == NoSession()
    assert sign_out(None) == SignedOut()


def test_a_session_is_found_by_what_the_browser_presents() -> None:
    state = read_session(Secret("id"))
    assert isinstance(state, ReadingSession)
    assert state.awaits == (Peek(Kind.SESSION, KEY),)
    assert advance(state, [Found(encode_session(SESSION))], now=NOW) == SessionFound(SESSION)


def test_a_session_ends_with_its_time_whatever_the_store_says() -> None:
    assert advance(ReadingSession(KEY), [Found(encode_session(SESSION))], now=NOW + 10) == NoSession()


def test_what_is_missing_or_unreadable_is_no_session() -> None:
    assert advance(ReadingSession(KEY), [Missing()], now=NOW) == NoSession()
    assert advance(ReadingSession(KEY), [Found(b"{")], now=NOW) == NoSession()


def test_an_unreachable_store_is_neither_a_session_nor_a_sign_out() -> None:
    for state in (ReadingSession(KEY), EndingSession(KEY)):
        ending = advance(state, [StoreUnreachable("down")], now=NOW)
        assert isinstance(ending, Failed)
        assert ending.failure.reason is Reason.STORE_UNREACHABLE


def test_signing_out_drops_the_session() -> None:
    state = sign_out(Secret("id"))
    assert isinstance(state, EndingSession)
    assert state.awaits == (Drop(Kind.SESSION, KEY),)
    assert advance(state, [Dropped()], now=NOW) == SignedOut()
