"""Lines of docs/trust/ where a real database, or a real store, is the point."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from parts.postgresql import RealPostgresql
from parts.redis_server import redis_server
from parts.redis_stores import opened
from trust.scene import Scene
from trust.strangers import another_browsers_state_is_refused, subjects_are_told_apart

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.stores.sql import SqlStore

pytestmark = pytest.mark.real


@pytest.fixture
def directory(postgresql_server: RealPostgresql) -> Iterator[SqlDirectory]:
    """A directory in a database of its own."""
    with psycopg.connect(postgresql_server.address("postgres"), autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE trust")
        opened = open_directory(postgresql_server.address("trust"))
        yield opened
        opened.close()
        administrator.execute("DROP DATABASE trust WITH (FORCE)")


def test_v6_a_state_in_redis_belongs_to_one_browser() -> None:
    with redis_server() as server, opened(server.unix_url, prefix=uuid4().hex) as store, Scene(store=store) as scene:
        another_browsers_state_is_refused(scene)


def test_v7_and_so_it_does_in_postgresql(directory: SqlDirectory) -> None:
    with Scene(store=SqlStore(directory.engine)) as scene:
        another_browsers_state_is_refused(scene)


def test_v50_postgresql_tells_subjects_apart_by_every_byte(directory: SqlDirectory) -> None:
    subjects_are_told_apart(directory)
