from __future__ import annotations

from typing import Any

import pytest

from sso_core.identity.claim_path import ABSENT
from sso_core.identity.gathered import GroupListing
from sso_core.identity.groups import GROUP_LIMIT, NAME_LIMIT, Groups, find_groups, is_elsewhere, name_of, read_groups
from sso_core.oauth.claims import ClaimSet


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("a", "a"),
        (" a ", " a "),
        ("", None),
        ("n" * NAME_LIMIT, "n" * NAME_LIMIT),
        ("n" * (NAME_LIMIT + 1), None),
        (7, "7"),
        (0, "0"),
        (-1, "-1"),
        (1.5, "1.5"),
        (2**256, None),
        (True, None),
        (None, None),
        (["a"], None),
        ({"name": "a"}, None),
    ],
)
def test_a_text_or_a_number_is_a_name_and_nothing_else_is(item: object, name: str | None) -> None:
    assert name_of(item) == name


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        (ABSENT, Groups()),
        (None, Groups()),
        ([], Groups(said=True)),
        ("", Groups(said=True)),
        ("a", Groups(("a",), said=True)),
        ("a, b ,, c", Groups(("a", "b", "c"), said=True)),
        (["a", "b", "a"], Groups(("a", "b"), said=True)),
        (["a,b"], Groups(("a,b",), said=True)),
        (["a", None, 3, True, ["b"], {"c": 1}], Groups(("a", "3"), said=True)),
        (7, Groups(("7",), said=True)),
        (False, Groups(said=True)),
        ({"a": True}, Groups(said=True)),
    ],
)
def test_groups_are_read_from_every_shape_of_a_claim(value: object, groups: Groups) -> None:
    assert read_groups(value) == groups


@pytest.mark.parametrize(("count", "complete"), [(GROUP_LIMIT, True), (GROUP_LIMIT + 1, False)])
@pytest.mark.parametrize("joined", [False, True])
def test_a_list_that_is_cut_is_partial(count: int, complete: bool, joined: bool) -> None:
    names = [f"g{number}" for number in range(count)]
    groups = read_groups(",".join(names) if joined else names)
    assert groups == Groups(tuple(names[:GROUP_LIMIT]), said=True, complete=complete)


def test_the_names_show_in_no_repr() -> None:
    assert "canary" not in repr(read_groups(["canary"]))


@pytest.mark.parametrize(
    ("claims", "path", "elsewhere"),
    [
        ({}, "groups", False),
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}}, "groups", True),
        ({"_claim_names": {"realm": "src1"}}, "realm.roles", True),
        ({"_claim_names": {"address": "src1"}}, "groups", False),
        ({"_claim_names": ["groups"]}, "groups", False),
        ({"_claim_names": {"groups": "src1"}}, "", False),
        ({"hasgroups": True}, "groups", True),
        ({"hasgroups": "true"}, "groups", True),
        ({"hasgroups": ["true"]}, "groups", True),
        ({"hasgroups": False}, "groups", False),
        ({"hasgroups": True}, "roles", False),
    ],
)
def test_a_claim_that_is_said_to_be_elsewhere_is_not_read_as_empty(
    claims: dict[str, Any], path: str, elsewhere: bool
) -> None:
    assert is_elsewhere(ClaimSet(claims), path) is elsewhere
    assert find_groups(ClaimSet(claims), path).complete is not elsewhere


@pytest.mark.parametrize(
    ("claims", "all_read", "complete"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"groups": None}, False, False),
        ({"groups": []}, False, True),
        ({"groups": ["a"]}, False, True),
        ({"groups": ["a"], "hasgroups": True}, True, False),
    ],
)
def test_an_absent_claim_says_something_only_if_everything_was_read(
    claims: dict[str, Any], all_read: bool, complete: bool
) -> None:
    assert find_groups(ClaimSet(claims), "groups", all_read=all_read).complete is complete


@pytest.mark.parametrize(
    ("claims", "listing", "names", "complete"),
    [
        ({}, GroupListing(("a", "b")), ("a", "b"), True),
        ({"groups": ["c", "a"]}, GroupListing(("a", "b")), ("c", "a", "b"), True),
        ({"hasgroups": True}, GroupListing(("a",)), ("a",), True),
        ({"hasgroups": True}, GroupListing(("a",), complete=False), ("a",), False),
        ({}, GroupListing(complete=False), (), False),
        ({}, GroupListing(), (), True),
    ],
)
def test_a_listing_speaks_for_a_claim_that_is_absent_or_elsewhere(
    claims: dict[str, Any], listing: GroupListing, names: tuple[str, ...], complete: bool
) -> None:
    found = find_groups(ClaimSet(claims), "groups", listing, all_read=False)
    assert found == Groups(names, said=True, complete=complete)


def test_a_claim_that_was_cut_stays_partial_beside_a_listing() -> None:
    claims = ClaimSet({"groups": [f"g{number}" for number in range(GROUP_LIMIT + 1)]})
    assert not find_groups(claims, "groups", GroupListing(("a",))).complete
