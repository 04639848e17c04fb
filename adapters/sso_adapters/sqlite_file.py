"""An SQLite file that this service owns: opened for its owner only, brought up to date, and used by one at a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

Steps = tuple[tuple[str, ...], ...]
"""The history of a schema: the statements of each step, the oldest first. A step that was released never changes."""

MODE = 0o600
RETRY = 0.01


class SqliteFile:
    """One connection, which threads use in turn. Other processes may have the same file open; no child inherits it.

    Without a `path` it is kept in memory. `patience` is how long, in seconds, a caller waits for other threads, and
    again for other processes. `durable` changes survive a loss of power; others survive a crash of the process.
    Raises OSError or sqlite3.Error where the file cannot be opened, is no database, or was written by a later version.
    """

    def __init__(self, path: Path | None, steps: Steps, *, durable: bool, patience: float) -> None:
        if path is not None:
            private(path)
        self._patience = patience
        self._lock = Lock()
        self.connection = sqlite3.connect(
            path or ":memory:", timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            _check_version(self.connection, steps)
            write_ahead(self.connection, time.monotonic() + patience)
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with transaction(self.connection):
                _migrate(self.connection, steps)
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """Use the connection alone. Raises sqlite3.OperationalError where the others take too long."""
        if not self._lock.acquire(timeout=self._patience):
            raise sqlite3.OperationalError("the other threads take too long")
        try:
            yield self.connection
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the file, once whoever is using it has finished."""
        with self._lock:
            self.connection.close()


def private(path: Path) -> None:
    """Make the file where it is missing, and let nobody but its owner read it."""
    path.touch(mode=MODE)
    path.chmod(MODE)  # it may have been there; SQLite gives its companions the same mode


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all that the block writes, or nothing if it raises, whatever it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """End the transaction, unless the error that led here has ended it: one left open would refuse all later ones."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _check_version(connection: sqlite3.Connection, steps: Steps) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise sqlite3.DatabaseError(f"the file has version {version}, and this program knows {len(steps)}")
    return int(version)


def write_ahead(connection: sqlite3.Connection, deadline: float) -> None:
    """Let readers and a writer work beside each other. SQLite does not wait here when others do the same.

    Raises sqlite3.OperationalError where they do so beyond `deadline`, by the monotonic clock.
    """
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY)
        else:
            return


def _migrate(connection: sqlite3.Connection, steps: Steps) -> None:
    for step in steps[_check_version(connection, steps) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(steps)}")
