from __future__ import annotations

import stat
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sso_adapters.stores.memory import SWEPT, MemoryStore
from sso_adapters.stores.sqlite import SWEPT as SWEPT_IN_FILE
from sso_adapters.stores.sqlite import SqliteStore
from sso_core.effects import Drop, Keep, Kind, Peek, StoreEffect
from sso_core.events import AlreadyTaken, Counted, Event, Found, Missing, StoreUnreachable, Taken
from sso_core.testing.store_effects import COUNT, KEEP, PEEK, TAKE, count, keep, peek, take
from sso_core.testing.store_suite import RACERS, Clock, Store, StoreSuite


def perform_at_once(stores: Sequence[Store], effects: Sequence[StoreEffect]) -> list[Event]:
    """Each effect from a thread of its own, none before all threads are there."""
    start = Barrier(len(effects))

    def perform(position: int) -> Event:
        start.wait()
        return stores[position % len(stores)].perform(effects[position])

    with ThreadPoolExecutor(len(effects)) as threads:
        return list(threads.map(perform, range(len(effects))))


class OnThreads(StoreSuite):
    def perform_at_once(self, store: Store, effects: Sequence[StoreEffect]) -> list[Event]:
        return perform_at_once([store], effects)


class TestMemory(OnThreads):
    def open(self, clock: Callable[[], float]) -> MemoryStore:
        return MemoryStore(clock=clock)


class TestSqlite(OnThreads):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.opened: list[SqliteStore] = []
        yield
        for store in self.opened:
            store.close()

    def open(self, clock: Callable[[], float]) -> SqliteStore:
        store = SqliteStore(self.folder / f"{len(self.opened)}.sqlite3", clock=clock)
        self.opened.append(store)
        return store


# In a file


def test_of_several_processes_of_one_machine_one_takes(tmp_path: Path) -> None:
    stores = [SqliteStore(tmp_path / "s") for _ in range(4)]
    stores[0].perform(KEEP)
    events = perform_at_once(stores, [TAKE] * RACERS)
    assert events.count(Taken(b"value")) == 1
    assert events.count(AlreadyTaken(b"marker")) == RACERS - 1
    for store in stores:
        store.close()


def test_several_processes_of_one_machine_count_together(tmp_path: Path) -> None:
    stores = [SqliteStore(tmp_path / "s") for _ in range(4)]
    events = perform_at_once(stores, [COUNT] * RACERS)
    assert {event.number for event in events if isinstance(event, Counted)} == set(range(1, RACERS + 1))
    for store in stores:
        store.close()


def test_two_processes_see_one_file(tmp_path: Path) -> None:
    one, other = SqliteStore(tmp_path / "s"), SqliteStore(tmp_path / "s")
    one.perform(KEEP)
    assert other.perform(TAKE) == Taken(b"value")
    assert one.perform(TAKE) == AlreadyTaken(b"marker")
    one.close()
    other.close()
    again = SqliteStore(tmp_path / "s")
    assert again.perform(TAKE) == AlreadyTaken(b"marker")
    again.close()


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "s").close()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600


def test_a_closed_file_is_unreachable_and_says_nothing_of_the_data(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s")
    store.close()
    for effect in (KEEP, TAKE, PEEK, COUNT):
        assert store.perform(effect) == StoreUnreachable("ProgrammingError")


@pytest.mark.parametrize("effect", [KEEP, COUNT])
def test_what_is_over_is_swept_from_the_file(tmp_path: Path, effect: StoreEffect) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "s", clock=clock)
    for number in range(SWEPT_IN_FILE):
        store.perform(Keep(Kind.LOGIN, f"{number}", b"v", 1))
    clock.now += 2
    store.perform(effect)
    (left,) = store._file.connection.execute("SELECT count(*) FROM short_lived").fetchone()
    assert left == 1
    store.close()


