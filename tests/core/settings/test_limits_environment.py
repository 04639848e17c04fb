from __future__ import annotations

from typing import Any

import pytest

from sso_core.sessions.limits import Limits
from sso_core.settings.limits_environment import NUMBERS, read_limits
from sso_core.settings.reading import Reading, Report
from sso_core.settings.variables import BY_NAME


def read(environ: dict[str, Any]) -> tuple[Limits | None, list[str]]:
    report = Report()
    limits = read_limits(Reading(environ, report))
    assert "canary" not in str(report)
    return limits, [f"{problem.variable} {problem.what}" for problem in report.problems]


def test_without_a_word_nothing_is_set() -> None:
    assert read({}) == (None, [])


def test_each_limit_is_read_and_the_others_stay() -> None:
    assert read({"SSO_LIMIT_WINDOW": "60"}) == (Limits(window=60), [])
    for name, field in NUMBERS.items():
        assert read({name: "150"}) == (Limits(**{field: 150}), [])
        assert BY_NAME[name].key == f"limits.{field}"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SSO_LIMIT_WINDOW": "0"}, "SSO_LIMIT_WINDOW is not a number above 0"),
        ({"SSO_LIMIT_WINDOW": "86401"}, "SSO_LIMIT_WINDOW is more than 86400"),
        ({"SSO_LIMIT_PASSWORDS": "0"}, "SSO_LIMIT_PASSWORDS is not a number above 0"),
        ({"SSO_LIMIT_PASSWORDS": "none, the canary"}, "SSO_LIMIT_PASSWORDS is not a number above 0"),
        ({"SSO_LIMIT_PASSWORDS": "1.5"}, "SSO_LIMIT_PASSWORDS is not a whole number"),
        ({"SSO_LIMIT_CLI_STARTS_PER_ADDRESS": "100001"}, "SSO_LIMIT_CLI_STARTS_PER_ADDRESS is more than 100000"),
        ({"SSO_LIMIT_PASSWORDS": "200"}, "SSO_LIMIT_PASSWORDS leaves one address all the tries of a name"),
        (
            {"SSO_LIMIT_PASSWORDS": "5", "SSO_LIMIT_PASSWORDS_PER_NAME": "5"},
            "SSO_LIMIT_PASSWORDS_PER_NAME leaves one address all the tries of a name",
        ),
    ],
)
def test_a_limit_that_is_wrong_is_a_problem(environ: dict[str, str], expected: str) -> None:
    assert read(environ) == (None, [expected])
