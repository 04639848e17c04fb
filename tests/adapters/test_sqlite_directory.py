"""What is special to the directory in SQLite: its file, its transactions, and other processes beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from sso_adapters.directories.sqlite import SqliteDirectory
from sso_core.effects import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    OutcomeUnknown,
    ReadAccount,
    WriteAccount,
    Written,
)
from sso_core.facts import Account, CreateAccount
from sso_core.testing.directory_suite import ISSUER, RACERS, account, creation

READ = ReadAccount(ISSUER, "alice")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.sqlite3"


@pytest.fixture
def directory(path: Path) -> Iterator[SqliteDirectory]:
    opened = SqliteDirectory(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("files", [1, 5])
def test_of_many_writers_to_one_file_one_creates_the_person(path: Path, files: int) -> None:
    directories = [SqliteDirectory(path) for _ in range(files)]
    together = Barrier(RACERS)

    def enter(number: int) -> object:
        together.wait()
        return directories[number % files].perform(creation(str(number)))

    with ThreadPoolExecutor(RACERS) as threads:
        answers = list(threads.map(enter, range(RACERS)))
    assert answers.count(Written()) == 1
    assert answers.count(Conflict()) == RACERS - 1
    winner = account(directories[0])
    assert winner is not None
    assert answers[int(winner.account_id)] == Written()
    for directory in directories:
        directory.close()


def test_only_the_owner_can_read_the_file_whatever_it_was_before(path: Path) -> None:
    path.touch(mode=0o644)
    directory = SqliteDirectory(path)
    directory.perform(creation())
    beside = sorted(path.parent.iterdir())
    assert path in beside
    assert {file.stat().st_mode & 0o777 for file in beside} == {0o600}
    directory.close()


def test_an_account_is_there_after_the_file_is_opened_again(path: Path) -> None:
    for _ in range(2):
        directory = SqliteDirectory(path)
        directory.perform(creation())
        assert account(directory) == Account("id", ISSUER, "alice", "", 1)
        directory.close()


@pytest.mark.parametrize("effect", [READ, creation()])
def test_an_error_of_sqlite_is_told_without_any_data(path: Path, effect: ReadAccount | WriteAccount) -> None:
    directory = SqliteDirectory(path)
    directory.close()
    assert directory.perform(effect) == DirectoryUnreachable("ProgrammingError")


def test_a_file_that_another_program_broke_is_an_outage_until_it_is_mended(
    directory: SqliteDirectory, path: Path
) -> None:
    directory.perform(creation())
    other = sqlite3.connect(path)
    other.execute("ALTER TABLE accounts RENAME TO elsewhere")
    assert directory.perform(creation("other", "bob")) == DirectoryUnreachable("OperationalError")
    assert directory.perform(READ) == DirectoryUnreachable("OperationalError")
    other.execute("ALTER TABLE elsewhere RENAME TO accounts")
    other.close()
    assert directory.perform(creation("other", "bob")) == Written()


def test_a_text_that_cannot_be_stored_leaves_no_transaction_open(directory: SqliteDirectory) -> None:
    with pytest.raises(UnicodeEncodeError):
        directory.perform(creation("id", "\ud800"))
    assert directory.perform(creation()) == Written()


def test_what_is_no_directory_of_ours_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is a diary, and no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteDirectory(path)
    assert path.read_bytes().startswith(b"this is a diary")


def test_a_directory_of_a_later_version_is_refused_and_keeps_its_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 2")
    with pytest.raises(sqlite3.DatabaseError, match="version 2"):
        SqliteDirectory(path)
    assert other.execute("PRAGMA user_version").fetchone() == (2,)
    other.close()


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
