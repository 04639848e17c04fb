"""A store in one SQLite file: shared by the processes of one machine, and there again after a restart."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from sso_adapters.stores.memory import StoreEffect, StoreEvent
from sso_core.effects import (
    AlreadyTaken,
    Drop,
    Dropped,
    Found,
    Keep,
    Kept,
    Kind,
    Missing,
    Occupied,
    Peek,
    StoreUnreachable,
    Take,
    Taken,
)

BUSY = 2.0
"""Seconds to wait for another writer."""
SWEEP = 100
"""Writes between two sweeps of what is over."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS short_lived (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    taken INTEGER NOT NULL,
    ends REAL NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID
"""
_Row = tuple[bytes, int]


class SqliteStore:
    """Keeps values until their time is over, by the wall clock, in a file that only its owner can read.

    Raises OSError or sqlite3.Error if the file cannot be opened; afterwards every failure is `StoreUnreachable`.
    """

    in_memory = False

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        path.touch(mode=0o600)
        self._clock = clock
        self._lock = Lock()
        self._writes = 0
        self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def perform(self, effect: StoreEffect) -> StoreEvent:
        """Do what a flow asks; safe to call from several threads, and beside other processes."""
        with self._lock:
            try:
                if isinstance(effect, Peek):
                    return self._peek(effect)
                return self._write(effect)
            except sqlite3.Error as error:
                return StoreUnreachable(type(error).__name__)

    def _peek(self, effect: Peek) -> Found | Missing:
        row = self._row(effect.kind, effect.key)
        return Missing() if row is None or row[1] else Found(row[0])

    def _write(self, effect: Keep | Take | Drop) -> StoreEvent:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._sweep()
            match effect:
                case Keep():
                    event: StoreEvent = self._keep(effect)
                case Take():
                    event = self._take(effect)
                case Drop():
                    self._drop(effect.kind, effect.key)
                    event = Dropped()
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return event

    def _keep(self, effect: Keep) -> Kept | Occupied:
        row = self._row(effect.kind, effect.key) if effect.only_if_absent else None
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

    def _row(self, kind: Kind, key: str) -> _Row | None:
        query = "SELECT value, taken FROM short_lived WHERE kind = ? AND key = ? AND ends > ?"
        found: _Row | None = self._connection.execute(query, (kind.value, key, self._clock())).fetchone()
        return found

    def _put(self, kind: Kind, key: str, value: bytes, *, taken: bool, ttl: float) -> None:
        row = (kind.value, key, value, int(taken), self._clock() + ttl)
        self._connection.execute("INSERT OR REPLACE INTO short_lived VALUES (?, ?, ?, ?, ?)", row)

    def _drop(self, kind: Kind, key: str) -> None:
        self._connection.execute("DELETE FROM short_lived WHERE kind = ? AND key = ?", (kind.value, key))

    def _sweep(self) -> None:
        self._writes += 1
        if self._writes % SWEEP == 1:
            self._connection.execute("DELETE FROM short_lived WHERE ends <= ?", (self._clock(),))
