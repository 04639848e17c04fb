"""A directory of accounts in one SQLite file, or in memory under the name `:memory:`."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, assert_never

from sso_adapters.sqlite_file import SqliteFile, roll_back
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

PATIENCE = 5.0
"""Seconds to wait for other threads, and for other processes: longer than for a store, since a login is at stake."""

_STEPS = (
    (
        """
        CREATE TABLE accounts (
            account_id TEXT PRIMARY KEY,
            issuer TEXT NOT NULL COLLATE BINARY,
            subject TEXT NOT NULL COLLATE BINARY,
            display_name TEXT NOT NULL,
            revision INTEGER NOT NULL,
            UNIQUE (issuer, subject)
        ) STRICT
        """,
    ),
)


class SqliteDirectory:
    """Accounts in a file that only its owner can read; what is written survives a loss of power.

    Raises OSError or sqlite3.Error if the file cannot be opened, belongs to something else, or was written by a later
    version.
    """

    in_memory: ClassVar[bool] = False

    def __init__(self, path: Path | str, *, patience: float = PATIENCE) -> None:
        file = None if path == ":memory:" else Path(path)
        self._file = SqliteFile(file, _STEPS, durable=True, patience=patience)

    def close(self) -> None:
        """Close the file, once whoever is using it has finished."""
        self._file.close()

    def perform(self, effect: ReadAccount | WriteAccount) -> DirectoryEvent:
        """Do what a flow asks; safe to call from several threads, and beside other processes."""
        try:
            with self._file.turn() as connection:
                match effect:
                    case ReadAccount():
                        return _read(connection, effect)
                    case WriteAccount():
                        return _write(connection, effect)
                    case _:
                        assert_never(effect)
        except sqlite3.Error as error:
            return DirectoryUnreachable(type(error).__name__)


def _read(connection: sqlite3.Connection, effect: ReadAccount) -> AccountFacts:
    row = connection.execute(
        "SELECT account_id, issuer, subject, display_name, revision FROM accounts WHERE issuer = ? AND subject = ?",
        (effect.issuer, effect.subject),
    ).fetchone()
    return AccountFacts(None if row is None else Account(*row))


def _write(connection: sqlite3.Connection, effect: WriteAccount) -> Written | Conflict | OutcomeUnknown:
    connection.execute("BEGIN IMMEDIATE")
    try:
        possible = all(_holds(connection, guard) for guard in effect.guards) and all(
            _apply(connection, change) for change in effect.changes
        )
    except sqlite3.IntegrityError:
        possible = False
    except BaseException:
        roll_back(connection)
        raise
    if not possible:
        roll_back(connection)
        return Conflict()
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        with suppress(sqlite3.Error):  # it cannot make the outcome better known
            roll_back(connection)
        return OutcomeUnknown()
    return Written()


def _holds(connection: sqlite3.Connection, guard: Guard) -> bool:
    match guard:
        case AccountAbsent(issuer, subject):
            query = "SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE issuer = ? AND subject = ?)"
            values: tuple[str | int, ...] = (issuer, subject)
        case AccountUnchanged(account_id, revision):
            query = "SELECT EXISTS (SELECT 1 FROM accounts WHERE account_id = ? AND revision = ?)"
            values = (account_id, revision)
        case _:
            assert_never(guard)
    return bool(connection.execute(query, values).fetchone()[0])


def _apply(connection: sqlite3.Connection, change: Change) -> bool:
    """Carry out a change; return whether there was what it changes."""
    match change:
        case CreateAccount(account_id, issuer, subject, display_name):
            query = "INSERT INTO accounts (account_id, issuer, subject, display_name, revision) VALUES (?, ?, ?, ?, 1)"
            values: tuple[str, ...] = (account_id, issuer, subject, display_name)
        case RenameAccount(account_id, display_name):
            query = "UPDATE accounts SET display_name = ?, revision = revision + 1 WHERE account_id = ?"
            values = (display_name, account_id)
        case _:
            assert_never(change)
    return connection.execute(query, values).rowcount == 1
