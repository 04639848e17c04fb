"""The groups of a person: read from a claim of any shape, or listed by a directory service, and whether that is all.

What is partial never reads as empty. Nobody loses a role, or gets the one for people without groups, because a list was
cut, was somewhere else, or could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sso_core.identity.claim_path import ABSENT, members_of, value_at
from sso_core.identity.gathered import GroupListing
from sso_core.oauth.claims import ClaimSet

GROUP_LIMIT = 10_000
"""Groups of one person: more than any directory puts into a token; beyond it the list is cut, and counts as partial."""
NAME_LIMIT = 1024
"""Characters of one name, enough for the long ones of LDAP; what is longer names no group."""
_NUMBER_BITS = 256
"""Of a whole number that is a name: a UUID has 128."""


@attrs.frozen
class Groups:
    """The names, each once, in the order in which they were said."""

    names: tuple[str, ...] = attrs.field(default=(), repr=False)
    said: bool = False
    """Whether anybody spoke of groups: an absent claim and null are silent, an empty list is not."""
    complete: bool = True
    """Whether there are no more than these."""


def name_of(item: object) -> str | None:
    """Return the name that a text or a number is; None for anything else, which names nothing."""
    if isinstance(item, str):
        return item if 0 < len(item) <= NAME_LIMIT else None
    if isinstance(item, float) or (type(item) is int and item.bit_length() <= _NUMBER_BITS):
        return str(item)
    return None


def read_groups(value: object) -> Groups:
    """Return the groups that a claim's value lists.

    A list has names as its items, a text has them between commas, any other single value is a name itself.
    """
    if value is ABSENT or value is None:
        return Groups()
    if isinstance(value, list):
        return _bounded(value)
    if isinstance(value, str):
        return _bounded(part.strip() for part in value.split(",", GROUP_LIMIT + 1))
    return _bounded((value,))


def _bounded(items: Iterable[object], *, complete: bool = True) -> Groups:
    names: dict[str, None] = {}
    for count, item in enumerate(items):
        if count == GROUP_LIMIT:
            return Groups(tuple(names), said=True, complete=False)
        name = name_of(item)
        if name is not None:
            names[name] = None
    return Groups(tuple(names), said=True, complete=complete)


def is_elsewhere(claims: ClaimSet, path: str) -> bool:
    """Say whether the claim is said to be somewhere else (OIDC Core 5.6.2), where nobody here reads it.

    Entra does so for people in more groups than fit into a token, or says no more than `hasgroups`.
    """
    name = next(iter(members_of(path)), None)
    others = claims.get("_claim_names")
    if isinstance(others, dict) and name in others:
        return True
    return name == "groups" and claims.get("hasgroups") not in (None, False)


def find_groups(claims: ClaimSet, path: str, listing: GroupListing | None = None, *, all_read: bool = True) -> Groups:
    """Return the groups that the claim at `path` lists, and a directory service, where it was asked.

    A listing speaks for a claim that is absent or elsewhere. Without one, a claim that is absent says that there are no
    groups only if `all_read`: whatever may hold it was read.
    """
    own = read_groups(value_at(claims, path))
    if listing is not None:
        return _bounded((*own.names, *listing.groups), complete=listing.complete and own.complete)
    complete = own.complete and not is_elsewhere(claims, path) and (own.said or all_read)
    return attrs.evolve(own, complete=complete)
