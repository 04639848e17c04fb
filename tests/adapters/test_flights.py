"""Flows whose callers are gone."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, ClassVar

import attrs
import pytest
import trio
import trio.testing

from sso_adapters.drive import on_asyncio, on_trio
from sso_core.effects import Effect, Peek
from sso_core.events import Dropped, Event, Missing
from sso_core.machine import Resting, Working
from sso_core.testing.store_effects import PEEK


@attrs.frozen
class Ended(Resting):
    pass


@attrs.frozen
class Looking(Working):
    uninterruptible: ClassVar[bool] = True

    def asks(self) -> tuple[Effect, ...]:
        return (PEEK,)

    def receive(self, _answer: Missing, *, now: float) -> Ended:
        return Ended()


class World:
    """Answers when it is let."""

    def __init__(self, reached: Any, go_on: Any, answer: Event) -> None:
        self.reached, self.go_on, self._answer = reached, go_on, answer

    async def perform(self, effect: Effect) -> Event:
        assert isinstance(effect, Peek)
        self.reached.set()
        await self.go_on.wait()
        return self._answer

    def now(self) -> float:
        return 0.0


def test_under_asyncio_a_flow_that_named_no_flights_is_held_and_seen_through() -> None:
    async def main() -> list[str]:
        world = World(asyncio.Event(), asyncio.Event(), Missing())
        ended, seen = asyncio.Event(), []

        def watch(state: Working | Resting) -> None:
            seen.append(type(state).__name__)
            if isinstance(state, Ended):
                ended.set()

        caller = asyncio.create_task(on_asyncio.run_asyncio(Looking(), world, watch=watch))
        await world.reached.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        del caller
        gc.collect()
        world.go_on.set()
        await asyncio.wait_for(ended.wait(), 20)
        return seen

    assert asyncio.run(main()) == ["Looking", "Ended"]


def test_under_trio_a_flow_that_named_no_flights_is_seen_through_where_it_is() -> None:
    async def main() -> list[str]:
        world = World(trio.Event(), trio.Event(), Missing())
        seen: list[str] = []

        async def call() -> None:
            await on_trio.run_trio(Looking(), world, watch=lambda state: seen.append(type(state).__name__))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await world.reached.wait()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await trio.testing.wait_all_tasks_blocked()
            world.go_on.set()
        return seen

    assert trio.run(main) == ["Looking", "Ended"]


def test_under_asyncio_a_bug_in_a_flow_that_was_left_is_reported_to_the_loop() -> None:
    async def main() -> list[dict[str, Any]]:
        reported: list[dict[str, Any]] = []
        told = asyncio.Event()

        def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            reported.append(context)
            told.set()

        asyncio.get_running_loop().set_exception_handler(report)
        world = World(asyncio.Event(), asyncio.Event(), Dropped())  # no answer to the question
        flights = on_asyncio.Flights()
        caller = asyncio.create_task(on_asyncio.run_asyncio(Looking(), world, flights=flights))
        await world.reached.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        world.go_on.set()
        assert await flights.drain(20) == 0
        del caller
        while not told.is_set():
            await asyncio.sleep(0)
            gc.collect()
        return reported

    (context,) = asyncio.run(asyncio.wait_for(main(), 20))
    assert "Dropped is no answer to Peek" in str(context["exception"])
