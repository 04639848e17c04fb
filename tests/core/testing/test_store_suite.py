from __future__ import annotations

from collections.abc import Callable

import pytest

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
from sso_core.testing.store_suite import StoreSuite


class PlainStore:
    """A store of a dictionary."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.entries: dict[tuple[Kind, str], tuple[bytes, bool, float]] = {}

    def perform(self, effect: Keep | Take | Peek | Drop) -> Event:
        now = self.clock()
        place = (effect.kind, effect.key)
        value, taken, ends = self.entries.get(place, (b"", False, now))
        there = ends > now
        match effect:
            case Drop():
                self.entries.pop(place, None)
                return Dropped()
            case Peek():
                return Found(value) if there and not taken else Missing()
            case Keep():
                if effect.only_if_absent and there:
                    return Occupied(value)
                self.entries.pop((effect.kind, effect.instead_of or ""), None)
                self.entries[place] = (effect.value, False, now + effect.ttl)
                return Kept()
            case Take():
                if not there or taken:
                    return AlreadyTaken(value) if there else Missing()
                self.entries[place] = (effect.marker, True, now + effect.marker_ttl)
                return Taken(value)


class TestAPlainStore(StoreSuite):
    def open(self, clock: Callable[[], float]) -> PlainStore:
        return PlainStore(clock)


class Immortal(StoreSuite):
    def open(self, clock: Callable[[], float]) -> PlainStore:
        return PlainStore(lambda: 0.0)


def test_a_store_in_which_nothing_ends_is_found() -> None:
    with pytest.raises(AssertionError):
        Immortal().test_what_is_over_is_missing()
