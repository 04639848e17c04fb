from __future__ import annotations

import pytest

from sso_core.identity.explanation import VALUE_LIMIT, Step, cut, shown


@pytest.mark.parametrize(("length", "is_cut"), [(VALUE_LIMIT, False), (VALUE_LIMIT + 1, True)])
def test_a_long_text_is_cut_and_the_cut_shows(length: int, is_cut: bool) -> None:
    assert cut("v" * length) == ("v" * VALUE_LIMIT + "…" if is_cut else "v" * length)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Älice", '"Älice"'),
        (True, "true"),
        (1, "1"),
        (["a", 1], '["a", 1]'),
        (None, "null"),
        ("v" * 600, '"' + "v" * (VALUE_LIMIT - 1) + "…"),
    ],
)
def test_a_value_is_shown_as_json(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_came_out_for_a_person_shows_in_no_repr() -> None:
    assert "canary" not in repr(Step("handle", "sub", "id_token", "canary"))
