from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Flag

import pytest
from sqlalchemy import Engine

import sso_adapters.late_database
from sso_adapters.directories.migrations import VERSION_TABLE, bring_up_to_date
from sso_adapters.directories.sql import SqlDirectory
from sso_adapters.late_database import RETRY, LateDatabase, LateDirectory, LateStore
from sso_adapters.sql_engine import DatabaseError, open_engine
from sso_adapters.stores.sql import SqlStore
from sso_core.effects import ReadAccount
from sso_core.events import AccountFacts, DirectoryUnreachable, Missing, StoreUnreachable
from sso_core.testing.store_effects import PEEK
from sso_core.testing.store_suite import Clock

READ = ReadAccount("https://idp.example", "alice")
SENTENCE = "the database cannot be used: OperationalError: unable to open database file"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the database would be, once somebody mounts the disk."""
    return tmp_path / "mounted"


@pytest.fixture
def engine(folder: Path) -> Engine:
    folder.mkdir()
    engine = open_engine(f"sqlite:///{folder}/directory.sqlite3")
    (folder / "directory.sqlite3").unlink()
    folder.rmdir()
    return engine


def test_a_database_that_was_down_is_used_as_soon_as_it_is_there(folder: Path, engine: Engine) -> None:
    told: list[str] = []
    clock = Clock()
    database = LateDatabase(engine, tell=told.append, clock=clock)
    store, directory = LateStore(SqlStore(engine), database), LateDirectory(SqlDirectory(engine), database)
    database.start()
    assert store.perform(PEEK) == StoreUnreachable("OperationalError")
    assert directory.perform(READ) == DirectoryUnreachable("OperationalError")
    folder.mkdir()
    assert store.perform(PEEK) == StoreUnreachable("OperationalError")
    clock.now += RETRY
    assert store.perform(PEEK) == Missing()
    assert directory.perform(READ) == AccountFacts(None)
    assert told == [f"{SENTENCE}; until it can be, people are told to try again later", "the database can be used now"]
    engine.dispose()


def test_of_many_attempts_that_fail_alike_one_is_told_and_in_between_nobody_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []

    def attempt(engine: Engine, **patience: float) -> None:
        attempts.append(clock.now)
        bring_up_to_date(engine, **patience)

    monkeypatch.setattr(sso_adapters.late_database, "bring_up_to_date", attempt)
    told: list[str] = []
    clock = Clock()
    database = LateDatabase(engine, tell=told.append, clock=clock)
    database.start()
    for _ in range(10):
        assert database.failure() == "OperationalError"
        clock.now += RETRY / 4
    assert len(attempts) == 3
    assert len(told) == 1


def test_a_database_that_is_there_is_used_from_the_start(folder: Path, engine: Engine) -> None:
    folder.mkdir()
    database = LateDatabase(engine, tell=pytest.fail)
    database.start()
    assert LateDirectory(SqlDirectory(engine), database).perform(READ) == AccountFacts(None)
    engine.dispose()


def test_who_comes_during_an_attempt_that_lasts_is_told_of_the_one_before(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    database = LateDatabase(engine, tell=lambda _sentence: None, clock=clock)
    database.start()
    clock.now += RETRY
    begun, enough = Flag(), Flag()

    def attempt(_engine: Engine, **_patience: float) -> None:
        begun.set()
        enough.wait(10)
        raise DatabaseError("the database cannot be used: it took too long")

    monkeypatch.setattr(sso_adapters.late_database, "bring_up_to_date", attempt)
    monkeypatch.setattr(sso_adapters.late_database, "PATIENCE", 0.01)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(database.failure)
        assert begun.wait(10)
        assert database.failure() == "OperationalError"
        enough.set()
        assert first.result() == "DatabaseError"


def test_a_database_of_a_later_version_ends_the_start(folder: Path, engine: Engine) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "directory.sqlite3") as connection:
        connection.execute(f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)")
        connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES ('9999')")
    connection.close()
    database = LateDatabase(engine, tell=pytest.fail)
    with pytest.raises(DatabaseError, match="9999"):
        database.start()
    engine.dispose()


def test_and_where_it_turns_up_later_nobody_comes_in(folder: Path, engine: Engine) -> None:
    told: list[str] = []
    clock = Clock()
    database = LateDatabase(engine, tell=told.append, clock=clock)
    database.start()
    folder.mkdir()
    with sqlite3.connect(folder / "directory.sqlite3") as connection:
        connection.execute(f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)")
        connection.execute(f"INSERT INTO {VERSION_TABLE} VALUES ('9999')")
    connection.close()
    clock.now += RETRY
    assert database.failure() == "DatabaseError"
    assert "9999" in told[-1]
    engine.dispose()
