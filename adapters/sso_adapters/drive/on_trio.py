"""Runs flows under trio."""

from __future__ import annotations

import trio

from sso_adapters.drive import AsyncWorld, ShuttingDownError, Watch, sole
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.machine import Resting, Working, advance_any


class Flights:
    """The flows under way that are seen through even if whoever started them has left; a service's lifespan owns it."""

    def __init__(self) -> None:
        self._scopes: set[trio.CancelScope] = set()
        self._closed = False
        self._landed = trio.Event()

    async def fly(self, state: Working, world: AsyncWorld, watch: Watch | None) -> Resting:
        """Run a flow where no cancellation reaches it.

        Raises `ShuttingDownError` once `drain` was called, and where its grace ended before the flow did.
        """
        if self._closed:
            raise ShuttingDownError
        scope = trio.CancelScope(shield=True)
        self._scopes.add(scope)
        try:
            with scope:
                return await _run(state, world, watch)
        finally:
            self._land(scope)
        raise ShuttingDownError

    def _land(self, scope: trio.CancelScope) -> None:
        self._scopes.discard(scope)
        if self._closed and not self._scopes:
            self._landed.set()

    async def drain(self, grace: float) -> int:
        """Begin no more flows, wait `grace` seconds for those under way, and return how many did not end."""
        self._closed = True
        if not self._scopes:
            return 0
        with trio.move_on_after(grace):
            await self._landed.wait()
        late = tuple(self._scopes)
        for scope in late:
            scope.cancel()
        if late:
            await self._landed.wait()
        return len(late)


async def run_trio(
    state: Working | Resting, world: AsyncWorld, *, watch: Watch | None = None, flights: Flights | None = None
) -> Resting:
    """Run a flow to its end and return the state in which it rests.

    A flow that says it is `uninterruptible` goes on when the caller is cancelled; a service that stops waits for it
    by `flights.drain`. Exceptions of the world are bugs and pass, in a group only where there are several at once.
    """
    if isinstance(state, Working) and state.uninterruptible:
        return await (flights or Flights()).fly(state, world, watch)
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
    events: dict[int, Event] = {}

    async def perform(position: int, effect: Effect) -> None:
        events[position] = await world.perform(effect)

    try:
        async with trio.open_nursery() as nursery:
            for position, effect in enumerate(effects):
                nursery.start_soon(perform, position, effect)
    except BaseExceptionGroup as raised:
        raise sole(raised) from None
    return [events[position] for position in range(len(effects))]
