"""The store in Redis when the server is down, stands still, is full or changes its role, and when answers are lost."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from parts.redis_server import RedisServer, redis_server
from parts.redis_stores import EFFECTS, SHORT, SLACK, administering, at_once, names, opened, timed
from parts.relay import Relay, certified

from sso_adapters.stores.redis import open_redis_store
from sso_core.effects import Drop, Keep, Kind, StoreEffect
from sso_core.events import AlreadyTaken, Dropped, Found, Kept, Missing, StoreUnreachable, Taken
from sso_core.testing.store_effects import KEEP, PEEK, TAKE, keep, peek, take

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def fragile() -> Iterator[RedisServer]:
    """A server for one test, which may do to it what it likes."""
    with redis_server() as running:
        yield running


@pytest.mark.parametrize("transport", ["unix_url", "tcp_url"])
def test_f33_a_server_that_is_down_is_told_at_once_and_found_when_it_is_back(
    fragile: RedisServer, transport: str
) -> None:
    with opened(getattr(fragile, transport)) as store:
        at_once([store], [KEEP] * 10)
        fragile.stop()
        for effect in EFFECTS:
            event, took = timed(store, effect)
            assert event == StoreUnreachable("ConnectionError")
            assert took < SLACK
        fragile.start()
        assert at_once([store], [TAKE] * 10) == [Missing()] * 10
        assert store.perform(KEEP) == Kept()
        assert store.perform(TAKE) == Taken(b"value")


@pytest.mark.parametrize("transport", ["unix_url", "tcp_url"])
def test_f33_a_server_that_was_started_again_costs_nobody_anything(fragile: RedisServer, transport: str) -> None:
    with opened(getattr(fragile, transport)) as store:
        at_once([store], [KEEP] * 10)
        fragile.stop()
        fragile.start()
        assert at_once([store], [TAKE] * 20) == [Missing()] * 20


@pytest.mark.parametrize("transport", ["unix_url", "tcp_url"])
def test_f33_a_server_that_stands_still_is_given_up_at_the_deadline(fragile: RedisServer, transport: str) -> None:
    with opened(getattr(fragile, transport), deadline=SHORT) as store:
        store.perform(KEEP)
        fragile.pause()
        for effect in (TAKE, *EFFECTS):
            event, took = timed(store, effect)
            assert event == StoreUnreachable("TimeoutError")
            assert SHORT * 0.9 < took < SHORT + SLACK
        fragile.resume()
        assert store.perform(keep(key="other")) == Kept()
        assert store.perform(take("other")) == Taken(b"value")


def test_f29_a_take_whose_answer_was_lost_is_carried_out_once_and_not_sent_again(fragile: RedisServer) -> None:
    with Relay(fragile.port, lose=b"EVAL") as relay, opened(fragile.tcp_url) as direct, opened(relay.url) as store:
        direct.perform(TAKE)  # the server knows the script
        direct.perform(KEEP)
        at_once([store], [peek("other")] * 10)
        with administering(fragile.tcp_url) as admin:
            admin.config_resetstat()
            assert store.perform(take(marker=b"lost")) == StoreUnreachable("ConnectionError")
            assert admin.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
        assert not store._connections._idle  # the others lead to the same server
        assert direct.perform(take(marker=b"later")) == AlreadyTaken(b"lost")
        assert store.perform(PEEK) == AlreadyTaken(b"lost")


def test_an_answer_in_drops_does_not_outlast_the_deadline(server: RedisServer) -> None:
    with (
        Relay(server.port, drip=0.1) as relay,
        opened(relay.url, deadline=SHORT) as store,
        opened(server.tcp_url) as direct,
    ):
        direct.perform(keep(bytes(100), "long"))
        event, took = timed(store, peek("long"))
    assert event == StoreUnreachable("TimeoutError")
    assert took < SHORT + SLACK


def test_over_tls_the_certificate_and_its_name_are_checked(server: RedisServer, tmp_path: Path) -> None:
    context, authority, _ = certified(tmp_path, "localhost")
    with Relay(server.port, context=context) as relay:
        port, files = relay.port, f"?ssl_ca_certs={authority}"
        with opened(f"rediss://localhost:{port}{files}", uuid4().hex) as store:
            assert store.perform(KEEP) == Kept()
            relay.hang_up()
            assert store.perform(TAKE) == Taken(b"value")
            assert relay.connections == 2
            assert store.perform(TAKE) == AlreadyTaken(b"marker")
            assert relay.connections == 2
        for url in (f"rediss://localhost:{port}", f"rediss://127.0.0.1:{port}{files}", f"redis://localhost:{port}"):
            with opened(url) as store:
                assert names([store.perform(PEEK)]) <= {"ConnectionError", "TimeoutError"}
    with pytest.raises(OSError, match="file"):
        open_redis_store("rediss://localhost?ssl_ca_certs=/nowhere")


def test_over_tls_the_client_shows_its_certificate(server: RedisServer, tmp_path: Path) -> None:
    context, certificate, key = certified(tmp_path, "localhost")
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with Relay(server.port, context=context) as relay:
        url = f"rediss://localhost:{relay.port}?ssl_ca_certs={certificate}"
        with opened(url) as nobody, opened(f"{url}&ssl_certfile={certificate}&ssl_keyfile={key}") as store:
            assert store.perform(KEEP) == Kept()
            assert nobody.perform(PEEK) == StoreUnreachable("ConnectionError")


@pytest.mark.parametrize("transport", ["unix_url", "tcp_url"])
def test_a_time_that_is_over_at_once_leaves_none_to_connect(server: RedisServer, transport: str) -> None:
    with opened(getattr(server, transport), deadline=1e-9) as store:
        assert store.perform(PEEK) == StoreUnreachable("TimeoutError")


def test_f33_a_server_without_memory_refuses_to_keep_and_to_take_and_lets_look_and_drop(fragile: RedisServer) -> None:
    with opened(fragile.tcp_url) as store, administering(fragile.tcp_url) as admin:
        for key in ("a", "b"):
            store.perform(keep(key=key))
        admin.config_set("maxmemory-policy", "noeviction")
        admin.config_set("maxmemory", 1)
        swap = Keep(Kind.LOGIN, "k", b"v", 60, instead_of="a")
        refused: tuple[StoreEffect, ...] = (KEEP, keep(only_if_absent=True), swap, take("a"))
        assert names([store.perform(effect) for effect in refused]) <= {"OutOfMemoryError", "ResponseError"}
        assert store.perform(peek("a")) == Found(b"value")
        assert store.perform(Drop(Kind.LOGIN, "b")) == Dropped()
        admin.config_set("maxmemory", 0)
        assert store.perform(take("a")) == Taken(b"value")


def test_f30_a_server_that_became_a_replica_takes_nothing_until_it_is_none(fragile: RedisServer) -> None:
    with opened(fragile.tcp_url) as store, administering(fragile.tcp_url) as admin:
        store.perform(KEEP)
        admin.replicaof("127.0.0.1", "1")
        changes: tuple[StoreEffect, ...] = (KEEP, TAKE, Drop(Kind.LOGIN, "k"))
        for effect in changes:
            assert names([store.perform(effect)]) <= {"ReadOnlyError", "ResponseError"}
        admin.replicaof("NO", "ONE")
        assert store.perform(TAKE) == Taken(b"value")


def test_f33_a_server_that_wants_another_password_is_an_outage_until_the_password_is_right(
    fragile: RedisServer,
) -> None:
    with administering(fragile.tcp_url) as admin:
        admin.config_set("requirepass", "right")
        with (
            opened(fragile.tcp_url.replace("redis://", "redis://:wr0ng@")) as wrong,
            opened(fragile.tcp_url) as without,
        ):
            for effect in EFFECTS:
                for store in (wrong, without):
                    event, took = timed(store, effect)
                    assert isinstance(event, StoreUnreachable)
                    assert "wr0ng" not in event.why
                    assert took < SLACK
        with opened(fragile.tcp_url.replace("redis://", "redis://:right@")) as store:
            assert store.perform(KEEP) == Kept()
            admin.config_set("requirepass", "wr0ng")
        with opened(fragile.tcp_url.replace("redis://", "redis://:wr0ng@")) as store:
            assert store.perform(TAKE) == Taken(b"value")


def test_a_server_that_forgot_its_scripts_is_told_them_again(fragile: RedisServer) -> None:
    with opened(fragile.tcp_url) as store, administering(fragile.tcp_url) as admin:
        for _ in range(2):
            admin.script_flush()
            assert store.perform(keep(only_if_absent=True)) == Kept()
            assert store.perform(TAKE) == Taken(b"value")
            store.perform(Drop(Kind.LOGIN, KEEP.key))
