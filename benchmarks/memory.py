"""What a pending login weighs: in the store, in the browser, and beside the least that could be kept.

Bytes are those asked of the allocator, by tracemalloc, as the mean over many logins.
"""

from __future__ import annotations

import gc
import secrets
import sqlite3
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import attrs

from benchmarks.fixture import ISSUER, REDIRECT_URI, Provider
from benchmarks.ours import UpToIdentity, cookies_of, entropy, settings_for, warm_facts
from sso_adapters.drive.blocking import run
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_core.effects import Effect, Keep
from sso_core.events import Event, Kept
from sso_core.flows.begin_login import KeepingLogin, begin_login
from sso_core.sessions.sealing import SealingKeys
from sso_core.web.answers import START
from sso_core.web.messages import Request
from sso_core.web.site import Site

COUNT = 20_000


class Memory(NamedTuple):
    """Bytes per pending login."""

    record: float
    store: float
    value: float
    columns_row: float
    value_row: float
    cookie: float
    sealed_cookie: float


@attrs.frozen
class Record:
    """What any login has to remember, as a program would hold it that keeps no bytes."""

    issuer: str
    redirect_uri: str
    state: str
    nonce: str
    code_verifier: str
    browser: str
    return_to: str
    expires_at: float


def weigh(provider: Provider) -> Memory:
    """Weigh them all."""
    values = [_kept(provider) for _ in range(2000)]
    return Memory(
        record=_records(),
        store=_store(provider),
        value=sum(len(keep.value) for keep in values) / len(values),
        columns_row=_file(
            "CREATE TABLE logins (state TEXT PRIMARY KEY, issuer, redirect_uri, nonce, verifier, browser, target, ends)"
            " WITHOUT ROWID",
            (
                attrs.astuple(_record())[2:3] + attrs.astuple(_record())[:2] + attrs.astuple(_record())[3:]
                for _ in values
            ),
        ),
        value_row=_store_file(values),
        cookie=_cookie(provider, sealed=False),
        sealed_cookie=_cookie(provider, sealed=True),
    )


def _record() -> Record:
    state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
    return Record(ISSUER, REDIRECT_URI, state, nonce, verifier, browser, "/", time.time() + 600)


def _traced(work: Callable[[], object]) -> float:
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = work()
    gc.collect()
    weight = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del held
    return weight / COUNT


def _records() -> float:
    return _traced(lambda: {record.state: record for record in (_record() for _ in range(COUNT))})


def _store(provider: Provider) -> float:
    contestant = UpToIdentity(provider)

    def fill() -> object:
        for _ in range(COUNT):
            contestant.begin(1)
        return contestant

    contestant.begin(1)
    return _traced(fill)


def _kept(provider: Provider) -> Keep:
    settings = settings_for()
    state = begin_login(
        settings, settings.providers[0], return_to="/", entropy=entropy(), now=time.time(), warm=warm_facts(provider)
    )
    assert isinstance(state, KeepingLogin)
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    return keep


def _file(schema: str, rows: Iterable[tuple[object, ...]]) -> float:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "logins.sqlite3"
        connection = sqlite3.connect(path)
        connection.execute(schema)
        empty = path.stat().st_size
        count = 0
        for row in rows:
            connection.execute(f"INSERT INTO logins VALUES ({', '.join('?' * len(row))})", row)
            count += 1
        connection.commit()
        connection.execute("VACUUM")
        connection.close()
        return (path.stat().st_size - empty) / count


def _store_file(values: list[Keep]) -> float:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        store = SqliteStore(path)
        store.close()
        empty = path.stat().st_size
        store = SqliteStore(path)
        assert all(isinstance(store.perform(keep), Kept) for keep in values)
        store.close()
        return (path.stat().st_size - empty) / len(values)


class _Keeper:
    """A world that stores."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time
        self._store = MemoryStore()

    def perform(self, effect: Effect) -> Event:
        """Store."""
        assert isinstance(effect, Keep)
        kept = self._store.perform(effect)
        assert isinstance(kept, Kept)
        return kept


def _cookie(provider: Provider, *, sealed: bool) -> float:
    settings = settings_for()
    if sealed:
        settings = attrs.evolve(settings, sealing_keys=SealingKeys((secrets.token_bytes(32),)))
    warm = warm_facts(provider)
    start = Request("GET", START)
    visit = Site(settings).visit(start, entropy=entropy(), now=time.time(), warm=lambda _provider: warm)
    return len(cookies_of(visit.respond(run(visit.state, _Keeper()))))
