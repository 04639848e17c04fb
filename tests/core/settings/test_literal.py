from __future__ import annotations

import pytest

from sso_core.settings.literal import LITERAL_LIMIT, LiteralError, parse_literal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": ["b", true, null]}', {"a": ["b", True, None]}),
        ("{'a': ['b', True, None]}", {"a": ["b", True, None]}),
        (" {'a': ('b',)} ", {"a": ("b",)}),
        ("5", 5),
        ("None", None),
        ("{}", {}),
        ('{"ä": ["ö"]}', {"ä": ["ö"]}),
    ],
)
def test_json_and_python_literals_are_read(text: str, value: object) -> None:
    assert parse_literal(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "canary()",
        "__import__('os')",
        "{'canary': x}",
        "{'a': }",
        "{[]: 1}",
        "{'a': 'canary\x00'}",
        "'\\N{canary}'",
        "(" * 5000,
        "-" * 9000 + "1",
        "[" * 9000 + "]" * 9000,
        "{**{'canary': 1}}",
        "{'a': '\ud800'",
        "{'canary': '\udcff'}",
        "{'canary': '\\ud800'}",
        '{"canary": "\\ud800"}',
        "{'canary': 1e999}",
        "'" + "x" * LITERAL_LIMIT + "'",
    ],
)
def test_anything_else_is_refused_and_never_quoted_or_run(text: str) -> None:
    with pytest.raises(LiteralError) as caught:
        parse_literal(text)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{'a': 1, 'a': 2}", "[{'b': {'a': 1, 'a': 2}}]"])
def test_a_name_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(LiteralError, match="twice"):
        parse_literal(text)
