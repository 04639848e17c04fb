from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from sso_core.secret import Secret
from sso_core.settings.reading import Problem, Reading, Report, SettingsError


class Mode(Enum):
    SOFT = "soft"
    HARD = "hard"


def reading(value: object) -> tuple[Reading, Report]:
    report = Report()
    return Reading({"X": value}, report), report


def check(report: Report, what: str) -> None:
    """Hold that one problem was reported, in these words, and that it quotes nothing."""
    assert [(problem.variable, problem.what) for problem in report.problems] == [("X", what)]
    assert "canary" not in str(report.problems[0])


def test_a_problem_says_what_is_wrong_where_and_what_to_do() -> None:
    assert str(Problem("X", "is missing")) == "X is missing"
    assert str(Problem("X", "is missing", "such as 1")) == "X is missing (such as 1)"
    error = SettingsError((Problem("X", "is missing"), Problem("Y", "is wrong")))
    assert str(error) == "X is missing; Y is wrong"
    assert [problem.variable for problem in error.problems] == ["X", "Y"]


@pytest.mark.parametrize(
    ("value", "there"), [("a", True), (False, True), (0, True), ("", False), (" ", False), (None, False)]
)
def test_an_empty_text_counts_as_unset(value: object, there: bool) -> None:
    read, report = reading(value)
    assert read.has("X") is there
    assert report == Report()


def test_an_empty_restriction_is_a_problem_rather_than_none() -> None:
    report = Report()
    Reading({"ALLOWED_EMAIL_DOMAINS": " ", "DISABLE_ADMIN_UI": "", "SSO_SEATS": ""}, report)
    assert [problem.variable for problem in report.problems] == [
        *("ALLOWED_EMAIL_DOMAINS", "DISABLE_ADMIN_UI", "SSO_SEATS"),
    ]


def test_bytes_of_an_environment_that_are_no_utf_8_are_a_problem_where_anybody_asks_for_them() -> None:
    report = Report()
    read = Reading({"SSO_LANDING_PATH": "/canary\udcff", "PATH": "\udcff", "SSO_SEATS": "\udcff"}, report)
    assert not read.has("SSO_LANDING_PATH")
    read.missing("SSO_LANDING_PATH")
    read.within("X", {"name": "canary\ud800"})
    assert [f"{problem.variable} {problem.what}" for problem in report.problems] == [
        "SSO_LANDING_PATH is no UTF-8",
        "SSO_SEATS is no UTF-8",
        "X.name is no UTF-8",
    ]


def test_what_cannot_be_had_is_not_missing_as_well() -> None:
    read, report = reading(5)
    read.text("X")
    read.missing("X", "needed")
    read.missing("Y", "needed")
    assert list(map(str, report.problems)) == ["X is not a text", "Y is missing (needed)"]


def test_texts_lose_the_blanks_around_them() -> None:
    assert reading(" a b ")[0].text("X") == "a b"
    assert reading("a")[0].text("Y") is None
    read, report = reading(5)
    assert read.text("X") is None
    check(report, "is not a text")


def test_a_secret_is_hidden_at_once() -> None:
    secret = reading("canary")[0].secret("X")
    assert secret == Secret("canary")
    assert "canary" not in repr(secret)
    assert reading("canary")[0].secret("Y") is None


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *(("true", True), (" TRUE ", True), ("1", True), ("yes", True), ("on", True), (True, True)),
        *(("false", False), ("0", False), ("No", False), ("off", False), (False, False), ("", False)),
    ],
)
def test_flags_are_read(value: object, flag: bool) -> None:
    read, report = reading(value)
    assert read.flag("X") is flag
    assert report == Report()


@pytest.mark.parametrize("value", ["canary", 1, ["true"]])
def test_a_flag_that_is_none_is_a_problem_and_the_default_stays(value: object) -> None:
    read, report = reading(value)
    assert read.flag("X", default=True) is True
    check(report, "is neither true nor false")


@pytest.mark.parametrize(("value", "number"), [("1.5", 1.5), (2, 2.0), (None, None)])
def test_numbers_are_read(value: object, number: float | None) -> None:
    assert reading(value)[0].number("X") == number


@pytest.mark.parametrize("value", ["canary", "0", "-1", "nan", "inf", "1e999", True, [1], 10**400])
def test_a_number_that_is_none_is_a_problem(value: object) -> None:
    read, report = reading(value)
    assert read.number("X") is None
    check(report, "is not a number above 0")


