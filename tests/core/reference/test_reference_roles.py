"""Roles from groups, role names and dotted paths, against the reference."""

from __future__ import annotations

from typing import Any

import attrs
from cases import Case, Row, Verdict, each, expected
from rules_of import highest_role, mapped_role, role_map

from sso_core.identity.claim_path import ABSENT, value_at
from sso_core.identity.roles import role_named
from sso_core.oauth.claims import ClaimSet
from sso_core.settings.ladder import REFERENCE_LADDER

LADDER = REFERENCE_LADDER


def role_of(case: Case) -> str | None:
    groups = case.args["user_groups"]
    return mapped_role(role_map(case.args["role_mappings"]), groups if isinstance(groups, list) else [])


GROUP_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "an item that is no name names no group, instead of an unhandled error",
        lambda case: case.error is not None,
        lambda case, _: role_of(_without_odd_items(case)),
    ),
)


def _without_odd_items(case: Case) -> Case:
    groups = case.args["user_groups"]
    names = [item for item in groups if isinstance(item, str)] if isinstance(groups, list) else []
    return attrs.evolve(case, args=case.args | {"user_groups": names})


@each("roles", "determine_role_from_groups")
def test_groups_give_the_role_that_the_reference_gives(case: Case) -> None:
    assert role_of(case) == expected(case, GROUP_ROWS).outcome


def _value(case: Case) -> Any:
    return case.args["sso_role" if "sso_role" in case.args else "role_str"]


def _is_list(case: Case) -> bool:
    return isinstance(_value(case), list) and len(_value(case)) > 1


NAME_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W17: of a list the most powerful role counts, not the first item",
        _is_list,
        lambda case, _: _highest(case, yes_or_no=case.function != "get_litellm_user_role"),
    ),
    Row(
        Verdict.DIFFERENT,
        "what is neither a text nor a list names no role, instead of an unhandled error",
        lambda case: case.error is not None and not _is_list(case),
        lambda case, _: None if case.function == "get_litellm_user_role" else False,
    ),
)


def _highest(case: Case, *, yes_or_no: bool) -> str | bool | None:
    role = highest_role(_value(case))
    return role is not None if yes_or_no else role


@each("roles", "get_litellm_user_role", "is_valid_litellm_user_role", "_should_use_role_from_sso_response")
def test_a_value_names_the_role_that_it_names_to_the_reference(case: Case) -> None:
    role = role_named(_value(case), LADDER)
    ours = role if case.function == "get_litellm_user_role" else role is not None
    assert ours == expected(case, NAME_ROWS).outcome


PATH_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "what is no object holds no claims, instead of an unhandled error",
        lambda case: case.error is not None,
        lambda case, _: case.args.get("default"),
    ),
)


@each("roles", "get_nested_value")
def test_a_path_leads_where_it_leads_the_reference(case: Case) -> None:
    data, default = case.args["data"], case.args.get("default")
    value = value_at(ClaimSet(data if isinstance(data, dict) else {}), case.args["key_path"] or "")
    if value is ABSENT or (default is not None and not isinstance(value, type(default))):
        value = default
    assert value == expected(case, PATH_ROWS).outcome
