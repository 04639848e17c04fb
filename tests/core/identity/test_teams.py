from __future__ import annotations

from typing import Any

import pytest

from sso_core.failures import Failure, Reason
from sso_core.identity.explanation import Step
from sso_core.identity.gathered import Gathered, GroupListing
from sso_core.identity.groups import GROUP_LIMIT, Groups
from sso_core.identity.rules import IdentityRules
from sso_core.identity.teams import NOBODY_ASKED, TeamsFound, find_teams, read_teams, team_paths
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.records import Mappings, Team

NONE = Mappings()
GROUPS = IdentityRules(team_claims=("groups",))
NOTE = Failure(Reason.USERINFO_UNREACHABLE, "down")


def gathered(claims: dict[str, Any], access_token: dict[str, Any] | None = None, **rest: Any) -> Gathered:
    merged = merge_claims(ClaimSet(claims), ClaimSet(), ClaimSet())
    return Gathered("https://idp.example", "s-1", merged, access_token=ClaimSet(access_token or {}), **rest)


def found(
    person: Gathered, rules: IdentityRules, mappings: Mappings = NONE, groups: Groups | None = None
) -> TeamsFound:
    return find_teams(person, rules, mappings, groups or Groups(complete=False), [])


@pytest.mark.parametrize(
    ("rules", "mappings", "paths"),
    [
        (IdentityRules(), NONE, ()),
        (IdentityRules(team_claims=("a", "b")), NONE, ("a", "b")),
        (IdentityRules(team_claims=("a",), default_team_claim="c"), NONE, ("a", "c")),
        (IdentityRules(team_claims=("a",), default_team_claim="c"), Mappings(team_claim="d"), ("a", "d")),
        (IdentityRules(default_team_claim="c"), Mappings(team_claim=""), ("",)),
    ],
)
def test_the_directorys_claim_stands_in_for_the_default_one(
    rules: IdentityRules, mappings: Mappings, paths: tuple[str, ...]
) -> None:
    assert team_paths(rules, mappings) == paths


@pytest.mark.parametrize(
    ("value", "teams"),
    [
        (["t1", "t2"], Groups(("t1", "t2"), said=True)),
        (["t1", "t1", "", None, ["n"], 5, True], Groups(("t1", "5"), said=True)),
        ([], Groups(said=True)),
        (None, Groups()),
        ("t1", Groups(complete=False)),
        (True, Groups(complete=False)),
        ({"t1": True}, Groups(complete=False)),
    ],
)
def test_teams_are_a_list_and_what_is_none_is_not_understood(value: object, teams: Groups) -> None:
    assert read_teams(ClaimSet({"groups": value}), "groups", all_read=True) == teams


def test_nobody_is_asked_for_teams_where_no_rule_says_how() -> None:
    person = gathered({"groups": ["t1"]}, {"groups": ["t1"]})
    assert found(person, IdentityRules()) is NOBODY_ASKED
    assert not NOBODY_ASKED.complete


def test_teams_of_several_claims_are_put_together_in_order_each_once() -> None:
    rules = IdentityRules(team_claims=("groups", "profile.teams"), default_team_claim="more")
    person = gathered({"groups": ["b", "a"], "profile": {"teams": ["a", "c"]}, "more": ["d", "b"]})
    assert found(person, rules) == TeamsFound(("b", "a", "c", "d"), complete=True)


@pytest.mark.parametrize(
    ("claims", "notes", "complete"),
    [
        ({"groups": ["a"]}, (), True),
        ({"groups": []}, (), True),
        ({}, (), True),
        ({}, (NOTE,), False),
        ({"groups": ["a"]}, (NOTE,), True),
        ({"groups": "a"}, (), False),
        ({"groups": ["a"], "hasgroups": True}, (), False),
        ({"_claim_names": {"groups": "src1"}}, (), False),
    ],
)
def test_only_a_list_that_was_read_whole_says_that_there_are_no_more(
    claims: dict[str, Any], notes: tuple[Failure, ...], complete: bool
) -> None:
    assert found(gathered(claims, notes=notes), GROUPS).complete is complete


