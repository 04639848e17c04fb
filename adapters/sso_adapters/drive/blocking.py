"""Runs flows in plain synchronous code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sso_adapters.drive import Watch, World
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.machine import Resting, Working, advance_any


def run(state: Working | Resting, world: World, *, watch: Watch | None = None) -> Resting:
    """Run a flow to its end and return the state in which it rests.

    Effects asked together are performed together, all but the first in threads of their own. Nobody can cancel a
    thread, so every flow is seen through. Exceptions of the world are bugs and pass.
    """
    while not isinstance(state, Resting):  # `Working` is abstract: asking for it takes a call each time
        if watch is not None:
            watch(state)
        state = advance_any(state, _perform(state.awaits, world), now=world.now())
    if watch is not None:
        watch(state)
    return state


def _perform(effects: tuple[Effect, ...], world: World) -> list[Event]:
    if len(effects) <= 1:
        return [world.perform(effect) for effect in effects]
    first, *rest = effects
    with ThreadPoolExecutor(len(rest)) as threads:
        others = [threads.submit(world.perform, effect) for effect in rest]
        return [world.perform(first), *(other.result() for other in others)]
