"""A store in the memory of one process. Several instances of a service do not share it.

An entry is one bytes object, `end | taken | value`, under its key in a dict that holds nothing but texts: the fewest
objects that do, since tens of thousands of logins may be pending. Beside the entries stand lists of the keys that
end within the same second, and a heap of these seconds, so that nothing has to be searched for what is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from heapq import heappop, heappush
from struct import Struct
from threading import Lock
from typing import ClassVar, assert_never

from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable, Taken

StoreEvent = Kept | Occupied | Taken | AlreadyTaken | Found | Missing | Dropped | StoreUnreachable | Counted

LIMIT = 100_000
"""Entries of each kind. Beyond it those that end first give way: a flood of logins costs logins, and no session."""

SWEPT = 8
"""Keys looked at in passing by each call: more than a call adds, so that none has to pay for many."""

_HEAD = Struct("<d?")


class MemoryStore:
    """Keeps values until their time is over, by a monotonic clock, so that no step of the wall clock revives one.

    It never waits, and so may be called by asynchronous code; and from several threads.
    """

    in_memory: ClassVar[bool] = True

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, limit: int = LIMIT) -> None:
        self._clock = clock
        self._shelves = {kind: _Shelf(limit) for kind in Kind}
        self._lock = Lock()

    def __len__(self) -> int:
        """How many entries there are, some of them over but not yet swept."""
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def perform(self, effect: StoreEffect) -> StoreEvent:
        """Do what a flow asks."""
        with self._lock:
            now = self._clock()
            shelf = self._shelves[effect.kind]
            shelf.sweep(now)
            match effect:
                case Keep():
                    return _keep(shelf, effect, now)
                case Take():
                    return _take(shelf, effect, now)
                case Peek():
                    return _peek(shelf, effect, now)
                case Drop():
                    shelf.drop(effect.key)
                    return Dropped()
                case Renew():
                    return _renew(shelf, effect, now)
                case Count():
                    return _count(shelf, effect, now)
                case _:
                    assert_never(effect)


def _keep(shelf: _Shelf, effect: Keep, now: float) -> Kept | Occupied:
    if effect.only_if_absent:
        found = shelf.get(effect.key, now)
        if found is not None:
            return Occupied(found[1])
    if effect.instead_of is not None:
        shelf.drop(effect.instead_of)
    shelf.put(effect.key, now + effect.ttl, effect.value, taken=False)
    return Kept()


def _take(shelf: _Shelf, effect: Take, now: float) -> Taken | AlreadyTaken | Missing:
    found = shelf.get(effect.key, now)
    if found is None:
        return Missing()
    taken, value = found
    if taken:
        return AlreadyTaken(value)
    shelf.put(effect.key, now + effect.marker_ttl, effect.marker, taken=True)
    return Taken(value)


def _peek(shelf: _Shelf, effect: Peek, now: float) -> Found | AlreadyTaken | Missing:
    found = shelf.get(effect.key, now)
    if found is None and effect.or_else is not None:
        found = shelf.get(effect.or_else, now)
    if found is None:
        return Missing()
    taken, value = found
    return AlreadyTaken(value) if taken else Found(value)


def _renew(shelf: _Shelf, effect: Renew, now: float) -> Kept | Missing:
    found = shelf.get(effect.key, now)
    if found is None or found[0]:
        return Missing()
    shelf.put(effect.key, now + effect.ttl, effect.value, taken=False)
    return Kept()


def _count(shelf: _Shelf, effect: Count, now: float) -> Counted:
    found = shelf.get(effect.key, now)
    number, end = 1, now + effect.window
    if found is not None:
        number, end = int.from_bytes(found[1]) + 1, shelf.end(effect.key)
    shelf.put(effect.key, end, number.to_bytes(8), taken=False)
    return Counted(number, effect.window if found is None else end - now)


class _Shelf:
    """The entries of one kind."""

    def __init__(self, limit: int) -> None:
        self.entries: dict[str, bytes] = {}
        self._limit = limit
        self._seconds: list[int] = []
        self._keys: dict[int, list[str]] = {}
        self._listed = 0

    def get(self, key: str, now: float) -> tuple[bool, bytes] | None:
        """Return whether the entry was taken, and its value or mark; None where there is none any more."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        end, taken = _HEAD.unpack_from(entry)
        return None if end <= now else (taken, entry[_HEAD.size :])

    def end(self, key: str) -> float:
        """Return when an entry that is there will be over."""
        end: float = _HEAD.unpack_from(self.entries[key])[0]
        return end

    def put(self, key: str, end: float, value: bytes, *, taken: bool) -> None:
        """Write an entry over whatever is there."""
        former = self.entries.get(key)
        if former is None and len(self.entries) >= self._limit:
            self._drop_first()
        entry = _HEAD.pack(end, taken) + value
        self.entries[key] = entry
        second = _second(entry)
        if former is None or _second(former) != second:
            self._list(key, second)
            self._compact()

    def drop(self, key: str) -> None:
        """Remove an entry, if there is one."""
        if self.entries.pop(key, None) is not None:
            self._compact()

    def sweep(self, now: float) -> None:
        """Remove a few of the entries whose time is over."""
        for _ in range(SWEPT):
            if not self._seconds or self._seconds[0] > now:
                return
            self._unlist_first()

    def _drop_first(self) -> None:
        before = len(self.entries)
        while self.entries and len(self.entries) == before:
            self._unlist_first()

    def _list(self, key: str, second: int) -> None:
        keys = self._keys.get(second)
        if keys is None:
            keys = self._keys[second] = []
            heappush(self._seconds, second)
        keys.append(key)
        self._listed += 1

    def _unlist_first(self) -> None:
        """Strike one key off the first list; its entry goes too, unless it has since moved to another second."""
        second = self._seconds[0]
        keys = self._keys[second]
        key = keys.pop()
        self._listed -= 1
        entry = self.entries.get(key)
        if entry is not None and _second(entry) == second:
            del self.entries[key]
        if not keys:
            del self._keys[heappop(self._seconds)]

    def _compact(self) -> None:
        """Write the lists anew when most of what they name is gone, or sign-outs would fill them."""
        if self._listed <= 2 * len(self.entries) + SWEPT:
            return
        self._seconds, self._keys, self._listed = [], {}, 0
        for key, entry in self.entries.items():
            self._list(key, _second(entry))


def _second(entry: bytes) -> int:
    """Return the first full second at which the entry is over."""
    end, _ = _HEAD.unpack_from(entry)
    return int(end) + 1
