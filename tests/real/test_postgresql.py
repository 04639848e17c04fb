"""The directory and the store in a real PostgreSQL: the suites, and what becomes of them when it fails."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Barrier, Timer
from typing import Any

import anyio
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from at_once import perform_at_once
from parts import postgresql
from parts.postgresql import RealPostgresql
from sqlalchemy import Connection, event

from sso_adapters.directories.migrations import HEAD, VERSION_TABLE
from sso_adapters.directories.schema import metadata
from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.service import build_service
from sso_adapters.sql_engine import DatabaseError
from sso_adapters.stores.sql import SWEPT, SqlStore
from sso_core.effects import Keep, Kind, ReadAccount, StoreEffect, WriteAccount
from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Conflict,
    DirectoryUnreachable,
    Event,
    Found,
    Kept,
    Missing,
    OutcomeUnknown,
    StoreUnreachable,
    Taken,
    Written,
)
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.records import AccountUnchanged, EnsureTeam, LinkIdentity, SeatLeft, Team
from sso_core.secret import Secret
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.origin import Origin
from sso_core.settings.service import ServiceSettings
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.directory_races import SEATS
from sso_core.testing.directory_scenes import (
    ISSUER,
    RACERS,
    Directory,
    DirectoryEffect,
    account,
    changes,
    creation,
    facts,
    person,
    update,
)
from sso_core.testing.directory_suite import DirectorySuite
from sso_core.testing.store_effects import KEEP, PEEK, TAKE, keep
from sso_core.testing.store_suite import Clock, Store, StoreSuite

pytestmark = pytest.mark.real

READ = ReadAccount(ISSUER, "alice")
CREATE = creation(person())
TABLES = ", ".join(table.name for table in metadata.sorted_tables)
OPEN = """
import sys
from sso_adapters.directories.sql import open_directory
from sso_core.testing.directory_scenes import creation, person
print(open_directory(sys.argv[1]).perform(creation(person(sys.argv[2], sys.argv[2]))))
"""


def ask(server: RealPostgresql, statement: str, database: str = "postgres") -> list[Any]:
    """Ask the server, as its administrator would."""
    with psycopg.connect(server.address(database), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def directory(postgresql_server: RealPostgresql) -> Iterator[SqlDirectory]:
    opened = open_directory(postgresql_server.address())
    ask(postgresql_server, f"TRUNCATE {TABLES}")
    yield opened
    opened.close()


@pytest.fixture
def fresh(postgresql_server: RealPostgresql) -> Iterator[str]:
    """A database in which nothing is yet."""
    ask(postgresql_server, "CREATE DATABASE fresh")
    yield postgresql_server.address("fresh")
    ask(postgresql_server, "DROP DATABASE fresh WITH (FORCE)")


class TestDirectory(DirectorySuite):
    @pytest.fixture(autouse=True)
    def _directory(self, directory: SqlDirectory) -> None:
        self.directory = directory

    def open(self) -> SqlDirectory:
        return self.directory

    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> list[Event]:
        return perform_at_once([directory], effects)


class TestDirectoriesOfSeveralProcesses(TestDirectory):
    """Each has an engine of its own, as the processes of several machines do."""

    @pytest.fixture(autouse=True)
    def _others(self, directory: SqlDirectory, postgresql_server: RealPostgresql) -> Iterator[None]:
        self.others = [open_directory(postgresql_server.address()) for _ in range(3)]
        yield
        for other in self.others:
            other.close()

    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> list[Event]:
        return perform_at_once([directory, *self.others], effects)


class TestStore(StoreSuite):
    @pytest.fixture(autouse=True)
    def _directory(self, directory: SqlDirectory, postgresql_server: RealPostgresql) -> Iterator[None]:
        self.other = open_directory(postgresql_server.address())
        self.directory = directory
        yield
        self.other.close()

    def open(self, clock: Callable[[], float]) -> SqlStore:
        self.clock = clock
        return SqlStore(self.directory.engine, clock=clock, patience=10)

    def perform_at_once(self, store: Store, effects: Sequence[StoreEffect]) -> list[Event]:
        return perform_at_once([store, SqlStore(self.other.engine, clock=self.clock, patience=10)], effects)


# Opening


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_may_be_written_in_any_of_its_spellings(postgresql_server: RealPostgresql, scheme: str) -> None:
    directory = open_directory(postgresql_server.address().replace("postgresql", scheme, 1))
    assert isinstance(directory.perform(READ), AccountFacts)
    directory.close()


def test_several_processes_may_start_at_once_on_a_database_that_is_empty(fresh: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, fresh, name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b", "c", "d")
    ]
    assert [process.communicate(timeout=60)[0] for process in started] == ["Written()\n"] * 4


def test_the_revisions_make_the_tables_of_the_schema(directory: SqlDirectory) -> None:
    with directory.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_revisions_that_cannot_be_carried_out_leave_nothing_behind(
    postgresql_server: RealPostgresql, fresh: str
) -> None:
    ask(postgresql_server, "CREATE TABLE sso_short_lived (id int)", "fresh")
    with pytest.raises(DatabaseError, match='DuplicateTable: relation "sso_short_lived" already exists'):
        open_directory(fresh)
    tables = ask(postgresql_server, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'", "fresh")
    assert tables == [("sso_short_lived",)]


def test_a_directory_of_a_later_version_is_refused(postgresql_server: RealPostgresql, fresh: str) -> None:
    open_directory(fresh).close()
    ask(postgresql_server, f"UPDATE {VERSION_TABLE} SET version_num = '9999'", "fresh")
    with pytest.raises(DatabaseError, match=f"has version 9999, and this program knows none beyond {HEAD}"):
        open_directory(fresh)


def test_a_server_that_is_not_there_is_refused_without_its_password() -> None:
    with pytest.raises(DatabaseError, match="OperationalError: connection") as refused:
        open_directory("postgresql://alice:canary@127.0.0.1:1/accounts")
    assert "canary" not in str(refused.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(DatabaseError, match="ConnectionTimeout"):
            open_directory(f"postgresql://alice@127.0.0.1:{silent.getsockname()[1]}/accounts", patience=2)
        assert time.monotonic() - started < 10


# Beside others


@pytest.mark.parametrize("default", ["serializable", "repeatable read"])
def test_guards_hold_whatever_the_database_takes_for_isolation(
    postgresql_server: RealPostgresql, fresh: str, default: str
) -> None:
    ask(postgresql_server, f"ALTER DATABASE fresh SET default_transaction_isolation = '{default}'")
    directories = [open_directory(fresh) for _ in range(2)]
    racers = [creation(person(str(number), str(number)), SeatLeft(SEATS)) for number in range(RACERS)]
    answers = perform_at_once(directories, racers)
    assert (answers.count(Written()), answers.count(Conflict())) == (SEATS, RACERS - SEATS)
    for directory in directories:
        directory.close()


def test_a_read_sees_one_moment(directory: SqlDirectory, postgresql_server: RealPostgresql) -> None:
    other = open_directory(postgresql_server.address())
    directory.perform(CREATE)
    between: list[object] = []

    def somebody_is_quicker(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "count(" in statement and not between:
            between.append(other.perform(creation(person("bob", "b"))))

    event.listen(directory.engine, "before_cursor_execute", somebody_is_quicker)
    assert facts(directory, count_seats=True).seats_taken == 1
    assert between == [Written()]
    assert facts(directory, count_seats=True).seats_taken == 2
    other.close()


def test_who_writes_by_other_ways_is_met_at_the_keys_of_the_tables(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    """An administrator's script takes no lock of ours: the guard holds when it is asked, and not at the end."""

    def a_script_is_quicker(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO sso_accounts"):
            ask(
                postgresql_server,
                "INSERT INTO sso_accounts SELECT 'script', '', 1, NULL, NULL, NULL, false, NULL, '[]', NULL, NULL,"
                f" NULL, false; INSERT INTO sso_identities VALUES ('{ISSUER}', 'alice', 'script')",
            )

    event.listen(directory.engine, "before_cursor_execute", a_script_is_quicker)
    assert directory.perform(CREATE) == Conflict()
    assert account(directory) == person("alice", "script")


def test_an_account_that_a_decision_rests_on_stands_still_until_the_commit(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    directory.perform(CREATE)
    held_off: list[str] = []

    def a_script_wants_it_too(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO sso_identities"):
            with pytest.raises(psycopg.errors.LockNotAvailable) as refused:
                ask(postgresql_server, "SET lock_timeout = '50ms'; UPDATE sso_accounts SET revision = 7")
            held_off.append(str(refused.value))

    event.listen(directory.engine, "before_cursor_execute", a_script_wants_it_too)
    linking = WriteAccount((LinkIdentity("id", ISSUER, "other"),), (AccountUnchanged("id", 1),))
    assert directory.perform(linking) == Written()
    assert len(held_off) == 1


def test_who_holds_a_row_for_long_makes_the_directory_unreachable(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    directory.perform(CREATE)
    hasty = SqlDirectory(directory.engine, patience=0.3)
    with psycopg.connect(postgresql_server.address()) as script:
        script.execute("SELECT * FROM sso_accounts FOR UPDATE")
        assert hasty.perform(update(person(), 1, role="admin")) == DirectoryUnreachable("QueryCanceled")
        assert hasty.perform(READ) == AccountFacts(person())
    assert hasty.perform(update(person(), 1, role="admin")) == Written()


def test_who_leaves_a_transaction_open_is_shown_out(directory: SqlDirectory) -> None:
    """A process that was stopped in the middle lets go of its locks in time."""
    frozen = SqlDirectory(directory.engine, patience=0.5)
    waiting: list[Event] = []

    def freeze(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO sso_accounts") and not waiting:
            waiting.append(DirectoryUnreachable())
            waiting[:] = [directory.perform(creation(person("bob", "b"), SeatLeft(1)))]

    event.listen(directory.engine, "before_cursor_execute", freeze)
    frozen.perform(creation(person("alice", "a"), SeatLeft(1)))
    assert waiting == [Written()]
    assert account(directory) is None


def test_f41_of_two_that_wait_for_each_other_one_gives_way_and_tries_again(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    other = open_directory(postgresql_server.address())
    both, met = Barrier(2), set[int]()

    def meet(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO sso_teams") and id(connection.engine.pool) not in met:
            met.add(id(connection.engine.pool))
            both.wait(20)

    for one in (directory, other):
        event.listen(one.engine, "after_cursor_execute", meet)
    red, blue = EnsureTeam(Team("red")), EnsureTeam(Team("blue"))
    effects = [changes(red, blue), changes(blue, red)]
    assert perform_at_once([directory, other], effects) == [Written(), Written()]
    assert facts(directory, teams=("red", "blue")).teams == (Team("blue"), Team("red"))
    other.close()


# Failing


def end_connections(server: RealPostgresql) -> None:
    ask(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sso-core'")


@pytest.mark.parametrize("effect", [READ, CREATE, KEEP, PEEK, TAKE])
def test_a_connection_that_died_while_nobody_used_it_is_replaced(
    directory: SqlDirectory, postgresql_server: RealPostgresql, effect: Any
) -> None:
    performer: Any = SqlStore(directory.engine) if effect in (KEEP, PEEK, TAKE) else directory
    assert isinstance(directory.perform(READ), AccountFacts)
    end_connections(postgresql_server)
    assert not isinstance(performer.perform(effect), DirectoryUnreachable | StoreUnreachable | OutcomeUnknown)


def test_a_connection_that_dies_before_the_commit_is_replaced_and_all_is_written_once(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    died: list[int] = []

    def die(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO sso_identities") and not died:
            died.append(1)
            end_connections(postgresql_server)

    event.listen(directory.engine, "before_cursor_execute", die)
    assert directory.perform(CREATE) == Written()
    assert died
    assert account(directory) == person()


def test_f41_a_connection_that_dies_at_the_commit_leaves_the_outcome_unknown_and_nothing_half(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    event.listen(directory.engine, "commit", lambda _connection: end_connections(postgresql_server), once=True)
    assert directory.perform(CREATE) == OutcomeUnknown()
    assert account(directory) is None
    assert directory.perform(CREATE) == Written()


def test_f41_a_commit_whose_answer_is_lost_leaves_the_outcome_unknown_and_everything_written(
    directory: SqlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = directory.engine.dialect.do_commit

    def lose(connection: Any) -> None:
        commit(connection)
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(directory.engine.dialect, "do_commit", lose)
        assert directory.perform(CREATE) == OutcomeUnknown()
        assert SqlStore(directory.engine).perform(KEEP) == StoreUnreachable("OperationalError")
    assert account(directory) == person()
    assert SqlStore(directory.engine).perform(PEEK) == Found(b"value")


def test_a_server_that_crashes_and_comes_back_is_found_again() -> None:
    with postgresql.running() as server:
        directory = open_directory(server.address())
        store = SqlStore(directory.engine)
        assert directory.perform(CREATE) == Written()
        assert store.perform(KEEP) == Kept()
        server.stop()
        for effect in (READ, creation(person("bob", "b"))):
            assert directory.perform(effect) == DirectoryUnreachable("OperationalError")
        for short_lived in (PEEK, TAKE):
            assert store.perform(short_lived) == StoreUnreachable("OperationalError")
        server.start()
        assert directory.perform(READ) == AccountFacts(person())
        assert store.perform(TAKE) == Taken(b"value")
        directory.close()


@pytest.mark.parametrize("used", [True, False])
def test_a_server_that_stands_still_is_given_up_and_found_again(used: bool) -> None:
    with postgresql.running() as server:
        directory = open_directory(server.address(), patience=2)
        store = SqlStore(directory.engine, patience=2)
        if not used:
            directory.engine.dispose()
        # It goes on by itself, or a failure would be waited for.
        going_on = Timer(20, server.resume)
        server.pause()
        going_on.start()
        started = time.monotonic()
        try:
            read = directory.perform(READ)
            kept = store.perform(KEEP)
            took = time.monotonic() - started
        finally:
            going_on.cancel()
            server.resume()
        assert isinstance(read, DirectoryUnreachable)
        assert isinstance(kept, StoreUnreachable)
        assert took < 10
        assert directory.perform(CREATE) == Written()
        assert store.perform(KEEP) == Kept()
        directory.close()


def test_a_server_that_stands_still_at_the_commit_leaves_the_outcome_unknown_and_nothing_half() -> None:
    with postgresql.running() as server:
        directory = open_directory(server.address(), patience=2)
        going_on = Timer(20, server.resume)
        event.listen(directory.engine, "commit", lambda _connection: server.pause(), once=True)
        started = time.monotonic()
        going_on.start()
        try:
            assert directory.perform(CREATE) == OutcomeUnknown()
            assert time.monotonic() - started < 10
        finally:
            going_on.cancel()
            server.resume()
        assert directory.perform(CREATE) in (Written(), Conflict())
        assert account(directory) == person()
        directory.close()


# The store and the service


def test_a_service_keeps_everything_in_the_database_that_it_is_given(fresh: str, tmp_path: Path) -> None:
    provider = OpenIdProvider(ISSUER, Client("client", Secret("secret")))
    folder = tmp_path / "data"
    keys = SessionKeys((b"k" * 32,))
    sign_in = SignInSettings(Origin("http://127.0.0.1:8000"), (provider,), session_keys=keys)
    service = build_service(ServiceSettings(sign_in, database_url=Secret(fresh), data_dir=str(folder)))

    async def visit() -> list[Event]:
        answers = [await service.world.perform(effect) for effect in (KEEP, CREATE)]
        await service.stop()
        return answers

    assert anyio.run(visit) == [Kept(), Written()]
    directory = open_directory(fresh)
    assert SqlStore(directory.engine).perform(PEEK) == Found(b"value")
    assert account(directory) == person()
    directory.close()
    assert not folder.exists()


def test_f50_time_is_told_by_the_database(directory: SqlDirectory, postgresql_server: RealPostgresql) -> None:
    store = SqlStore(directory.engine)
    store.perform(KEEP)
    ((left,),) = ask(postgresql_server, "SELECT ends - extract(epoch FROM clock_timestamp()) FROM sso_short_lived")
    assert 0 < left <= 60
    assert store.perform(PEEK) == Found(b"value")
    assert store.perform(TAKE) == Taken(b"value")
    assert store.perform(TAKE) == AlreadyTaken(b"marker")
    assert store.perform(keep(ttl=-0.001)) == Kept()
    assert store.perform(TAKE) == Missing()


def test_many_who_keep_at_once_sweep_without_waiting_for_each_other(
    directory: SqlDirectory, postgresql_server: RealPostgresql
) -> None:
    clock = Clock()
    store = SqlStore(directory.engine, clock=clock, patience=10)
    for number in range(RACERS):
        store.perform(Keep(Kind.LOGIN, f"{number}", b"v", 1))
    clock.now += 2
    # They write the very entries that others sweep.
    keeps = [Keep(Kind.LOGIN, f"{number}", b"w", 60) for number in reversed(range(RACERS))]
    assert perform_at_once([store], keeps) == [Kept()] * RACERS
    for number in range(SWEPT):
        store.perform(keep(key=f"last {number}"))
    ((count,),) = ask(postgresql_server, "SELECT count(*) FROM sso_short_lived WHERE value = 'w'")
    assert count == RACERS
