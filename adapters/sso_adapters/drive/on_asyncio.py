"""Runs flows under asyncio."""

from __future__ import annotations

import asyncio

from sso_adapters.drive import AsyncWorld, ShuttingDownError, Watch
from sso_core.effects import Effect, Event
from sso_core.machine import Resting, Working, advance_any


class Flights:
    """The flows under way that are seen through even if whoever started them has left; a service's lifespan owns it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Resting]] = set()
        self._closed = False

    async def fly(self, state: Working, world: AsyncWorld, watch: Watch | None) -> Resting:
        """Run a flow in a task of its own. Raises `ShuttingDownError` once `drain` was called."""
        if self._closed:
            raise ShuttingDownError
        task = asyncio.ensure_future(_run(state, world, watch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def drain(self, grace: float) -> int:
        """Begin no more flows, wait `grace` seconds for those under way, and return how many did not end."""
        self._closed = True
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)


async def run_asyncio(
    state: Working | Resting, world: AsyncWorld, *, watch: Watch | None = None, flights: Flights | None = None
) -> Resting:
    """Run a flow to its end and return the state in which it rests.

    A flow that says it is `uninterruptible` goes on in `flights` when the caller is cancelled.
    """
    if isinstance(state, Working) and state.uninterruptible and flights is not None:
        return await flights.fly(state, world, watch)
    return await _run(state, world, watch)


async def _run(state: Working | Resting, world: AsyncWorld, watch: Watch | None) -> Resting:
    while isinstance(state, Working):
        if watch is not None:
            watch(state)
        state = advance_any(state, await _perform(state.awaits, world), now=world.now())
    if watch is not None:
        watch(state)
    return state


async def _perform(effects: tuple[Effect, ...], world: AsyncWorld) -> list[Event]:
    if len(effects) == 1:
        return [await world.perform(effects[0])]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(world.perform(effect)) for effect in effects]
    return [task.result() for task in tasks]
