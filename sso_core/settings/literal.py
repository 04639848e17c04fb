"""Values that operators write into one variable: JSON, or the literals of Python, within bounds and never run."""

from __future__ import annotations

import ast
import re
from math import isfinite

from sso_core.wire import WireError, parse_json

LITERAL_LIMIT = 16384
"""Characters; a map of roles to groups has some hundreds."""


_SURROGATE = re.compile("[\ud800-\udfff]")


class LiteralError(ValueError):
    """The text is no such value. The message says how, and never quotes it."""


def parse_literal(text: str) -> object:
    """Return the value of a JSON text or, where it is none, of a Python literal.

    Raises LiteralError for anything else, for a name that stands twice, for half of a character, for a number beyond
    all bounds, and for more than `LITERAL_LIMIT` characters.
    """
    if len(text) > LITERAL_LIMIT:
        raise LiteralError(f"is longer than {LITERAL_LIMIT} characters")
    try:
        return parse_json(text.encode())
    except UnicodeEncodeError:
        raise LiteralError("is no UTF-8") from None
    except WireError:
        pass
    try:
        expression = ast.parse(text.strip(), mode="eval").body
        value: object = ast.literal_eval(expression)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise LiteralError("is neither JSON nor a Python literal") from None
    if any(
        len(node.keys) != len(ast.literal_eval(node)) for node in ast.walk(expression) if isinstance(node, ast.Dict)
    ):
        raise LiteralError("names something twice")
    if not all(_is_plain(node.value) for node in ast.walk(expression) if isinstance(node, ast.Constant)):
        raise LiteralError("holds half of a character, or a number beyond all bounds")
    return value


def _is_plain(value: object) -> bool:
    """Whether JSON could hold the value, too."""
    if isinstance(value, str):
        return not _SURROGATE.search(value)
    return not isinstance(value, float) or isfinite(value)
