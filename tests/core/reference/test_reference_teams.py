"""Teams that sign-in makes, against the reference."""

from __future__ import annotations

import json
import re
from typing import Any

import attrs
from accounts_of import LADDER, identity_of
from cases import Case, Row, Verdict, each, expected, hold

from sso_core.accounts.membership import plan_teams, with_defaults
from sso_core.accounts.policy import AccessPolicy, TeamDefaults
from sso_core.identity.teams import TeamsFound
from sso_core.records import Team
from sso_core.settings.policy_environment import read_policy
from sso_core.settings.reading import Reading, Report

LIMITS = ("models", "max_budget", "budget_duration", "tpm_limit", "rpm_limit")


def _defaults(case: Case) -> TeamDefaults:
    given = case.world.get("default_team_params") or {}
    budget = given.get("max_budget")
    return TeamDefaults(
        models=tuple(given.get("models") or ()),
        max_budget=None if budget is None else float(budget),
        budget_duration=given.get("budget_duration"),
        tpm_limit=given.get("tpm_limit"),
        rpm_limit=given.get("rpm_limit"),
    )


def _shown(team: Team) -> dict[str, Any]:
    known = {"team_id": team.team_id, "team_alias": team.alias} | {name: getattr(team, name) for name in LIMITS}
    return {
        name: list(value) if name == "models" else value for name, value in known.items() if value not in (None, ())
    }


DEFAULT_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "scope: a team that sign-in makes has models and limits, but no organisation and no members by default",
        lambda case: True,
        lambda _, outcome: {
            name: value for name, value in outcome.items() if name in {"team_id", "team_alias", *LIMITS}
        },
    ),
    Row(
        Verdict.DIFFERENT,
        "W24: a budget of nothing is a budget",
        lambda case: (case.world.get("default_team_params") or {}).get("max_budget") == 0,
        lambda _, outcome: outcome | {"max_budget": 0.0},
    ),
)


def is_refused(case: Case) -> bool:
    return case.error is not None


@each("teams", "_cast_and_deepcopy_litellm_default_team_params", only=lambda case: not is_refused(case))
def test_a_team_gets_the_defaults_that_the_reference_gives(case: Case) -> None:
    team = with_defaults(
        Team(case.args["team_id"], case.args["team_alias"]), AccessPolicy(LADDER, team_defaults=_defaults(case))
    )
    given = attrs.evolve(case, result=case.result["request"])
    assert _shown(team) == expected(given, DEFAULT_ROWS).outcome


def _read(case: Case) -> dict[str, Any]:
    """Return the team that settings with the case's defaults make, or the members that they name as wrong."""
    report = Report()
    written = {"DEFAULT_TEAM_PARAMS": json.dumps(case.world["default_team_params"])}
    policy = read_policy(Reading(written, report), LADDER)
    if report.problems:
        return {"problems": sorted(problem.variable.partition(".")[2] for problem in report.problems)}
    return _shown(with_defaults(Team(case.args["team_id"], case.args["team_alias"]), policy))


def _means_something(case: Case) -> bool:
    """Whether all that the reference refuses is a list written as a text, or a null."""
    given = case.world["default_team_params"]
    return all(isinstance(given.get(name), str | None) for name in _refused_members(case)) and not (
        set(_refused_members(case)) - {"models"}
    )


def _refused_members(case: Case) -> list[str]:
    assert case.error is not None
    return sorted(re.findall(r"(\w+)(?:\.\w+)*: \w+", case.error["message"]))


READ_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23: defaults are judged once, at start, where a list may be a text with commas and a null is unset",
        _means_something,
        lambda case, _: {
            name: value
            for name, value in {
                "team_id": case.args["team_id"],
                "team_alias": case.args["team_alias"],
                "models": [case.world["default_team_params"]["models"]],
            }.items()
            if value not in (None, [None])
        },
    ),
)


@each("teams", "_cast_and_deepcopy_litellm_default_team_params", only=is_refused)
def test_a_default_of_the_wrong_type_is_refused_where_settings_are_read(case: Case) -> None:
    hold(case, {"problems": _refused_members(case)}, _read(case), READ_ROWS)


def _made(case: Case, *teams: Team) -> list[dict[str, Any]]:
    identity = attrs.evolve(identity_of({}), teams=TeamsFound((), complete=True, to_create=teams))
    existing = tuple(Team(team["team_id"]) for team in case.world.get("db", {}).get("teams", ()))
    plan = plan_teams(None, identity, existing, AccessPolicy(LADDER, team_defaults=_defaults(case)))
    return [_shown(team) for team in plan.ensured]


@each("teams", "create_litellm_team_from_sso_group")
def test_a_team_is_made_unless_it_exists(case: Case) -> None:
    team = Team(case.args["team_id"], case.args["team_alias"])
    assert _made(case, team) == case.effects.get("new_team", [])


@each("teams", "create_litellm_teams_from_service_principal_team_ids")
def test_the_groups_of_an_application_are_made_teams(case: Case) -> None:
    named = [group for group in case.args["service_principal_teams"] if group.get("principalId")]
    teams = [Team(group["principalId"], group.get("principalDisplayName")) for group in named]
    assert _made(case, *teams) == case.effects.get("new_team", [])
