"""What every directory of accounts promises, as tests to inherit.

    class TestMyDirectory(DirectorySuite):
        def open(self): return MyDirectory()

        def perform_at_once(self, directory, effects):
            with ThreadPoolExecutor(len(effects)) as threads:
                return list(threads.map(directory.perform, effects))

The directory is empty, and has a synchronous `perform`. pytest collects the tests by name, and any other runner may
call them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from sso_core.effects import AccountFacts, Conflict, Event, ReadAccount, WriteAccount, Written
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, CreateAccount, RenameAccount

DirectoryEffect = ReadAccount | WriteAccount

RACERS = 50
ISSUER = "https://op.example"
SUBJECTS = ("alice", "Alice", "alice ", "al\u00ecce", "ali\u0300ce", "%", "_", "1", "01", "1.0", "a\x00b", "a")
"""Subjects that a careless comparison takes for one another (OIDC Core 2: `sub` is case-sensitive)."""


def creation(account_id: str = "id", subject: str = "alice", *, issuer: str = ISSUER, name: str = "") -> WriteAccount:
    """Return what a first login writes."""
    return WriteAccount((CreateAccount(account_id, issuer, subject, name),), (AccountAbsent(issuer, subject),))


def renaming(name: str, revision: int, account_id: str = "id") -> WriteAccount:
    """Return what a login writes when the person is called differently."""
    return WriteAccount((RenameAccount(account_id, name),), (AccountUnchanged(account_id, revision),))


class Directory(Protocol):
    """The directory under test."""

    def perform(self, effect: Any) -> Event:  # noqa: ANN401 -- ReadAccount or WriteAccount
        """Return one of the effect's answers."""
        ...


def account(directory: Directory, subject: str = "alice", *, issuer: str = ISSUER) -> Account | None:
    """Read an account."""
    facts = directory.perform(ReadAccount(issuer, subject))
    assert isinstance(facts, AccountFacts)
    return facts.account


