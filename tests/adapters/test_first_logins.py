from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from first_logins import (
    NOTHING,
    ONE_PERSON,
    Scene,
    check_one_account_and_many_sessions,
    check_refused_people_leave_nothing,
    scene,
)

from sso_adapters.directories.sql import open_directory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SqliteStore

SEE_OTHER, OUTAGE = 303, 503
MOST_STATEMENTS = 200
"""More than a login takes."""


@pytest.fixture
def over_files(tmp_path: Path) -> Iterator[Scene]:
    """A service with the files that it has by default."""
    directory, store = (
        open_directory(f"sqlite:///{tmp_path}/d.sqlite3", patience=30),
        SqliteStore(tmp_path / "s.sqlite3"),
    )
    yield scene(directory, store)
    store.close()
    directory.close()


def test_first_logins_of_one_person_at_once_leave_one_account_and_a_session_each(over_files: Scene) -> None:
    check_one_account_and_many_sessions(over_files)


def test_people_who_are_refused_leave_no_row(over_files: Scene) -> None:
    check_refused_people_leave_nothing(over_files)


@pytest.mark.parametrize(
    ("door", "lasting", "expected"),
    [
        ("do_execute", False, OUTAGE),
        ("do_execute", True, OUTAGE),
        ("do_commit", False, SEE_OTHER),  # the outcome is unknown, so the login looks, and writes again
        ("do_commit", True, OUTAGE),
    ],
)
def test_f40_a_database_that_fails_at_any_point_leaves_no_half_account(
    door: str, lasting: bool, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[int] = []
    for point in range(MOST_STATEMENTS):
        directory = open_directory(f"sqlite:///{tmp_path}/{door}-{point}.sqlite3")
        here = scene(directory, MemoryStore())
        with here.browser() as client:
            path = here.visit_provider(client)
            with monkeypatch.context() as patched:
                passed = _fail_at(point, door, directory.engine.dialect, patched, lasting=lasting)
                status = client.get(path).status_code
        assert here.rows() == (NOTHING if status == OUTAGE else ONE_PERSON)
        assert here.login() == SEE_OTHER
        assert here.rows() == ONE_PERSON
        directory.close()
        if len(passed) <= point:
            assert status == SEE_OTHER
            break
        met.append(status)
    assert met == [expected] * (len(met) or 1)


def _fail_at(point: int, door: str, dialect: Any, patched: pytest.MonkeyPatch, *, lasting: bool) -> list[None]:
    """Let the disk fail when it is used so for the `point`th time, once or ever after; the list grows by each use."""
    passed: list[None] = []
    really = getattr(dialect, door)

    def use(*arguments: object) -> object:
        passed.append(None)
        if len(passed) == point + 1 or (lasting and len(passed) > point):
            raise sqlite3.OperationalError("disk I/O error")
        return really(*arguments)

    patched.setattr(dialect, door, use)
    return passed
