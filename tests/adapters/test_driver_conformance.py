from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import attrs
import trio

from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import run_trio
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.machine import Resting, Working
from sso_core.testing.driver_suite import Clock, DriverSuite, Perform, PerformWithPauses


@attrs.frozen
class Inline:
    perform: Perform
    now: Clock


@attrs.frozen
class Awaited:
    at_once: Perform
    now: Clock

    async def perform(self, effect: Effect) -> Event:
        return self.at_once(effect)


@attrs.frozen
class Pausing:
    slowly: PerformWithPauses
    now: Clock

    def perform(self, effect: Effect) -> Event:
        steps = self.slowly(effect)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                answer: Event = done.value
                return answer
            time.sleep(0.001)  # lets the other threads go on


@attrs.frozen
class AwaitedPausing:
    slowly: PerformWithPauses
    now: Clock
    checkpoint: Callable[[], Awaitable[None]]

    async def perform(self, effect: Effect) -> Event:
        steps = self.slowly(effect)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                answer: Event = done.value
                return answer
            await self.checkpoint()


class TestThreads(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        return run(state, Inline(perform, now))

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        return run(state, Pausing(perform, now))


class TestAsyncio(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        return asyncio.run(run_asyncio(state, Awaited(perform, now)))

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        async def checkpoint() -> None:
            await asyncio.sleep(0)

        return asyncio.run(run_asyncio(state, AwaitedPausing(perform, now, checkpoint)))


class TestTrio(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        async def flow() -> Resting:
            return await run_trio(state, Awaited(perform, now))

        return trio.run(flow)

    def run_with_pauses(self, state: Working | Resting, perform: PerformWithPauses, now: Clock) -> Resting:
        async def flow() -> Resting:
            return await run_trio(state, AwaitedPausing(perform, now, trio.lowlevel.checkpoint))

        return trio.run(flow)
