from __future__ import annotations

from itertools import permutations
from typing import Any

import attrs
import pytest

from sso_core.failures import Failure, Reason
from sso_core.identity.explanation import Step
from sso_core.identity.gathered import Gathered, GroupListing
from sso_core.identity.groups import Groups, find_groups
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.roles import RoleFound, applies, best_match, find_role, meant_for, role_named, signed_role
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.records import Mappings, RoleMap

LADDER = RoleLadder(("owner", "editor", "reader"), ("owner",), "reader", unranked=("guest", "agent"))
ROLES = (("reader", ("all",)), ("owner", ("admins", "root")), ("editor", ("staff", "all")))
MAP = RoleMap("groups", ROLES)
WITH_DEFAULT = RoleMap("groups", ROLES, default_role="reader")
RULES = IdentityRules()
SIGNED = IdentityRules(role_claim_names=("app_roles", "roles"))


def gathered(
    userinfo: dict[str, Any],
    id_token: dict[str, Any] | None = None,
    access_token: dict[str, Any] | None = None,
    listing: GroupListing | None = None,
) -> Gathered:
    signed = ClaimSet(id_token or {})
    merged = merge_claims(ClaimSet(userinfo), signed, ClaimSet())
    return Gathered("https://idp.example", "s-1", merged, signed, ClaimSet(access_token or {}), listing)


def found(
    person: Gathered, rules: IdentityRules = RULES, role_map: RoleMap | None = None, provider_id: str | None = None
) -> tuple[RoleFound, list[Step]]:
    steps: list[Step] = []
    groups = Groups()
    if role_map is not None:
        groups = find_groups(person.claims.claims, role_map.group_claim, person.listing)
    return find_role(person, rules, LADDER, role_map, groups, steps, provider_id=provider_id), steps


@pytest.mark.parametrize(
    ("meant", "provider_id", "expected"),
    [
        ("generic", None, True),
        ("Generic", "entra", True),
        ("OKTA", "entra", True),
        ("entra", None, False),
        ("Entra", "entra", True),
        ("entra", "Entra", True),
        ("google", "entra", False),
        ("", "entra", False),
    ],
)
def test_a_map_is_meant_for_every_provider_or_for_one(meant: str, provider_id: str | None, expected: bool) -> None:
    assert applies(RoleMap("groups", provider=meant), provider_id) is expected


@pytest.mark.parametrize(
    ("meant", "provider_id", "expected"),
    [
        ("generic", "entra", False),
        ("okta", "entra", False),
        ("entra", None, False),
        ("Entra", "entra", True),
        ("generic", "generic", True),
        ("google", "entra", False),
    ],
)
def test_beside_other_providers_a_map_of_the_directory_is_for_the_one_that_it_names(
    meant: str, provider_id: str | None, expected: bool
) -> None:
    role_map = RoleMap("groups", ROLES, provider=meant)
    both = Mappings(role_map, team_claim="teams")
    assert meant_for(provider_id, both, only_one=True) == both
    assert meant_for(provider_id, both, only_one=False) == Mappings(role_map if expected else None)
    assert meant_for(provider_id, Mappings(team_claim="teams"), only_one=False) == Mappings()


@pytest.mark.parametrize(
    ("groups", "match"),
    [
        (("all",), ("editor", "all")),
        (("all", "root"), ("owner", "root")),
        (("ADMINS",), None),
        ((), None),
    ],
)
def test_the_most_powerful_role_of_all_groups_is_the_match(
    groups: tuple[str, ...], match: tuple[str, str] | None
) -> None:
    for ordered in permutations(groups):
        for roles in permutations(ROLES):
            assert best_match(RoleMap("groups", roles), ordered, LADDER) == match


def test_a_role_without_rank_and_one_that_nobody_knows_match_no_group() -> None:
    assert best_match(RoleMap("groups", (("guest", ("a",)), ("emperor", ("a",)))), ("a",), LADDER) is None


def test_a_role_that_stands_twice_in_a_map_has_the_groups_of_both() -> None:
    assert best_match(RoleMap("groups", (("editor", ("a",)), ("EDITOR", ("b",)))), ("b",), LADDER) == ("editor", "b")


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("owner", "owner"),
        ("Owner", "owner"),
        ("guest", "guest"),
        (" owner", None),
        ("owner,reader", None),
        (True, None),
        ({"role": "owner"}, None),
        ([], None),
        ([None], None),
        (["x", "owner"], "owner"),
        (["agent", "guest"], "guest"),
        (["guest", "reader"], "reader"),
        ([["owner"]], None),
    ],
)
def test_a_claim_names_a_role_or_several(value: object, role: str | None) -> None:
    assert role_named(value, LADDER) == role
    if isinstance(value, list):
        assert role_named(value[::-1], LADDER) == role


