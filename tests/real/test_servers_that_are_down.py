"""`sso-core serve` whose database and store are down when it starts, come, go and come back: it heals by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from parts import postgresql
from parts.postgresql import RealPostgresql
from parts.redis_server import RedisServer, redis_server
from real.two_processes import Pair, serving

pytestmark = pytest.mark.real

PATIENCE = 20.0
"""Seconds to heal in, on a busy machine; an idle one takes two."""


@pytest.fixture
def database() -> Iterator[RealPostgresql]:
    """A server for one test, which may do to it what it likes."""
    with postgresql.running() as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def becomes(pair: Pair, expected: Callable[[str], bool]) -> str:
    """Try logins until one comes to what is expected; return what the last came to."""
    deadline = time.monotonic() + PATIENCE
    came = ""
    while not expected(came) and time.monotonic() < deadline:
        came = pair.login(0)
    return came


def test_f28_a_service_starts_without_its_servers_and_heals_each_time_they_come_back(
    database: RealPostgresql, valkey: RedisServer, tmp_path: Path
) -> None:
    database.stop()
    valkey.stop()
    with serving(tmp_path, DATABASE_URL=database.address(), REDIS_URL=valkey.tcp_url) as pair:
        assert pair.login(0) == "start 503"
        valkey.start()
        # Nobody is sent to the provider who could not be let in afterwards, or they are told so when they come back.
        assert pair.login(0) in {"start 503", "callback 503"}
        database.start()
        assert becomes(pair, lambda came: came == "ok") == "ok"
        for server in (database, valkey):
            server.stop()
            assert pair.login(0).endswith(" 503")
            server.start()
            assert becomes(pair, lambda came: came == "ok") == "ok"
