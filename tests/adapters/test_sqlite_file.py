from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest

from sso_adapters.sqlite_file import SqliteFile, transaction

ONE = (("CREATE TABLE one (a)", "INSERT INTO one VALUES (1)"),)
TWO = (*ONE, ("ALTER TABLE one ADD COLUMN b DEFAULT 2",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_a_file_of_a_former_version_is_brought_up_to_date_once(path: Path) -> None:
    SqliteFile(path, ONE, durable=True, patience=1).close()
    for _ in range(2):
        file = SqliteFile(path, TWO, durable=True, patience=1)
        assert file.connection.execute("SELECT * FROM one").fetchall() == [(1, 2)]
        file.close()


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    SqliteFile(path, ONE, durable=True, patience=1).close()
    with pytest.raises(sqlite3.OperationalError):
        SqliteFile(path, (*ONE, ("CREATE TABLE two (a)", "CREATE TABLE two (a)")), durable=True, patience=1)
    file = SqliteFile(path, TWO, durable=True, patience=1)
    assert file.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
    file.close()


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    SqliteFile(path, TWO, durable=True, patience=1).close()
    before = path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match="version 2, and this program knows 1"):
        SqliteFile(path, ONE, durable=True, patience=1)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    other = b"something else entirely" * 100
    path.write_bytes(other)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteFile(path, ONE, durable=True, patience=1)
    assert path.read_bytes() == other


def test_many_open_a_new_file_at_once(path: Path) -> None:
    start = Barrier(8)

    def opened(_number: int) -> SqliteFile:
        start.wait()
        return SqliteFile(path, TWO, durable=False, patience=30)

    with ThreadPoolExecutor(8) as threads:
        files = list(threads.map(opened, range(8)))
    for file in files:
        assert file.connection.execute("SELECT * FROM one").fetchall() == [(1, 2)]
        file.close()


def test_a_file_that_somebody_keeps_to_himself_is_given_up(path: Path) -> None:
    path.touch()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SqliteFile(path, ONE, durable=True, patience=0.05)
    other.close()


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_what_is_durable_is_written_through(path: Path, level: int, *, durable: bool) -> None:
    file = SqliteFile(path, ONE, durable=durable, patience=1)
    assert file.connection.execute("PRAGMA synchronous").fetchone() == (level,)
    file.close()


def test_a_thread_does_not_wait_for_ever_for_another(path: Path) -> None:
    file = SqliteFile(path, ONE, durable=True, patience=0.05)
    inside, leave = Event(), Event()

    def occupy() -> None:
        with file.turn():
            inside.set()
            leave.wait()

    with ThreadPoolExecutor(1) as threads:
        occupied = threads.submit(occupy)
        inside.wait()
        with pytest.raises(sqlite3.OperationalError, match="too long"), file.turn():
            raise AssertionError("two were inside")
        leave.set()
        occupied.result()
    with file.turn() as connection:
        assert connection.execute("SELECT a FROM one").fetchone() == (1,)
    file.close()


def test_a_transaction_in_which_anything_is_raised_writes_nothing(path: Path) -> None:
    file = SqliteFile(path, ONE, durable=True, patience=1)

    def write(raised: type[BaseException]) -> None:
        with transaction(file.connection):
            file.connection.execute("DELETE FROM one")
            raise raised

    for raised in (KeyboardInterrupt, ZeroDivisionError, sqlite3.OperationalError):
        with pytest.raises(raised):
            write(raised)
    with pytest.raises(sqlite3.OperationalError), transaction(file.connection):
        file.connection.execute("ROLLBACK")  # as SQLite does by itself when a disk is full
    with transaction(file.connection):
        assert file.connection.execute("SELECT a FROM one").fetchone() == (1,)
    file.close()
