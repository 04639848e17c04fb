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
for module in pkgutil.walk_packages(sso_core.__path__, "sso_core."):
    importlib.import_module(module.name)


def at_work(path: str) -> None:
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(path)


def pytest_collectstart(collector: pytest.Collector) -> None:
    if isinstance(collector, pytest.Module):
        at_work(collector.nodeid)


def pytest_runtest_logstart(nodeid: str) -> None:
    at_work(nodeid.partition("::")[0])
