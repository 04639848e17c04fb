"""The attacker model and the tests bite: each weakness of the reference, put back on purpose, is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TABLE: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "weaknesses.toml").read_text())
PLAYED = {name: row for name, row in TABLE.items() if "no" not in row}
FOUND = 1
"""What pytest exits with where a test failed, and the model where it found something; errors are other numbers."""


def weakened(name: str, to: Path) -> None:
    """Copy the core, and edit the copy."""
    shutil.copytree(ROOT / "sso_core", to / "sso_core")
    for edit in TABLE[name]["edits"]:
        module = to / "sso_core" / f"{edit['module']}.py"
        text = module.read_text()
        assert text.count(edit["old"]) == 1, f"{edit['module']} has changed: write the weakness {name} anew"
        module.write_text(text.replace(edit["old"], edit["new"]))


class Hunter:
    """The process that tries copies of the core."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tries(self, copy: Path, found_by: str) -> tuple[int, str]:
        """Return the exit code and what was said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{copy} {found_by}\n")
        self._process.stdin.flush()
        said: list[str] = []
        for line in self._process.stdout:
            if line.startswith("end "):
                return int(line.removeprefix("end ")), "".join(said)
            said.append(line)
        raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def hunter() -> Iterator[Hunter]:
    paths = os.pathsep.join(str(ROOT / name) for name in ("adapters", "tests"))
    command = [sys.executable, "-P", "-m", "trust.hunter"]
    environment = os.environ | {"PYTHONPATH": paths}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Hunter(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("name", PLAYED)
def test_a_weakness_is_found(hunter: Hunter, name: str, tmp_path: Path) -> None:
    weakened(name, tmp_path)
    code, said = hunter.tries(tmp_path, PLAYED[name]["found_by"])
    assert code == FOUND, said
    assert any(mark in said for mark in ("found: ", "AssertionError", "DID NOT RAISE")), said


def test_the_tests_that_find_something_find_nothing_in_the_core_as_it_is(hunter: Hunter, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sso_core", tmp_path / "sso_core")
    tests = {row["found_by"] for row in PLAYED.values() if "/" in row["found_by"]}
    assert [found_by for found_by in sorted(tests) if hunter.tries(tmp_path, found_by)[0] != 0] == []


def test_every_weakness_of_the_reference_is_tried_or_says_why_not() -> None:
    numbers = {name.partition("-")[0] for name in TABLE}
    assert {f"W{number}" for number in range(1, 31)} <= numbers
    assert [name for name, row in TABLE.items() if set(row) not in ({"what", "found_by", "edits"}, {"no"})] == []