@pytest.mark.parametrize(
    ("claims", "signed"),
    [
        ({"app_roles": ["reader", "Owner"]}, ("app_roles", "owner")),
        ({"app_roles": ["editor"], "roles": ["owner"]}, ("app_roles", "editor")),
        ({"app_roles": [], "roles": ["owner"]}, ("roles", "owner")),
        ({"app_roles": None, "roles": ["owner"]}, ("roles", "owner")),
        ({"app_roles": "owner", "roles": ["owner"]}, None),
        ({"roles": "owner"}, None),
        ({"roles": ["x"]}, None),
        ({}, None),
    ],
)
def test_signed_roles_are_a_list_and_the_most_powerful_wins(
    claims: dict[str, Any], signed: tuple[str, str] | None
) -> None:
    assert signed_role(ClaimSet(claims), ("app_roles", "roles"), LADDER) == signed


def test_signed_roles_are_read_from_the_id_token_alone() -> None:
    assert found(gathered({"roles": ["owner"]}, access_token={"roles": ["owner"]}), SIGNED) == (
        RoleFound(answered=True),
        [],
    )
    role, steps = found(gathered({"roles": ["owner"]}, {"roles": ["reader"]}), SIGNED)
    assert (role.role, steps) == ("reader", [Step("signed roles", "roles", "id_token", "reader")])


MATCHED = [Step("role map", "groups", "userinfo", '"admins" gives owner')]
DEFAULT = [Step("default of the role map", "", "", "reader")]
DIRECT = [Step("role claim", "role", "userinfo", "editor")]


@pytest.mark.parametrize(
    ("claims", "role_map", "role", "steps"),
    [
        ({"groups": ["admins"], "role": "editor"}, MAP, "owner", MATCHED),
        ({"groups": "x, admins"}, MAP, "owner", MATCHED),
        ({"groups": ["x"], "role": "editor"}, MAP, "editor", DIRECT),
        ({"groups": ["x"], "role": "editor"}, WITH_DEFAULT, "reader", DEFAULT),
        ({"groups": [], "role": "editor"}, WITH_DEFAULT, "reader", DEFAULT),
        ({"groups": None, "role": "editor"}, WITH_DEFAULT, "reader", DEFAULT),
        ({"role": "editor"}, WITH_DEFAULT, "reader", DEFAULT),
        ({"groups": ["admins"]}, RoleMap("groups", (), "reader"), "reader", DEFAULT),
        ({"groups": ["admins"], "hasgroups": True}, RoleMap("groups", (), "reader"), "reader", DEFAULT),
        ({"groups": ["admins"]}, RoleMap("groups", (), "emperor"), None, []),
        ({"groups": ["admins"], "role": "editor"}, RoleMap("groups", ROLES, provider="google"), "editor", DIRECT),
        ({"groups": ["admins"], "role": "editor"}, None, "editor", DIRECT),
        ({"role": ["x", "editor"]}, None, "editor", DIRECT),
        ({"role": "emperor"}, None, None, [Step("role claim", "role", "userinfo", '"emperor" names no role')]),
        ({}, None, None, []),
    ],
)
def test_groups_go_before_the_default_and_the_default_before_the_role_claim(
    claims: dict[str, Any], role_map: RoleMap | None, role: str | None, steps: list[Step]
) -> None:
    found_role, made_by = found(gathered(claims), role_map=role_map)
    assert (found_role.role, found_role.known, made_by) == (role, True, steps)


def test_a_map_for_one_provider_is_used_at_that_one() -> None:
    role_map = RoleMap("groups", ROLES, provider="entra")
    assert found(gathered({"groups": ["admins"]}), role_map=role_map, provider_id="entra")[0].role == "owner"


@pytest.mark.parametrize(
    ("claims", "listing"),
    [
        ({"_claim_names": {"groups": "src1"}}, None),
        ({"hasgroups": True}, None),
        ({"groups": ["admins"], "hasgroups": True}, None),
        ({}, GroupListing(("admins",), complete=False)),
        ({"groups": ["admins"]}, GroupListing(complete=False)),
    ],
)
@pytest.mark.parametrize("role_map", [MAP, WITH_DEFAULT])
def test_groups_that_could_not_all_be_read_give_no_role_at_all(
    claims: dict[str, Any], listing: GroupListing | None, role_map: RoleMap
) -> None:
    person = gathered(claims | {"role": "owner"}, {"roles": ["owner"]}, {"role": "owner"}, listing)
    role, (step,) = found(person, SIGNED, role_map)
    assert role == RoleFound(None, known=False)
    assert step == Step("role map", "groups", "", "not all groups could be read; the role is unknown")


def test_groups_of_a_complete_listing_give_a_role_and_the_listing_is_named() -> None:
    person = gathered({"hasgroups": True}, listing=GroupListing(("admins",)))
    assert found(person, role_map=MAP) == (
        RoleFound("owner", answered=True),
        [Step("role map", "groups", "group_listing", '"admins" gives owner')],
    )


@pytest.mark.parametrize(
    ("id_token", "role"), [({"roles": ["owner"]}, "owner"), ({"roles": ["x"]}, "reader"), ({}, "reader")]
)
def test_a_signed_role_goes_before_the_default_of_the_map(id_token: dict[str, Any], role: str) -> None:
    found_role, steps = found(gathered({}, id_token), SIGNED, WITH_DEFAULT)
    assert (found_role.role, len(steps)) == (role, 1)


