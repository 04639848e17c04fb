from __future__ import annotations

from collections.abc import Sequence

import pytest

from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.failures import MisuseError
from sso_core.machine import Resting, Working, advance_any
from sso_core.testing.driver_suite import Clock, DriverSuite, Perform, PerformWithPauses


def in_turns(effects: Sequence[Effect], perform: PerformWithPauses) -> list[Event]:
    """Let all effects go on by one step each, round after round."""
    under_way = dict(enumerate(map(perform, effects)))
    events: dict[int, Event] = {}
    while under_way:
        for position, steps in list(under_way.items()):
            try:
                next(steps)
            except StopIteration as done:
                events[position] = done.value
                del under_way[position]
    return [events[position] for position in range(len(effects))]


def one_by_one(effects: Sequence[Effect], perform: PerformWithPauses) -> list[Event]:
    return [in_turns([effect], perform)[0] for effect in effects]


class TestTheShortestDriver(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, [perform(effect) for effect in state.awaits], now=now())
        return state

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, in_turns(state.awaits, perform), now=now())
        return state


class Swallowing(TestTheShortestDriver):
    __test__ = False

    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        try:
            return super().run(state, perform, now)
        except ZeroDivisionError:
            return Resting()


class Backwards(TestTheShortestDriver):
    __test__ = False

    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        while isinstance(state, Working):
            early = now()
            events: list[Event] = [perform(effect) for effect in reversed(state.awaits)]
            state = advance_any(state, events[::-1], now=early)
        return state


class OneByOne(TestTheShortestDriver):
    __test__ = False

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, one_by_one(state.awaits, perform), now=now())
        return state


class AsTheyCome(TestTheShortestDriver):
    __test__ = False

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, in_turns(state.awaits, perform)[::-1], now=now())
        return state


def test_a_driver_that_swallows_a_bug_is_found() -> None:
    with pytest.raises(AssertionError, match="swallowed"):
        Swallowing().test_a_bug_of_the_world_is_not_swallowed()


def test_a_driver_that_reads_the_time_too_early_is_found() -> None:
    with pytest.raises(AssertionError):
        Backwards().test_time_is_read_after_the_answers_have_come()


def test_a_driver_that_asks_one_question_after_the_other_is_found() -> None:
    with pytest.raises(AssertionError, match="one question after the other"):
        OneByOne().test_questions_asked_together_are_answered_together()


def test_a_driver_that_gives_answers_as_they_come_is_found() -> None:
    with pytest.raises(MisuseError):
        AsTheyCome().test_questions_asked_together_are_answered_together()
