"""What a directory in an SQLite file does when its file is not as it should be, and how it is opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.sql_engine import DatabaseError
from sso_core.effects import ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Conflict, DirectoryUnreachable, OutcomeUnknown, Written
from sso_core.records import CreateAccount, EnsureTeam, Mappings, RoleMap, Team
from sso_core.testing.directory_scenes import ISSUER, account, changes, creation, facts, person

READ = ReadAccount(ISSUER, "alice")
CREATE = creation(person())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.sqlite3"


@pytest.fixture
def directory(path: Path) -> Iterator[SqlDirectory]:
    opened = open_directory(f"sqlite:///{path}")
    yield opened
    opened.close()


def execute(directory: SqlDirectory, *statements: str) -> None:
    with directory.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_only_the_owner_can_read_the_file_whatever_it_was_before(path: Path) -> None:
    path.touch(mode=0o644)
    directory = open_directory(f"sqlite:///{path}")
    directory.perform(CREATE)
    beside = sorted(path.parent.iterdir())
    assert path in beside
    assert {file.stat().st_mode & 0o777 for file in beside} == {0o600}
    directory.close()


def test_an_account_is_there_after_the_file_is_opened_again(path: Path) -> None:
    for answer in (Written(), Conflict()):
        directory = open_directory(f"sqlite:///{path}")
        assert directory.perform(CREATE) == answer
        assert account(directory) == person()
        directory.close()


@pytest.mark.parametrize(("pragma", "value"), [("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")])
def test_what_is_written_survives_a_loss_of_power_and_belongs_together(
    directory: SqlDirectory, pragma: str, value: object
) -> None:
    with directory.engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_an_error_before_the_commit_leaves_nothing_and_the_directory_usable(directory: SqlDirectory) -> None:
    execute(
        directory,
        "CREATE TRIGGER fail BEFORE INSERT ON sso_identities WHEN NEW.subject = 'second' BEGIN SELECT json('no'); END",
    )
    both = changes(CreateAccount(person("first", "1")), CreateAccount(person("second", "2")))
    assert directory.perform(both) == DirectoryUnreachable("OperationalError")
    assert account(directory, "first") is None
    assert directory.perform(CREATE) == Written()


def test_an_error_of_the_commit_leaves_the_outcome_unknown_and_the_directory_usable(directory: SqlDirectory) -> None:
    # A deferred constraint is judged by COMMIT: the one way in which SQLite lets a test fail there.
    execute(
        directory,
        "CREATE TABLE other (id TEXT PRIMARY KEY)",
        "CREATE TABLE claims (id TEXT REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER claim AFTER INSERT ON sso_accounts BEGIN INSERT INTO claims VALUES (NEW.account_id); END",
    )
    assert directory.perform(CREATE) == OutcomeUnknown()
    execute(directory, "DROP TRIGGER claim")
    assert directory.perform(READ) == AccountFacts(None)
    assert directory.perform(CREATE) == Written()


def test_a_commit_that_cannot_even_be_undone_has_an_unknown_outcome_too(directory: SqlDirectory) -> None:
    def die(*_connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    dialect = directory.engine.dialect
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dialect, "do_commit", die)
        patched.setattr(dialect, "do_rollback", die)
        assert directory.perform(CREATE) == OutcomeUnknown()
    assert directory.perform(READ) == AccountFacts(None)


def test_another_process_that_writes_for_long_makes_the_directory_unreachable(path: Path) -> None:
    directory = open_directory(f"sqlite:///{path}", patience=0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert directory.perform(CREATE) == DirectoryUnreachable("OperationalError")
    assert directory.perform(READ) == AccountFacts(None)
    other.execute("ROLLBACK")
    other.close()
    assert directory.perform(CREATE) == Written()
    directory.close()


def test_threads_that_take_long_make_the_directory_unreachable(path: Path) -> None:
    directory = open_directory(f"sqlite:///{path}", patience=0.1)
    with directory.engine.connect():
        assert directory.perform(READ) == DirectoryUnreachable("TimeoutError")
    assert directory.perform(READ) == AccountFacts(None)
    directory.close()


def test_what_takes_longer_than_the_patience_is_not_written(path: Path) -> None:
    directory = open_directory(f"sqlite:///{path}", patience=0.2)
    slow = (
        "CREATE TRIGGER slow AFTER INSERT ON sso_teams BEGIN SELECT count(*) FROM ("
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT i FROM n); END"
    )
    execute(directory, slow)
    assert directory.perform(changes(EnsureTeam(Team("red")))) == DirectoryUnreachable("TimeoutError")
    assert facts(directory, teams=("red",)).teams == ()
    directory.close()


@pytest.mark.parametrize("effect", [READ, ReadKey("hash"), CREATE])
def test_a_table_that_another_program_took_is_an_outage_until_it_is_back(
    directory: SqlDirectory, effect: ReadAccount | ReadKey | WriteAccount
) -> None:
    execute(directory, *(f"ALTER TABLE sso_{name} RENAME TO {name}" for name in ("accounts", "api_keys")))
    assert directory.perform(effect) == DirectoryUnreachable("OperationalError")
    execute(directory, *(f"ALTER TABLE {name} RENAME TO sso_{name}" for name in ("accounts", "api_keys")))
    assert not isinstance(directory.perform(effect), DirectoryUnreachable)


GOOD: dict[str, object] = {
    "group_claim": "groups",
    "roles": [["proxy_admin", ["admins"]]],
    "default_role": None,
    "provider": "generic",
}


def keep_maps(directory: SqlDirectory, role_map: str | None, team_claim: object = None) -> None:
    with directory.engine.begin() as connection:
        connection.execute(text("DELETE FROM sso_mappings"))
        row = {"role_map": role_map, "team_claim": team_claim}
        connection.execute(text("INSERT INTO sso_mappings VALUES (1, :role_map, :team_claim)"), row)


def test_a_role_map_that_somebody_else_wrote_well_is_read(directory: SqlDirectory) -> None:
    keep_maps(directory, json.dumps(GOOD), "teams")
    assert facts(directory).mappings == Mappings(RoleMap("groups", (("proxy_admin", ("admins",)),)), "teams")
    keep_maps(directory, "null", " ")
    assert facts(directory).mappings == Mappings()


@pytest.mark.parametrize(
    "role_map",
    [
        "no json",
        "[]",
        "{}",
        '"groups"',
        "0",
        *(
            json.dumps(GOOD | change)
            for change in (
                {"group_claim": 7},
                {"group_claim": " "},
                {"roles": None},
                {"roles": {"proxy_admin": ["admins"]}},
                {"roles": ["ab"]},
                {"roles": [["proxy_admin"]]},
                {"roles": [["proxy_admin", "ab"]]},
                {"roles": [["proxy_admin", ["admins"], "more"]]},
                {"roles": [["proxy_admin", [["admins"]]]]},
                {"roles": [["proxy_admin", ["admins", ""]]]},
                {"roles": [["", ["admins"]]]},
                {"roles": [[7, ["admins"]]]},
                {"default_role": 7},
                {"provider": None},
                {"more": 1},
            )
        ),
        *(json.dumps({name: value for name, value in GOOD.items() if name != left_out}) for left_out in GOOD),
    ],
)
def test_a_role_map_that_is_none_is_an_outage_and_makes_nobody_an_administrator(
    directory: SqlDirectory, role_map: str
) -> None:
    keep_maps(directory, role_map)
    assert isinstance(directory.perform(READ), DirectoryUnreachable)
    keep_maps(directory, None)
    assert directory.perform(READ) == AccountFacts(None)


def test_a_claim_of_teams_that_is_no_text_is_an_outage(directory: SqlDirectory) -> None:
    keep_maps(directory, None, b"teams")
    assert directory.perform(READ) == DirectoryUnreachable("ValueError")


@pytest.mark.parametrize("models", ['"gpt"', '{"gpt": 1}', "null", "[1]", '["gpt", null]', "gpt"])
@pytest.mark.parametrize("table", ["accounts", "teams"])
def test_models_that_are_no_list_of_texts_are_an_outage(directory: SqlDirectory, table: str, models: str) -> None:
    directory.perform(CREATE)
    directory.perform(changes(EnsureTeam(Team("red"))))
    execute(directory, f"UPDATE sso_{table} SET models = '{models}'".replace(":", "\\:"))
    asked = ReadAccount(*person().identities[0], teams=("red",))
    assert isinstance(directory.perform(asked), DirectoryUnreachable)


def test_an_error_says_nothing_of_the_data(directory: SqlDirectory) -> None:
    seen: list[str] = []
    event.listen(directory.engine, "handle_error", lambda context: seen.append(str(context.sqlalchemy_exception)))
    directory.perform(CREATE)
    directory.perform(changes(CreateAccount(person("canary"))))
    assert seen
    assert not [error for error in seen if "canary" in error]


def test_a_read_sees_one_moment(path: Path) -> None:
    directory, other = open_directory(f"sqlite:///{path}"), open_directory(f"sqlite:///{path}")
    directory.perform(CREATE)
    between: list[object] = []

    def somebody_is_quicker(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "count(" in statement and not between:
            between.append(other.perform(creation(person("bob", "b"))))

    event.listen(directory.engine, "before_cursor_execute", somebody_is_quicker)
    assert facts(directory, count_seats=True).seats_taken == 1
    assert between == [Written()]
    assert facts(directory, count_seats=True).seats_taken == 2
    directory.close()
    other.close()


# Opening


def test_what_is_no_directory_of_ours_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is a diary, and no database" * 100)
    with pytest.raises(DatabaseError, match="DatabaseError: file is not a database"):
        open_directory(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is a diary")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("no address", "not a URL"),
        ("", "not a URL"),
        ("postgresql://user:canary@host:port/name", "not a URL"),
        ("mysql://user:canary@host/name", "no directory for mysql"),
        ("postgresql+asyncpg://user:canary@host/name", "no directory for postgresql\\+asyncpg"),
        ("sqlite:///file?mode=canary", "without options"),
        ("sqlite://canary/file", "without options"),
        ("sqlite:////no/such/folder/directory.sqlite3", "No such file"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_a_reason_and_without_its_password(
    address: str, said: str
) -> None:
    with pytest.raises(OSError, match=said) as refused:
        open_directory(address)
    assert "canary" not in str(refused.value)
