"""Readiness and the user interface's values, against the reference."""

from __future__ import annotations

from typing import Any

from cases import Case, Row, Verdict, each, expected

from sso_core.settings.readiness import named_provider, readiness
from sso_core.settings.reading import Reading, Report
from sso_core.settings.service_environment import read_sign_in_options

IDS = ("GOOGLE_CLIENT_ID", "MICROSOFT_CLIENT_ID", "GENERIC_CLIENT_ID")


def recorded(case: Case) -> dict[str, Any]:
    """Return status and members, without the sentence: it is in our own words."""
    status, body = (200, case.result) if case.error is None else (case.error["status"], case.error["message"])
    return {"status_code": status} | {name: value for name, value in body.items() if name != "message"}


def ours_of_readiness(case: Case) -> dict[str, Any]:
    answer = readiness(case.env)
    return {"status_code": answer.status} | {name: value for name, value in answer.body.items() if name != "message"}


def _is_empty_somewhere(case: Case) -> bool:
    return any(not value.strip() for value in case.env.values())


READINESS_ROWS = (
    Row(Verdict.SAME, "a sentence is in our own words", lambda _case: True, lambda case, _: recorded(case)),
    Row(
        Verdict.DIFFERENT,
        "W23: an empty variable counts as unset: its provider is not named, or lacks it",
        _is_empty_somewhere,
        lambda case, _: ours_of_readiness_without(case),
    ),
)


def ours_of_readiness_without(case: Case) -> dict[str, Any]:
    """Return what ours says where the empty variables are not there at all."""
    filled = {name: value for name, value in case.env.items() if value.strip()}
    answer = readiness(filled)
    return {"status_code": answer.status} | {name: value for name, value in answer.body.items() if name != "message"}


@each("endpoints", "sso_readiness")
def test_readiness_is_that_of_the_reference(case: Case) -> None:
    assert ours_of_readiness(case) == expected(case, READINESS_ROWS).outcome


def test_an_empty_variable_is_no_sign_of_readiness() -> None:
    missing = ("GENERIC_CLIENT_SECRET", "GENERIC_TOKEN_ENDPOINT")
    environ = {"GENERIC_CLIENT_ID": "x", "GENERIC_AUTHORIZATION_ENDPOINT": "x", "GENERIC_USERINFO_ENDPOINT": "x"}
    assert readiness(environ | dict.fromkeys(missing, "")).missing == missing


def ours_of_ui(case: Case) -> dict[str, Any]:
    report = Report()
    ui = read_sign_in_options(Reading(case.env, report))["ui"]
    return {
        "PROXY_BASE_URL": ui.proxy_base_url,
        "PROXY_LOGOUT_URL": ui.logout_url,
        "LITELLM_UI_API_DOC_BASE_URL": ui.api_doc_base_url,
        "DEFAULT_TEAM_DISABLED": ui.default_team_disabled,
        "SSO_ENABLED": named_provider(case.env) is not None,
    }


UI_ROWS = (
    Row(
        Verdict.SAME,
        "what the host counts, and what it wishes itself, is the host's to say: it builds the value in code",
        lambda _case: True,
        lambda case, outcome: (
            {name: outcome[name] for name in ours_of_ui(case)}
            | {"DEFAULT_TEAM_DISABLED": case.env.get("PROXY_DEFAULT_TEAM_DISABLED", "").lower() == "true"}
        ),
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: a flag is on by `1`, `yes` and `on` too",
        lambda case: case.env.get("PROXY_DEFAULT_TEAM_DISABLED", "").lower() in {"1", "yes", "on"},
        lambda _, outcome: outcome | {"DEFAULT_TEAM_DISABLED": True},
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: an empty variable counts as unset",
        _is_empty_somewhere,
        lambda case, outcome: (
            {name: value or None if isinstance(value, str) else value for name, value in outcome.items()}
            | {"SSO_ENABLED": any(case.env.get(name, "").strip() for name in IDS)}
        ),
    ),
)


@each("endpoints", "get_ui_settings")
def test_a_user_interface_is_told_what_the_reference_tells(case: Case) -> None:
    assert ours_of_ui(case) == expected(case, UI_ROWS).outcome
