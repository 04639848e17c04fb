from __future__ import annotations

from typing import Any

import pytest

from sso_core.identity.rules import AccessTokenClaims, AttributeNames, IdentityRules
from sso_core.records import RoleMap
from sso_core.settings.identity_environment import read_generic_rules, read_microsoft_rules, read_role
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.reading import Reading, Report

ADMIN, USER = REFERENCE_LADDER.promoted, REFERENCE_LADDER.roles[2]
CLAIM = {"GENERIC_ROLE_MAPPINGS_GROUP_CLAIM": "groups"}


def generic(environ: dict[str, Any], *claims: str) -> tuple[IdentityRules, list[str]]:
    report = Report()
    rules = read_generic_rules(Reading(environ, report), REFERENCE_LADDER, claims)
    assert "canary" not in str(report)
    return rules, [f"{problem.variable} {problem.what}" for problem in report.problems]


def mapped(roles: object, **more: str) -> tuple[RoleMap | None, list[str]]:
    rules, problems = generic(CLAIM | {"GENERIC_ROLE_MAPPINGS_ROLES": roles} | more)
    return rules.role_map, problems


def test_without_a_word_people_are_known_by_their_subject() -> None:
    rules, problems = generic({})
    assert rules.names.handle == ("sub",)
    assert rules.names.first_name == ("first_name", "given_name")
    assert rules.role_map is None
    assert rules.access_token is AccessTokenClaims.IGNORED
    assert problems == []


def test_each_attribute_can_be_named() -> None:
    names = ("ID", "DISPLAY_NAME", "EMAIL", "FIRST_NAME", "LAST_NAME", "PROVIDER", "ROLE")
    environ = {f"GENERIC_USER_{name}_ATTRIBUTE": f"a.{name}" for name in names}
    rules, _ = generic(environ | {"GENERIC_USER_EXTRA_ATTRIBUTES": "x.y, z"})
    assert rules.names == AttributeNames(
        handle=("a.ID",),
        display_name=("a.DISPLAY_NAME",),
        email=("a.EMAIL",),
        first_name=("a.FIRST_NAME",),
        last_name=("a.LAST_NAME",),
        provider=("a.PROVIDER",),
        role=("a.ROLE",),
        extra=("x.y", "z"),
    )


def test_claims_of_teams_come_after_those_of_the_restricted_group_and_once() -> None:
    rules, _ = generic({"GENERIC_TEAM_IDS_ATTRIBUTE": "teams, groups"}, "groups")
    assert rules.team_claims == ("groups", "teams")


def test_a_verified_access_token_needs_an_audience() -> None:
    environ = {"GENERIC_ACCESS_TOKEN_CLAIMS": "verified"}
    assert generic(environ)[1] == ["GENERIC_ACCESS_TOKEN_AUDIENCE is missing"]
    rules, problems = generic(environ | {"GENERIC_ACCESS_TOKEN_AUDIENCE": "api", "GENERIC_EMAIL_IS_VERIFIED": "true"})
    assert (rules.access_token, rules.access_token_audience) == (AccessTokenClaims.VERIFIED, "api")
    assert rules.email_is_verified
    assert problems == []


@pytest.mark.parametrize(
    "roles",
    [
        f"{{'{ADMIN}': ['a', ' b '], '{USER.upper()}': ('c',)}}",
        f'{{"{ADMIN}": ["a", "b"], "{USER}": ["c"]}}',
        {ADMIN: ["a", "b"], USER: ["c"]},
    ],
)
def test_a_role_map_is_read(roles: object) -> None:
    role_map, problems = mapped(roles, GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE=USER.upper())
    assert role_map == RoleMap("groups", ((ADMIN, ("a", "b")), (USER, ("c",))), USER, "generic")
    assert problems == []


def test_a_role_map_of_nothing_gives_its_default() -> None:
    assert mapped("{}", GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE=USER)[0] == RoleMap("groups", (), USER)


@pytest.mark.parametrize(
    ("roles", "what"),
    [
        ("canary", "is neither JSON nor a Python literal"),
        ("['canary']", "is not a dictionary"),
        ("{'canary': ['a']}", "names a role that no group can give"),
        (f"{{'{REFERENCE_LADDER.unranked[0]}': ['a']}}", "names a role that no group can give"),
        (f"{{'{ADMIN}': 'canary'}}", f"has no list of groups for {ADMIN}"),
        (f"{{'{ADMIN}': ['']}}", f"has no list of groups for {ADMIN}"),
        (f"{{'{ADMIN}': [5]}}", f"has no list of groups for {ADMIN}"),
        (f"{{'{ADMIN}': ['a'], '{ADMIN.upper()}': ['b']}}", "names a role twice"),
        (f"{{'{ADMIN}': ['a'], '{ADMIN}': ['b']}}", "names something twice"),
        ({ADMIN: ["a"] * 1001}, "lists more than 1000 groups"),
    ],
)
def test_a_role_map_that_is_wrong_is_a_problem_and_never_ignored(roles: object, what: str) -> None:
    assert mapped(roles)[1] == [f"GENERIC_ROLE_MAPPINGS_ROLES {what}"]


def test_a_role_map_needs_a_claim_of_groups() -> None:
    rules, problems = generic({"GENERIC_ROLE_MAPPINGS_ROLES": "{}"})
    assert rules.role_map is None
    assert problems == ["GENERIC_ROLE_MAPPINGS_GROUP_CLAIM is missing"]


def test_a_default_role_that_is_none_is_a_problem() -> None:
    assert mapped("{}", GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE="canary")[1] == [
        "GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE names no role"
    ]


def test_parts_of_a_role_map_without_roles_are_noted() -> None:
    report = Report()
    read_generic_rules(Reading(CLAIM, report), REFERENCE_LADDER, ())
    assert [note.variable for note in report.notes] == list(CLAIM)
    assert not report.problems


def test_the_profile_of_entra_is_read_by_its_own_names() -> None:
    report = Report()
    names = {"ID": "oid", "EMAIL": "mail", "DISPLAY_NAME": "nickname", "FIRST_NAME": "first", "LAST_NAME": "last"}
    environ = {f"MICROSOFT_USER_{name}_ATTRIBUTE": value for name, value in names.items()}
    rules = read_microsoft_rules(Reading(environ, report), ("groups",))
    read = rules.names
    assert [paths[0] for paths in (read.handle, read.display_name, read.first_name, read.last_name)] == [
        *("oid", "nickname", "first", "last")
    ]
    assert "mail" in read.email
    assert (rules.team_claims, rules.group_teams) == (("groups",), True)
    assert rules.role_claim_names == ("app_roles", "roles")
    plain = read_microsoft_rules(Reading({}, report), ()).names
    assert [paths[0] for paths in (plain.handle, plain.display_name, plain.first_name, plain.last_name)] == [
        *("id", "displayName", "givenName", "surname")
    ]
    assert "userPrincipalName" in plain.email


def test_a_role_is_spelled_as_on_the_ladder() -> None:
    assert read_role(Reading({"X": f" {ADMIN.upper()} "}, Report()), "X", REFERENCE_LADDER) == ADMIN
    assert read_role(Reading({}, Report()), "X", REFERENCE_LADDER) is None
