"""Makes `scenes` importable from every test of the core, has Hypothesis look at no clock and roll no dice, and tells
coverage which test file is at work, for `own_coverage.py`."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import coverage
import pytest
from hypothesis import is_hypothesis_test, settings

import sso_core

if TYPE_CHECKING:
    from _typeshed import TraceFunction

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


class Measured:
    """What is measured: the test at work, under the name of its file, while it runs.

    Not what Hypothesis draws: a module is covered by examples that somebody wrote down. Nor what runs between the tests
    and while they are collected: watched, that would take longer than all of them.
    """

    tracer: TraceFunction | None = None
    path = ""

    def pause(self) -> None:
        if coverage.Coverage.current() is not None:
            self.tracer = sys.gettrace() or self.tracer
            sys.settrace(None)

    def turn(self, item: pytest.Function) -> None:
        measuring = coverage.Coverage.current()
        if measuring is None or is_hypothesis_test(item.obj):
            return
        path = item.nodeid.partition("::")[0]
        if path != self.path:
            self.path = path
            measuring.switch_context(path)
            for function in REMEMBERING:
                function.cache_clear()
        sys.settrace(self.tracer)


MEASURED = Measured()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    MEASURED.pause()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    MEASURED.turn(pyfuncitem)
    try:
        return (yield)
    finally:
        MEASURED.pause()
