"""What every driver promises, as tests to inherit.

    class TestMyDriver(DriverSuite):
        def run(self, state, perform, now):
            return my_driver(state, MyWorld(perform, now))

        def run_with_pauses(self, state, perform, now):
            return my_driver(state, MyPausingWorld(perform, now))

`perform` is synchronous and answers at once; a driver of another colour wraps it in its own. With pauses it is a
generator, which yields where others are to go on, and returns the answer. pytest collects the tests by name, and any
other runner may call them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator

import attrs

from sso_core.effects import Drop, Effect, Kind, Peek
from sso_core.events import Dropped, Event, Found, Missing, StoreUnreachable
from sso_core.failures import Reason, refuse
from sso_core.machine import Failed, Resting, Working

Perform = Callable[[Effect], Event]
PerformWithPauses = Callable[[Effect], Generator[None, None, Event]]
Clock = Callable[[], float]

KEYS = ("first", "second", "third")
PAUSES = 5000
"""How often an effect lets others go on before it gives up meeting them: seconds, where a pause is a millisecond."""


@attrs.frozen
class Told(Resting):
    """Everything that the world answered, and when."""

    answers: tuple[Event, ...]
    at: tuple[float, ...]


@attrs.frozen
class Asking(Working):
    """Asks one question."""

    key: str = KEYS[0]

    def asks(self) -> tuple[Effect, ...]:
        """Look one value up."""
        return (Peek(Kind.LOGIN, self.key),)

    def receive(self, answer: Found | Missing | StoreUnreachable, *, now: float) -> AskingTogether:
        """Ask on, or refuse."""
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.STORE_UNREACHABLE, answer.why)
        return AskingTogether((answer,), (now,))


@attrs.frozen
class AskingTogether(Working):
    """Asks two different questions at once."""

    answers: tuple[Event, ...]
    at: tuple[float, ...]

    def asks(self) -> tuple[Effect, ...]:
        """Look one value up and drop another."""
        return (Peek(Kind.LOGIN, KEYS[1]), Drop(Kind.LOGIN, KEYS[2]))

    def receive(
        self, found: Found | Missing | StoreUnreachable, dropped: Dropped | StoreUnreachable, *, now: float
    ) -> Told:
        """Tell all."""
        return Told((*self.answers, found, dropped), (*self.at, now))


class DriverSuite(ABC):
    """Subclass it for a driver."""

    @abstractmethod
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        """Run a flow to its end with the driver under test."""

    @abstractmethod
    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        """Do the same in a world that takes its time: let whatever else is under way go on at each `yield`."""

    def test_a_state_at_rest_is_returned_without_asking_anybody(self) -> None:
        """A door may answer at once."""
        ending = Told((), ())
        asked: list[Effect] = []
        assert self.run(ending, _recording(asked), lambda: 0.0) is ending
        assert asked == []

    def test_each_question_is_asked_once_and_answers_come_in_the_order_of_the_questions(self) -> None:
        """Events answer effects by position, whichever is there first."""
        asked: list[Effect] = []
        ending = self.run(Asking(), _recording(asked), lambda: 7.0)
        assert isinstance(ending, Told)
        assert ending.answers == (Found(b"first"), Found(b"second"), Dropped())
        assert sorted(effect.key for effect in asked if isinstance(effect, Peek | Drop)) == sorted(KEYS)

    def test_questions_asked_together_are_answered_together(self) -> None:
        """Each of the two is answered only once both are under way, and the one that began last is answered first."""
        begun: list[Effect] = []
        ended: list[Effect] = []

        def perform(effect: Effect) -> Generator[None, None, Event]:
            begun.append(effect)
            for _ in range(PAUSES):
                if len(begun) == len(KEYS) - 1 and (effect is begun[-1] or ended):
                    break
                yield
            else:
                raise AssertionError("the driver asks one question after the other")
            ended.append(effect)
            return _answer(effect)

        ending = self.run_with_pauses(AskingTogether((), ()), perform, lambda: 7.0)
        assert ending == Told((Found(b"second"), Dropped()), (7.0,))

    def test_time_is_read_after_the_answers_have_come(self) -> None:
        """A slow answer makes it later."""
        clock = [100.0]

        def perform(effect: Effect) -> Event:
            clock[0] += 1
            return _answer(effect)

        ending = self.run(Asking(), perform, lambda: clock[0])
        assert isinstance(ending, Told)
        assert ending.at == (101.0, 103.0)

    def test_a_refusal_is_an_ending_and_not_an_exception(self) -> None:
        """What a check refuses comes back as a value."""
        ending = self.run(Asking(), lambda _effect: StoreUnreachable("down"), lambda: 0.0)
        assert isinstance(ending, Failed)
        assert ending.failure.reason is Reason.STORE_UNREACHABLE

    def test_a_bug_of_the_world_is_not_swallowed(self) -> None:
        """An exception of whoever performs is a bug, and comes out."""

        def perform(_effect: Effect) -> Event:
            raise ZeroDivisionError

        try:
            self.run(Asking(), perform, lambda: 0.0)
        except ZeroDivisionError:
            return
        raise AssertionError("the driver swallowed an exception of the world")


def _recording(asked: list[Effect]) -> Perform:
    def perform(effect: Effect) -> Event:
        asked.append(effect)
        return _answer(effect)

    return perform


def _answer(effect: Effect) -> Event:
    return Found(effect.key.encode()) if isinstance(effect, Peek) else Dropped()
