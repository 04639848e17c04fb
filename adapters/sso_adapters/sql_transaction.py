"""One transaction: whole, within its patience, and tried again where that is safe."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sso_adapters.sql_engine import PATIENCE, WRITES, pace, why

TRIES = 4
"""A connection that died idle costs one, and so does a deadlock; who fails that often has another trouble."""

_GAVE_WAY = {"40001", "40P01"}
"""PostgreSQL's serialization_failure and deadlock_detected: the transaction was undone for the sake of another."""
_LIMITS = text(
    "SELECT set_config('statement_timeout', :limit, true),"
    " set_config('idle_in_transaction_session_timeout', :limit, true)"
)

COUNTED = {"preserve_rowcount": True}
"""The execution option of an INSERT that may add nothing: SQLAlchemy forgets its count otherwise."""

T = TypeVar("T")


class OutcomeLostError(Exception):
    """The answer to the COMMIT was lost: the transaction took place, or did not."""


def transact(
    engine: Engine,
    work: Callable[[Connection], T],
    *,
    writes: bool = True,
    patience: float = PATIENCE,
) -> T:
    """Do the work in one transaction, which sees one moment if it only reads, and return what it returns.

    Whatever the work raises undoes it. A connection that died before the COMMIT and a transaction that gave way to
    another are tried again, on what is left of the patience. Raises SQLAlchemyError or TimeoutError where nothing was
    written, and OutcomeLostError.
    """
    deadline = time.monotonic() + patience
    for tries_left in reversed(range(TRIES)):
        try:
            return _once(engine, work, writes=writes, deadline=deadline)
        except DBAPIError as error:
            if not tries_left or not _may_pass(error) or time.monotonic() > deadline:
                raise
    raise AssertionError("the last try returns or raises")


def _may_pass(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _GAVE_WAY


def _once(engine: Engine, work: Callable[[Connection], T], *, writes: bool, deadline: float) -> T:
    postgresql = engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        if postgresql:
            pace(connection, deadline)
        options: dict[str, Any] = {WRITES: writes}
        if postgresql and not writes:
            options["isolation_level"] = "REPEATABLE READ"
        transaction = connection.execution_options(**options).begin()
        try:
            if postgresql:
                left = max(1, int((deadline - time.monotonic()) * 1000))
                connection.execute(_LIMITS, {"limit": str(left)})
            done = work(connection)
            _check(deadline)
        except BaseException:
            _undo(transaction)
            raise
        if writes:
            _commit(transaction)
        else:
            _undo(transaction)
        return done


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("the transaction took too long")


def _commit(transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except SQLAlchemyError as error:
        _undo(transaction)
        raise OutcomeLostError(why(error)) from error


def _undo(transaction: RootTransaction) -> None:
    # Where even that fails, the connection is broken, and whoever takes it back closes it.
    with suppress(SQLAlchemyError):
        transaction.rollback()
