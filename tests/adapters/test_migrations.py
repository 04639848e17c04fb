"""A database is brought up to date by whoever opens it first, and only forwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from at_once import perform_at_once
from sqlalchemy import Engine, inspect, text

import sso_adapters.directories.migrations
from sso_adapters.directories.migrations import HEAD, VERSION_TABLE, bring_up_to_date
from sso_adapters.directories.schema import metadata
from sso_adapters.directories.sql import open_directory
from sso_adapters.sql_engine import DatabaseError, open_engine
from sso_core.events import Written
from sso_core.testing.directory_scenes import creation, person

pytestmark = pytest.mark.packaged

OPEN = """
import sys
from sso_adapters.directories.sql import open_directory
from sso_core.testing.directory_scenes import creation, person
print(open_directory(sys.argv[1]).perform(creation(person(sys.argv[2], sys.argv[2]))))
"""


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/directory.sqlite3"


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_the_last_revision_is_the_one_that_is_looked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(sso_adapters.directories.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_revisions_make_the_tables_of_the_schema(address: str) -> None:
    engine = open_engine(address)
    bring_up_to_date(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_several_processes_may_start_at_once_on_a_database_that_is_not_there_yet(address: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, address, name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b", "c", "d")
    ]
    assert [process.communicate(timeout=60)[0] for process in started] == ["Written()\n"] * 4


def test_several_threads_may_open_a_database_at_once(address: str) -> None:
    class Opening:
        def perform(self, name: str) -> object:
            directory = open_directory(address)
            answer = directory.perform(creation(person(name, name)))
            directory.close()
            return answer

    opening: list[object] = [Opening()]
    assert perform_at_once(opening, [str(number) for number in range(8)]) == [Written()] * 8  # type: ignore[arg-type] # a name is its effect


def test_a_directory_of_a_later_version_is_refused_and_keeps_its_version(address: str) -> None:
    engine = open_engine(address)
    bring_up_to_date(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=f"has version 9999, and this program knows none beyond {HEAD}"):
        open_directory(address)
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "9999"
    engine.dispose()


def test_tables_of_the_host_and_its_own_revisions_are_left_alone(address: str) -> None:
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE accounts (id)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num)"))
    bring_up_to_date(engine)
    assert {"accounts", "alembic_version", "sso_accounts", VERSION_TABLE} <= tables(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 0
    engine.dispose()


def test_revisions_that_cannot_be_carried_out_leave_nothing_behind(address: str) -> None:
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE sso_mappings (id)"))
    with pytest.raises(DatabaseError, match="OperationalError: table sso_mappings already exists"):
        bring_up_to_date(engine)
    assert tables(engine) == {"sso_mappings"}
    engine.dispose()