@pytest.mark.parametrize(
    ("groups", "teams"),
    [
        (Groups(("g1", "g2"), said=True), TeamsFound(("t", "g1", "g2"), complete=True)),
        (Groups(said=True), TeamsFound(("t",), complete=True)),
        (Groups(("g1",), said=True, complete=False), TeamsFound(("t", "g1"), complete=False)),
    ],
)
def test_groups_are_teams_where_the_rules_say_so(groups: Groups, teams: TeamsFound) -> None:
    rules = IdentityRules(team_claims=("teams",), group_teams=True)
    assert found(gathered({"teams": ["t"]}), rules, groups=groups) == teams


def test_teams_that_the_provider_describes_are_handed_on() -> None:
    listing = GroupListing(("g1",), teams=(Team("g1", "Group one"),))
    person = gathered({}, listing=listing)
    rules = IdentityRules(group_teams=True)
    expected = TeamsFound(("g1",), complete=True, to_create=listing.teams)
    assert found(person, rules, groups=Groups(("g1",), said=True)) == expected
    assert found(person, IdentityRules()) == TeamsFound((), complete=False, to_create=listing.teams)


@pytest.mark.parametrize(
    ("claims", "access_token", "teams"),
    [
        ({}, {"groups": ["t1", "t1"]}, TeamsFound(("t1",), complete=True)),
        ({"groups": []}, {"groups": ["t1"]}, TeamsFound(("t1",), complete=True)),
        ({"groups": ["a"]}, {"groups": ["t1"]}, TeamsFound(("a",), complete=True)),
        ({}, {"groups": "t1"}, TeamsFound((), complete=False)),
        ({}, {"other": 1}, TeamsFound((), complete=True)),
        ({"hasgroups": True}, {"groups": ["t1"]}, TeamsFound(("t1",), complete=False)),
    ],
)
def test_the_access_token_is_asked_only_where_nothing_else_names_a_team(
    claims: dict[str, Any], access_token: dict[str, Any], teams: TeamsFound
) -> None:
    assert found(gathered(claims, access_token), GROUPS) == teams


def test_the_access_token_is_read_by_the_providers_own_claims_only() -> None:
    rules = IdentityRules(default_team_claim="groups")
    assert found(gathered({}, {"groups": ["t1"]}), rules) == TeamsFound((), complete=True)


def test_teams_of_all_claims_together_are_bounded() -> None:
    rules = IdentityRules(team_claims=("a", "b"))
    person = gathered({"a": [f"a{number}" for number in range(GROUP_LIMIT)], "b": ["one more"]})
    teams = found(person, rules)
    assert (len(teams.team_ids), teams.complete) == (GROUP_LIMIT, False)


@pytest.mark.parametrize(
    ("person", "rules", "groups", "steps"),
    [
        (gathered({"groups": ["a"]}), GROUPS, Groups(), [Step("team claim", "groups", "userinfo", '["a"]')]),
        (
            gathered({"groups": "a"}),
            GROUPS,
            Groups(),
            [Step("team claim", "groups", "userinfo", "no team; there may be more")],
        ),
        (
            gathered({"groups": [str(number) for number in range(21)]}),
            IdentityRules(default_team_claim="groups"),
            Groups(),
            [
                Step(
                    "team claim",
                    "groups",
                    "userinfo",
                    "[" + ", ".join(f'"{number}"' for number in range(20)) + "] and 1 more",
                )
            ],
        ),
        (
            gathered({}, {"groups": ["a"]}),
            GROUPS,
            Groups(),
            [Step("team claim", "groups", "", "no team"), Step("team claim", "groups", "access_token", '["a"]')],
        ),
        (
            gathered({}, listing=GroupListing(("g",))),
            IdentityRules(group_teams=True),
            Groups(("g",)),
            [Step("groups are teams", "", "group_listing", '["g"]')],
        ),
        (
            gathered({}),
            IdentityRules(group_teams=True),
            Groups(("g",)),
            [Step("groups are teams", "", "", '["g"]')],
        ),
    ],
)
def test_each_team_says_where_it_comes_from(
    person: Gathered, rules: IdentityRules, groups: Groups, steps: list[Step]
) -> None:
    told: list[Step] = []
    find_teams(person, rules, NONE, groups, told)
    assert told == steps
