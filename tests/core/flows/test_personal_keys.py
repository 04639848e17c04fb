from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, settings

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import ReadKey, WriteAccount
from sso_core.events import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    Dropped,
    Event,
    Found,
    KeyFacts,
    Missing,
    OutcomeUnknown,
    StoreUnreachable,
    Written,
)
from sso_core.failures import Reason
from sso_core.flows.personal_keys import (
    CheckingHolder,
    FindingKey,
    IssuingKey,
    KeyIssued,
    KeyRevoked,
    KeyToRevoke,
    KeyWish,
    RevokingKey,
    issue_key,
    key_name,
    revoke_key,
)
from sso_core.flows.sessions import CheckingRevocation, ReadingSession
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.records import ApiKey, IssueKey, RevokeKey
from sso_core.secret import Secret
from sso_core.sessions.session import encode_session, session_key, session_of
from sso_core.sessions.tokens import api_key, api_key_hash
from sso_core.settings.sign_in import KeyHolders

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
MEMBER = attrs.evolve(SESSION, team_ids=("blue",))
ADMIN = attrs.evolve(SESSION, role="proxy_admin")
EVERYBODY = settings(key_holders=KeyHolders.EVERYBODY, key_ttl=100)
ADMINS = settings(key_holders=KeyHolders.ADMINS)
WISH = KeyWish(EVERYBODY, ENTROPY, "ci")
SECRET = api_key(ENTROPY.api_key)
KEY = ApiKey(api_key_hash(SECRET), "a1", "ci", created_at=NOW, expires_at=NOW + 100)


def holder(asked: KeyWish | KeyToRevoke, session: Any = SESSION) -> CheckingHolder:
    """Return the state that waits for the last word on who it is."""
    return CheckingHolder(CheckingRevocation(session, ReadingSession("key", 300)), asked)


