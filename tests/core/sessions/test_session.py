from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.failures import Failure, Reason, Refusal
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity, ShownClaim
from sso_core.records import Account, ApiKey, Membership
from sso_core.secret import Secret
from sso_core.sessions.session import (
    SESSION_LIMIT,
    Session,
    SessionKind,
    decode_session,
    encode_session,
    session_key,
    session_of,
    session_of_key,
)

ALICE = Identity(
    "https://idp.example",
    "s-1",
    "Alice",
    "alice@b.example",
    email_verified=True,
    claims=(ShownClaim("name", '"Alice"', "userinfo"),),
    notes=(Failure(Reason.USERINFO_UNREACHABLE),),
    explanation=(Step("role", "groups", "id_token", "admin"),),
    sid="at the provider",
)
ACCOUNT = Account(
    "account", "Alice", 1, handle="alice", role="admin", memberships=(Membership("blue"), Membership("green"))
)
SESSION = session_of(ALICE, ACCOUNT, provider_id="generic", signed_in_at=1.0, expires_at=2.5)
VALUES: list[Any] = json.loads(encode_session(SESSION))
NAMES = ["version", *(field.name for field in attrs.fields(Session))]

KINDS: dict[str, object] = {"text": "other", "null": None, "truth": False, "number": 5, "list": [], "object": {}}
FITTING = {
    "account_id": ["text"],
    "provider_id": ["text"],
    "issuer": ["text"],
    "subject": ["text"],
    "display_name": ["text"],
    "email": ["text", "null"],
    "email_verified": ["truth"],
    "claims": ["list"],
    "signed_in_at": ["number"],
    "expires_at": ["number"],
    "handle": ["text", "null"],
    "role": ["text", "null"],
    "team_ids": ["list"],
    "team_id": ["text", "null"],
    "kind": [],
    "explanation": ["list"],
    "checked_at": ["number"],
    "sid": ["text", "null"],
}


def test_a_session_says_who_signed_in_and_as_whom_the_account_knows_them() -> None:
    session = session_of(ALICE, ACCOUNT, provider_id="generic", signed_in_at=1.0, expires_at=2.5)
    assert (session.issuer, session.subject) == (ALICE.issuer, ALICE.subject)
    assert (session.account_id, session.role, session.team_ids) == ("account", "admin", ("blue", "green"))


TEXT = st.text(max_size=100)
TIMES = st.floats(allow_nan=False, allow_infinity=False)
SESSIONS = st.builds(
    Session,
    account_id=TEXT.filter(bool),
    provider_id=TEXT,
    issuer=TEXT,
    subject=TEXT,
    display_name=TEXT,
    email=st.none() | TEXT,
    email_verified=st.booleans(),
    claims=st.lists(st.builds(ShownClaim, TEXT, TEXT, TEXT), max_size=5).map(tuple),
    signed_in_at=TIMES,
    expires_at=TIMES,
    handle=st.none() | TEXT,
    role=st.none() | TEXT,
    team_ids=st.lists(TEXT, max_size=5).map(tuple),
    team_id=st.none() | TEXT,
    kind=st.sampled_from((SessionKind.BROWSER, SessionKind.CLI)),
    explanation=st.lists(st.builds(Step, TEXT, TEXT, TEXT, TEXT), max_size=5).map(tuple),
    checked_at=TIMES,
    sid=st.none() | TEXT,
)


def changed(**members: object) -> bytes:
    return json.dumps([members.get(name, value) for name, value in zip(NAMES, VALUES, strict=True)]).encode()


def test_a_session_remembers_who_signed_in_and_until_when() -> None:
    assert (
        Session(
            account_id="account",
            provider_id="generic",
            issuer="https://idp.example",
            subject="s-1",
            display_name="Alice",
            email="alice@b.example",
            email_verified=True,
            claims=ALICE.claims,
            signed_in_at=1.0,
            expires_at=2.5,
            handle="alice",
            role="admin",
            team_ids=("blue", "green"),
            explanation=ALICE.explanation,
            checked_at=1.0,
            sid="at the provider",
        )
        == SESSION
    )


@given(SESSIONS)
def test_a_session_comes_back_as_it_was_kept(session: Session) -> None:
    assert decode_session(encode_session(session)) == session


def test_the_largest_session_comes_back_too() -> None:
    claims = tuple(ShownClaim(f"{number}" * 100, "🙂" * 513, "token_response") for number in range(64))
    session = attrs.evolve(SESSION, claims=claims)
    assert decode_session(encode_session(session)) == session


