"""Makes `scenes` importable from every test of the core, has Hypothesis look at no clock and roll no dice, and tells
coverage which test file is at work, for `own_coverage.py`."""

from __future__ import annotations

import importlib
import pkgutil

import coverage
import pytest
from hypothesis import settings

import sso_core

# The core's tests have no clock: on a busy machine a deadline would fail what is right. The same examples are drawn
# each time, so that a failure belongs to the change that shows it.
settings.register_profile("calm", deadline=None, derandomize=True)
settings.load_profile("calm")

# What importing the core runs belongs to no test file. Done here, it is over before the first one is named.
MODULES = [importlib.import_module(module.name) for module in pkgutil.walk_packages(sso_core.__path__, "sso_core.")]
REMEMBERING = [
    found for module in MODULES for found in vars(module).values() if callable(getattr(found, "cache_clear", None))
]
"""Functions that remember their answers: what one test file had them work out, no other would see worked out."""


class AtWork:
    """The test file whose turn it is."""

    path = ""

    def turn(self, path: str) -> None:
        measuring = coverage.Coverage.current()
        if measuring is None or path == self.path:
            return
        self.path = path
        measuring.switch_context(path)
        for function in REMEMBERING:
            function.cache_clear()


AT_WORK = AtWork()


def pytest_collectstart(collector: pytest.Collector) -> None:
    if isinstance(collector, pytest.Module):
        AT_WORK.turn(collector.nodeid)


def pytest_runtest_logstart(nodeid: str) -> None:
    AT_WORK.turn(nodeid.partition("::")[0])
