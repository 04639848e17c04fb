"""First logins over PostgreSQL: all at once, and while the connections to it are ended."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from first_logins import (
    NOTHING,
    ONE_PERSON,
    Scene,
    check_one_account_and_many_sessions,
    check_refused_people_leave_nothing,
    scene,
)
from parts.postgresql import RealPostgresql
from sqlalchemy import event

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sql import SqlStore

pytestmark = pytest.mark.real

SEE_OTHER, OUTAGE = 303, 503
MOST_STATEMENTS = 200
"""More than a login takes."""
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@pytest.fixture
def name(postgresql_server: RealPostgresql) -> str:
    """A database with nothing in it."""
    name = f"first_{uuid4().hex}"
    with psycopg.connect(postgresql_server.address(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return name


@pytest.fixture
def directory(postgresql_server: RealPostgresql, name: str) -> Iterator[SqlDirectory]:
    directory = open_directory(postgresql_server.address(name), patience=30)
    yield directory
    directory.close()


@pytest.fixture
def in_one_database(directory: SqlDirectory) -> Scene:
    """A service whose store is the directory's database."""
    return scene(directory, SqlStore(directory.engine, patience=30))


def test_f42_first_logins_of_one_person_at_once_leave_one_account_and_a_session_each(in_one_database: Scene) -> None:
    check_one_account_and_many_sessions(in_one_database)


def test_people_who_are_refused_leave_no_row(in_one_database: Scene) -> None:
    check_refused_people_leave_nothing(in_one_database)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_f40_connections_that_are_ended_at_any_point_leave_no_half_account(
    moment: str, lasting: bool, directory: SqlDirectory, name: str, postgresql_server: RealPostgresql
) -> None:
    """One that dies before its COMMIT is replaced, and of one that dies at it the outcome is looked up."""
    with psycopg.connect(postgresql_server.address(), autocommit=True) as killer:
        for point in range(MOST_STATEMENTS):
            here = scene(directory, MemoryStore())
            with here.browser() as client:
                path = here.visit_provider(client)
                passed: list[None] = []

                def end(*_occasion: object, point: int = point, passed: list[None] = passed) -> None:
                    passed.append(None)
                    if len(passed) == point + 1 or (lasting and len(passed) > point):
                        killer.execute(END, (name,))

                event.listen(directory.engine, moment, end)
                status = client.get(path).status_code
                event.remove(directory.engine, moment, end)
            if len(passed) <= point:
                assert status == SEE_OTHER
                break
            assert status == (OUTAGE if lasting else SEE_OTHER)
            assert here.rows() == (NOTHING if lasting else ONE_PERSON)
            assert here.login() == SEE_OTHER
            assert here.rows() == ONE_PERSON
            _empty(directory)
        else:
            pytest.fail("a login that never ends")


def _empty(directory: SqlDirectory) -> None:
    with directory.engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE sso_accounts, sso_teams CASCADE")
