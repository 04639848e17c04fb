from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import pending_login

from sso_core.failures import Reason, Refusal
from sso_core.oauth.keys import ALGORITHMS
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin, decode_login, encode_login, login_key

LOGIN = pending_login()
VALUES: list[Any] = json.loads(encode_login(LOGIN))
USERINFO_ENDPOINT = VALUES.index(LOGIN.userinfo_endpoint)
VERIFIER = LOGIN.code_verifier.reveal()

TEXT = st.text(max_size=100)
LOGINS = st.builds(
    PendingLogin,
    provider_id=TEXT,
    namespace=TEXT,
    redirect_uri=TEXT,
    nonce=TEXT,
    code_verifier=st.text(min_size=1, max_size=128).map(Secret),
    return_to=TEXT,
    expires_at=st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 1 << 53),
    token_endpoint=TEXT,
    userinfo_endpoint=st.none() | TEXT,
    jwks_uri=TEXT,
    id_token_algorithms=st.lists(st.sampled_from(ALGORITHMS)).map(tuple),
    response_issuer_promised=st.booleans(),
)


def reason(value: bytes) -> Reason:
    with pytest.raises(Refusal) as caught:
        decode_login(value)
    assert VERIFIER not in str(caught.value)
    return caught.value.failure.reason


def changed(position: int, value: object) -> bytes:
    return json.dumps([*VALUES[:position], value, *VALUES[position + 1 :]]).encode()


@given(LOGINS)
def test_a_login_comes_back_as_it_was_kept(login: PendingLogin) -> None:
    assert decode_login(encode_login(login)) == login


def test_a_login_does_not_grow_by_names_or_blanks() -> None:
    assert encode_login(LOGIN).startswith(b'[2,"generic","https://idp.example",')


def test_the_verifier_shows_in_no_text() -> None:
    assert VERIFIER not in repr(LOGIN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # older versions kept nothing but the code verifier, bare or in quotes
        (VERIFIER.encode(), Reason.LEGACY_LOGIN),
        (b"abc.DEF~ghi_JKL-" * 8, Reason.LEGACY_LOGIN),
        (json.dumps(VERIFIER).encode(), Reason.LEGACY_LOGIN),
        (json.dumps({"code_verifier": VERIFIER}).encode(), Reason.LEGACY_LOGIN),
        (json.dumps({"code_verifier": VERIFIER, "return_to": "/"}).encode(), Reason.LEGACY_LOGIN),
        # a verifier that proves nothing
        (b'""', Reason.EMPTY_VERIFIER),
        (b'{"code_verifier": ""}', Reason.EMPTY_VERIFIER),
        (b'{"code_verifier": null}', Reason.EMPTY_VERIFIER),
        (b'{"code_verifier": 5}', Reason.EMPTY_VERIFIER),
        (changed(5, ""), Reason.EMPTY_VERIFIER),
        # no login at all
        (b"", Reason.UNREADABLE_LOGIN),
        (VERIFIER[:42].encode(), Reason.UNREADABLE_LOGIN),
        (VERIFIER.encode() + b"\n", Reason.UNREADABLE_LOGIN),
        (VERIFIER.encode() + "ä".encode(), Reason.UNREADABLE_LOGIN),
        (b"\xff" * 43, Reason.UNREADABLE_LOGIN),
        (b"null", Reason.UNREADABLE_LOGIN),
        (b"1", Reason.UNREADABLE_LOGIN),
        (b"{}", Reason.UNREADABLE_LOGIN),
        (b"[]", Reason.UNREADABLE_LOGIN),
        (encode_login(LOGIN)[:-1], Reason.UNREADABLE_LOGIN),
        (encode_login(LOGIN) + b"[", Reason.UNREADABLE_LOGIN),
        # of a version that is not ours
        (changed(0, 1), Reason.UNKNOWN_LOGIN_VERSION),
        (changed(0, 3), Reason.UNKNOWN_LOGIN_VERSION),
        (changed(0, "2"), Reason.UNKNOWN_LOGIN_VERSION),
        (changed(0, None), Reason.UNKNOWN_LOGIN_VERSION),
        (b"[3]", Reason.UNKNOWN_LOGIN_VERSION),
        # of our version, and damaged
        (b"[2]", Reason.UNREADABLE_LOGIN),
        (changed(13, "other"), Reason.UNREADABLE_LOGIN),
        (changed(7, True), Reason.UNREADABLE_LOGIN),
        (json.dumps(VALUES[:-1]).encode(), Reason.UNREADABLE_LOGIN),
        (json.dumps([*VALUES, 1]).encode(), Reason.UNREADABLE_LOGIN),
    ],
)
def test_what_is_no_login_of_ours_has_a_reason_of_its_own(value: bytes, expected: Reason) -> None:
    assert reason(value) is expected


@pytest.mark.parametrize("position", range(1, len(VALUES)))
@pytest.mark.parametrize("value", [["other"], {}])
def test_a_login_damaged_in_one_place_is_used_in_no_part(position: int, value: object) -> None:
    assert reason(changed(position, value)) is Reason.UNREADABLE_LOGIN


@pytest.mark.parametrize("position", [position for position in range(1, len(VALUES)) if position != USERINFO_ENDPOINT])
def test_only_the_userinfo_endpoint_may_be_missing(position: int) -> None:
    assert reason(changed(position, None)) is Reason.UNREADABLE_LOGIN
    assert decode_login(changed(USERINFO_ENDPOINT, None)) == pending_login(userinfo_endpoint=None)


@given(
    st.binary()
    | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_other_bytes_are_a_login(value: bytes) -> None:
    with pytest.raises(Refusal):
        decode_login(value)


def test_a_login_is_found_by_the_state_and_the_cookie_together() -> None:
    keys = {login_key(state, Secret(cookie)) for state in ("a", "b") for cookie in ("c", "d")}
    assert len(keys) == 4
    assert login_key("a", Secret("c")) in keys


def test_a_part_of_the_state_cannot_pass_for_a_part_of_the_cookie() -> None:
    assert login_key("a b", Secret("c")) != login_key("a", Secret("b c"))


@given(st.text(min_size=20), st.text(min_size=20))
def test_nothing_of_either_can_be_read_from_the_key(state: str, cookie: str) -> None:
    key = login_key(state, Secret(cookie))
    assert len(key) == 43
    assert state not in key
    assert cookie not in key
