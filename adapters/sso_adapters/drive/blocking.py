"""Runs flows in plain synchronous code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sso_adapters.drive import Watch, World
from sso_core.effects import Effect, Event
from sso_core.machine import Resting, Working, advance_any


def run(state: Working | Resting, world: World, *, watch: Watch | None = None) -> Resting:
    """Run a flow to its end and return the state in which it rests.

    Effects asked together are performed together, in threads; one alone needs none.
    """
    while isinstance(state, Working):
        if watch is not None:
            watch(state)
        state = advance_any(state, _perform(state.awaits, world), now=world.now())
    if watch is not None:
        watch(state)
    return state


def _perform(effects: tuple[Effect, ...], world: World) -> list[Event]:
    if len(effects) == 1:
        return [world.perform(effects[0])]
    with ThreadPoolExecutor(len(effects)) as threads:
        return list(threads.map(world.perform, effects))
