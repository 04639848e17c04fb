from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.effects import Drop, Kind, Peek, ReadAccount, ReadKey, Renew
from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    DirectoryUnreachable,
    Dropped,
    Event,
    Found,
    Kept,
    KeyFacts,
    Missing,
    StoreUnreachable,
)
from sso_core.failures import Reason
from sso_core.flows.sessions import (
    CheckingAccount,
    CheckingRevocation,
    DroppingSession,
    NoSession,
    ReadingKey,
    ReadingSession,
    RenewingSession,
    SessionFound,
    read_bearer,
    read_session,
)
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.records import Account, ApiKey, Membership
from sso_core.secret import Secret
from sso_core.sessions.revocation import ENDED, encode_revocation, revocation_key, sid_key
from sso_core.sessions.session import SessionKind, encode_session, session_key, session_of, session_of_key
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key, api_key_hash, cli_token

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
OF_PROVIDER = attrs.evolve(SESSION, sid="s1")
OF_CLI = attrs.evolve(SESSION, kind=SessionKind.CLI)
KEY = session_key(Secret("id"))
API_KEY = ApiKey("hash", "a1", "ci", created_at=NOW, expires_at=NOW + 10)
SIGNING = SessionKeys((b"k" * 32,))
DOWN = StoreUnreachable("down")


# Who is it


def test_a_browser_without_a_session_identifier_needs_no_store() -> None:
    assert read_session(None, check_interval=300) == NoSession()


def test_a_session_is_found_by_what_the_browser_presents() -> None:
    state = read_session(Secret("id"), check_interval=300)
    assert isinstance(state, ReadingSession)
    assert state.awaits == (Peek(Kind.SESSION, KEY),)
    checking = advance(state, [Found(encode_session(SESSION))], now=NOW)
    assert isinstance(checking, CheckingRevocation)
    assert checking.awaits == (Peek(Kind.REVOKED, revocation_key("a1")),)
    assert advance(checking, [Missing()], now=NOW) == SessionFound(SESSION)


def test_a_session_ends_with_its_time_whatever_the_store_says() -> None:
    assert advance(ReadingSession(KEY, 300), [Found(encode_session(SESSION))], now=NOW + 10) == NoSession()


def test_what_is_missing_or_unreadable_is_no_session() -> None:
    assert advance(ReadingSession(KEY, 300), [Missing()], now=NOW) == NoSession()
    assert advance(ReadingSession(KEY, 300), [Found(b"{")], now=NOW) == NoSession()


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (encode_revocation(NOW - 1), SessionFound(SESSION)),
        (encode_revocation(NOW), NoSession()),
        (b"damaged", NoSession()),
    ],
)
def test_a_session_that_was_ended_with_all_others_is_none(mark: bytes, expected: object) -> None:
    assert advance(CheckingRevocation(SESSION, ReadingSession(KEY, 300)), [Found(mark)], now=NOW) == expected


def test_a_mark_that_somebody_took_ends_the_session_as_well() -> None:
    assert advance(CheckingRevocation(SESSION, ReadingSession(KEY, 300)), [AlreadyTaken(b"")], now=NOW) == NoSession()


def test_whether_the_providers_own_session_has_ended_is_part_of_the_same_question() -> None:
    asked = Peek(Kind.REVOKED, sid_key(SESSION.issuer, "s1"), or_else=revocation_key("a1"))
    assert CheckingRevocation(OF_PROVIDER, ReadingSession(KEY, 300)).awaits == (asked,)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (Missing(), SessionFound(OF_PROVIDER)),
        (Found(encode_revocation(NOW - 1)), SessionFound(OF_PROVIDER)),
        (Found(encode_revocation(NOW)), NoSession()),
        (Found(ENDED), NoSession()),
    ],
)
def test_a_session_ends_with_that_of_the_provider_whenever_it_began(mark: Event, expected: object) -> None:
    assert advance_any(CheckingRevocation(OF_PROVIDER, ReadingSession(KEY, 300)), [mark], now=NOW) == expected


@pytest.mark.parametrize(("kind", "stored"), [(SessionKind.BROWSER, OF_CLI), (SessionKind.CLI, SESSION)])
def test_no_kind_of_session_passes_for_another(kind: SessionKind, stored: Any) -> None:
    assert advance(ReadingSession(KEY, 300, kind), [Found(encode_session(stored))], now=NOW) == NoSession()


# Whether they still may


STALE = attrs.evolve(SESSION, checked_at=NOW - 300)
CHANGED = attrs.evolve(ACCOUNT, role="proxy_admin", memberships=(Membership("blue"),))
RENEWED = attrs.evolve(STALE, role="proxy_admin", team_ids=("blue",), checked_at=NOW)


def test_a_session_that_was_checked_lately_asks_no_directory() -> None:
    lately = attrs.evolve(SESSION, checked_at=NOW - 299)
    assert advance(CheckingRevocation(lately, ReadingSession(KEY, 300)), [Missing()], now=NOW) == SessionFound(lately)


