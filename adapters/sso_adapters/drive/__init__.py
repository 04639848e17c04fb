"""The loop that runs a flow: perform what the state awaits, give it the answers, until it rests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.machine import Resting, Working

Watch = Callable[[Working | Resting], None]
"""Called with each state as it is reached, the first one included."""


class World(Protocol):
    """Performs effects for synchronous code; never raises for what a network or a disk does."""

    def perform(self, effect: Effect, /) -> Event:
        """Return exactly one of the effect's answers."""
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class AsyncWorld(Protocol):
    """Performs effects for asynchronous code."""

    async def perform(self, effect: Effect, /) -> Event:
        """Return exactly one of the effect's answers."""
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


def sole(raised: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what a task group raised as the world raised it, where that is one exception; else the group."""
    return raised.exceptions[0] if len(raised.exceptions) == 1 else raised


class ShuttingDownError(Exception):
    """The service is stopping and begins no flow that it would have to see through."""
