"""Runs flows under asyncio."""

from __future__ import annotations

import asyncio

from sso_adapters.drive import AsyncWorld, ShuttingDownError, Watch, sole
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.machine import Resting, Working, advance_any


class Flights:
    """The flows under way that are seen through even if whoever started them has left; a service's lifespan owns it.

    An exception of a flow whose caller has left goes where the loop reports those of tasks.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Resting]] = set()
        self._closed = False

    async def fly(self, state: Working, world: AsyncWorld, watch: Watch | None) -> Resting:
        """Run a flow in a task of its own.

        Raises `ShuttingDownError` once `drain` was called, and where its grace ended before the flow did.
        """
        if self._closed:
            raise ShuttingDownError
        task = asyncio.create_task(_run(state, world, watch))
        self._tasks.add(task)  # the loop itself remembers tasks only weakly
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait((task,))  # cancels nothing when it is cancelled
        if task.cancelled():
            raise ShuttingDownError
        return task.result()

    async def drain(self, grace: float) -> int:
        """Begin no more flows, wait `grace` seconds for those under way, and return how many did not end."""
        self._closed = True
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return len(late)


_UNOWNED = Flights()
"""Holds the flows of callers who named no flights. Nobody drains it."""


async def run_asyncio(
    state: Working | Resting, world: AsyncWorld, *, watch: Watch | None = None, flights: Flights = _UNOWNED
) -> Resting:
    """Run a flow to its end and return the state in which it rests.

    A flow that says it is `uninterruptible` goes on when the caller is cancelled; a service that stops waits for it
    by `flights.drain`. Exceptions of the world are bugs and pass, in a group only where there are several at once.
    """
    if isinstance(state, Working) and state.uninterruptible:
        return await flights.fly(state, world, watch)
    return await _run(state, world, watch)


async def _run(state: Working | Resting, world: AsyncWorld, watch: Watch | None) -> Resting:
    while not isinstance(state, Resting):  # `Working` is abstract: asking for it takes a call each time
        if watch is not None:
            watch(state)
        state = advance_any(state, await _perform(state.awaits, world), now=world.now())
    if watch is not None:
        watch(state)
    return state


async def _perform(effects: tuple[Effect, ...], world: AsyncWorld) -> list[Event]:
    if len(effects) == 1:
        return [await world.perform(effects[0])]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(world.perform(effect)) for effect in effects]
    except BaseExceptionGroup as raised:
        raise sole(raised) from None
    return [task.result() for task in tasks]
