"""The store in Redis, on a real server: what every store promises, and what several askers at once may expect."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import anyio
import pytest
import redis
from parts.redis_server import RedisServer, redis_server
from parts.redis_stores import administering, at_once, opened

from sso_adapters.stores.memory import StoreEvent
from sso_adapters.stores.redis import RedisStore
from sso_adapters.stores.redis_address import Address
from sso_adapters.stores.redis_connections import Connections
from sso_adapters.world import AsyncWorld
from sso_core.effects import Count, Drop, Keep, Kind, StoreEffect
from sso_core.events import (
    AlreadyTaken,
    Counted,
    Dropped,
    Event,
    Found,
    Kept,
    Missing,
    Occupied,
    StoreUnreachable,
    Taken,
)
from sso_core.testing.store_effects import KEEP, PEEK, TAKE, keep, peek, take
from sso_core.testing.store_suite import RACERS, StoreSuite

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(params=["unix_url", "tcp_url"])
def url(request: pytest.FixtureRequest) -> str:
    """A server that somebody runs, if he says where; else our own."""
    named = os.environ.get("SSO_REDIS_URL")
    if named:
        return named
    address: str = getattr(request.getfixturevalue("server"), request.param)
    return address


# What every store promises


class Ageing:
    """A store whose entries age by as much as a test moves its clock: the server's own clock is nobody's to move."""

    def __init__(self, store: RedisStore, admin: redis.Redis, prefix: str, clock: Callable[[], float]) -> None:
        self._store, self._admin, self._prefix, self._clock = store, admin, prefix, clock
        self._now = clock()

    def perform(self, effect: StoreEffect) -> StoreEvent:
        passed, self._now = self._clock() - self._now, self._clock()
        if passed:
            for name in self._admin.scan_iter(match=f"{self._prefix}:*"):
                left: Any = self._admin.pttl(name)
                self._admin.pexpire(name, int(left - 1000 * passed))
        return self._store.perform(effect)


class TestRedis(StoreSuite):
    @pytest.fixture(autouse=True)
    def _server(self, url: str) -> Iterator[None]:
        self.url = url
        self.prefix = f"sso-test-{uuid4().hex}"
        with opened(url, self.prefix, 30) as store, administering(url) as admin:
            self.store, self.admin = store, admin
            yield
            for name in admin.scan_iter(match=f"{self.prefix}:*"):
                admin.delete(name)

    def open(self, clock: Callable[[], float]) -> Ageing:
        return Ageing(self.store, self.admin, self.prefix, clock)

    def perform_at_once(self, store: Any, effects: Sequence[StoreEffect]) -> list[Event]:
        assert isinstance(store, Ageing)
        return at_once([self.store], effects)


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    with opened(server.tcp_url, uuid4().hex) as store:
        yield store


def test_a_time_is_counted_in_parts_of_a_second(store: RedisStore) -> None:
    begun = time.monotonic()
    store.perform(keep(ttl=0.25))
    store.perform(keep(b"longer", "longer", ttl=60.25))
    while store.perform(PEEK) == Found(b"value"):
        assert time.monotonic() - begun < 5
    assert time.monotonic() - begun >= 0.25
    assert store.perform(peek("longer")) == Found(b"longer")


@pytest.mark.parametrize("ttl", [0.0, -1.0])
@pytest.mark.parametrize("only_if_absent", [False, True])
def test_what_is_over_at_once_is_not_there_and_what_it_replaces_goes(
    store: RedisStore, ttl: float, *, only_if_absent: bool
) -> None:
    store.perform(keep(b"old", "old"))
    assert store.perform(Keep(Kind.LOGIN, "new", b"new", ttl, only_if_absent, "old")) == Kept()
    assert store.perform(peek("new")) == Missing()
    assert store.perform(peek("old")) == Missing()
    store.perform(KEEP)
    assert store.perform(take(marker_ttl=ttl)) == Taken(b"value")
    assert store.perform(TAKE) == Missing()


@pytest.mark.parametrize("ttl", [1e-9, 1e12, float("inf")])
def test_no_time_is_too_short_or_too_long_for_the_server(store: RedisStore, ttl: float) -> None:
    assert store.perform(keep(ttl=ttl)) == Kept()
    assert store.perform(keep(key="n", ttl=ttl, only_if_absent=True)) == Kept()


def test_a_count_without_an_end_is_given_one(server: RedisServer) -> None:
    with opened(server.tcp_url) as store, administering(server.tcp_url) as admin:
        admin.set("sso:tries:endless", 7)
        assert store.perform(Count(Kind.TRIES, "endless", 60.5)) == Counted(8, 60.5)
        assert 0 < int(admin.pttl("sso:tries:endless")) <= 60_500
        assert store.perform(Count(Kind.TRIES, "over at once", 0)) == Counted(1, 0)
        assert store.perform(Count(Kind.TRIES, "over at once", 0)) == Counted(1, 0)


def test_a_refused_keep_drops_nothing_either(store: RedisStore) -> None:
    store.perform(keep(key="a"))
    store.perform(keep(b"there", "b"))
    assert store.perform(Keep(Kind.LOGIN, "b", b"new", 60, True, "a")) == Occupied(b"there")
    assert store.perform(peek("a")) == Found(b"value")


def test_a_key_that_cannot_be_sent_is_a_bug_and_leaves_the_store_usable(store: RedisStore) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.perform(keep(key="\ud800"))
    assert store.perform(KEEP) == Kept()


def test_an_entry_that_somebody_else_wrote_is_no_value(server: RedisServer) -> None:
    reading: tuple[StoreEffect, ...] = (peek("foreign"), take("foreign"), keep(key="foreign", only_if_absent=True))
    with opened(server.tcp_url) as store, administering(server.tcp_url) as admin:
        for written in (b"", b"other"):
            admin.set("sso:login:foreign", written)
            for effect in reading:
                assert store.perform(effect) == StoreUnreachable("InvalidResponse")
            assert store.perform(Count(Kind.LOGIN, "foreign", 60)) == StoreUnreachable("ResponseError")
            assert admin.get("sso:login:foreign") == written
        admin.delete("sso:login:foreign")
        admin.lpush("sso:login:foreign", "list")
        assert store.perform(peek("foreign")) == StoreUnreachable("ResponseError")
        assert store.perform(Drop(Kind.LOGIN, "foreign")) == Dropped()


def test_prefixes_and_databases_are_told_apart(server: RedisServer) -> None:
    other = server.tcp_url.removesuffix("/0") + "/1"
    with opened(server.tcp_url, "a") as a, opened(server.tcp_url, "b") as b, opened(other, "a") as elsewhere:
        a.perform(KEEP)
        assert b.perform(PEEK) == Missing()
        assert elsewhere.perform(PEEK) == Missing()


# Several at once

TAKER = """
import sys
from sso_adapters.stores.redis import open_redis_store
from sso_core.testing.store_suite import take
store = open_redis_store(sys.argv[1], prefix=sys.argv[2])
input()
print(*(type(store.perform(take(str(number)))).__name__ for number in range(200)))
store.close()
"""


def test_of_two_processes_one_takes(server: RedisServer) -> None:
    prefix = uuid4().hex
    command = [sys.executable, "-c", TAKER, server.unix_url, prefix]
    with opened(server.tcp_url, prefix) as store:
        for number in range(200):
            store.perform(keep(key=str(number)))
        takers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for taker in takers:
            assert taker.stdin
            taker.stdin.write("\n")
            taker.stdin.flush()
        said = [taker.communicate(timeout=60)[0].split() for taker in takers]
        assert all({*pair} == {"Taken", "AlreadyTaken"} for pair in zip(*said, strict=True))
        assert len(said[0]) == 200
        assert store.perform(take("0")) == AlreadyTaken(b"marker")


class Nobody:
    """Stands for the parts of a world that are not asked."""

    in_memory: ClassVar[bool] = True

    async def send(self, request: Any) -> Any:
        raise AssertionError

    async def read(self, effect: Any) -> Any:
        raise AssertionError

    def warm(self, issuer: str) -> Any:
        raise AssertionError

    def perform(self, effect: Any) -> Any:
        raise AssertionError


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_f32_of_fifty_tasks_one_takes(server: RedisServer, backend: str) -> None:
    events: list[Event] = []

    async def race(store: RedisStore) -> None:
        nobody: Any = Nobody()
        world = AsyncWorld(nobody, nobody, store, nobody)
        assert await world.perform(KEEP) == Kept()

        async def attempt() -> None:
            events.append(await world.perform(TAKE))

        async with anyio.create_task_group() as group:
            for _ in range(RACERS):
                group.start_soon(attempt)
        assert await world.perform(Drop(Kind.LOGIN, KEEP.key)) == Dropped()

    with opened(server.tcp_url, uuid4().hex) as store:
        anyio.run(race, store, backend=backend)
    assert events.count(Taken(b"value")) == 1
    assert events.count(AlreadyTaken(b"marker")) == RACERS - 1


def test_a_crowd_shares_few_connections(server: RedisServer) -> None:
    connections = Connections(Address.of(server.tcp_url), deadline=30, most=2)
    store = RedisStore(connections, prefix=uuid4().hex)
    with administering(server.tcp_url) as admin:
        before = len(admin.client_list())
        events = at_once([store], [KEEP] * RACERS)
        assert len(admin.client_list()) - before <= 2
    assert events == [Kept()] * RACERS
    store.close()


def test_f33_who_gets_no_connection_in_time_is_told(server: RedisServer) -> None:
    connections = Connections(Address.of(server.tcp_url), deadline=0.1, most=1)
    store = RedisStore(connections, prefix="sso")
    with connections.lent():
        assert store.perform(PEEK) == StoreUnreachable("TimeoutError")
    assert store.perform(PEEK) == Missing()
    store.close()


def test_a_connection_that_was_idle_for_long_is_replaced(server: RedisServer) -> None:
    for longest_idle, same in ((60.0, True), (-1.0, False)):
        connections = Connections(Address.of(server.tcp_url), deadline=2, longest_idle=longest_idle)
        with connections.lent() as line:
            first = line.ask("CLIENT", "ID")
        with connections.lent() as line:
            assert (line.ask("CLIENT", "ID") == first) is same
        connections.close()


def test_a_closed_store_is_unreachable_and_closes_what_comes_back(server: RedisServer) -> None:
    connections = Connections(Address.of(server.tcp_url), deadline=2)
    store = RedisStore(connections, prefix="sso")
    with connections.lent() as line:
        own = line.ask("CLIENT", "ID")
        store.close()
        assert line.ask("PING") == b"PONG"
    assert store.perform(PEEK) == StoreUnreachable("ConnectionError")
    with administering(server.tcp_url) as admin:
        assert str(own) not in {client["id"] for client in admin.client_list()}


FORKED = """
import os, sys
from sso_adapters.stores.redis_address import Address
from sso_adapters.stores.redis_connections import Connections
connections = Connections(Address.of(sys.argv[1]), deadline=5)
def say():
    with connections.lent() as line:
        print(line.ask("CLIENT", "ID"), flush=True)
say()
child = os.fork()
if child:
    os.waitpid(child, 0)
say()
say()
connections.close()
"""


@pytest.mark.parametrize("transport", ["unix_url", "tcp_url"])
def test_a_child_process_talks_on_a_connection_of_its_own(server: RedisServer, transport: str) -> None:
    command = [sys.executable, "-c", FORKED, getattr(server, transport)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    first, *childs, after, last = done.stdout.split()
    assert childs == [childs[0]] * 2
    assert childs[0] != first
    assert (after, last) == (first, first)
