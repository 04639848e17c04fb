"""A database by its address: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from sso_adapters.sqlite_file import private, write_ahead

PATIENCE = 5.0
"""Seconds until an operation that waits for others, or for a network, is given up: a login is at stake."""
CONNECTIONS = 10
"""Connections to PostgreSQL at most, for each process; its default is a hundred for everybody."""
WRITES = "sso_writes"
"""The execution option that tells a transaction that writes from one that reads."""


class DatabaseError(OSError):
    """The database cannot be used, for a reason that an operator may read: it holds no password and no data."""


def open_engine(address: str | URL, *, patience: float = PATIENCE) -> Engine:
    """Return an engine for `sqlite:///path`, `sqlite://` (in memory), or `postgresql://` in any of its spellings.

    Nothing is connected yet; a file is made, for its owner only, where it is missing. Raises DatabaseError.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise DatabaseError("the address of the database is not a URL") from None
    match url.drivername:
        case "sqlite":
            return _sqlite(url, patience)
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return _postgresql(url.set(drivername="postgresql+psycopg"), patience)
        case other:
            raise DatabaseError(f"there is no directory for {other}: it is sqlite or postgresql")


def described(error: Exception) -> str:
    """Return what an operator may know of an error: its type, and of a driver's error the first line."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        first_line, *_ = str(error.orig).partition("\n")
        return f"{type(error.orig).__name__}: {first_line}"
    return f"{type(error).__name__}: {error}"


def why(error: Exception) -> str:
    """Return the name of an error, and nothing of its text, which may hold data."""
    original = error.orig if isinstance(error, DBAPIError) else None
    return type(original or error).__name__


def _sqlite(url: URL, patience: float) -> Engine:
    """Return an engine of one connection, which threads use in turn; for other processes SQLite waits."""
    if url.query or url.host:
        raise DatabaseError("the address of an SQLite database is sqlite:///path, without options")
    in_memory = url.database in {None, "", ":memory:"}
    if not in_memory:
        private(Path(str(url.database)))
    engine = create_engine(
        url,
        connect_args={"timeout": patience, "isolation_level": None, "check_same_thread": False},
        hide_parameters=True,
        max_overflow=0,
        pool_size=1,
        pool_timeout=patience,
        poolclass=QueuePool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 -- of the driver
        write_ahead(connection, time.monotonic() + patience)
        connection.execute("PRAGMA synchronous = FULL")  # what is written survives a loss of power
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver would begin at the first change, too late for guards that are read before.
        writes = connection.get_execution_options().get(WRITES, True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL, patience: float) -> Engine:
    """Return an engine of a few connections. One that died is noticed when it is used, and replaced: see `transact`."""
    seconds = max(2, int(patience))
    options = {
        "connect_timeout": seconds,
        # A server that vanished without a word is given up as soon as one that is slow.
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": max(1, seconds - 2),
        "tcp_user_timeout": seconds * 1000,
        "application_name": "sso-core",
        # A pooler in between may hand each transaction to another connection, where nothing was prepared.
        "prepare_threshold": None,
    }
    try:
        from sso_adapters.paced_connection import PacedConnection  # noqa: PLC0415 -- its driver is an extra

        engine = create_engine(
            url,
            connect_args={name: value for name, value in options.items() if name not in url.query},
            hide_parameters=True,
            isolation_level="READ COMMITTED",  # whatever the database's default: guards are judged behind their locks
            max_overflow=CONNECTIONS // 2,
            pool_size=CONNECTIONS // 2,
            pool_timeout=patience,
        )
    except ImportError:
        raise DatabaseError("PostgreSQL needs psycopg: install sso-core[postgresql]") from None

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Sequence[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 -- of the driver
        connection = PacedConnection.connect(*arguments, **options)
        connection.ends_at = time.monotonic() + patience  # what is asked before the first transaction
        return connection

    return engine


def pace(connection: Connection, ends_at: float) -> None:
    """Let nothing that is asked of PostgreSQL from now on be waited for beyond a moment of the monotonic clock."""
    driver: Any = connection.connection.dbapi_connection
    driver.ends_at = ends_at
