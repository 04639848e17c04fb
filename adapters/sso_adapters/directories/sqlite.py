"""A directory of accounts in one SQLite file, or in memory under the name `:memory:`."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Lock

from sso_core.effects import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    OutcomeUnknown,
    ReadAccount,
    WriteAccount,
    Written,
)
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, Change, CreateAccount, Guard, RenameAccount

DirectoryEvent = AccountFacts | Written | Conflict | OutcomeUnknown | DirectoryUnreachable

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    account_id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL COLLATE BINARY,
    subject TEXT NOT NULL COLLATE BINARY,
    display_name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT
"""
MODE = 0o600
BUSY = 5.0
"""Seconds to wait for another writer."""


class SqliteDirectory:
    """Accounts in a file that only its owner can read.

    Raises OSError or sqlite3.Error if the file cannot be opened, belongs to something else, or was written by a later
    version.
    """

    in_memory = False

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            Path(path).touch(mode=MODE)
            Path(path).chmod(MODE)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise

    def _open(self) -> None:
        execute = self._connection.execute
        (version,) = execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"the directory has version {version}, and this program knows {_VERSION}")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute(_SCHEMA)
        execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the file, once whoever is using it has finished."""
        with self._lock:
            self._connection.close()

    def perform(self, effect: ReadAccount | WriteAccount) -> DirectoryEvent:
        """Do what a flow asks; safe to call from several threads."""
        with self._lock:
            try:
                return self._read(effect) if isinstance(effect, ReadAccount) else self._write(effect)
            except sqlite3.Error as error:
                return DirectoryUnreachable(type(error).__name__)

    def _read(self, effect: ReadAccount) -> AccountFacts:
        row = self._connection.execute(
            "SELECT account_id, issuer, subject, display_name, revision FROM accounts WHERE issuer = ? AND subject = ?",
            (effect.issuer, effect.subject),
        ).fetchone()
        return AccountFacts(None if row is None else Account(*row))

    def _write(self, effect: WriteAccount) -> Written | Conflict | OutcomeUnknown:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            holds = all(map(self._holds, effect.guards))
            if holds:
                for change in effect.changes:
                    self._apply(change)
        except sqlite3.IntegrityError:
            holds = False
        except BaseException:
            # A transaction left open would refuse every later one. Some errors of SQLite have ended it already.
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        if not holds:
            execute("ROLLBACK")
            return Conflict()
        try:
            execute("COMMIT")
        except sqlite3.Error:
            return self._after_failed_commit()
        return Written()

    def _after_failed_commit(self) -> OutcomeUnknown:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        return OutcomeUnknown()

    def _holds(self, guard: Guard) -> bool:
        match guard:
            case AccountAbsent(issuer, subject):
                query = "SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE issuer = ? AND subject = ?)"
                values: tuple[str | int, ...] = (issuer, subject)
            case AccountUnchanged(account_id, revision):
                query = "SELECT EXISTS (SELECT 1 FROM accounts WHERE account_id = ? AND revision = ?)"
                values = (account_id, revision)
        return bool(self._connection.execute(query, values).fetchone()[0])

    def _apply(self, change: Change) -> None:
        match change:
            case CreateAccount(account_id, issuer, subject, display_name):
                self._connection.execute(
                    "INSERT INTO accounts VALUES (?, ?, ?, ?, 1)", (account_id, issuer, subject, display_name)
                )
            case RenameAccount(account_id, display_name):
                renamed = self._connection.execute(
                    "UPDATE accounts SET display_name = ?, revision = revision + 1 WHERE account_id = ?",
                    (display_name, account_id),
                )
                if renamed.rowcount != 1:
                    raise sqlite3.IntegrityError("there is no such account")
