from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.identity.claim_path import (
    ABSENT,
    DEPTH_LIMIT,
    PATH_LIMIT,
    first_value,
    members_of,
    source_at,
    value_at,
)
from sso_core.oauth.claims import ClaimSet, merge_claims

CLAIMS = ClaimSet(
    {
        "realm_access": {"roles": ["auditor"]},
        "https://ex.example/role": "admin",
        "a": {"b": {"c": "deep"}, "": "no name", "b.c": "a name with a dot"},
        "a.b": "a name with a dot",
        "list": [{"x": 1}],
        "metadata": {"k": "inside"},
        "k": "top",
        "": "no name",
        "null": None,
        "zero": 0,
        "no": False,
        "empty": "",
        "nothing": [],
        "text": "abc",
    }
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("k", "top"),
        ("realm_access.roles", ["auditor"]),
        ("a.b.c", "deep"),
        ("a.b", {"c": "deep"}),
        (r"a\.b", "a name with a dot"),
        (r"a.b\.c", "a name with a dot"),
        (r"https://ex\.example/role", "admin"),
        ("https://ex.example/role", ABSENT),
        ("metadata.k", "top"),
        ("metadata.metadata.k", "inside"),
        (r"metadata\.k", ABSENT),
        ("metadata", {"k": "inside"}),
        ("metadata.", "no name"),
        ("a.", "no name"),
        (".a", ABSENT),
        ("", ABSENT),
        ("null", None),
        ("null.x", ABSENT),
        ("zero", 0),
        ("missing", ABSENT),
        ("a.missing.c", ABSENT),
        ("list.0", ABSENT),
        ("list.x", ABSENT),
        ("text.0", ABSENT),
    ],
)
def test_a_path_leads_through_objects_and_a_backslash_keeps_a_dot(path: str, value: object) -> None:
    assert value_at(CLAIMS, path) == value


@pytest.mark.parametrize(("depth", "found"), [(DEPTH_LIMIT, True), (DEPTH_LIMIT + 1, False)])
def test_a_path_is_no_deeper_than_json_is_read(depth: int, found: bool) -> None:
    claims: Any = "deep"
    for _ in range(depth):
        claims = {"a": claims}
    assert (value_at(ClaimSet(claims), ".".join("a" * depth)) == "deep") is found


@pytest.mark.parametrize(("length", "count"), [(PATH_LIMIT, 1), (PATH_LIMIT + 1, 0)])
def test_a_path_is_no_longer_than_its_limit(length: int, count: int) -> None:
    assert len(members_of("a" * length)) == count


@given(st.text("ab.\\m", max_size=60))
def test_no_path_raises(path: str) -> None:
    value_at(CLAIMS, path)
    source_at(merge_claims(CLAIMS, ClaimSet(), ClaimSet()), path)


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ((), None),
        (("missing", "null", "empty", "nothing", "k", "text"), ("k", "top")),
        (("zero", "k"), ("zero", 0)),
        (("no", "k"), ("no", False)),
        (("missing",), None),
    ],
)
def test_the_first_path_with_a_value_wins_and_what_is_empty_is_none(
    paths: tuple[str, ...], found: tuple[str, object] | None
) -> None:
    assert first_value(CLAIMS, paths) == found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("k", "userinfo"),
        ("realm_access.roles", "id_token"),
        ("metadata.k", "userinfo"),
        (r"https://ex\.example/role", "userinfo"),
        ("missing", ""),
        ("missing.too", ""),
        ("", ""),
        ("k." * PATH_LIMIT, ""),
    ],
)
def test_the_source_of_a_claim_is_that_of_the_member_it_is_in(path: str, source: str) -> None:
    userinfo = ClaimSet({"k": 1, "https://ex.example/role": "admin"})
    assert source_at(merge_claims(userinfo, CLAIMS, ClaimSet()), path) == source
