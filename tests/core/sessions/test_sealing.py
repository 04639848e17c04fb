from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.sessions.sealing import KEY_ID_SIZE, NONCE_SIZE, SEALED_LIMIT, VERSION, SealingKeys
from sso_core.wire import b64url_decode, b64url_encode

NONCE = b"n" * NONCE_SIZE
OLD, NEW = b"o" * 32, b"n" * 32
KEYS = SealingKeys((OLD,))
SEALED = KEYS.seal(b"plain", context="state", nonce=NONCE)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(max_size=2048), st.text(), st.binary(min_size=NONCE_SIZE, max_size=NONCE_SIZE), st.binary(min_size=32))
def test_what_was_sealed_opens_in_its_context(plain: bytes, context: str, nonce: bytes, secret: bytes) -> None:
    keys = SealingKeys((secret,))
    assert keys.unseal(keys.seal(plain, context=context, nonce=nonce), context=context) == plain


@given(st.text(), st.text())
def test_what_was_sealed_opens_in_no_other_context(context: str, other: str) -> None:
    sealed = KEYS.seal(b"plain", context=context, nonce=NONCE)
    assert (KEYS.unseal(sealed, context=other) == b"plain") is (context == other)


@given(st.binary(min_size=32).filter(lambda secret: secret != OLD))
def test_what_was_sealed_opens_with_no_other_key(secret: bytes) -> None:
    assert SealingKeys((secret,)).unseal(SEALED, context="state") is None


@given(st.integers(0, len(SEALED) - 1), st.sampled_from(ALPHABET))
def test_a_text_with_one_letter_changed_opens_nowhere(position: int, letter: str) -> None:
    mutated = SEALED[:position] + letter + SEALED[position + 1 :]
    assert (KEYS.unseal(mutated, context="state") is None) is (mutated != SEALED)


@given(st.text() | st.text(ALPHABET) | st.binary().map(b64url_encode))
def test_a_text_that_was_never_sealed_opens_nowhere(text: str) -> None:
    assert KEYS.unseal(text, context="state") is None


def test_a_text_cut_short_opens_nowhere() -> None:
    for length in range(len(SEALED)):
        assert KEYS.unseal(SEALED[:length], context="state") is None, length


@pytest.mark.parametrize(
    "text",
    [
        SEALED + "=",
        SEALED + "A",
        " " + SEALED,
        urlsafe_b64encode(b"\x02" + b64url_decode(SEALED)[1:]).rstrip(b"=").decode(),
        b64url_encode(b64url_decode(SEALED)[: len(VERSION) + KEY_ID_SIZE]),
        b64url_encode(b64url_decode(SEALED)[: len(VERSION) + KEY_ID_SIZE + NONCE_SIZE]),
    ],
    ids=["padding", "a letter more", "a blank", "another version", "no nonce", "no ciphertext"],
)
def test_a_text_of_another_form_opens_nowhere(text: str) -> None:
    assert KEYS.unseal(text, context="state") is None


def test_a_text_larger_than_a_cookie_is_not_even_decoded() -> None:
    sealed = KEYS.seal(b"p" * SEALED_LIMIT, context="state", nonce=NONCE)
    assert KEYS.unseal(sealed, context="state") is None


def test_the_newest_secret_seals_and_all_of_them_open() -> None:
    rotated = SealingKeys((NEW, OLD))
    assert rotated.unseal(SEALED, context="state") == b"plain"
    sealed = rotated.seal(b"plain", context="state", nonce=NONCE)
    assert SealingKeys((NEW,)).unseal(sealed, context="state") == b"plain"
    assert KEYS.unseal(sealed, context="state") is None


def test_a_dropped_secret_opens_nothing_any_more() -> None:
    assert SealingKeys((NEW,)).unseal(SEALED, context="state") is None


def test_a_sealed_text_shows_neither_its_content_nor_the_key() -> None:
    data = b64url_decode(SEALED)
    assert b"plain" not in data
    assert OLD[:4] not in data


@pytest.mark.parametrize("secrets", [(), (b"",), (b"s" * 31,), (NEW, b"s" * 31)])
def test_too_few_or_too_short_secrets_are_refused(secrets: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="at least one secret, each of 32 bytes or more"):
        SealingKeys(secrets)


def test_the_secrets_show_in_no_text() -> None:
    assert repr(SealingKeys((NEW, OLD))) == "SealingKeys(2 secrets)"


def test_keys_are_the_same_by_their_secrets() -> None:
    assert SealingKeys((OLD,)) == KEYS
    assert SealingKeys((NEW,)) != KEYS
