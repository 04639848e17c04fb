from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sqlite import SqliteDirectory
from sso_core.effects import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    Event,
    OutcomeUnknown,
    ReadAccount,
    WriteAccount,
    Written,
)
from sso_core.facts import CreateAccount
from sso_core.testing.directory_suite import (
    ISSUER,
    RACERS,
    Directory,
    DirectoryEffect,
    DirectorySuite,
    account,
    creation,
)

READ = ReadAccount(ISSUER, "alice")


def perform_at_once(directories: Sequence[Directory], effects: Sequence[DirectoryEffect]) -> list[Event]:
    """Each effect from a thread of its own, none before all threads are there."""
    start = Barrier(len(effects))

    def perform(position: int) -> Event:
        start.wait()
        return directories[position % len(directories)].perform(effects[position])

    with ThreadPoolExecutor(len(effects)) as threads:
        return list(threads.map(perform, range(len(effects))))


class OnThreads(DirectorySuite):
    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> list[Event]:
        return perform_at_once([directory], effects)


class TestMemory(OnThreads):
    def open(self) -> MemoryDirectory:
        return MemoryDirectory()


class TestSqlite(OnThreads):
    @pytest.fixture(autouse=True)
    def _file(self, path: Path) -> Iterator[None]:
        self.directory = SqliteDirectory(path)
        yield
        self.directory.close()

    def open(self) -> SqliteDirectory:
        return self.directory


class TestSqliteInMemory(TestSqlite):
    @pytest.fixture
    def path(self) -> str:
        return ":memory:"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.sqlite3"


def test_several_processes_of_one_machine_agree_on_one_account(path: Path) -> None:
    directories = [SqliteDirectory(path) for _ in range(4)]
    answers = perform_at_once(directories, [creation(str(number)) for number in range(RACERS)])
    assert answers.count(Written()) == 1
    assert answers.count(Conflict()) == RACERS - 1
    assert len({account(directory) for directory in directories}) == 1
    for directory in directories:
        directory.close()


def test_what_is_written_survives_the_loss_of_power(path: Path) -> None:
    directory = SqliteDirectory(path)
    (level,) = directory._file.connection.execute("PRAGMA synchronous").fetchone()
    assert level == 2
    directory.close()


def test_an_error_before_the_commit_leaves_nothing_and_the_directory_usable(path: Path) -> None:
    directory = SqliteDirectory(path)
    directory._file.connection.execute(
        "CREATE TEMP TRIGGER fail BEFORE INSERT ON accounts WHEN NEW.subject = 'second' "
        "BEGIN SELECT json('no json'); END"
    )
    changes = (CreateAccount("1", ISSUER, "first", ""), CreateAccount("2", ISSUER, "second", ""))
    assert directory.perform(WriteAccount(changes, ())) == DirectoryUnreachable("OperationalError")
    assert account(directory, "first") is None
    assert directory.perform(creation()) == Written()
    directory.close()


def test_an_error_of_the_commit_leaves_the_outcome_unknown_and_the_directory_usable(path: Path) -> None:
    directory = SqliteDirectory(path)
    execute = directory._file.connection.execute
    execute("PRAGMA foreign_keys = ON")
    execute("CREATE TABLE other (id TEXT PRIMARY KEY)")
    execute("CREATE TABLE claims (id TEXT REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED)")
    # A deferred constraint is judged by COMMIT: the one way in which SQLite lets a test fail there.
    execute("CREATE TRIGGER claim AFTER INSERT ON accounts BEGIN INSERT INTO claims VALUES (NEW.account_id); END")
    assert directory.perform(creation()) == OutcomeUnknown()
    execute("DROP TRIGGER claim")
    assert directory.perform(READ) == AccountFacts(None)
    assert directory.perform(creation()) == Written()
    directory.close()


def test_a_commit_that_cannot_even_be_undone_has_an_unknown_outcome_too(path: Path) -> None:
    class Dying(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if sql in {"COMMIT", "ROLLBACK"}:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, parameters)

    SqliteDirectory(path).close()
    directory = SqliteDirectory(path)
    directory.close()
    directory._file.connection = sqlite3.connect(path, isolation_level=None, factory=Dying)
    assert directory.perform(creation()) == OutcomeUnknown()
    directory.close()


def test_another_process_that_writes_for_long_makes_the_directory_unreachable(path: Path) -> None:
    directory, other = SqliteDirectory(path, patience=0.01), SqliteDirectory(path)
    other._file.connection.execute("BEGIN IMMEDIATE")
    assert directory.perform(creation()) == DirectoryUnreachable("OperationalError")
    assert directory.perform(READ) == AccountFacts(None)
    other._file.connection.execute("ROLLBACK")
    assert directory.perform(creation()) == Written()
    directory.close()
    other.close()