def test_a_number_may_have_an_end() -> None:
    assert reading("9")[0].number("X", most=9) == 9
    read, report = reading("9.5")
    assert read.number("X", most=9) is None
    check(report, "is more than 9")


@pytest.mark.parametrize(("value", "number"), [("3", 3), (4, 4), ("5.0", 5), (None, None)])
def test_whole_numbers_are_read(value: object, number: int | None) -> None:
    assert reading(value)[0].whole("X") == number
    assert reading("0")[0].whole("X", least=0) == 0
    assert reading("5")[0].whole("X", most=5) == 5
    assert reading("6")[0].whole("X", most=5) is None


@pytest.mark.parametrize(("value", "what"), [("1.5", "is not a whole number"), ("0", "is not a number above 0")])
def test_a_whole_number_that_is_none_is_a_problem(value: str, what: str) -> None:
    read, report = reading(value)
    assert read.whole("X") is None
    check(report, what)


def test_choices_are_read_in_any_case_of_letters() -> None:
    assert reading(" Hard ")[0].choice("X", Mode, Mode.SOFT) is Mode.HARD
    assert reading(None)[0].choice("X", Mode, Mode.SOFT) is Mode.SOFT


@pytest.mark.parametrize("value", ["canary", 5])
def test_an_unknown_choice_is_a_problem_that_names_those_known(value: object) -> None:
    read, report = reading(value)
    assert read.choice("X", Mode, Mode.SOFT) is Mode.SOFT
    check(report, "is not known")
    assert report.problems[0].hint == "one of soft, hard"


@pytest.mark.parametrize(
    ("value", "items"),
    [("a, b,,a", ("a", "b")), ([" a ", "b"], ("a", "b")), ("a b", ("a b",)), (None, None)],
)
def test_lists_are_read(value: object, items: tuple[str, ...] | None) -> None:
    assert reading(value)[0].items("X") == items


@pytest.mark.parametrize(
    ("value", "what"),
    [
        *((empty, "is an empty list") for empty in (",", [], [" "])),
        *((other, "is not a list of texts") for other in (["canary", 5], 5)),
    ],
)
def test_a_list_that_is_empty_or_none_is_a_problem(value: object, what: str) -> None:
    read, report = reading(value)
    assert read.items("X") is None
    check(report, what)


@pytest.mark.parametrize("value", ["https://idp.example/a?b=c", "http://localhost:8080/a", None])
def test_addresses_that_secrets_may_go_to_are_read(value: str | None) -> None:
    assert reading(value)[0].address("X") == value


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("http://idp.example", "is plain http"),
        ("http://localhost.canary.example", "is plain http"),
        ("http://localhost@canary.example", "is no usable address: it holds a user part or a fragment"),
        ("ftp://canary", "is no usable address: it is neither http nor https"),
        (5, "is not a text"),
    ],
)
def test_any_other_address_is_a_problem(value: object, what: str) -> None:
    read, report = reading(value)
    assert read.address("X") is None
    check(report, what)


@pytest.mark.parametrize("value", ['{"a": 1}', "{'a': 1}", {"a": 1}])
def test_dictionaries_are_read(value: object) -> None:
    assert reading(value)[0].table("X") == {"a": 1}
    assert reading(None)[0].table("X") is None
    assert reading(value)[0].is_table("X") is isinstance(value, dict)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("canary", "is neither JSON nor a Python literal"),
        ("[1]", "is not a dictionary"),
        ("None", "is not a dictionary"),
        ("{1: 'canary'}", "is not a dictionary"),
        (5, "is not a dictionary"),
    ],
)
def test_a_dictionary_that_is_none_is_a_problem(value: object, what: str) -> None:
    read, report = reading(value)
    assert read.table("X") is None
    check(report, what)


def test_a_report_calls_a_setting_as_its_writer_did() -> None:
    report = Report()
    read = Reading({"X": "a"}, report, {"X": "table.x"})
    members: dict[str, Any] = {"y": 5, "no name": 5}
    inner = read.within("X", members)
    inner.text("y")
    inner.text("no name")
    inner.missing("z", "needed")
    read.note("X", "is odd", "so what")
    assert list(map(str, report.problems)) == [
        "table.x.y is not a text",
        "table.x.… is not a text",
        "z is missing (needed)",
    ]
    assert list(map(str, report.notes)) == ["table.x is odd (so what)"]
    assert (read.label("X"), read.label("Y")) == ("table.x", "Y")