def refused(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_a_holder_whose_account_is_shut_by_now_gets_none() -> None:
    state: Any = CheckingHolder(CheckingRevocation(SESSION, ReadingSession("key", 0)), WISH)
    for answer in (Missing(), AccountFacts(attrs.evolve(ACCOUNT, disabled=True))):
        state = advance_any(state, [answer], now=NOW)
        assert isinstance(state, CheckingHolder)
    assert refused(advance_any(state, [Dropped()], now=NOW)) is Reason.NOT_SIGNED_IN


def test_whoever_is_signed_in_gets_a_key_of_which_only_a_hash_is_kept() -> None:
    state = issue_key(WISH, Secret("id"))
    assert state == CheckingHolder(ReadingSession(session_key(Secret("id")), 300), WISH)
    assert isinstance(state, CheckingHolder)
    checking = advance(state, [Found(encode_session(SESSION))], now=NOW)
    assert checking == CheckingHolder(CheckingRevocation(SESSION, ReadingSession(session_key(Secret("id")), 300)), WISH)
    issuing = advance(holder(WISH), [Missing()], now=NOW)
    assert issuing == IssuingKey(SECRET, KEY)
    assert isinstance(issuing, IssuingKey)
    assert issuing.awaits == (WriteAccount((IssueKey(KEY),), ()),)
    assert SECRET.reveal() not in repr(issuing.awaits)
    issued = advance(issuing, [Written()], now=NOW)
    assert issued == KeyIssued(SECRET, KEY)
    assert issued.deeds == (AuditEvent(AuditKind.KEY_ISSUED, KEY.account_id, key_id=KEY.key_hash),)


@pytest.mark.parametrize(("lifetime", "expected"), [(None, 100), (5, 5), (99.5, 99.5), (1e12, 100)])
def test_no_key_outlives_what_the_operator_allows(lifetime: float | None, expected: float) -> None:
    issuing = advance(holder(attrs.evolve(WISH, lifetime=lifetime)), [Missing()], now=NOW)
    assert isinstance(issuing, IssuingKey)
    assert issuing.key.expires_at == NOW + expected


def test_a_key_may_be_for_one_of_the_persons_teams_and_for_no_other() -> None:
    wish = attrs.evolve(WISH, team_id="blue")
    issuing = advance(holder(wish, MEMBER), [Missing()], now=NOW)
    assert isinstance(issuing, IssuingKey)
    assert issuing.key.team_id == "blue"
    assert refused(advance(holder(wish), [Missing()], now=NOW)) is Reason.WRONG_TEAM


def test_the_operator_says_who_gets_keys() -> None:
    assert refused(issue_key(attrs.evolve(WISH, settings=settings()), Secret("id"))) is Reason.SWITCHED_OFF
    wish = attrs.evolve(WISH, settings=ADMINS)
    assert refused(advance(holder(wish), [Missing()], now=NOW)) is Reason.NOT_ADMIN
    assert isinstance(advance(holder(wish, ADMIN), [Missing()], now=NOW), IssuingKey)


@pytest.mark.parametrize(
    ("name", "expected"), [("", "a key"), (" \n", "a key"), ("a\x00b\nc", "a b c"), ("n" * 200, "n" * 100)]
)
def test_a_name_is_one_printable_line(name: str, expected: str) -> None:
    assert key_name(name) == expected


def test_whoever_is_not_signed_in_asks_for_nothing() -> None:
    assert refused(issue_key(WISH, None)) is Reason.NOT_SIGNED_IN
    assert refused(revoke_key("hash", None, check_interval=300)) is Reason.NOT_SIGNED_IN
    state = CheckingHolder(ReadingSession("key", 300), WISH)
    assert refused(advance(state, [Missing()], now=NOW)) is Reason.NOT_SIGNED_IN
    assert refused(advance(state, [StoreUnreachable()], now=NOW)) is Reason.STORE_UNREACHABLE


def test_a_person_ends_a_key_of_their_own() -> None:
    asked = KeyToRevoke("hash")
    assert revoke_key("hash", Secret("id"), check_interval=300) == CheckingHolder(
        ReadingSession(session_key(Secret("id")), 300), asked
    )
    finding = advance(holder(asked), [Missing()], now=NOW)
    assert isinstance(finding, FindingKey)
    assert finding.awaits == (ReadKey("hash"),)
    revoking = advance(finding, [KeyFacts(KEY, ACCOUNT)], now=NOW)
    assert isinstance(revoking, RevokingKey)
    assert revoking.awaits == (WriteAccount((RevokeKey("hash"),), ()),)
    revoked = advance(revoking, [Written()], now=NOW)
    assert revoked == KeyRevoked(ACCOUNT.account_id, "hash")
    assert [(deed.kind, deed.account_id, deed.key_id) for deed in revoked.deeds] == [
        (AuditKind.KEY_REVOKED, ACCOUNT.account_id, "hash")
    ]


@pytest.mark.parametrize("key", [None, attrs.evolve(KEY, account_id="a2")])
def test_anothers_key_is_answered_like_one_that_is_not_there(key: ApiKey | None) -> None:
    assert refused(advance(FindingKey(SESSION, "hash"), [KeyFacts(key, ACCOUNT)], now=NOW)) is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "state", [IssuingKey(SECRET, KEY), RevokingKey("account", "hash")], ids=lambda state: type(state).__name__
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Conflict(), Reason.ACCOUNT_CONTESTED),
        (OutcomeUnknown(), Reason.DIRECTORY_UNREACHABLE),
        (DirectoryUnreachable("down"), Reason.DIRECTORY_UNREACHABLE),
    ],
)
def test_what_is_not_written_is_not_said(state: Working, answer: Event, reason: Reason) -> None:
    assert refused(advance_any(state, [answer], now=NOW)) is reason


def test_an_unreachable_directory_finds_no_key() -> None:
    ending = advance(FindingKey(SESSION, "hash"), [DirectoryUnreachable("down")], now=NOW)
    assert refused(ending) is Reason.DIRECTORY_UNREACHABLE
