"""What the tests of the store in Redis do with it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import redis

from sso_adapters.stores.memory import StoreEvent
from sso_adapters.stores.redis import RedisStore, open_redis_store
from sso_core.effects import Drop, Keep, Kind, StoreEffect
from sso_core.events import Event, StoreUnreachable
from sso_core.testing.store_effects import COUNT, KEEP, PEEK, RENEW, TAKE, keep

SHORT = 0.5
"""The deadline of a store that will reach it."""
PATIENT = 10.0
"""That of one which will not, however busy the machine."""
SLACK = 1.0
"""By how much a busy machine may be late."""
EFFECTS: tuple[StoreEffect, ...] = (
    KEEP,
    keep(only_if_absent=True),
    Keep(Kind.LOGIN, "k", b"v", 60, instead_of="o"),
    TAKE,
    PEEK,
    Drop(Kind.LOGIN, "k"),
    RENEW,
    COUNT,
)
"""One of each kind, and each way to keep."""


@contextmanager
def opened(url: str, prefix: str = "sso", deadline: float = PATIENT) -> Iterator[RedisStore]:
    """Open a store for as long as the context lasts."""
    store = open_redis_store(url, prefix=prefix, deadline=deadline)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def administering(url: str) -> Iterator[redis.Redis]:
    """Ask the server itself, by the library's own client."""
    client = redis.Redis.from_url(url)
    try:
        yield client
    finally:
        client.close()


def at_once(stores: Sequence[RedisStore], effects: Sequence[StoreEffect]) -> list[Event]:
    """Perform each effect in a thread of its own, on the stores in turn, none before all threads are there."""
    start = Barrier(len(effects))

    def perform(position: int) -> Event:
        start.wait()
        return stores[position % len(stores)].perform(effects[position])

    with ThreadPoolExecutor(len(effects)) as threads:
        return list(threads.map(perform, range(len(effects))))


def timed(store: RedisStore, effect: StoreEffect) -> tuple[StoreEvent, float]:
    """Return the answer, and the seconds that it took."""
    start = time.monotonic()
    return store.perform(effect), time.monotonic() - start


def names(events: Sequence[Event]) -> set[str]:
    """Return what went wrong; where nothing did, what came instead."""
    return {event.why if isinstance(event, StoreUnreachable) else type(event).__name__ for event in events}
