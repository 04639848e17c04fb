from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.audit import AuditKind
from sso_core.effects import Drop, Keep, Kind, Peek, ReadKey
from sso_core.events import (
    DirectoryUnreachable,
    Dropped,
    Event,
    Found,
    Kept,
    KeyFacts,
    Missing,
    Occupied,
    StoreUnreachable,
)
from sso_core.failures import Reason
from sso_core.flows.sessions import (
    CheckingRevocation,
    EndingSession,
    FindingAccount,
    NoSession,
    ReadingKey,
    ReadingSession,
    RevokingSessions,
    SessionFound,
    SignedOut,
    read_bearer,
    read_session,
    sign_out,
    sign_out_everywhere,
)
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.records import Account, ApiKey
from sso_core.secret import Secret
from sso_core.sessions.revocation import encode_revocation, revocation_key
from sso_core.sessions.session import SessionKind, encode_session, session_key, session_of, session_of_key
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key, api_key_hash, cli_token

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
OF_CLI = attrs.evolve(SESSION, kind=SessionKind.CLI)
KEY = session_key(Secret("id"))
API_KEY = ApiKey("hash", "a1", "ci", created_at=NOW, expires_at=NOW + 10)
SIGNING = SessionKeys((b"k" * 32,))
DOWN = StoreUnreachable("down")


# Who is it


def test_a_browser_without_a_session_identifier_needs_no_store() -> None:
    assert read_session(None) == NoSession()
    assert sign_out(None) == SignedOut()
    assert sign_out_everywhere(None, longest=9) == SignedOut()


def test_a_session_is_found_by_what_the_browser_presents() -> None:
    state = read_session(Secret("id"))
    assert isinstance(state, ReadingSession)
    assert state.awaits == (Peek(Kind.SESSION, KEY),)
    checking = advance(state, [Found(encode_session(SESSION))], now=NOW)
    assert isinstance(checking, CheckingRevocation)
    assert checking.awaits == (Peek(Kind.REVOKED, revocation_key("a1")),)
    assert advance(checking, [Missing()], now=NOW) == SessionFound(SESSION)


def test_a_session_ends_with_its_time_whatever_the_store_says() -> None:
    assert advance(ReadingSession(KEY), [Found(encode_session(SESSION))], now=NOW + 10) == NoSession()


def test_what_is_missing_or_unreadable_is_no_session() -> None:
    assert advance(ReadingSession(KEY), [Missing()], now=NOW) == NoSession()
    assert advance(ReadingSession(KEY), [Found(b"{")], now=NOW) == NoSession()


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (encode_revocation(NOW - 1), SessionFound(SESSION)),
        (encode_revocation(NOW), NoSession()),
        (b"damaged", NoSession()),
    ],
)
def test_a_session_that_was_ended_with_all_others_is_none(mark: bytes, expected: object) -> None:
    assert advance(CheckingRevocation(SESSION), [Found(mark)], now=NOW) == expected


@pytest.mark.parametrize(("kind", "stored"), [(SessionKind.BROWSER, OF_CLI), (SessionKind.CLI, SESSION)])
def test_no_kind_of_session_passes_for_another(kind: SessionKind, stored: Any) -> None:
    assert advance(ReadingSession(KEY, kind), [Found(encode_session(stored))], now=NOW) == NoSession()


# A bearer token


@pytest.mark.parametrize("keys", [None, SIGNING])
def test_a_command_lines_token_leads_to_its_session(keys: SessionKeys | None) -> None:
    assert read_bearer(keys, cli_token(keys, Secret("id"))) == ReadingSession(KEY, SessionKind.CLI)
    found = advance(ReadingSession(KEY, SessionKind.CLI), [Found(encode_session(OF_CLI))], now=NOW)
    assert found == CheckingRevocation(OF_CLI)


@pytest.mark.parametrize("token", ["", "id", "sso_cli_id", "sso_cli_id.mac", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_is_none_of_ours_needs_no_store(token: str) -> None:
    assert read_bearer(SIGNING, Secret(token)) == NoSession()


def test_a_personal_key_is_looked_up_by_its_hash() -> None:
    key = api_key(Secret("i" * 43))
    state = read_bearer(SIGNING, key)
    assert isinstance(state, ReadingKey)
    assert state.awaits == (ReadKey(api_key_hash(key)),)
    ending = advance(state, [KeyFacts(API_KEY, ACCOUNT)], now=NOW)
    assert ending == SessionFound(session_of_key(API_KEY, ACCOUNT))


@pytest.mark.parametrize(
    ("key", "account", "now", "good"),
    [
        (API_KEY, ACCOUNT, NOW + 9.9, True),
        (API_KEY, ACCOUNT, NOW + 10, False),
        (attrs.evolve(API_KEY, expires_at=None), ACCOUNT, NOW + 1e9, True),
        (API_KEY, attrs.evolve(ACCOUNT, disabled=True), NOW, False),
        (API_KEY, None, NOW, False),
        (None, None, NOW, False),
    ],
)
def test_a_key_is_good_until_its_time_while_its_account_is(
    key: ApiKey | None,
    account: Account | None,
    now: float,
    good: bool,
) -> None:
    ending = advance(ReadingKey("hash"), [KeyFacts(key, account)], now=now)
    assert isinstance(ending, SessionFound) is good


# Out again


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
        (ReadingSession(KEY), (DOWN,)),
        (CheckingRevocation(SESSION), (DOWN,)),
        (EndingSession(KEY), (DOWN,)),
        (FindingAccount(KEY, 9), (DOWN,)),
        (RevokingSessions(KEY, "a1", NOW, 9), (DOWN, Dropped())),
        (RevokingSessions(KEY, "a1", NOW, 9), (Occupied(b""), Dropped())),
        (ReadingKey("hash"), (DirectoryUnreachable("down"),)),
    ],
)
def test_whoever_cannot_be_asked_neither_signs_in_nor_out(state: Working, answers: tuple[Event, ...]) -> None:
    ending = advance_any(state, answers, now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason in (Reason.STORE_UNREACHABLE, Reason.DIRECTORY_UNREACHABLE)
