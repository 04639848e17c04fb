"""Counts the lines of the lists that a run has played, and says which of them failed."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from sso_core.testing.hostile import NOT_APPLICABLE

LISTS = Path(__file__).parents[2] / "docs" / "trust"
LINE = re.compile(r"::test_(?P<test>[avf]\d+)_|\[(?:[a-z]+-)?(?P<variant>[CAVF]\d+)(?:-[^\]]*)?\]")
TITLES = {"C": "conformance", "A": "attacks", "V": "vulnerabilities", "F": "faults"}


def pytest_configure(config: pytest.Config) -> None:
    # As a plugin, since the hooks of a conftest hear of the tests beside it only.
    config.pluginmanager.register(Tally())


class Tally:
    """What became of each line, and how many steps of the attacker model were played."""

    def __init__(self) -> None:
        self.said: defaultdict[str, set[str]] = defaultdict(set)
        self.steps = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.steps += sum(int(str(value)) for name, value in report.user_properties if name == "steps")
        named = LINE.search(report.nodeid)
        if named is not None and (report.when == "call" or not report.passed):
            self.said[(named["test"] or named["variant"]).upper()].add(report.outcome)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        tables = [tomllib.loads(path.read_text())["lines"] for path in LISTS.glob("*.toml")]
        spared = {line for table in tables for line, row in table.items() if "no" in row} | set(NOT_APPLICABLE)
        terminalreporter.section("trust")
        for letter, title in TITLES.items():
            played = {line: outcomes for line, outcomes in self.said.items() if line[0] == letter}
            passed = sum(outcomes == {"passed"} for outcomes in played.values())
            failed = sorted(line for line, outcomes in played.items() if "failed" in outcomes)
            skipped = sorted(line for line, outcomes in played.items() if outcomes == {"skipped"})
            without = sum(line[0] == letter for line in spared)
            told = f"{letter} ({title}): {passed} passed, {without} not applicable, {len(failed)} failed"
            terminalreporter.line(" ".join([told, *failed, *(f"({line} skipped)" for line in skipped)]))
        if self.steps:
            terminalreporter.line(f"the attacker model: {self.steps:,} steps")
