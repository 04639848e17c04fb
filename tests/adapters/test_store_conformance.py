from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SWEEP, SqliteStore
from sso_core.effects import AlreadyTaken, Found, Keep, Kind, Missing, Peek, StoreUnreachable, Take, Taken
from sso_core.testing.store_suite import KEEP, PEEK, TAKE, Clock, StoreSuite


class TestMemory(StoreSuite):
    def open(self, clock: Callable[[], float]) -> MemoryStore:
        return MemoryStore(clock=clock)


class TestSqlite(StoreSuite):
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


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqliteStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    file = SqliteStore(tmp_path / "store.sqlite3")
    yield file
    file.close()


def test_of_fifty_threads_one_takes(store: MemoryStore | SqliteStore) -> None:
    store.perform(KEEP)
    with ThreadPoolExecutor(50) as threads:
        events = list(threads.map(store.perform, [TAKE] * 50))
    assert events.count(Taken(b"value")) == 1
    assert events.count(AlreadyTaken(b"marker")) == 49


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
    for effect in (KEEP, TAKE, PEEK):
        assert store.perform(effect) == StoreUnreachable("ProgrammingError")


def test_what_is_over_is_swept_from_the_file(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "s", clock=clock)
    store.perform(Keep(Kind.LOGIN, "old", b"v", 1))
    clock.now += 2
    for number in range(SWEEP):
        store.perform(Keep(Kind.LOGIN, f"{number}", b"v", 60))
    assert store._connection.execute("SELECT count(*) FROM short_lived WHERE key = 'old'").fetchone() == (0,)
    store.close()


def test_memory_is_bounded_and_the_first_to_end_gives_way() -> None:
    store = MemoryStore(limit=2)
    for number in range(3):
        store.perform(Keep(Kind.LOGIN, f"{number}", b"v", 60 + number))
    assert len(store) == 2
    assert store.perform(Peek(Kind.LOGIN, "0")) == Missing()
    assert store.perform(Peek(Kind.LOGIN, "2")) == Found(b"v")


def test_a_key_that_is_taken_and_put_back_ends_with_its_last_time() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.perform(Keep(Kind.LOGIN, "k", b"v", 10))
    store.perform(Take(Kind.LOGIN, "k", b"m", 5))
    store.perform(Keep(Kind.LOGIN, "k", b"v", 100))
    clock.now += 50
    assert store.perform(Peek(Kind.LOGIN, "k")) == Found(b"v")
