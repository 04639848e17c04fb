"""The lists of docs/trust/ are whole: each line is held by a test, or says why it does not apply."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

import pytest

from sso_core.testing.hostile import HOSTILE

DOCS = Path(__file__).parents[2] / "docs"
DERIVE = runpy.run_path(str(DOCS / "derive.py"))
LISTS = {name: tomllib.loads((DOCS / "trust" / f"{name}.toml").read_text())["lines"] for name in DERIVE["LISTS"]}
LINES = {line: row for lines in LISTS.values() for line, row in lines.items()}


def test_each_line_is_held_or_says_why_not() -> None:
    held = set(DERIVE["tests_of_lines"]())
    assert [line for line, row in LINES.items() if "no" not in row and line not in held] == []
    assert [line for line, row in LINES.items() if "no" in row and line in held] == []


def test_each_test_belongs_to_a_line() -> None:
    ours = {line for line in DERIVE["tests_of_lines"]() if not line.startswith("C")}
    assert sorted(ours - set(LINES)) == []


@pytest.mark.parametrize("name", LISTS)
def test_the_lines_of_a_list_are_its_own_and_in_order(name: str) -> None:
    numbers = [int(line[1:]) for line in LISTS[name]]
    assert {line[0] for line in LISTS[name]} <= {name[0].upper()}
    assert numbers == sorted(set(numbers))


def test_a_line_says_what_happens_and_either_the_outcome_or_why_it_does_not_apply() -> None:
    assert [line for line, row in LINES.items() if set(row) not in ({"what", "outcome"}, {"what", "no"})] == []


def test_each_variant_of_the_hostile_provider_is_a_line_of_a_list() -> None:
    assert [name for name, each in HOSTILE.items() if each.line[0] != "C" and each.line not in LINES] == []


def test_the_page_of_the_docs_is_true() -> None:
    assert (DOCS / "trust.md").read_text() == DERIVE["PAGES"]["trust.md"](), "run python docs/derive.py"
