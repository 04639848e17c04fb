from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import Drop, Keep, Kind, Peek, Take
from sso_core.events import AlreadyTaken, Dropped, Found, Kept, Missing, Occupied, Taken


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock=clock)


def keep(
    key: str, value: bytes = b"v", ttl: float = 60, *, absent: bool = False, instead_of: str | None = None
) -> Keep:
    return Keep(Kind.LOGIN, key, value, ttl, absent, instead_of)


def peek(key: str) -> Peek:
    return Peek(Kind.LOGIN, key)


def take(key: str, marker: bytes = b"m", marker_ttl: float = 60) -> Take:
    return Take(Kind.LOGIN, key, marker, marker_ttl)


def test_a_refused_keep_drops_nothing_either(store: MemoryStore) -> None:
    store.perform(keep("a"))
    store.perform(keep("b", b"there"))
    assert store.perform(keep("b", b"new", absent=True, instead_of="a")) == Occupied(b"there")
    assert store.perform(peek("a")) == Found(b"v")


def test_a_marker_occupies_its_key_until_its_own_time_is_over(store: MemoryStore, clock: Clock) -> None:
    store.perform(keep("a", ttl=10))
    assert store.perform(take("a", b"where", 100)) == Taken(b"v")
    clock.now = 99.9
    assert store.perform(take("a", b"other")) == AlreadyTaken(b"where")
    assert store.perform(keep("a", absent=True)) == Occupied(b"where")
    assert store.perform(peek("a")) == AlreadyTaken(b"where")
    clock.now = 100.0
    assert store.perform(take("a")) == Missing()
    assert store.perform(keep("a", absent=True)) == Kept()


def test_a_value_is_over_to_the_instant_also_within_a_second(store: MemoryStore, clock: Clock) -> None:
    store.perform(keep("a", ttl=0.5))
    clock.now = 0.49
    assert store.perform(peek("a")) == Found(b"v")
    clock.now = 0.5
    assert store.perform(peek("a")) == Missing()
    assert store.perform(Drop(Kind.LOGIN, "a")) == Dropped()


def test_what_was_kept_last_is_kept_although_it_ends_first(clock: Clock) -> None:
    store = MemoryStore(clock=clock, limit=3)
    for key, ttl in (("a", 50), ("b", 40), ("c", 60)):
        store.perform(keep(key, ttl=ttl))
    assert store.perform(keep("d", ttl=1)) == Kept()
    assert store.perform(peek("d")) == Found(b"v")
    assert [type(store.perform(peek(key))) for key in "abc"] == [Found, Missing, Found]
    assert len(store) == 3


def test_of_fifty_threads_that_take_one_key_one_gets_it() -> None:
    store, together = MemoryStore(), Barrier(50)
    store.perform(keep("a"))

    def race(number: int) -> object:
        together.wait()
        return store.perform(take("a", str(number).encode()))

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(race, range(50)))
    assert answers.count(Taken(b"v")) == 1
    mark = str(answers.index(Taken(b"v"))).encode()
    assert answers.count(AlreadyTaken(mark)) == 49


def test_one_key_overwritten_many_times_leaves_nothing_behind(store: MemoryStore, clock: Clock) -> None:
    shelf = store._shelves[Kind.LOGIN]
    for number in range(10_000):
        store.perform(keep("a", ttl=1000 + number))
        assert shelf._listed < 50
        assert len(shelf._seconds) < 50
    assert store.perform(peek("a")) == Found(b"v")
    clock.now = 10_998.9
    assert store.perform(peek("a")) == Found(b"v")
    clock.now = 10_999.0
    assert store.perform(peek("a")) == Missing()
