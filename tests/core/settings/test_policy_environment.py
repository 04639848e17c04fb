from __future__ import annotations

from typing import Any

import pytest

from sso_core.accounts.policy import AccessPolicy, Linking, NewAccounts, RolePrecedence, TeamDefaults, TeamSync
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.policy_environment import NOT_KEPT, read_policy
from sso_core.settings.reading import Reading, Report

USER = REFERENCE_LADDER.roles[2]


def policy(environ: dict[str, Any]) -> tuple[AccessPolicy, list[str]]:
    report = Report()
    read = read_policy(Reading(environ, report), REFERENCE_LADDER)
    assert "canary" not in str(report)
    return read, [f"{problem.variable} {problem.what}" for problem in report.problems]


def test_without_a_word_the_rules_are_those_of_the_core() -> None:
    assert policy({}) == (AccessPolicy(REFERENCE_LADDER), [])


def test_each_rule_can_be_set() -> None:
    read, problems = policy(
        {
            "ALLOWED_EMAIL_DOMAINS": " Example.com ,corp.local,",
            "SSO_UNVERIFIED_EMAIL_DOMAINS_UNSAFE": "true",
            "SSO_RESTRICTED_GROUP": "staff",
            "SSO_ACCESS_MODE": "admin_only",
            "SSO_SEATS": "5",
            "SSO_NEW_ACCOUNTS": "false",
            "PROXY_ADMIN_ID": "alice",
            "SSO_ADMIN_ISSUER": "https://idp.example",
            "SSO_ADMIN_ID_MATCHES_HANDLE_UNSAFE": "true",
            "SSO_LINKING": "verified_email",
            "SSO_ROLE_PRECEDENCE": "directory",
            "SSO_TEAM_SYNC": "off",
            "SSO_CREATE_TEAMS": "true",
            "MAX_INTERNAL_USER_BUDGET": "0",
            "INTERNAL_USER_BUDGET_DURATION": "30d",
            "DEFAULT_INTERNAL_USER_PARAMS": f'{{"user_role": "{USER}", "models": ["m"], "max_budget": 10, '
            '"budget_duration": "1mo", "teams": ["t"]}',
            "DEFAULT_TEAM_PARAMS": "{'models': [], 'max_budget': 1.5, 'budget_duration': '7d', 'tpm_limit': 0, "
            "'rpm_limit': 9}",
        }
    )
    assert problems == []
    assert read == AccessPolicy(
        REFERENCE_LADDER,
        email_domains=("example.com", "corp.local"),
        unverified_email_domains_unsafe=True,
        restricted_group="staff",
        admins_only=True,
        seats=5,
        linking=Linking.VERIFIED_EMAIL,
        role_precedence=RolePrecedence.DIRECTORY,
        team_sync=TeamSync.OFF,
        create_teams=True,
        new_accounts=NewAccounts(False, USER, ("m",), 10.0, "1mo", ("t",)),
        budgeted_max_budget=0.0,
        budgeted_budget_duration="30d",
        team_defaults=TeamDefaults((), 1.5, "7d", 0, 9),
        admin_id="alice",
        admin_issuer="https://idp.example",
        admin_id_matches_handle_unsafe=True,
    )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ALLOWED_EMAIL_DOMAINS": ""}, "ALLOWED_EMAIL_DOMAINS is set and empty"),
        ({"ALLOWED_EMAIL_DOMAINS": " , "}, "ALLOWED_EMAIL_DOMAINS is an empty list"),
        ({"ALLOWED_EMAIL_DOMAINS": []}, "ALLOWED_EMAIL_DOMAINS is an empty list"),
        ({"ALLOWED_EMAIL_DOMAINS": "@canary.com"}, "ALLOWED_EMAIL_DOMAINS holds what is no domain"),
        ({"ALLOWED_EMAIL_DOMAINS": "*.canary.com"}, "ALLOWED_EMAIL_DOMAINS holds what is no domain"),
        ({"SSO_RESTRICTED_GROUP": ""}, "SSO_RESTRICTED_GROUP is set and empty"),
        ({"SSO_ACCESS_MODE": "canary"}, "SSO_ACCESS_MODE is not known"),
        ({"SSO_SEATS": "0"}, "SSO_SEATS is not a number above 0"),
        ({"SSO_SEATS": "many"}, "SSO_SEATS is not a number above 0"),
        ({"SSO_LINKING": "any"}, "SSO_LINKING is not known"),
        ({"MAX_INTERNAL_USER_BUDGET": "-1"}, "MAX_INTERNAL_USER_BUDGET is not a number above -1"),
        ({"INTERNAL_USER_BUDGET_DURATION": "canary"}, "INTERNAL_USER_BUDGET_DURATION is no duration"),
        ({"INTERNAL_USER_BUDGET_DURATION": "0d"}, "INTERNAL_USER_BUDGET_DURATION is no duration"),
        (
            {"DEFAULT_INTERNAL_USER_PARAMS": "canary"},
            "DEFAULT_INTERNAL_USER_PARAMS is neither JSON nor a Python literal",
        ),
        ({"DEFAULT_INTERNAL_USER_PARAMS": {"user_role": "x"}}, "DEFAULT_INTERNAL_USER_PARAMS.user_role names no role"),
        ({"DEFAULT_INTERNAL_USER_PARAMS": {"modles": []}}, "DEFAULT_INTERNAL_USER_PARAMS.modles is not known"),
        ({"DEFAULT_INTERNAL_USER_PARAMS": {"the canary": 1}}, "DEFAULT_INTERNAL_USER_PARAMS.… is not known"),
        ({"DEFAULT_TEAM_PARAMS": {"tpm_limit": "canary"}}, "DEFAULT_TEAM_PARAMS.tpm_limit is not a number above -1"),
    ],
)
def test_a_rule_that_is_wrong_is_a_problem(environ: dict[str, Any], expected: str) -> None:
    assert policy(environ)[1] == [expected]


@pytest.mark.parametrize(("member", "hint"), NOT_KEPT.items())
def test_what_the_reference_gives_a_team_and_we_do_not_keep_is_told_with_what_to_do(member: str, hint: str) -> None:
    report = Report()
    read_policy(Reading({"DEFAULT_TEAM_PARAMS": {member: "x", "models": ["m"]}}, report), REFERENCE_LADDER)
    (problem,) = report.problems
    assert (str(problem.variable), problem.hint) == (f"DEFAULT_TEAM_PARAMS.{member}", hint)


def test_the_nearest_name_of_a_default_is_hinted_at() -> None:
    report = Report()
    read_policy(Reading({"DEFAULT_TEAM_PARAMS": {"max_budgets": 1, "x": 1}}, report), REFERENCE_LADDER)
    assert sorted(problem.hint for problem in report.problems) == [
        "do you mean max_budget?",
        "one of models, max_budget, budget_duration, tpm_limit, rpm_limit",
    ]
