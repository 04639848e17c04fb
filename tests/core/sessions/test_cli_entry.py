from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.failures import Reason, Refusal
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import (
    CLIENT_LIMIT,
    ENTRY_LIMIT,
    CliLogin,
    Loopback,
    check_code_challenge,
    check_loopback_uri,
    cli_hash,
    cli_login_key,
    decode_cli_login,
    encode_cli_login,
    is_secret,
    proves_challenge,
    shown_client,
    typed_code,
    user_code,
)
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
LOGIN = CliLogin("poll-hash", "code-hash", "cli on box", "192.0.2.1", NOW, NOW + 600.5)
APPROVED = attrs.evolve(LOGIN, tries=2, claim_hash="claim", session=SESSION, aliases=(("blue", "Blue team"),))
LISTENING = attrs.evolve(LOGIN, loopback=Loopback("http://127.0.0.1:9/callback", "challenge", "hash"))
VALUES: list[Any] = json.loads(encode_cli_login(APPROVED))


def reason(value: bytes) -> Reason:
    with pytest.raises(Refusal) as caught:
        decode_cli_login(value)
    return caught.value.failure.reason


def changed(position: int, value: object) -> bytes:
    return json.dumps([*VALUES[:position], value, *VALUES[position + 1 :]]).encode()


@pytest.mark.parametrize("login", [LOGIN, APPROVED, LISTENING])
def test_a_command_line_login_comes_back_as_it_was_kept(login: CliLogin) -> None:
    assert decode_cli_login(encode_cli_login(login)) == login


def test_an_entry_with_the_largest_session_comes_back_too() -> None:
    teams = tuple(str(number).zfill(36) for number in range(10_000))
    large = attrs.evolve(APPROVED, session=attrs.evolve(SESSION, team_ids=teams))
    assert decode_cli_login(encode_cli_login(large)) == large


def test_an_entry_that_nobody_could_read_back_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        encode_cli_login(attrs.evolve(APPROVED, aliases=(("blue", "x" * ENTRY_LIMIT),)))
    assert caught.value.failure.reason is Reason.SESSION_NOT_KEPT


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"busy",
        changed(0, 2),
        changed(1, None),
        changed(7, "3"),
        changed(9, "AAAA"),
        changed(9, "not base64"),
        changed(10, [["blue"]]),
        changed(10, [5]),
        changed(11, ["http://127.0.0.1/callback"]),
        json.dumps(VALUES[:-1]).encode(),
        json.dumps([*VALUES, 1]).encode(),
    ],
)
def test_what_is_no_command_line_login_of_ours_is_none(value: bytes) -> None:
    assert reason(value) is Reason.NO_CLI_LOGIN


@given(st.binary(min_size=32, max_size=32))
def test_a_user_code_is_read_and_typed_without_mistake(entropy: bytes) -> None:
    code = user_code(entropy)
    assert len(code) == 9
    assert typed_code(f" {code.lower().replace('-', ' ')} ") == code


def test_blanks_hyphens_and_case_of_a_typed_code_are_forgiven() -> None:
    assert typed_code(" bcdf ghjk\n") == typed_code("BC-DF-GH-JK") == "BCDF-GHJK"


def test_user_codes_use_all_their_letters_in_all_their_places() -> None:
    codes = [user_code(bytes([number % 256, number // 256]) * 16) for number in range(4000)]
    assert len(set(codes)) == len(codes)
    assert {len({code[place] for code in codes}) for place in (0, 1, 2, 3, 5, 6, 7, 8)} == {20}


def test_a_secret_is_known_by_its_hash_and_only_for_its_own_login() -> None:
    kept = cli_hash("login", Secret("secret"))
    assert "secret" not in kept
    assert is_secret("login", Secret("secret"), kept)
    assert not is_secret("login", Secret("Secret"), kept)
    assert not is_secret("other", Secret("secret"), kept)


def test_nothing_is_the_secret_of_nobody() -> None:
    assert not is_secret("login", Secret(""), "")


def test_the_key_tells_nothing_of_the_id() -> None:
    assert "login-id" not in cli_login_key("login-id")
    assert cli_login_key("a") != cli_login_key("b")


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1/callback", "http://[::1]:65535/callback", "http://127.0.0.1/callback"]
)
def test_a_command_line_listens_on_the_loopback_at_any_port(uri: str) -> None:
    assert check_loopback_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://127.0.0.1:1/callback",
        "http://localhost:1/callback",
        "http://localhost.evil.example:1/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2:1/callback",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:1/callback/x",
        "http://127.0.0.1:1/callback?next=x",
        "http://127.0.0.1:1/callback?",
        "http://127.0.0.1:1/callback#x",
        "http://evil@127.0.0.1:1/callback",
        "http://192.0.2.1/callback",
    ],
)
def test_and_nowhere_else(uri: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_loopback_uri(uri)
    assert caught.value.failure.reason is Reason.MALFORMED_CALLBACK


@pytest.mark.parametrize("challenge", ["", "c", "c" * 44, "ä" * 43, "+" * 43])
def test_a_challenge_is_one_of_s256(challenge: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_code_challenge(challenge)
    assert caught.value.failure.reason is Reason.MALFORMED_CALLBACK


@pytest.mark.parametrize(
    ("verifier", "proves"),
    [("v" * 43, True), ("w" * 43, False), ("", False), ("v" * 42, False), ("v" * 129, False), ("ä" * 43, False)],
)
def test_only_the_verifier_proves_its_challenge(verifier: str, proves: bool) -> None:
    challenge = check_code_challenge(code_challenge(Secret("v" * 43)))
    assert proves_challenge(Secret(verifier), challenge) is proves


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cli on box", "cli on box"),
        ("", "a command line"),
        (" \n ", "a command line"),
        ("a\r\nb\x00c", "a  b c"),
        ("x" * 1000, "x" * CLIENT_LIMIT),
    ],
)
def test_what_a_command_line_calls_itself_is_shown_in_one_short_line(name: str, shown: str) -> None:
    assert shown_client(name) == shown