def test_a_matching_group_goes_before_a_signed_role() -> None:
    assert found(gathered({"groups": ["all"]}, {"roles": ["owner"]}), SIGNED, MAP)[0].role == "editor"


ELSEWHERE = RoleMap("groups", ROLES, "editor", provider="google")
AT_GROUPS, AT_ROLE = ("role map", "groups"), ("role claim", "role")


@pytest.mark.parametrize(
    ("claims", "role_map", "expected", "at"),
    [
        ({"groups": ["admins", "x"]}, MAP, RoleFound("owner"), AT_GROUPS),
        ({"groups": "users, admins ,,"}, MAP, RoleFound("owner"), AT_GROUPS),
        ({"groups": ["admins"]}, ELSEWHERE, RoleFound("owner"), AT_GROUPS),
        ({"groups": ["x"], "role": "owner"}, ELSEWHERE, RoleFound("editor"), ("default of the role map", "")),
        ({"role": "owner"}, RoleMap("groups", (), "editor", "google"), RoleFound("owner"), AT_ROLE),
        ({"groups": ["x"], "role": "owner"}, MAP, RoleFound("owner"), AT_ROLE),
        ({"role": ["reader", "owner"]}, None, RoleFound("owner"), AT_ROLE),
        ({"role": ""}, None, RoleFound(), None),
        ({"role": "emperor"}, None, RoleFound(), None),
        ({"hasgroups": True, "role": "owner"}, MAP, RoleFound(known=False), AT_GROUPS),
    ],
)
def test_the_access_token_is_read_where_nothing_else_gives_a_role(
    claims: dict[str, Any], role_map: RoleMap | None, expected: RoleFound, at: tuple[str, str] | None
) -> None:
    role, steps = found(gathered({}, access_token=claims), role_map=role_map)
    assert (role.role, role.known) == (expected.role, expected.known)
    assert [(step.rule, step.claim) for step in steps] == ([at] if at else [])
    assert {step.source for step in steps} <= {"access_token", ""}


@pytest.mark.parametrize(
    ("person", "rules", "role_map"),
    [
        (gathered({"role": "reader"}, access_token={"role": "owner"}), RULES, None),
        (gathered({}, {"roles": ["reader"]}, {"role": "owner"}), SIGNED, None),
        (gathered({}, access_token={"groups": ["admins"]}), RULES, WITH_DEFAULT),
        (gathered({}, access_token={"groups": ["admins"]}), RULES, RoleMap("groups", (), "reader")),
    ],
)
def test_the_access_token_is_not_asked_where_something_else_gives_a_role(
    person: Gathered, rules: IdentityRules, role_map: RoleMap | None
) -> None:
    assert found(person, rules, role_map)[0].role == "reader"


def test_the_token_answer_names_no_role() -> None:
    answer = merge_claims(ClaimSet({"app": {"role": "reader"}}), ClaimSet(), ClaimSet({"role": "owner"}))
    person = Gathered("https://idp.example", "s-1", answer)
    assert found(person)[0].role is None
    rules = IdentityRules(names=AttributeNames(role=("role", "app.role")))
    assert found(person, rules)[0].role == "reader"


NOTE = Failure(Reason.USERINFO_UNREACHABLE, "down")


@pytest.mark.parametrize(
    ("person", "rules", "role_map", "answered"),
    [
        (gathered({"groups": []}), RULES, MAP, True),
        (gathered({"groups": ["all"]}), RULES, MAP, True),
        (gathered({}), RULES, WITH_DEFAULT, True),
        (gathered({"groups": [], "role": "reader"}), RULES, MAP, True),
        (gathered({"groups": []}), RULES, RoleMap("groups"), False),
        (gathered({"groups": []}), RULES, RoleMap("groups", ROLES, provider="google"), False),
        (gathered({"hasgroups": True}), RULES, MAP, False),
        (gathered({}, {"roles": []}), SIGNED, None, True),
        (gathered({}), SIGNED, None, True),
        (attrs.evolve(gathered({}), notes=(NOTE,)), SIGNED, None, False),
        (gathered({"role": None}), RULES, None, False),
        (gathered({}), RULES, None, False),
        (gathered({}, access_token={"groups": []}), RULES, RoleMap("groups", ROLES, provider="google"), True),
        (gathered({}, access_token={"sub": "s-1"}), RULES, None, False),
        (gathered({}, access_token={"sub": "s-1"}), SIGNED, None, True),
        (gathered({"groups": []}, access_token={"hasgroups": True}), SIGNED, MAP, False),
    ],
)
def test_that_there_is_no_role_is_an_answer_where_all_was_read_that_could_give_one(
    person: Gathered, rules: IdentityRules, role_map: RoleMap | None, answered: bool
) -> None:
    assert found(person, rules, role_map)[0].answered is answered


def test_the_first_path_with_a_value_is_the_role_claim() -> None:
    rules = IdentityRules(names=AttributeNames(role=("none", "app.role", "role")))
    assert found(gathered({"app": {"role": "reader"}, "role": "owner"}), rules)[0].role == "reader"
