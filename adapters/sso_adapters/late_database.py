"""A database that may be down when the service starts: what lies in it is unreachable until it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event as Flag
from threading import Lock
from typing import ClassVar

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from sso_adapters.directories.migrations import bring_up_to_date
from sso_adapters.sql_engine import PATIENCE, DatabaseError, why
from sso_adapters.sql_transaction import OutcomeLostError
from sso_adapters.world import Directory, Store
from sso_core.effects import DirectoryEffect, StoreEffect
from sso_core.events import DirectoryUnreachable, Event, StoreUnreachable

RETRY = 1.0
"""Seconds from a failure to the next attempt: those who come in between are told of the failure at once."""

Tell = Callable[[str], object]
"""Tells the operator, in a sentence without a secret."""


class LateDatabase:
    """Brings the database of an engine up to date before its first use, whenever that is.

    Whoever finds it down is told so, and the next attempt is made by whoever comes after `RETRY` seconds: it needs no
    thread of its own and no restart.
    """

    def __init__(self, engine: Engine, *, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._tell = tell
        self._clock = clock
        self._lock = Lock()
        self._ready = Flag()
        self._failure = ""
        self._again_at = clock()

    def start(self) -> None:
        """Make the first attempt, and tell the operator where the database is down or lets nobody in.

        Raises DatabaseError where it is there and cannot be used: it belongs to something else, or to a later version.
        """
        try:
            bring_up_to_date(self._engine)
        except DatabaseError as error:
            if not _may_pass(error):
                raise
            self._failed(error)
        else:
            self._ready.set()

    def failure(self) -> str:
        """Return why the database cannot be used yet, as the name of an error; the empty text where it can."""
        if self._ready.is_set():
            return ""
        if not self._lock.acquire(timeout=PATIENCE):
            return self._failure
        try:
            if not self._ready.is_set() and self._clock() >= self._again_at:
                self._attempt()
            return "" if self._ready.is_set() else self._failure
        finally:
            self._lock.release()

    def _attempt(self) -> None:
        try:
            bring_up_to_date(self._engine, patience=PATIENCE)
        except DatabaseError as error:
            self._failed(error)
        else:
            self._ready.set()
            self._tell("the database can be used now")

    def _failed(self, error: DatabaseError) -> None:
        cause = error.__cause__
        failure = why(cause) if isinstance(cause, Exception) else type(error).__name__
        if failure != self._failure:
            self._tell(f"{error}; until it can be, people are told to try again later")
        self._failure = failure
        self._again_at = self._clock() + RETRY


def _may_pass(error: DatabaseError) -> bool:
    """Whether somebody may mend it while the service runs: the database does not answer, or does not know us."""
    return isinstance(
        error.__cause__, OperationalError | InterfaceError | NoConnectionError | OSError | OutcomeLostError
    )


class LateStore:
    """A store in such a database."""

    in_memory: ClassVar[bool] = False

    def __init__(self, store: Store, database: LateDatabase) -> None:
        self._store, self._database = store, database

    def perform(self, effect: StoreEffect) -> Event:
        """Do what a flow asks, once the database is there."""
        failure = self._database.failure()
        return StoreUnreachable(failure) if failure else self._store.perform(effect)


class LateDirectory:
    """A directory in such a database."""

    in_memory: ClassVar[bool] = False

    def __init__(self, directory: Directory, database: LateDatabase) -> None:
        self._directory, self._database = directory, database

    def perform(self, effect: DirectoryEffect) -> Event:
        """Do what a flow asks, once the database is there."""
        failure = self._database.failure()
        return DirectoryUnreachable(failure) if failure else self._directory.perform(effect)
