"""A directory in a database: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar, assert_never

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from sso_adapters.directories.changes import NoLongerError, carry_out
from sso_adapters.directories.facts import read_account, read_key
from sso_adapters.directories.guards import holds, lock
from sso_adapters.directories.migrations import bring_up_to_date
from sso_adapters.sql_engine import PATIENCE, open_engine, why
from sso_adapters.sql_transaction import OutcomeLostError, transact
from sso_core.effects import DirectoryEffect, ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Conflict, DirectoryUnreachable, KeyFacts, OutcomeUnknown, Written

DirectoryEvent = AccountFacts | KeyFacts | Written | Conflict | OutcomeUnknown | DirectoryUnreachable

F = TypeVar("F")


def open_directory(address: str | URL, *, patience: float = PATIENCE) -> SqlDirectory:
    """Open the directory at `sqlite:///path`, `sqlite://` (in memory) or `postgresql://...`, and make what it lacks.

    An SQLite file is for its owner only, and what is written to it survives a loss of power. Raises DatabaseError
    where the database cannot be reached or used, belongs to something else, or was written by a later version.
    """
    engine = open_engine(address, patience=patience)
    try:
        bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqlDirectory(engine, patience=patience)


class SqlDirectory:
    """Accounts in the tables of `schema`, shared by all who open the same database.

    A database that stops and starts again is found again. `engine` serves a `SqlStore` too.
    """

    in_memory: ClassVar[bool] = False

    def __init__(self, engine: Engine, *, patience: float = PATIENCE) -> None:
        self.engine = engine
        self._patience = patience

    def close(self) -> None:
        """Close the connections; those in use are closed when they are given back."""
        self.engine.dispose()

    def perform(self, effect: DirectoryEffect) -> DirectoryEvent:
        """Do what a flow asks; safe to call from several threads, and beside other processes.

        Rows that make no record, since somebody else wrote them, are an outage: nobody comes in by them.
        """
        try:
            return self._perform(effect)
        except (NoLongerError, IntegrityError):
            return Conflict()
        except OutcomeLostError:
            return OutcomeUnknown()
        except (SQLAlchemyError, OSError, ValueError) as error:
            return DirectoryUnreachable(why(error))

    def _perform(self, effect: DirectoryEffect) -> AccountFacts | KeyFacts | Written:
        match effect:
            case ReadAccount():
                return self._read(lambda connection: read_account(connection, effect))
            case ReadKey(key_hash):
                return self._read(lambda connection: read_key(connection, key_hash))
            case WriteAccount():
                return transact(self.engine, lambda connection: _write(connection, effect), patience=self._patience)
            case _:
                assert_never(effect)

    def _read(self, work: Callable[[Connection], F]) -> F:
        return transact(self.engine, work, writes=False, patience=self._patience)


def _write(connection: Connection, effect: WriteAccount) -> Written:
    lock(connection, effect)
    if not all(holds(connection, guard) for guard in effect.guards):
        raise NoLongerError
    for change in effect.changes:
        carry_out(connection, change)
    return Written()
