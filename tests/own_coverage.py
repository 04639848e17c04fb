"""Holds each module of the core to 100 % branch coverage by the test file at the mirrored path.

`sso_core/a/b.py` is covered by `tests/core/a/test_b.py` alone, beside what importing the core runs. Modules of
`sso_core/testing` without such a file are covered by the test files of that folder together.

It reads what the measured run of the core wrote, so it costs no second run: `tests/core/conftest.py` names the
test file at work as the context of what is measured.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[1]
CORE = ROOT / "sso_core"
TESTS = ROOT / "tests" / "core"
IMPORTING = "^$"
"""The context of what runs before the first test file is at work."""


def own_tests(module: Path) -> Path:
    """Return the test file at the mirrored path, or the folder whose test files speak for the module together."""
    mirrored = TESTS / module.relative_to(CORE).with_name(f"test_{module.name}")
    shared = module.is_relative_to(CORE / "testing") and not mirrored.exists()
    return mirrored.parent if shared else mirrored


def lacking(measured: coverage.Coverage, module: Path) -> str:
    """Return what the tests of a module leave out of it, or the empty text."""
    tests = own_tests(module)
    if not tests.exists():
        return "there is no such test file"
    context = f"^{re.escape(tests.relative_to(ROOT).as_posix())}(/|$)"
    said = io.StringIO()
    covered = measured.report([str(module)], contexts=[IMPORTING, context], file=said)
    return "" if covered == 100 else said.getvalue()


def main() -> int:
    """Print what each module lacks; return the number of modules that lack something."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    poor = 0
    modules = [path for path in sorted(CORE.rglob("*.py")) if path.name != "__init__.py"]
    for module in modules:
        faults = lacking(measured, module)
        if faults:
            poor += 1
            print(f"{module.relative_to(ROOT)} by {own_tests(module).relative_to(ROOT)} alone:\n{faults}")
    print(f"{len(modules) - poor} of {len(modules)} modules are covered by their own tests")
    return poor


if __name__ == "__main__":
    sys.exit(main() > 0)
