"""A store in one SQLite file: shared by the processes of one machine, and there again after a restart."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, assert_never

from sso_adapters.sqlite_file import SqliteFile, transaction
from sso_adapters.stores.memory import StoreEvent
from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable, Taken

PATIENCE = 2.0
"""Seconds to wait for other threads, and for other processes: a browser waits for the answer."""
SWEPT = 8
"""Entries that are over and removed in passing by whatever may add one: more than that, so that none pays for many."""

# Entries lie in the order in which they come, and both indices are small: a login costs little more than itself.
_STEPS = (
    (
        """
        CREATE TABLE short_lived (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            taken INTEGER NOT NULL,
            ends REAL NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX short_lived_key ON short_lived (key, kind)",
        "CREATE INDEX short_lived_ends ON short_lived (ends)",
    ),
)


class SqliteStore:
    """Keeps values until their time is over, by the wall clock, in a file that only its owner can read.

    A value survives a crash; after a loss of power the last ones may be gone, and the last takings undone. Raises
    OSError or sqlite3.Error if the file cannot be opened; afterwards every failure is `StoreUnreachable`.
    """

    in_memory: ClassVar[bool] = False

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, patience: float = PATIENCE) -> None:
        self._file = SqliteFile(path, _STEPS, durable=False, patience=patience)
        self._clock = clock

    def close(self) -> None:
        """Close the file, once whoever is using it has finished."""
        self._file.close()

    def perform(self, effect: StoreEffect) -> StoreEvent:
        """Do what a flow asks; safe to call from several threads, and beside other processes."""
        try:
            with self._file.turn() as connection:
                return _Visit(connection, self._clock).perform(effect)
        except sqlite3.Error as error:
            return StoreUnreachable(type(error).__name__)


class _Visit:
    """One effect. The clock is read within the transaction: waiting for it takes time."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._clock = clock

    def perform(self, effect: StoreEffect) -> StoreEvent:
        match effect:
            case Peek():
                return self._peek(effect)
            case Keep():
                with transaction(self._connection):
                    return self._keep(effect)
            case Take():
                with transaction(self._connection):
                    return self._take(effect)
            case Drop():
                self._drop(effect.kind, effect.key)
                return Dropped()
            case Renew():
                with transaction(self._connection):
                    return self._renew(effect)
            case Count():
                with transaction(self._connection):
                    return self._count(effect)
            case _:
                assert_never(effect)

    def _peek(self, effect: Peek) -> Found | AlreadyTaken | Missing:
        row = self._row(effect.kind, effect.key)
        if row is None and effect.or_else is not None:
            row = self._row(effect.kind, effect.or_else)
        if row is None:
            return Missing()
        value, taken = row
        return AlreadyTaken(value) if taken else Found(value)

    def _keep(self, effect: Keep) -> Kept | Occupied:
        self._sweep()
        if effect.only_if_absent:
            row = self._row(effect.kind, effect.key)
            if row is not None:
                return Occupied(row[0])
        if effect.instead_of is not None:
            self._drop(effect.kind, effect.instead_of)
        self._put(effect.kind, effect.key, effect.value, taken=False, ttl=effect.ttl)
        return Kept()

    def _take(self, effect: Take) -> Taken | AlreadyTaken | Missing:
        row = self._row(effect.kind, effect.key)
        if row is None:
            return Missing()
        value, taken = row
        if taken:
            return AlreadyTaken(value)
        self._put(effect.kind, effect.key, effect.marker, taken=True, ttl=effect.marker_ttl)
        return Taken(value)

    def _renew(self, effect: Renew) -> Kept | Missing:
        row = self._row(effect.kind, effect.key)
        if row is None or row[1]:
            return Missing()
        self._put(effect.kind, effect.key, effect.value, taken=False, ttl=effect.ttl)
        return Kept()

    def _count(self, effect: Count) -> Counted:
        self._sweep()
        query = "SELECT value, ends FROM short_lived WHERE key = ? AND kind = ? AND ends > ?"
        here, now = (effect.key, effect.kind.value), self._clock()
        row = self._execute(query, (*here, now)).fetchone()
        if row is None:
            self._put(effect.kind, effect.key, (1).to_bytes(8), taken=False, ttl=effect.window)
            return Counted(1, effect.window)
        number = int.from_bytes(row[0]) + 1
        self._execute("UPDATE short_lived SET value = ? WHERE key = ? AND kind = ?", (number.to_bytes(8), *here))
        return Counted(number, row[1] - now)

    def _row(self, kind: Kind, key: str) -> tuple[bytes, int] | None:
        query = "SELECT value, taken FROM short_lived WHERE key = ? AND kind = ? AND ends > ?"
        row: tuple[bytes, int] | None = self._execute(query, (key, kind.value, self._clock())).fetchone()
        return row

    def _put(self, kind: Kind, key: str, value: bytes, *, taken: bool, ttl: float) -> None:
        row = (kind.value, key, value, taken, self._clock() + ttl)
        self._execute("INSERT OR REPLACE INTO short_lived (kind, key, value, taken, ends) VALUES (?, ?, ?, ?, ?)", row)

    def _drop(self, kind: Kind, key: str) -> None:
        self._execute("DELETE FROM short_lived WHERE key = ? AND kind = ?", (key, kind.value))

    def _sweep(self) -> None:
        over = "SELECT rowid FROM short_lived WHERE ends <= ? ORDER BY ends LIMIT ?"
        self._execute(f"DELETE FROM short_lived WHERE rowid IN ({over})", (self._clock(), SWEPT))  # noqa: S608 -- the text stands above
