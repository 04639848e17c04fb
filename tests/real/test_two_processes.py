"""Two processes of the service behind one address share every login, whichever of them a request comes to.

`SSO_LOGINS=1000 pytest tests/real/test_two_processes.py` plays so many logins instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from parts.postgresql import RealPostgresql
from parts.redis_server import RedisServer, redis_server
from parts.redis_stores import administering
from real.two_processes import KEY, PEOPLE, serving
from sqlalchemy import text

from sso_adapters.sql_engine import open_engine

LOGINS = int(os.environ.get("SSO_LOGINS", "60"))

pytestmark = [pytest.mark.real, pytest.mark.timeout(120 + LOGINS)]


@pytest.fixture(scope="module")
def valkey() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def database(postgresql_server: RealPostgresql) -> str:
    """The address of a database with nothing in it."""
    name = f"two_{uuid4().hex}"
    engine = open_engine(postgresql_server.address())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgresql_server.address(name)


def counts(database: str) -> dict[str, int]:
    """How many rows the tables have, and how many entries of each kind the database holds as a store."""
    engine = open_engine(database)
    with engine.connect() as connection:
        found = {
            table: int(connection.execute(text(f"SELECT count(*) FROM sso_{table}")).scalar_one())
            for table in ("accounts", "identities")
        }
        kinds = connection.execute(text("SELECT kind, count(*) FROM sso_short_lived GROUP BY kind")).all()
    engine.dispose()
    return found | {str(kind): int(count) for kind, count in kinds}


def test_f36_logins_begin_at_one_and_end_at_the_other_with_valkey_between_them(
    database: str, valkey: RedisServer, tmp_path: Path
) -> None:
    with serving(tmp_path, DATABASE_URL=database, REDIS_URL=valkey.tcp_url) as pair:
        assert pair.logins(LOGINS) == {"ok": LOGINS}
        assert pair.op.state.surprises == ()
    assert counts(database) == {"accounts": len(PEOPLE), "identities": len(PEOPLE)}
    with administering(valkey.unix_url) as asking:
        names = cast("list[bytes]", asking.keys("sso:*"))
    assert {b"login", b"session"} <= {name.split(b":")[1] for name in names}
    assert list(tmp_path.iterdir()) == []


def test_f36_and_with_sealed_cookies_and_nothing_but_postgresql(database: str, tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL=database, SSO_SEALING_KEYS=KEY) as pair:
        assert pair.logins(LOGINS) == {"ok": LOGINS}
        assert pair.op.state.surprises == ()
    found = counts(database)
    assert (found["accounts"], found["identities"]) == (len(PEOPLE), len(PEOPLE))
    assert list(tmp_path.iterdir()) == []
