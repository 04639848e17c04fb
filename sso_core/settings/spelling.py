"""Names that nobody reads, and what their writer may have meant.

A restriction whose name is misspelt restricts nobody, so it keeps the service from starting; anything else is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from sso_core.settings.variables import BY_NAME, VARIABLES

LIKENESS = 0.85
"""How alike two names must be (difflib's ratio) for one to be taken for the other misspelt."""

PREFIXES = ("GENERIC_", "SSO_", "MICROSOFT_", "GOOGLE_")
_RESTRICTING = tuple(variable.name for variable in VARIABLES if variable.restricts)


_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def shown(name: str) -> str:
    """Return a name as a report may quote it: what is no name may be anything, a secret too."""
    return name if _NAME.fullmatch(name) else "…"


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that an unknown one is most like, if it is like any."""
    return next(iter(get_close_matches(name, tuple(known), 1, LIKENESS)), None)


def misspelt(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the unknown names of an environment that are like a setting's, each with that one, in order."""
    pairs = []
    for name in sorted(filter(_NAME.fullmatch, set(names) - BY_NAME.keys())):
        close = meant(name.upper(), BY_NAME if name.upper().startswith(PREFIXES) else _RESTRICTING)
        if close is not None:
            pairs.append((name, close))
    return tuple(pairs)
