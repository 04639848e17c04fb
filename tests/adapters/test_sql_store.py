"""The suite on a store in the directory's database, here an SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from at_once import perform_at_once
from sqlalchemy import func, select, text

from sso_adapters.directories.schema import short_lived
from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.stores.sql import SWEPT, SqlStore
from sso_core.effects import Drop, Keep, Kind, StoreEffect
from sso_core.events import AlreadyTaken, Counted, Event, Found, Kept, Missing, StoreUnreachable, Taken
from sso_core.testing.store_effects import COUNT, KEEP, KEY, PEEK, RENEW, TAKE, keep, take
from sso_core.testing.store_suite import RACERS, Clock, Store, StoreSuite


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[SqlDirectory]:
    opened = open_directory(f"sqlite:///{tmp_path}/directory.sqlite3")
    yield opened
    opened.close()


class TestSqlStore(StoreSuite):
    @pytest.fixture(autouse=True)
    def _directory(self, directory: SqlDirectory) -> None:
        self.directory = directory

    def open(self, clock: Callable[[], float]) -> SqlStore:
        return SqlStore(self.directory.engine, clock=clock)

    def perform_at_once(self, store: Store, effects: Sequence[StoreEffect]) -> list[Event]:
        return perform_at_once([store], effects)


def test_time_is_told_by_the_database(directory: SqlDirectory) -> None:
    store = SqlStore(directory.engine)
    assert store.perform(keep(ttl=60.0)) == Kept()
    assert store.perform(PEEK) == Found(b"value")
    assert store.perform(take(marker_ttl=60.0)) == Taken(b"value")
    assert store.perform(TAKE) == AlreadyTaken(b"marker")
    assert store.perform(keep(ttl=-0.001)) == Kept()
    assert store.perform(TAKE) == Missing()
    assert store.perform(COUNT) == Counted(1, 60.0)
    counted = store.perform(COUNT)
    assert isinstance(counted, Counted)
    assert counted.number == 2
    assert 50 < counted.left <= 60


def test_of_several_processes_of_one_machine_one_takes(tmp_path: Path) -> None:
    directories = [open_directory(f"sqlite:///{tmp_path}/directory.sqlite3") for _ in range(4)]
    stores = [SqlStore(directory.engine, patience=10) for directory in directories]
    stores[0].perform(KEEP)
    events = perform_at_once(stores, [TAKE] * RACERS)
    assert events.count(Taken(b"value")) == 1
    assert events.count(AlreadyTaken(b"marker")) == RACERS - 1
    for directory in directories:
        directory.close()


@pytest.mark.parametrize("effect", [KEEP, COUNT])
def test_what_is_over_is_swept(directory: SqlDirectory, effect: StoreEffect) -> None:
    clock = Clock()
    store = SqlStore(directory.engine, clock=clock)
    for number in range(SWEPT):
        store.perform(Keep(Kind.LOGIN, f"{number}", b"v", 1))
    clock.now += 2
    store.perform(effect)
    with directory.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(short_lived)).scalar_one() == 1


@pytest.mark.parametrize("effect", [KEEP, TAKE, PEEK, Drop(Kind.LOGIN, KEY), COUNT, RENEW])
def test_a_table_that_another_program_took_makes_the_store_unreachable(
    directory: SqlDirectory, effect: StoreEffect
) -> None:
    store = SqlStore(directory.engine)
    with directory.engine.begin() as connection:
        connection.execute(text("DROP TABLE sso_short_lived"))
    assert store.perform(effect) == StoreUnreachable("OperationalError")


def test_a_key_that_no_database_can_hold_leaves_the_store_usable(directory: SqlDirectory) -> None:
    store = SqlStore(directory.engine)
    assert store.perform(Keep(Kind.LOGIN, "\ud800", b"v", 60)) == StoreUnreachable("UnicodeEncodeError")
    assert store.perform(KEEP) == Kept()


def test_an_error_of_the_commit_makes_the_store_unreachable(directory: SqlDirectory) -> None:
    with directory.engine.begin() as connection:
        for statement in (
            "CREATE TABLE other (id TEXT PRIMARY KEY)",
            "CREATE TABLE claims (id TEXT REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TRIGGER claim AFTER INSERT ON sso_short_lived BEGIN INSERT INTO claims VALUES ('none'); END",
        ):
            connection.execute(text(statement))
    store = SqlStore(directory.engine)
    assert store.perform(KEEP) == StoreUnreachable("IntegrityError")
    assert store.perform(PEEK) == Missing()
