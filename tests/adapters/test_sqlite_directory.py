from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sso_adapters.directories.sqlite import SqliteDirectory
from sso_core.effects import AccountFacts, Conflict, DirectoryUnreachable, ReadAccount, WriteAccount, Written
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, CreateAccount, RenameAccount

ISSUER = "https://op.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.sqlite3"


@pytest.fixture
def directory(path: Path) -> Iterator[SqliteDirectory]:
    opened = SqliteDirectory(path)
    yield opened
    opened.close()


def create(account_id: str, subject: str, *, guarded: bool = True) -> WriteAccount:
    guards = (AccountAbsent(ISSUER, subject),) if guarded else ()
    return WriteAccount((CreateAccount(account_id, ISSUER, subject, subject.title()),), guards)


def rename(account_id: str, revision: int, name: str = "Another") -> WriteAccount:
    return WriteAccount((RenameAccount(account_id, name),), (AccountUnchanged(account_id, revision),))


def account(directory: SqliteDirectory, subject: str) -> Account | None:
    facts = directory.perform(ReadAccount(ISSUER, subject))
    assert isinstance(facts, AccountFacts)
    return facts.account


def test_an_account_is_created_once_and_read_as_it_was_written(directory: SqliteDirectory) -> None:
    assert account(directory, "alice") is None
    assert directory.perform(create("a1", "alice")) == Written()
    assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Alice", 1)
    assert directory.perform(create("a2", "alice")) == Conflict()
    assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Alice", 1)


def test_a_new_name_makes_a_new_revision_and_an_old_revision_renames_nobody(directory: SqliteDirectory) -> None:
    directory.perform(create("a1", "alice"))
    assert directory.perform(rename("a1", 1)) == Written()
    assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Another", 2)
    assert directory.perform(rename("a1", 1, "Stale")) == Conflict()
    assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Another", 2)


@pytest.mark.parametrize("guards", [(), (AccountUnchanged("nobody", 1),)])
def test_an_account_that_is_not_there_cannot_be_renamed(
    directory: SqliteDirectory, guards: tuple[AccountUnchanged, ...]
) -> None:
    assert directory.perform(WriteAccount((RenameAccount("nobody", "Name"),), guards)) == Conflict()


@pytest.mark.parametrize("again", [create("a2", "alice", guarded=False), create("a1", "bob")])
def test_what_must_be_unique_is_a_conflict_also_without_a_guard(
    directory: SqliteDirectory, again: WriteAccount
) -> None:
    directory.perform(create("a1", "alice"))
    assert directory.perform(again) == Conflict()
    assert directory.perform(create("a3", "carol")) == Written()


def test_of_several_changes_all_are_written_or_none(directory: SqliteDirectory) -> None:
    directory.perform(create("a1", "alice"))
    both = WriteAccount((RenameAccount("a1", "Another"), CreateAccount("a1", ISSUER, "bob", "Bob")), ())
    assert directory.perform(both) == Conflict()
    assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Alice", 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Alice", "alice"), ("1", "01"), ("1", "1.0"), ("alice", "alice "), ("\u00e9", "e\u0301"), ("a", "a\0b")],
)
def test_subjects_are_compared_byte_by_byte(directory: SqliteDirectory, one: str, other: str) -> None:
    assert directory.perform(create("a1", one)) == Written()
    assert account(directory, other) is None
    assert directory.perform(create("a2", other)) == Written()
    first, second = account(directory, one), account(directory, other)
    assert first is not None
    assert second is not None
    assert (first.account_id, first.subject) == ("a1", one)
    assert (second.account_id, second.subject) == ("a2", other)


def test_the_same_subject_at_another_issuer_is_another_person(directory: SqliteDirectory) -> None:
    directory.perform(create("a1", "alice"))
    assert directory.perform(ReadAccount(ISSUER + "/", "alice")) == AccountFacts(None)


@pytest.mark.parametrize("files", [1, 5])
def test_of_fifty_threads_that_create_one_person_one_does(path: Path, files: int) -> None:
    directories = [SqliteDirectory(path) for _ in range(files)]
    together = Barrier(50)

    def enter(number: int) -> object:
        together.wait()
        return directories[number % files].perform(create(f"a{number}", "alice"))

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(enter, range(50)))
    assert answers.count(Written()) == 1
    assert answers.count(Conflict()) == 49
    winner = account(directories[0], "alice")
    assert winner is not None
    assert answers[int(winner.account_id[1:])] == Written()
    for directory in directories:
        directory.close()


def test_only_the_owner_can_read_the_file_whatever_it_was_before(path: Path) -> None:
    path.touch(mode=0o644)
    directory = SqliteDirectory(path)
    directory.perform(create("a1", "alice"))
    beside = sorted(path.parent.iterdir())
    assert path in beside
    assert {file.stat().st_mode & 0o777 for file in beside} == {0o600}
    directory.close()


def test_an_account_is_there_after_the_file_is_opened_again(path: Path) -> None:
    for _ in range(2):
        directory = SqliteDirectory(path)
        directory.perform(create("a1", "alice"))
        assert account(directory, "alice") == Account("a1", ISSUER, "alice", "Alice", 1)
        directory.close()


@pytest.mark.parametrize("effect", [ReadAccount(ISSUER, "alice"), create("a1", "alice")])
def test_an_error_of_sqlite_is_told_without_any_data(path: Path, effect: ReadAccount | WriteAccount) -> None:
    directory = SqliteDirectory(path)
    directory.close()
    assert directory.perform(effect) == DirectoryUnreachable("ProgrammingError")


def test_a_file_that_another_program_broke_is_an_outage_until_it_is_mended(
    directory: SqliteDirectory, path: Path
) -> None:
    directory.perform(create("a1", "alice"))
    other = sqlite3.connect(path)
    other.execute("ALTER TABLE accounts RENAME TO elsewhere")
    assert directory.perform(create("a2", "bob")) == DirectoryUnreachable("OperationalError")
    assert directory.perform(ReadAccount(ISSUER, "alice")) == DirectoryUnreachable("OperationalError")
    other.execute("ALTER TABLE elsewhere RENAME TO accounts")
    other.close()
    assert directory.perform(create("a2", "bob")) == Written()


def test_a_text_that_cannot_be_stored_leaves_no_transaction_open(directory: SqliteDirectory) -> None:
    with pytest.raises(UnicodeEncodeError):
        directory.perform(create("a1", "\ud800"))
    assert directory.perform(create("a1", "alice")) == Written()


def test_what_is_no_directory_of_ours_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is a diary, and no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteDirectory(path)
    assert path.read_bytes().startswith(b"this is a diary")


def test_a_directory_of_a_later_version_is_refused_and_keeps_its_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 2")
    with pytest.raises(sqlite3.DatabaseError, match="version 2"):
        SqliteDirectory(path)
    assert other.execute("PRAGMA user_version").fetchone() == (2,)
    other.close()
