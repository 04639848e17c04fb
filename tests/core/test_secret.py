from __future__ import annotations

import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.secret import ENTROPY_SIZE, Entropy, Secret

PIECES = ("state", "nonce", "code_verifier", "login_cookie", "session_id", "account_id", "seal_nonce", "reference")
ENTROPY = Entropy(bytes(range(ENTROPY_SIZE)))


def text(entropy: Entropy, piece: str) -> str | bytes:
    value: str | bytes | Secret = getattr(entropy, piece)
    return value.reveal() if isinstance(value, Secret) else value


@pytest.mark.parametrize("show", [repr, str, "{}".format])
def test_a_secret_shows_in_no_text(show: type[str]) -> None:
    assert show(Secret("canary")) == "Secret(…)"


def test_a_value_that_holds_a_secret_does_not_show_it_either() -> None:
    @attrs.frozen
    class Holder:
        secret: Secret

    assert "canary" not in repr(Holder(Secret("canary")))


def test_a_secret_is_had_only_by_asking_for_it() -> None:
    assert Secret("canary").reveal() == "canary"


def test_secrets_of_one_text_are_one_secret() -> None:
    assert Secret("canary") == Secret("canary")
    assert len({Secret("canary"), Secret("canary")}) == 1
    assert Secret("canary") != Secret("canaries")
    assert Secret("schlüssel") == Secret("schlüssel")


def test_a_secret_is_not_its_text() -> None:
    assert Secret("canary") != "canary"


@pytest.mark.parametrize(("value", "truth"), [("", False), ("canary", True)])
def test_only_the_empty_secret_is_false(value: str, truth: bool) -> None:
    assert bool(Secret(value)) is truth


def test_a_secret_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Secret("canary")._text = "other"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # on purpose


def test_entropy_is_what_was_drawn() -> None:
    assert Entropy(ENTROPY.block) == ENTROPY


@pytest.mark.parametrize("size", [0, ENTROPY_SIZE - 1, ENTROPY_SIZE + 1])
def test_entropy_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"{ENTROPY_SIZE} bytes, not {size}"):
        Entropy(bytes(size))


def test_entropy_shows_in_no_text() -> None:
    assert repr(ENTROPY) == "Entropy(…)"


@pytest.mark.parametrize("piece", ["state", "nonce", "code_verifier", "login_cookie", "session_id"])
def test_what_travels_has_43_characters_that_need_no_escape(piece: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", str(text(ENTROPY, piece)))


@pytest.mark.parametrize(
    ("piece", "of"),
    [
        ("cli_login_id", "state"),
        ("poll_secret", "code_verifier"),
        ("loopback_code", "code_verifier"),
        ("api_key", "code_verifier"),
        ("cli_claim", "session_id"),
    ],
)
def test_a_flow_that_has_no_use_for_a_piece_uses_it_for_something_else(piece: str, of: str) -> None:
    assert text(ENTROPY, piece) == text(ENTROPY, of)


def test_a_user_code_is_made_of_32_bytes() -> None:
    assert len(ENTROPY.user_code) == 32


def test_what_is_kept_has_the_size_of_its_place() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", ENTROPY.account_id)
    assert len(ENTROPY.seal_nonce) == 12
    assert re.fullmatch(r"[0-9a-f]{8}", ENTROPY.reference)


@given(st.integers(0, ENTROPY_SIZE - 1), st.integers(1, 255))
def test_no_byte_of_entropy_is_used_twice(position: int, change: int) -> None:
    block = bytearray(ENTROPY.block)
    block[position] ^= change
    changed = Entropy(bytes(block))
    assert sum(text(changed, piece) != text(ENTROPY, piece) for piece in PIECES) <= 1


@given(st.integers(0, 159), st.integers(1, 255))
def test_every_byte_of_a_secret_piece_counts(position: int, change: int) -> None:
    block = bytearray(ENTROPY.block)
    block[position] ^= change
    piece = PIECES[position // 32]
    assert text(Entropy(bytes(block)), piece) != text(ENTROPY, piece)
