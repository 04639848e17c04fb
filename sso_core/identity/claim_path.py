r"""Reading one claim by its path, as operators write it: the names of nested members with dots between them.

`realm_access.roles` is the member `roles` of the object `realm_access`. A dot that belongs to a name is written with a
backslash before it (`https://ex\.com/role`); without one, a dotted path never reads a member that merely is called so.
One `metadata.` at the beginning is left out, for paths that were written for objects that hold their claims there.
Objects only are walked: no path points into a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from sso_core.oauth.claims import ClaimSet, SourcedClaims

PATH_LIMIT = 512
DEPTH_LIMIT = 32
"""Characters and members of a path: as deep as JSON is read at all. A longer path leads to nothing."""


class Absence(Enum):
    """What is read where there is nothing. A null is something: the provider said it."""

    ABSENT = "absent"


ABSENT = Absence.ABSENT

_DOT = re.compile(r"(?<!\\)\.")


def members_of(path: str) -> tuple[str, ...]:
    """Return the names that the path leads through; none for the empty path and for one beyond the limits."""
    if not path or len(path) > PATH_LIMIT:
        return ()
    names = _DOT.split(path.removeprefix("metadata."))
    return tuple(name.replace("\\.", ".") for name in names) if len(names) <= DEPTH_LIMIT else ()


def value_at(claims: ClaimSet, path: str) -> object:
    """Return the claim's value, which may be null; ABSENT where the path leads to nothing."""
    if "." not in path:
        return claims.members.get(path, ABSENT) if path else ABSENT
    names = members_of(path)
    value: object = claims.members if names else ABSENT
    for name in names:
        if not isinstance(value, Mapping) or name not in value:
            return ABSENT
        value = value[name]
    return value


def first_value(claims: ClaimSet, paths: Iterable[str]) -> tuple[str, object] | None:
    """Return the first of the paths that leads to a value, and the value; null and what is empty are none."""
    for path in paths:
        # The path of most claims is their name; looking it up here takes half of the calls.
        value = value_at(claims, path) if "." in path or not path else claims.members.get(path, ABSENT)
        if value is not ABSENT and (value or isinstance(value, (int, float))):
            return path, value
    return None


def source_at(sourced: SourcedClaims, path: str) -> str:
    """Return the name of the document that a claim was read from; empty where there is no such claim."""
    names = members_of(path) if "." in path else (path,) if path else ()
    source = sourced.sources.get(names[0]) if names else None
    return source.text if source else ""
