"""A store in the memory of one process. Several instances of a service do not share it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from threading import Lock

from sso_core.effects import (
    AlreadyTaken,
    Drop,
    Dropped,
    Found,
    Keep,
    Kept,
    Kind,
    Missing,
    Occupied,
    Peek,
    StoreUnreachable,
    Take,
    Taken,
)

StoreEffect = Keep | Take | Peek | Drop
StoreEvent = Kept | Occupied | Taken | AlreadyTaken | Found | Missing | Dropped | StoreUnreachable

_Entry = tuple[bytes, bool, float]  # value or marker, whether it was taken, when it ends


class MemoryStore:
    """Keeps values until their time is over, by a monotonic clock, so that no step of the wall clock revives one.

    At most `limit` entries; beyond it the ones that end first give way.
    """

    in_memory = True

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, limit: int = 200_000) -> None:
        self._clock = clock
        self._limit = limit
        self._entries: dict[tuple[Kind, str], _Entry] = {}
        self._ends: list[tuple[float, str, str]] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def perform(self, effect: StoreEffect) -> StoreEvent:
        """Do what a flow asks; safe to call from several threads."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            match effect:
                case Keep():
                    return self._keep(effect, now)
                case Take():
                    return self._take(effect, now)
                case Peek():
                    entry = self._entries.get((effect.kind, effect.key))
                    return Missing() if entry is None or entry[1] else Found(entry[0])
                case Drop():
                    self._entries.pop((effect.kind, effect.key), None)
                    return Dropped()

    def _keep(self, effect: Keep, now: float) -> Kept | Occupied:
        entry = self._entries.get((effect.kind, effect.key))
        if effect.only_if_absent and entry is not None:
            return Occupied(entry[0])
        if effect.instead_of is not None:
            self._entries.pop((effect.kind, effect.instead_of), None)
        self._put(effect.kind, effect.key, (effect.value, False, now + effect.ttl))
        return Kept()

    def _take(self, effect: Take, now: float) -> Taken | AlreadyTaken | Missing:
        entry = self._entries.get((effect.kind, effect.key))
        if entry is None:
            return Missing()
        value, taken, _ = entry
        if taken:
            return AlreadyTaken(value)
        self._put(effect.kind, effect.key, (effect.marker, True, now + effect.marker_ttl))
        return Taken(value)

    def _put(self, kind: Kind, key: str, entry: _Entry) -> None:
        self._entries[kind, key] = entry
        heapq.heappush(self._ends, (entry[2], kind.value, key))
        while len(self._entries) > self._limit:
            self._drop_first()

    def _sweep(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            self._drop_first()

    def _drop_first(self) -> None:
        end, kind, key = heapq.heappop(self._ends)
        entry = self._entries.get((Kind(kind), key))
        if entry is not None and entry[2] == end:
            del self._entries[Kind(kind), key]
