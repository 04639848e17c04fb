"""Effects performed at the same moment, for the suites of stores and directories."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Protocol

from sso_core.events import Event


class Performer(Protocol):
    def perform(self, effect: Any) -> Event: ...


def perform_at_once(performers: Sequence[Performer], effects: Sequence[Any]) -> list[Event]:
    """Each effect from a thread of its own, none before all threads are there."""
    start = Barrier(len(effects))

    def perform(position: int) -> Event:
        start.wait()
        return performers[position % len(performers)].perform(effects[position])

    with ThreadPoolExecutor(len(effects)) as threads:
        return list(threads.map(perform, range(len(effects))))
