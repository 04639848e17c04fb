"""The roles of a service and their order. Which names they have is a setting; nothing here spells one."""

from __future__ import annotations

from collections.abc import Iterable

import attrs


@attrs.frozen
class RoleLadder:
    """Role names, the most powerful first.

    Names are ASCII, and different ones in any case of letters. Raises ValueError where they are not, and where the
    parts name a role that is not on the ladder.
    """

    roles: tuple[str, ...]
    """Those with a rank."""
    admins: tuple[str, ...]
    """Those that may administer; the first is what promotion gives."""
    default: str
    """For people of whom nothing else is known."""
    unranked: tuple[str, ...] = ()
    """Valid names that a claim may give, but no group: they have no place in the order."""
    budgeted: str | None = None
    """The role whose people get the default budget."""

    def __attrs_post_init__(self) -> None:
        known = {*self.roles, *self.unranked}
        named = {*self.admins, self.default, *((self.budgeted,) if self.budgeted else ())}
        if len({role.casefold() for role in known}) != len(self.roles) + len(self.unranked):
            raise ValueError("a role stands twice on the ladder")
        if not all(role.isascii() for role in known):
            raise ValueError("a role on the ladder has letters that another one could be mistaken for")
        if not self.admins or named - known:
            raise ValueError("the ladder needs an admin role, and all roles that are named on it")

    @property
    def promoted(self) -> str:
        """The role that promotion gives."""
        return self.admins[0]

    def is_admin(self, role: str | None) -> bool:
        """Whether the role may administer."""
        return role in self.admins

    def named(self, value: object) -> str | None:
        """Return the role that a value names, in any case of letters; None for anything else.

        A letter that is not ASCII is no other case of one that is: the long s folds to s, and names no role.
        """
        if not isinstance(value, str) or not value.isascii():
            return None
        folded = value.casefold()
        return next((role for role in (*self.roles, *self.unranked) if role.casefold() == folded), None)

    def highest(self, roles: Iterable[str]) -> str | None:
        """Return the most powerful of the roles that have a rank, whatever order they come in."""
        given = frozenset(roles)
        return next((role for role in self.roles if role in given), None)
