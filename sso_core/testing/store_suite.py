"""What every short-lived store promises, as tests to inherit.

    class TestMyStore(StoreSuite):
        def open(self, clock): return MyStore(clock=clock)

The store is empty, tells time by `clock`, and has a synchronous `perform`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from sso_core.effects import (
    AlreadyTaken,
    Drop,
    Dropped,
    Event,
    Found,
    Keep,
    Kept,
    Kind,
    Missing,
    Occupied,
    Peek,
    Take,
    Taken,
)

LOGIN, SESSION = Kind.LOGIN, Kind.SESSION
PEEK = Peek(LOGIN, "k")
TAKE = Take(LOGIN, "k", b"marker", 60)
KEEP = Keep(LOGIN, "k", b"value", 60)


class Store(Protocol):
    """The store under test."""

    def perform(self, effect: Any) -> Event:  # noqa: ANN401 -- Keep, Take, Peek or Drop
        """Return one of the effect's answers."""
        ...


class Clock:
    """A time that only a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class StoreSuite(ABC):
    """Subclass it for a store."""

    @abstractmethod
    def open(self, clock: Callable[[], float]) -> Store:
        """Return an empty store."""

    def perform(self, *effects: Keep | Take | Peek | Drop) -> list[Event]:
        """Perform effects one after the other on an empty store."""
        store = self.open(Clock())
        return [store.perform(effect) for effect in effects]

    def test_what_was_kept_is_found_and_stays(self) -> None:
        """Looking changes nothing."""
        assert self.perform(KEEP, PEEK, PEEK) == [Kept(), Found(b"value"), Found(b"value")]

    def test_what_was_never_kept_is_missing(self) -> None:
        """So says every effect that asks for it."""
        assert self.perform(PEEK, TAKE, Drop(LOGIN, "k")) == [Missing(), Missing(), Dropped()]

    def test_a_value_is_taken_once(self) -> None:
        """Whoever comes later gets the marker."""
        late = Take(LOGIN, "k", b"other marker", 60)
        assert self.perform(KEEP, TAKE, late) == [Kept(), Taken(b"value"), AlreadyTaken(b"marker")]

    def test_a_marker_is_not_found_by_looking(self) -> None:
        """It is no value."""
        assert self.perform(KEEP, TAKE, PEEK)[-1] == Missing()

    def test_a_value_that_is_put_back_can_be_taken_again(self) -> None:
        """Keeping overwrites the marker."""
        assert self.perform(KEEP, TAKE, KEEP, TAKE)[-1] == Taken(b"value")

    def test_what_is_dropped_is_gone_marker_and_all(self) -> None:
        """Dropping forgets that there was something to take."""
        assert self.perform(KEEP, Drop(LOGIN, "k"), PEEK)[-1] == Missing()
        assert self.perform(KEEP, TAKE, Drop(LOGIN, "k"), TAKE)[-1] == Missing()

    def test_the_first_to_keep_stays_where_it_is_asked_for(self) -> None:
        """A value and a marker both occupy a key."""
        first = Keep(LOGIN, "k", b"first", 60, only_if_absent=True)
        second = Keep(LOGIN, "k", b"second", 60, only_if_absent=True)
        assert self.perform(first, second, PEEK) == [Kept(), Occupied(b"first"), Found(b"first")]
        assert self.perform(KEEP, TAKE, second)[-1] == Occupied(b"marker")

    def test_one_value_takes_the_place_of_another(self) -> None:
        """Both happen in one step."""
        successor = Keep(SESSION, "new", b"n", 60, instead_of="old")
        events = self.perform(Keep(SESSION, "old", b"o", 60), successor, Peek(SESSION, "old"), Peek(SESSION, "new"))
        assert events == [Kept(), Kept(), Missing(), Found(b"n")]

    def test_kinds_do_not_meet(self) -> None:
        """A session is not found where a login lies under the same key."""
        assert self.perform(KEEP, Peek(SESSION, "k"), Drop(SESSION, "k"), PEEK)[-1] == Found(b"value")

    def test_what_is_over_is_missing(self) -> None:
        """Values and markers end with their time."""
        clock = Clock()
        store = self.open(clock)
        store.perform(KEEP)
        clock.now += 59
        assert store.perform(PEEK) == Found(b"value")
        clock.now += 1
        assert store.perform(PEEK) == Missing()
        assert store.perform(Keep(LOGIN, "k", b"again", 60, only_if_absent=True)) == Kept()
        store.perform(TAKE)
        clock.now += 60
        assert store.perform(TAKE) == Missing()

    def test_any_bytes_come_back_as_they_were(self) -> None:
        """Nothing is decoded on the way."""
        value = bytes(range(256))
        assert self.perform(Keep(LOGIN, "k", value, 60), TAKE)[-1] == Taken(value)
