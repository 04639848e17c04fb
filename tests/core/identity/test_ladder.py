from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sso_core.identity.ladder import RoleLadder

LADDER = RoleLadder(("owner", "Editor", "reader"), admins=("owner", "Editor"), default="reader", unranked=("guest",))


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("owner", "owner"),
        ("OWNER", "owner"),
        ("editor", "Editor"),
        ("Guest", "guest"),
        (" owner", None),
        ("", None),
        ("gue\u017ft", None),
        ("nobody", None),
        (None, None),
        (True, None),
        (["owner"], None),
    ],
)
def test_a_role_is_named_in_any_case_of_letters_and_by_nothing_else(value: object, role: str | None) -> None:
    assert LADDER.named(value) == role


@pytest.mark.parametrize("roles", list(permutations(("reader", "owner", "guest", "nobody"))))
def test_the_most_powerful_role_wins_in_whatever_order(roles: tuple[str, ...]) -> None:
    assert LADDER.highest(roles) == "owner"


@pytest.mark.parametrize("roles", [(), ("guest",), ("nobody",)])
def test_what_has_no_rank_is_not_the_highest(roles: tuple[str, ...]) -> None:
    assert LADDER.highest(roles) is None


def test_the_first_admin_role_is_what_promotion_gives() -> None:
    assert LADDER.promoted == "owner"


@pytest.mark.parametrize(("role", "admin"), [("owner", True), ("Editor", True), ("reader", False), (None, False)])
def test_administrators_are_those_in_an_admin_role(role: str | None, admin: bool) -> None:
    assert LADDER.is_admin(role) is admin


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ("a", "a")},
        {"unranked": ("a",)},
        {"unranked": ("A",)},
        {"roles": ("a", "A")},
        {"roles": ("a", "\u00e9t\u00e9")},
        {"admins": ()},
        {"admins": ("b",)},
        {"default": "b"},
        {"budgeted": "b"},
    ],
)
def test_a_ladder_that_contradicts_itself_is_a_mistake(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {"roles": ("a",), "admins": ("a",), "default": "a"}
    assert RoleLadder(**good, budgeted="a").budgeted == "a"
    with pytest.raises(ValueError, match=r"ladder"):
        RoleLadder(**good | changes)