def test_another_process_that_writes_for_long_makes_the_store_unreachable(tmp_path: Path) -> None:
    store, other = SqliteStore(tmp_path / "s", patience=0.01), SqliteStore(tmp_path / "s")
    store.perform(KEEP)
    other._file.connection.execute("BEGIN IMMEDIATE")
    assert store.perform(TAKE) == StoreUnreachable("OperationalError")
    assert store.perform(PEEK) == Found(b"value")
    other._file.connection.execute("ROLLBACK")
    assert store.perform(TAKE) == Taken(b"value")
    store.close()
    other.close()


def test_a_key_that_no_file_can_hold_is_a_bug_and_leaves_the_store_usable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s")
    with pytest.raises(UnicodeEncodeError):
        store.perform(Keep(Kind.LOGIN, "\ud800", b"v", 60))
    store.perform(KEEP)
    assert store.perform(TAKE) == Taken(b"value")
    store.close()


# In memory


def test_memory_is_bounded_and_the_first_to_end_gives_way() -> None:
    store = MemoryStore(limit=2)
    for number in range(3):
        store.perform(keep(b"v", f"{number}", ttl=60 + number))
    assert len(store) == 2
    assert store.perform(peek("0")) == Missing()
    assert store.perform(peek("2")) == Found(b"v")


def test_a_flood_of_logins_costs_no_session() -> None:
    store = MemoryStore(limit=10)
    store.perform(Keep(Kind.SESSION, "session", b"v", 30))
    for number in range(100):
        store.perform(keep(b"v", f"{number}"))
    assert store.perform(Peek(Kind.SESSION, "session")) == Found(b"v")
    assert len(store) == 11


def test_counting_on_in_a_full_store_costs_nobody_a_place() -> None:
    store = MemoryStore(limit=2)
    store.perform(count("1", window=10))
    events = [store.perform(count("2")) for _ in range(100)]
    assert isinstance(events[-1], Counted)
    assert events[-1].number == 100
    event = store.perform(count("1"))
    assert isinstance(event, Counted)
    assert event.number == 2


def test_overwriting_in_a_full_store_costs_nobody_a_place() -> None:
    store = MemoryStore(limit=2)
    store.perform(keep(b"first", "1", ttl=10))
    store.perform(keep(b"second", "2"))
    store.perform(keep(b"again", "2", ttl=20))
    assert store.perform(peek("1")) == Found(b"first")


def test_memory_is_free_of_what_is_over_after_as_many_calls_as_there_were_entries() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    for number in range(1000):
        store.perform(keep(b"v", f"{number}", ttl=number % 50))
    clock.now += 51
    for _ in range(1000 // SWEPT + 1):
        store.perform(PEEK)
    assert len(store) == 0


def test_what_is_kept_and_dropped_again_and_again_leaves_nothing_behind() -> None:
    store = MemoryStore()
    store.perform(keep(b"stays", "stays"))
    for number in range(10_000):
        store.perform(keep(b"v", f"{number}", ttl=number))
        store.perform(keep(b"v", f"{number}", ttl=number + 5))
        store.perform(Drop(Kind.LOGIN, f"{number}"))
    shelf = store._shelves[Kind.LOGIN]
    assert shelf._listed == sum(map(len, shelf._keys.values()))
    assert shelf._listed < 50
    assert len(shelf._seconds) == len(shelf._keys)
    assert store.perform(peek("stays")) == Found(b"stays")


def test_a_key_that_is_taken_and_put_back_ends_with_its_last_time() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.perform(keep(ttl=10))
    store.perform(take(marker_ttl=5))
    store.perform(keep(ttl=100))
    clock.now += 50
    assert store.perform(PEEK) == Found(b"value")


def test_a_pending_login_costs_little_more_than_itself() -> None:
    count, size = 20_000, 400
    tracemalloc.start()
    try:
        store = MemoryStore()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            store.perform(keep(bytes(size), f"{number:043}", ttl=600))
        spent = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert spent / count <= 1.2 * 544