class DirectorySuite(ABC):
    """Subclass it for a directory."""

    @abstractmethod
    def open(self) -> Directory:
        """Return an empty directory."""

    @abstractmethod
    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> Sequence[Event]:
        """Have it perform all of them at the same moment, from as many threads, tasks or processes as there are."""

    def test_nobody_is_known_at_first(self) -> None:
        """An empty directory knows nobody, and says so."""
        directory = self.open()
        assert directory.perform(ReadAccount(ISSUER, "alice")) == AccountFacts(None)

    def test_a_new_account_is_at_revision_one(self) -> None:
        """And is read as it was written."""
        directory = self.open()
        assert directory.perform(creation(name="Al\u00ecce \U0001f511")) == Written()
        assert account(directory) == Account("id", ISSUER, "alice", "Al\u00ecce \U0001f511", 1)

    def test_a_renamed_account_is_at_the_next_revision(self) -> None:
        """Each change adds one."""
        directory = self.open()
        directory.perform(creation(name="Alice"))
        assert directory.perform(renaming("Alice B.", 1)) == Written()
        assert directory.perform(renaming("Alice C.", 2)) == Written()
        assert account(directory) == Account("id", ISSUER, "alice", "Alice C.", 3)

    def test_people_are_told_apart_by_every_character(self) -> None:
        """No folding of case, no trimming, no normal form."""
        directory = self.open()
        for number, subject in enumerate(SUBJECTS):
            assert directory.perform(creation(str(number), subject)) == Written()
        for number, subject in enumerate(SUBJECTS):
            assert account(directory, subject) == Account(str(number), ISSUER, subject, "", 1)

    def test_the_same_subject_of_another_issuer_is_another_person(self) -> None:
        """Only the pair identifies (OIDC Core 5.7)."""
        directory = self.open()
        directory.perform(creation())
        assert account(directory, issuer=f"{ISSUER}/") is None
        assert directory.perform(creation("other", issuer=f"{ISSUER}/")) == Written()
        assert account(directory) == Account("id", ISSUER, "alice", "", 1)

    def test_a_person_has_one_account(self) -> None:
        """The guard says so, and without it the directory does."""
        directory = self.open()
        directory.perform(creation("first"))
        assert directory.perform(creation("second")) == Conflict()
        unguarded = WriteAccount((CreateAccount("second", ISSUER, "alice", ""),), ())
        assert directory.perform(unguarded) == Conflict()
        assert account(directory) == Account("first", ISSUER, "alice", "", 1)

    def test_an_account_has_one_person(self) -> None:
        """An identifier that is in use is nobody else's."""
        directory = self.open()
        directory.perform(creation("same", "alice"))
        assert directory.perform(creation("same", "bob")) == Conflict()
        assert account(directory, "bob") is None

    def test_a_decision_on_former_facts_is_not_carried_out(self) -> None:
        """Somebody was quicker: the account is at another revision, or is not there."""
        directory = self.open()
        directory.perform(creation(name="Alice"))
        directory.perform(renaming("quick", 1))
        assert directory.perform(renaming("slow", 1)) == Conflict()
        assert directory.perform(renaming("early", 3)) == Conflict()
        assert directory.perform(renaming("nobody", 1, "missing")) == Conflict()
        assert account(directory) == Account("id", ISSUER, "alice", "quick", 2)

    def test_a_change_to_an_account_that_is_not_there_is_no_success(self) -> None:
        """Even where no guard asks for it."""
        directory = self.open()
        assert directory.perform(WriteAccount((RenameAccount("missing", "x"),), ())) == Conflict()

    def test_all_is_written_or_nothing(self) -> None:
        """Whichever part of it fails: a change or a guard, the first or the last."""
        directory = self.open()
        directory.perform(creation("taken", "taken"))
        new, clash = CreateAccount("new", ISSUER, "new", ""), CreateAccount("x", ISSUER, "taken", "")
        absent, wrong = AccountAbsent(ISSUER, "new"), AccountUnchanged("taken", 7)
        for changes, guards in (
            ((new, clash), ()),
            ((new, RenameAccount("missing", "x")), ()),
            ((RenameAccount("taken", "x"), clash), ()),
            ((new,), (absent, wrong)),
            ((new,), (wrong, absent)),
        ):
            assert directory.perform(WriteAccount(changes, guards)) == Conflict()
            assert account(directory, "new") is None
            assert account(directory, "taken") == Account("taken", ISSUER, "taken", "", 1)
        assert directory.perform(WriteAccount((new, RenameAccount("taken", "x")), (absent,))) == Written()
        assert account(directory, "new") == Account("new", ISSUER, "new", "", 1)
        assert account(directory, "taken") == Account("taken", ISSUER, "taken", "x", 2)

    def test_changes_are_carried_out_in_their_order(self) -> None:
        """A later one builds on an earlier one."""
        directory = self.open()
        changes = (CreateAccount("id", ISSUER, "alice", "a"), RenameAccount("id", "b"), RenameAccount("id", "c"))
        assert directory.perform(WriteAccount(changes, (AccountAbsent(ISSUER, "alice"),))) == Written()
        assert account(directory) == Account("id", ISSUER, "alice", "c", 3)

    def test_of_many_first_logins_of_one_person_at_once_one_creates_the_account(self) -> None:
        """The rest are told that somebody was quicker."""
        directory = self.open()
        answers = self.perform_at_once(directory, [creation(str(number)) for number in range(RACERS)])
        assert sum(answer == Written() for answer in answers) == 1
        assert sum(answer == Conflict() for answer in answers) == RACERS - 1
        final = account(directory)
        assert final is not None
        assert final.revision == 1

    def test_first_logins_of_different_people_at_once_do_not_disturb_each_other(self) -> None:
        """A burst of new people is no conflict."""
        directory = self.open()
        answers = self.perform_at_once(directory, [creation(str(number), str(number)) for number in range(RACERS)])
        assert list(answers) == [Written()] * RACERS

    def test_of_many_decisions_on_one_revision_one_is_carried_out(self) -> None:
        """No change is lost under another."""
        directory = self.open()
        directory.perform(creation())
        answers = self.perform_at_once(directory, [renaming(str(number), 1) for number in range(RACERS)])
        assert sum(answer == Written() for answer in answers) == 1
        final = account(directory)
        assert final is not None
        assert final.revision == 2
