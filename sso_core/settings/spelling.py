"""Names that nobody reads, and what their writer may have meant.

A restriction whose name is misspelt restricts nobody, so it keeps the service from starting; anything else is a note.
Restrictions are also known by their words, in any order: ALLOWED_DOMAINS is not like ALLOWED_EMAIL_DOMAINS by letters.
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

_NO_MEANING = frozenset({"SSO", "GENERIC", "MICROSOFT", "GOOGLE", "PROXY", "UI"})
"""Words that say where a name belongs, and not what it means; without an S at the end, like all words here."""
_SYNONYMS = {
    "SSO_ACCESS_MODE": frozenset({"ADMIN", "ONLY"}),
    "SSO_RESTRICTED_GROUP": frozenset({"ALLOWED", "REQUIRED"}),
}
"""Further words by which somebody may call a restriction."""

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
        upper = name.upper()
        close = meant(upper, BY_NAME if upper.startswith(PREFIXES) else _RESTRICTING) or _restriction_by_words(upper)
        if close is not None:
            pairs.append((name, close))
    return tuple(pairs)


def _words(name: str) -> frozenset[str]:
    return frozenset(word.removesuffix("S") for word in name.split("_")) - _NO_MEANING


def _restriction_by_words(name: str) -> str | None:
    """Return the restriction that has the words of a name, or else some of them, or more."""
    return next(filter(lambda known: _words(name) == _words(known) and _may_mean(name, known), _RESTRICTING), None) or (
        next(filter(lambda known: _may_mean(name, known), _RESTRICTING), None)
    )


def _may_mean(name: str, restriction: str) -> bool:
    """Whether the words fit; one alone means too much. A name without our prefix may be another program's."""
    said, known = _words(name), _words(restriction)
    if len(said) < 2:
        return False
    if not name.startswith(PREFIXES):
        return said == known or (said < known and not restriction.startswith(PREFIXES))
    whole = said >= known and (len(known) > 1 or name.startswith("SSO_"))
    return whole or said <= known | _SYNONYMS.get(restriction, frozenset())
