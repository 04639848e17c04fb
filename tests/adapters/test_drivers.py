from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import anyio
import anyio.lowlevel
import attrs
import pytest
import trio

from sso_adapters.drive import ShuttingDownError, on_asyncio, on_trio
from sso_adapters.drive import blocking as on_threads
from sso_core.effects import Drop, Effect, Kind
from sso_core.events import Dropped, Event, StoreUnreachable
from sso_core.machine import Resting, Working


@attrs.frozen
class Rested(Resting):
    answers: tuple[Event, ...]


@attrs.frozen
class Asking(Working):
    count: int

    def asks(self) -> tuple[Effect, ...]:
        return tuple(Drop(Kind.LOGIN, str(number)) for number in range(self.count))

    def receive(self, *answers: Dropped | StoreUnreachable, now: float) -> Rested:
        return Rested(answers)


@attrs.frozen
class AskingToTheEnd(Asking):
    uninterruptible: ClassVar[bool] = True


class BlockingWorld:
    def __init__(self, perform: Callable[[Effect], Event]) -> None:
        self._perform = perform

    def perform(self, effect: Effect) -> Event:
        return self._perform(effect)

    def now(self) -> float:
        return 0.0


class AsyncWorld:
    def __init__(self, perform: Callable[[Effect], Awaitable[Event]]) -> None:
        self._perform = perform

    async def perform(self, effect: Effect) -> Event:
        return await self._perform(effect)

    def now(self) -> float:
        return 0.0


RUN: dict[str, Any] = {"asyncio": on_asyncio.run_asyncio, "trio": on_trio.run_trio}
FLIGHTS: dict[str, Any] = {"asyncio": on_asyncio.Flights, "trio": on_trio.Flights}


@pytest.fixture(params=sorted(RUN))
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def play(state: Working, perform: Callable[[Effect], Awaitable[Event]], loop: str, watch: Any = None) -> Resting:
    async def main() -> Resting:
        ending: Resting = await RUN[loop](state, AsyncWorld(perform), watch=watch)
        return ending

    return anyio.run(main, backend=loop)


async def answer_at_once(_effect: Effect) -> Event:
    return Dropped()


async def fail(_effect: Effect) -> Event:
    raise ZeroDivisionError


# One effect


def test_one_effect_is_performed_in_the_task_of_the_caller(loop: str) -> None:
    async def main() -> None:
        current = asyncio.current_task if loop == "asyncio" else trio.lowlevel.current_task
        performed_in: list[object] = []

        async def perform(_effect: Effect) -> Event:
            performed_in.append(current())
            return Dropped()

        await RUN[loop](Asking(1), AsyncWorld(perform))
        assert performed_in == [current()]

    anyio.run(main, backend=loop)


def test_one_effect_needs_no_other_thread() -> None:
    performed_in: list[int] = []

    def perform(_effect: Effect) -> Event:
        performed_in.append(threading.get_ident())
        return Dropped()

    on_threads.run(Asking(1), BlockingWorld(perform))
    assert performed_in == [threading.get_ident()]


# Several effects


def test_effects_asked_together_are_performed_together_on_threads() -> None:
    together = threading.Barrier(3, timeout=20)

    def perform(_effect: Effect) -> Event:
        together.wait()
        return Dropped()

    assert on_threads.run(Asking(3), BlockingWorld(perform)) == Rested((Dropped(),) * 3)


def test_effects_asked_together_are_performed_together_and_answered_in_order(loop: str) -> None:
    async def main() -> None:
        waiting = [anyio.Event() for _ in range(3)]

        async def perform(effect: Effect) -> Event:
            assert isinstance(effect, Drop)
            number = int(effect.key)
            if number < 2:  # the first waits for the second, which waits for the third
                await waiting[number + 1].wait()
            waiting[number].set()
            return StoreUnreachable(effect.key)

        with anyio.fail_after(20):
            ending = await RUN[loop](Asking(3), AsyncWorld(perform))
        assert ending == Rested(tuple(map(StoreUnreachable, "012")))

    anyio.run(main, backend=loop)


@pytest.mark.parametrize("count", [1, 3])
def test_a_watch_sees_each_state_the_first_and_the_last_included(loop: str, count: int) -> None:
    seen: list[Working | Resting] = []
    ending = play(Asking(count), answer_at_once, loop, seen.append)
    assert seen == [Asking(count), ending]
    seen.clear()
    on_threads.run(Asking(count), BlockingWorld(lambda _effect: Dropped()), watch=seen.append)
    assert seen == [Asking(count), ending]


