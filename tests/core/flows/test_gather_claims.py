from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import (
    CLIENT,
    ISSUER,
    NOW,
    OPENID,
    PLAIN,
    SIGNER,
    VERIFIED,
    Signer,
    answer,
    attempt,
    pending_login,
    plain_login,
    tokens,
)

from sso_core.effects import Event, HttpRequest, HttpResponse, KeysRead, ReadKeys, Unavailable, Unreachable
from sso_core.failures import Failure, Reason
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.gather_claims import GatheringClaims, GatheringPlainClaims, RefreshingUserinfoKeys, gather
from sso_core.machine import Failed, advance
from sso_core.providers.kinds import OpenIdProvider, UserinfoPolicy


def gathering(provider: OpenIdProvider = OPENID) -> GatheringClaims:
    endpoint = ISSUER + "/userinfo"
    return GatheringClaims(attempt(), pending_login(), provider, tokens(), VERIFIED, SIGNER.keys, endpoint)


def plain() -> GatheringPlainClaims:
    return GatheringPlainClaims(attempt(PLAIN), plain_login(), PLAIN, tokens())


def signed(signer: Signer = SIGNER, **changes: object) -> HttpResponse:
    claims = {"iss": ISSUER, "aud": CLIENT.client_id, "sub": "alice", "name": "Alice"} | changes
    return answer(signer.sign(claims), content_type="application/jwt")


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def gathered(provider: OpenIdProvider = OPENID, **changes: Any) -> object:
    return gather(attempt(), pending_login(**changes), provider, tokens(), VERIFIED, SIGNER.keys)


def test_userinfo_is_asked_where_there_is_one() -> None:
    assert gathered() == gathering()


def test_where_userinfo_is_missing_or_unwanted_the_id_token_suffices() -> None:
    for state in (gathered(userinfo_endpoint=None), gathered(attrs.evolve(OPENID, userinfo=UserinfoPolicy.UNUSED))):
        assert isinstance(state, ReadingAccount)
        assert (state.identity.subject, state.identity.notes) == ("alice", ())


def test_userinfo_is_asked_with_the_token_in_the_header() -> None:
    for state in (gathering(), plain()):
        (request,) = state.awaits
        assert isinstance(request, HttpRequest)
        assert dict(request.headers)["authorization"] == "Bearer at-canary"
        assert "at-canary" not in request.url
        assert "at-canary" not in repr(request)


@pytest.mark.parametrize("answered", [answer({"sub": "alice", "name": "Alice"}), signed()])
def test_userinfo_about_the_same_person_adds_to_the_identity(answered: HttpResponse) -> None:
    state = advance(gathering(), [answered], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert (state.identity.display_name, state.identity.notes) == ("Alice", ())


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (answer({"sub": "aliceinvalid"}), Reason.OTHER_SUBJECT),
        (answer({"name": "Alice"}), Reason.OTHER_SUBJECT),
        (answer({"sub": 1}), Reason.OTHER_SUBJECT),
        (signed(sub="mallory"), Reason.OTHER_SUBJECT),
        (signed(iss="https://other.example"), Reason.BAD_USERINFO),
        (signed(aud=["other"]), Reason.BAD_USERINFO),
        (answer("garbage", content_type="application/jwt"), Reason.BAD_USERINFO),
    ],
)
def test_userinfo_that_contradicts_the_id_token_ends_the_login(answered: HttpResponse, expected: Reason) -> None:
    assert reason(advance(gathering(), [answered], now=NOW)) is expected


SILENT = [
    (Unreachable(sent=True, why="reset"), Reason.USERINFO_UNREACHABLE),
    (answer("", 503), Reason.USERINFO_UNREACHABLE),
    (answer("", 404), Reason.USERINFO_STATUS),
    (answer("<html>"), Reason.USERINFO_NOT_JSON),
    (answer("null"), Reason.EMPTY_USERINFO),
    (answer({}), Reason.EMPTY_USERINFO),
    (answer([1]), Reason.USERINFO_NOT_AN_OBJECT),
]


@pytest.mark.parametrize(("event", "expected"), SILENT)
def test_userinfo_that_says_nothing_leaves_the_id_token_alone(event: Event, expected: Reason) -> None:
    state = advance(gathering(), [event], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert [note.reason for note in state.identity.notes] == [expected]


@pytest.mark.parametrize(("event", "expected"), SILENT)
def test_userinfo_that_is_required_must_say_something(event: Event, expected: Reason) -> None:
    state = gathering(attrs.evolve(OPENID, userinfo=UserinfoPolicy.REQUIRED))
    assert reason(advance(state, [event], now=NOW)) is expected


def test_unsigned_userinfo_is_refused_where_signed_is_registered() -> None:
    state = gathering(attrs.evolve(OPENID, userinfo_signed=True))
    assert reason(advance(state, [answer({"sub": "alice"})], now=NOW)) is Reason.BAD_USERINFO
    assert isinstance(advance(state, [signed()], now=NOW), ReadingAccount)


def test_userinfo_signed_with_an_unknown_key_has_the_keys_read_anew() -> None:
    rotated = Signer("k2")
    state = advance(gathering(), [signed(rotated)], now=NOW)
    assert isinstance(state, RefreshingUserinfoKeys)
    assert state.awaits == (ReadKeys(ISSUER, ISSUER + "/keys", lacks="k2"),)
    assert isinstance(advance(state, [KeysRead(rotated.keys)], now=NOW), ReadingAccount)
    assert reason(advance(state, [KeysRead(SIGNER.keys)], now=NOW)) is Reason.UNKNOWN_KEY
    unavailable = Unavailable(Failure(Reason.KEYS_UNREACHABLE))
    assert reason(advance(state, [unavailable], now=NOW)) is Reason.KEYS_UNREACHABLE


def test_a_plain_provider_names_the_person_in_its_own_namespace() -> None:
    state = advance(plain(), [answer({"sub": 17, "name": "Alice"})], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert (state.identity.issuer, state.identity.subject) == ("plain.example", "17")


@pytest.mark.parametrize(("event", "expected"), [*SILENT, (answer({"name": "Alice"}), Reason.NO_IDENTITY)])
def test_without_userinfo_a_plain_provider_says_nothing(event: Event, expected: Reason) -> None:
    assert reason(advance(plain(), [event], now=NOW)) is expected