def test_a_session_that_is_too_large_is_kept_without_what_is_only_shown() -> None:
    claims = (ShownClaim("name", "x" * SESSION_LIMIT, "userinfo"),)
    steps = (Step("team", "groups", "userinfo", "x" * SESSION_LIMIT),)
    whole = attrs.evolve(SESSION, claims=(), explanation=())
    for large in (attrs.evolve(SESSION, claims=claims), attrs.evolve(SESSION, explanation=steps)):
        assert decode_session(encode_session(large)) == whole


def test_a_session_that_nobody_could_read_back_is_refused() -> None:
    teams = tuple(str(number).zfill(36) for number in range(10_000))
    most = attrs.evolve(SESSION, team_ids=teams, claims=())
    assert decode_session(encode_session(most)) == most
    with pytest.raises(Refusal) as caught:
        encode_session(attrs.evolve(SESSION, team_ids=(*teams, "x" * SESSION_LIMIT)))
    assert caught.value.failure.reason is Reason.SESSION_NOT_KEPT
    assert "10001 teams" in caught.value.failure.detail


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"[4]",
        b"[5]",
        b"{}",
        b'"2"',
        b"[5, {}]",
        json.dumps([5, dict(zip(NAMES, VALUES, strict=True))]).encode(),
        changed(version=4),
        changed(version=6),
        changed(version="5"),
        changed(version=5.0),
        json.dumps([4.0, *VALUES[1:-2]]).encode(),
        json.dumps(["4", *VALUES[1:-2]]).encode(),
        json.dumps([3, *VALUES[1:-2]]).encode(),
        json.dumps(VALUES[:-1]).encode(),
        json.dumps(VALUES[1:]).encode(),
        json.dumps([*VALUES, 1]).encode(),
        changed(account_id=""),
        changed(claims=None),
        changed(team_ids=[5]),
        changed(kind="other"),
        changed(kind="key"),
        changed(explanation=["step"]),
        changed(explanation=[["rule", "claim", "source"]]),
        changed(explanation=[["rule", "claim", "source", 5]]),
        changed(claims=[["name"]]),
        changed(claims=[["name", "value", "source", "more"]]),
        changed(claims=[5]),
        changed(claims=["abc"]),
        changed(claims=[["name", "value", 5]]),
        encode_session(SESSION)[:-1],
        b" " * (1 << 20) + encode_session(SESSION),
    ],
)
def test_anything_else_is_no_session(value: bytes) -> None:
    assert decode_session(value) is None


def test_a_session_of_the_former_version_is_still_one_whose_account_is_read_soon() -> None:
    former = json.dumps([4, *VALUES[1:-2]]).encode()
    assert decode_session(former) == attrs.evolve(SESSION, checked_at=0.0, sid=None)


@pytest.mark.parametrize("name", FITTING)
def test_a_session_with_a_member_of_another_type_is_no_session(name: str) -> None:
    for value in (value for kind, value in KINDS.items() if kind not in FITTING[name]):
        assert decode_session(changed(**{name: value})) is None, value


@pytest.mark.parametrize("name", FITTING)
def test_a_session_with_another_member_of_a_fitting_type_is_one(name: str) -> None:
    for value in (KINDS[kind] for kind in FITTING[name]):
        assert getattr(decode_session(changed(**{name: value})), name) == (() if value == [] else value)


@given(st.text(min_size=20))
def test_whoever_reads_the_store_cannot_step_into_a_session(session_id: str) -> None:
    key = session_key(Secret(session_id))
    assert len(key) == 43
    assert session_id not in key


def test_each_identifier_has_its_own_key() -> None:
    assert session_key(Secret("a")) != session_key(Secret("b"))


def test_a_persons_claims_show_in_no_text() -> None:
    assert '"Alice"' not in repr(SESSION.claims)


def test_a_personal_key_stands_for_its_account_as_it_is_now() -> None:
    key = ApiKey("hash", "account", "ci", created_at=5.0, expires_at=9.0, team_id="blue")
    account = attrs.evolve(ACCOUNT, identities=(("https://idp.example", "s-1"),), auth_provider="generic")
    session = session_of_key(key, account)
    assert (session.issuer, session.subject, session.provider_id) == ("https://idp.example", "s-1", "generic")
    assert (session.role, session.team_ids, session.team_id) == ("admin", ("blue", "green"), "blue")
    assert (session.signed_in_at, session.expires_at, session.kind) == (5.0, 9.0, SessionKind.KEY)


def test_a_key_without_an_end_is_good_for_ever_and_needs_no_identity() -> None:
    session = session_of_key(ApiKey("hash", "account", "ci", created_at=5.0), ACCOUNT)
    assert session.expires_at == float("inf")
    assert (session.issuer, session.subject, session.provider_id) == ("", "", "")
