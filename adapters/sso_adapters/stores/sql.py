"""A store in the directory's database: for services of several machines that have PostgreSQL and nothing faster."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, assert_never

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    bindparam,
    cast,
    delete,
    extract,
    func,
    literal,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from sso_adapters.directories.schema import short_lived
from sso_adapters.sql_engine import why
from sso_adapters.sql_transaction import COUNTED, OutcomeLostError, transact
from sso_adapters.stores.memory import StoreEvent
from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable, Taken

PATIENCE = 2.0
"""Seconds to wait for other threads, for other processes, and for the database: a browser waits for the answer."""
SWEPT = 8
"""Entries that are over and removed in passing by whatever may add one: more than that, so that none pays for many."""

_JULIAN_EPOCH = 2440587.5
_DAY = 86400.0


class SqlStore:
    """Keeps values until their time is over, in the tables of an engine that `open_directory` has opened.

    Time is told by the clock of the database, so that services whose clocks differ agree; by `clock`, in seconds, where
    there is one. Every failure is `StoreUnreachable`. Whoever opened the engine closes it.
    """

    in_memory: ClassVar[bool] = False

    def __init__(self, engine: Engine, *, clock: Callable[[], float] | None = None, patience: float = PATIENCE) -> None:
        self._engine = engine
        self._now = _time_of(engine) if clock is None else bindparam("now", callable_=clock, type_=Double)
        self._patience = patience

    def perform(self, effect: StoreEffect) -> StoreEvent:
        """Do what a flow asks; safe to call from several threads, and beside other processes."""
        try:
            return self._perform(effect)
        except OutcomeLostError as error:
            return StoreUnreachable(str(error))
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            return StoreUnreachable(why(error))

    def _perform(self, effect: StoreEffect) -> StoreEvent:
        do = partial(transact, self._engine, patience=self._patience)
        match effect:
            case Peek():
                return do(lambda connection: self._peek(connection, effect), writes=False)
            case Keep():
                return do(lambda connection: self._keep(connection, effect))
            case Take():
                return do(lambda connection: self._take(connection, effect))
            case Drop(kind, key):
                do(lambda connection: self._drop(connection, kind, key))
                return Dropped()
            case Renew():
                return do(lambda connection: self._renew(connection, effect))
            case Count():
                return do(lambda connection: self._count(connection, effect))
            case _:
                assert_never(effect)

    def _peek(self, connection: Connection, effect: Peek) -> Found | AlreadyTaken | Missing:
        there = select(short_lived.c.value, short_lived.c.taken).where(short_lived.c.ends > self._now)
        here = there.where(*_at(effect.kind, effect.key))
        if effect.or_else is not None:
            # One question of the database for both, and the first answer counts.
            ranked = union_all(
                here.add_columns(literal(0).label("rank")),
                there.add_columns(literal(1).label("rank")).where(*_at(effect.kind, effect.or_else)),
            ).subquery()
            here = select(ranked.c.value, ranked.c.taken).order_by(ranked.c.rank).limit(1)
        row = connection.execute(here).one_or_none()
        if row is None:
            return Missing()
        return AlreadyTaken(row.value) if row.taken else Found(row.value)

    def _keep(self, connection: Connection, effect: Keep) -> Kept | Occupied:
        if not self._put(connection, effect):
            here = _at(effect.kind, effect.key)
            return Occupied(connection.execute(select(short_lived.c.value).where(*here)).scalar_one())
        if effect.instead_of not in {None, effect.key}:
            self._drop(connection, effect.kind, str(effect.instead_of))
        self._sweep(connection)
        return Kept()

    def _put(self, connection: Connection, effect: Keep) -> bool:
        """Write an entry; return False where one is in the way, which is locked then, so that it stays there."""
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = {"value": effect.value, "taken": False, "ends": self._now + effect.ttl}
        put = make(short_lived).values(kind=effect.kind.value, key=effect.key, **row)
        put = put.on_conflict_do_update(
            index_elements=short_lived.primary_key,
            set_=row,
            where=short_lived.c.ends <= self._now if effect.only_if_absent else None,
        )
        return bool(connection.execute(put, execution_options=COUNTED).rowcount)

    def _count(self, connection: Connection, effect: Count) -> Counted:
        kind, key, window = effect.kind, effect.key, effect.window
        if self._put(connection, Keep(kind, key, (1).to_bytes(8), window, only_if_absent=True)):
            self._sweep(connection)
            return Counted(1, window)
        here = _at(kind, key)
        left = (short_lived.c.ends - self._now).label("left")
        row = connection.execute(select(short_lived.c.value, left).where(*here)).one()
        number = int.from_bytes(row.value) + 1
        connection.execute(update(short_lived).where(*here).values(value=number.to_bytes(8)))
        return Counted(number, max(0.0, row.left))

    def _take(self, connection: Connection, effect: Take) -> Taken | AlreadyTaken | Missing:
        here = _at(effect.kind, effect.key)
        there = select(short_lived.c.value, short_lived.c.taken).where(*here, short_lived.c.ends > self._now)
        row = connection.execute(there.with_for_update()).one_or_none()
        if row is None:
            return Missing()
        if row.taken:
            return AlreadyTaken(row.value)
        marker = {"value": effect.marker, "taken": True, "ends": self._now + effect.marker_ttl}
        connection.execute(update(short_lived).where(*here).values(marker))
        return Taken(row.value)

    def _renew(self, connection: Connection, effect: Renew) -> Kept | Missing:
        there = (*_at(effect.kind, effect.key), short_lived.c.ends > self._now, short_lived.c.taken.is_(False))
        row = {"value": effect.value, "ends": self._now + effect.ttl}
        put = update(short_lived).where(*there).values(row)
        return Kept() if connection.execute(put, execution_options=COUNTED).rowcount else Missing()

    def _drop(self, connection: Connection, kind: Kind, key: str) -> None:
        connection.execute(delete(short_lived).where(*_at(kind, key)))

    def _sweep(self, connection: Connection) -> None:
        entry = tuple_(short_lived.c.key, short_lived.c.kind)
        over = select(short_lived.c.key, short_lived.c.kind).where(short_lived.c.ends <= self._now)
        some = over.order_by(short_lived.c.ends).limit(SWEPT).with_for_update(skip_locked=True)
        connection.execute(delete(short_lived).where(entry.in_(some)))


def _at(kind: Kind, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return short_lived.c.key == key, short_lived.c.kind == kind.value


def _time_of(engine: Engine) -> ColumnElement[float]:
    """Return the time by the database's clock, in seconds since the epoch, as it is when the row is looked at."""
    if engine.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Double)
    return (func.julianday("now", type_=Double) - literal(_JULIAN_EPOCH, Double)) * literal(_DAY, Double)