def test_a_session_that_went_unchecked_for_an_interval_follows_its_account() -> None:
    checking = advance(CheckingRevocation(STALE, ReadingSession(KEY, 300)), [Missing()], now=NOW)
    assert isinstance(checking, CheckingAccount)
    assert checking.awaits == (ReadAccount(STALE.issuer, STALE.subject),)
    renewing = advance(checking, [AccountFacts(CHANGED)], now=NOW)
    assert isinstance(renewing, RenewingSession)
    assert renewing.awaits == (Renew(Kind.SESSION, KEY, encode_session(RENEWED), 10),)
    assert advance(renewing, [Kept()], now=NOW) == SessionFound(RENEWED)


def test_a_session_that_ended_while_its_account_was_read_does_not_come_back() -> None:
    assert advance(RenewingSession(RENEWED, KEY), [Missing()], now=NOW) == NoSession()


def test_a_session_that_cannot_be_renewed_is_what_was_read() -> None:
    assert advance(RenewingSession(RENEWED, KEY), [DOWN], now=NOW) == SessionFound(RENEWED)


def test_where_each_request_reads_the_account_nothing_is_written() -> None:
    checking = advance(CheckingRevocation(SESSION, ReadingSession(KEY, 0)), [Missing()], now=NOW)
    assert isinstance(checking, CheckingAccount)
    found = attrs.evolve(RENEWED, checked_at=NOW + 1)
    assert advance(checking, [AccountFacts(CHANGED)], now=NOW + 1) == SessionFound(found)


@pytest.mark.parametrize("account", [None, attrs.evolve(ACCOUNT, disabled=True)])
@pytest.mark.parametrize("dropped", [Dropped(), DOWN])
def test_a_session_of_an_account_that_was_shut_is_dropped(account: Account | None, dropped: Event) -> None:
    dropping = advance(CheckingAccount(STALE, ReadingSession(KEY, 300)), [AccountFacts(account)], now=NOW)
    assert isinstance(dropping, DroppingSession)
    assert dropping.awaits == (Drop(Kind.SESSION, KEY),)
    assert advance_any(dropping, [dropped], now=NOW) == NoSession()


def test_without_the_directory_a_session_is_believed_for_one_interval_more() -> None:
    checking, down = CheckingAccount(STALE, ReadingSession(KEY, 300)), DirectoryUnreachable("down")
    assert advance(checking, [down], now=NOW + 299) == SessionFound(STALE)
    ending = advance(checking, [down], now=NOW + 300)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.DIRECTORY_UNREACHABLE


# A bearer token


@pytest.mark.parametrize("keys", [None, SIGNING])
def test_a_command_lines_token_leads_to_its_session(keys: SessionKeys | None) -> None:
    reading = ReadingSession(KEY, 300, SessionKind.CLI)
    assert read_bearer(keys, cli_token(keys, Secret("id")), check_interval=300) == reading
    found = advance(reading, [Found(encode_session(OF_CLI))], now=NOW)
    assert found == CheckingRevocation(OF_CLI, reading)


@pytest.mark.parametrize("token", ["", "id", "sso_cli_id", "sso_cli_id.mac", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_is_none_of_ours_needs_no_store(token: str) -> None:
    assert read_bearer(SIGNING, Secret(token), check_interval=300) == NoSession()


def test_a_personal_key_is_looked_up_by_its_hash() -> None:
    key = api_key(Secret("i" * 43))
    state = read_bearer(SIGNING, key, check_interval=300)
    assert isinstance(state, ReadingKey)
    assert state.awaits == (ReadKey(api_key_hash(key)),)
    ending = advance(state, [KeyFacts(API_KEY, ACCOUNT)], now=NOW)
    assert ending == SessionFound(attrs.evolve(session_of_key(API_KEY, ACCOUNT), checked_at=NOW))


@pytest.mark.parametrize(
    ("key", "account", "now", "good"),
    [
        (API_KEY, ACCOUNT, NOW + 9.9, True),
        (API_KEY, ACCOUNT, NOW + 10, False),
        (attrs.evolve(API_KEY, expires_at=None), ACCOUNT, NOW + 1e9, True),
        (API_KEY, attrs.evolve(ACCOUNT, disabled=True), NOW, False),
        (attrs.evolve(API_KEY, team_id="blue"), ACCOUNT, NOW, False),
        (attrs.evolve(API_KEY, team_id="blue"), CHANGED, NOW, True),
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


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        (ReadingSession(KEY, 300), (DOWN,)),
        (CheckingRevocation(SESSION, ReadingSession(KEY, 300)), (DOWN,)),
        (CheckingRevocation(OF_PROVIDER, ReadingSession(KEY, 300)), (DOWN,)),
        (ReadingKey("hash"), (DirectoryUnreachable("down"),)),
    ],
)
def test_whoever_cannot_be_asked_signs_nobody_in(state: Working, answers: tuple[Event, ...]) -> None:
    ending = advance_any(state, answers, now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason in (Reason.STORE_UNREACHABLE, Reason.DIRECTORY_UNREACHABLE)