@pytest.mark.parametrize("state", [Asking(1), Asking(3), AskingToTheEnd(1), AskingToTheEnd(3)])
def test_an_exception_of_the_world_comes_out_as_itself(loop: str, state: Working) -> None:
    async def perform(effect: Effect) -> Event:
        if effect == Drop(Kind.LOGIN, "0"):
            raise ZeroDivisionError
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    with pytest.raises(ZeroDivisionError):
        play(state, perform, loop)


def test_several_exceptions_of_the_world_come_out_together(loop: str) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        play(Asking(2), fail, loop)
    assert [type(error) for error in raised.value.exceptions] == [ZeroDivisionError] * 2


# Callers who leave


class Scene:
    """A flow that has reached the world, and a caller who then leaves."""

    def __init__(self, loop: str, state: Working) -> None:
        self.loop, self.state = loop, state
        self.flights = FLIGHTS[loop]()
        self.reached, self.go_on, self.ended = anyio.Event(), anyio.Event(), anyio.Event()
        self.left = 0
        self.seen: list[Working | Resting] = []
        self.raised: list[type[BaseException]] = []
        self.endings: list[Resting] = []

    async def perform(self, _effect: Effect) -> Event:
        self.reached.set()
        try:
            await self.go_on.wait()
        finally:
            self.left += 1
        return Dropped()

    async def call(self) -> None:
        try:
            world = AsyncWorld(self.perform)
            self.endings.append(await RUN[self.loop](self.state, world, watch=self.seen.append, flights=self.flights))
        except ShuttingDownError:
            self.raised.append(ShuttingDownError)
        except BaseException as error:
            self.raised.append(type(error))
            raise
        finally:
            self.ended.set()


@pytest.mark.parametrize("count", [1, 2])
def test_an_uninterruptible_flow_is_seen_through_although_its_caller_has_left(loop: str, count: int) -> None:
    async def main() -> None:
        scene = Scene(loop, AskingToTheEnd(count))
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(scene.call)
                await scene.reached.wait()
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                    scene.go_on.set()
            assert await scene.flights.drain(20) == 0
        assert scene.seen == [scene.state, Rested((Dropped(),) * count)]

    anyio.run(main, backend=loop)


def test_a_task_of_asyncio_that_is_cancelled_leaves_its_flow_flying() -> None:
    async def main() -> None:
        scene = Scene("asyncio", AskingToTheEnd(1))
        task = asyncio.create_task(scene.call())
        await scene.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert scene.seen == [scene.state]
        scene.go_on.set()
        assert await scene.flights.drain(20) == 0
        assert scene.seen == [scene.state, Rested((Dropped(),))]

    asyncio.run(main())


@pytest.mark.parametrize("count", [1, 2])
def test_an_interruptible_flow_ends_with_its_caller(loop: str, count: int) -> None:
    async def main() -> None:
        scene = Scene(loop, Asking(count))
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(scene.call)
                await scene.reached.wait()
                tasks.cancel_scope.cancel()
        assert scene.ended.is_set()
        assert scene.seen == [scene.state]

    anyio.run(main, backend=loop)


# A service that stops


def test_a_drain_waits_for_flows_under_way_and_begins_no_more(loop: str) -> None:
    async def main() -> None:
        scene = Scene(loop, AskingToTheEnd(1))
        late: list[int] = []

        async def drain() -> None:
            late.append(await scene.flights.drain(20))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(scene.call)
                await scene.reached.wait()
                tasks.start_soon(drain)
                await anyio.wait_all_tasks_blocked()
                assert late == []
                with pytest.raises(ShuttingDownError):
                    await RUN[loop](scene.state, AsyncWorld(answer_at_once), flights=scene.flights)
                ending = await RUN[loop](Asking(1), AsyncWorld(answer_at_once), flights=scene.flights)
                assert ending == Rested((Dropped(),))
                scene.go_on.set()
        assert late == [0]
        assert scene.endings == [Rested((Dropped(),))]

    anyio.run(main, backend=loop)


@pytest.mark.parametrize("count", [1, 2])
def test_a_flow_that_outlasts_the_grace_is_cancelled_and_out_of_the_world(loop: str, count: int) -> None:
    async def main() -> None:
        scene = Scene(loop, AskingToTheEnd(count))
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(scene.call)
                await scene.reached.wait()
                await anyio.wait_all_tasks_blocked()
                assert await scene.flights.drain(0.01) == 1
                assert scene.left == count
                await scene.ended.wait()
        assert scene.raised == [ShuttingDownError]
        assert scene.seen == [scene.state]

    anyio.run(main, backend=loop)


def test_a_drain_of_nothing_ends_at_once(loop: str) -> None:
    async def main() -> int:
        late: int = await FLIGHTS[loop]().drain(1000)
        return late

    assert anyio.run(main, backend=loop) == 0
