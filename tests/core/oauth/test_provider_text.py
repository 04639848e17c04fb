from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.oauth.provider_text import LIMIT, quote_provider
from sso_core.secret import Secret


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("invalid_grant", "invalid_grant"),
        ("", ""),
        ("größer als 🙂", "größer als 🙂"),
        ("one\r\ntwo\tthree\x1b[31m", "one  two three [31m"),
        ("right\u202eleft\u2028next\u200b", "right left next "),
        ("a" * LIMIT, "a" * LIMIT),
        ("a" * (LIMIT + 1), "a" * LIMIT + "…"),
    ],
)
def test_foreign_text_becomes_one_short_printable_line(text: str, quoted: str) -> None:
    assert quote_provider(text) == quoted


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("code c0de is bad", "code … is bad"),
        ("c0de", "…"),
        ("c0de and s3cret and c0de", "… and … and …"),
        ("nothing here", "nothing here"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(text: str, quoted: str) -> None:
    assert quote_provider(text, Secret("c0de"), Secret("s3cret")) == quoted


def test_an_empty_secret_masks_nothing() -> None:
    assert quote_provider("text", Secret("")) == "text"


def test_a_secret_across_the_cut_is_masked_before_it() -> None:
    assert "c0de" not in quote_provider("a" * (LIMIT - 4) + "c0decanary", Secret("c0decanary"))


def test_a_secret_that_begins_with_another_is_masked_whole() -> None:
    assert quote_provider("abcdef", Secret("abc"), Secret("abcdef")) == "…"


@given(st.text(), st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1), max_size=3))
def test_no_quote_holds_a_secret_or_a_line_break(text: str, secrets: list[str]) -> None:
    quoted = quote_provider("".join([text, *secrets, text]), *map(Secret, secrets))
    assert not any(secret in quoted for secret in secrets)
    assert quoted.isprintable()
    assert len(quoted) <= LIMIT + 1
