from __future__ import annotations

import asyncio

import attrs
import trio

from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import run_trio
from sso_core.effects import Effect, Event
from sso_core.machine import Resting, Working
from sso_core.testing.driver_suite import Clock, DriverSuite, Perform


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


class TestThreads(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        return run(state, Inline(perform, now))


class TestAsyncio(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        return asyncio.run(run_asyncio(state, Awaited(perform, now)))


class TestTrio(DriverSuite):
    def run(self, state: Working | Resting, perform: Perform, now: Clock) -> Resting:
        async def flow() -> Resting:
            return await run_trio(state, Awaited(perform, now))

        return trio.run(flow)
