"""What docs/reference.toml says of the reference's behaviours is true."""

from __future__ import annotations

import ast
import runpy
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
TABLE: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "docs" / "reference.toml").read_text())
DERIVE = runpy.run_path(str(ROOT / "docs" / "derive.py"))
PLACES = TABLE["behaviours"] | TABLE["weaknesses"]


@cache
def names_in(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and "test_" in node.name
    )


def test_every_behaviour_and_every_weakness_has_its_row() -> None:
    assert list(TABLE["behaviours"]) == [f"S{number}" for number in range(1, 134)]
    assert list(TABLE["weaknesses"]) == [f"W{number}" for number in range(1, 31)]


def test_a_row_names_modules_and_tests_that_exist() -> None:
    for number, place in PLACES.items():
        assert place["what"], number
        modules = [DERIVE["path_of_module"](name) for name in place["where"]]
        assert modules, number
        assert [path for path in modules if not (ROOT / path).is_file()] == []
        tests = [DERIVE["path_of_test"](name) for name in place["tests"]]
        assert tests, number
        assert [file for file, *_ in tests if not (ROOT / file).is_file()] == []
        assert [name for file, *names in tests for name in names if name not in names_in(ROOT / file)] == []


def test_the_page_of_the_docs_is_true() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == DERIVE["PAGES"]["reference.md"](), (
        "run python docs/derive.py"
    )
