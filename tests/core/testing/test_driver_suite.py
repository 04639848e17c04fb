from __future__ import annotations

import pytest

from sso_core.effects import Event
from sso_core.machine import Resting, Working, advance_any
from sso_core.testing.driver_suite import Clock, DriverSuite, Perform


class TestTheShortestDriver(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, [perform(effect) for effect in state.awaits], now=now())
        return state


class Swallowing(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        try:
            return TestTheShortestDriver().run(state, perform, now)
        except ZeroDivisionError:
            return Resting()


class Backwards(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        while isinstance(state, Working):
            early = now()
            events: list[Event] = [perform(effect) for effect in reversed(state.awaits)]
            state = advance_any(state, events[::-1], now=early)
        return state


def test_a_driver_that_swallows_a_bug_is_found() -> None:
    with pytest.raises(AssertionError, match="swallowed"):
        Swallowing().test_a_bug_of_the_world_is_not_swallowed()


def test_a_driver_that_reads_the_time_too_early_is_found() -> None:
    with pytest.raises(AssertionError):
        Backwards().test_time_is_read_after_the_answers_have_come()
