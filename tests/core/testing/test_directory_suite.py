"""The suite finds the directories that break a promise, and only those."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from sso_core.effects import AccountFacts, Conflict, Event, ReadAccount, Written
from sso_core.facts import Account, AccountAbsent, CreateAccount, Guard
from sso_core.testing.directory_suite import Directory, DirectoryEffect, DirectorySuite

Accounts = dict[str, Account]


class PlainDirectory:
    """A directory of a dictionary."""

    def __init__(self) -> None:
        self.accounts: Accounts = {}

    def perform(self, effect: DirectoryEffect) -> Event:
        if isinstance(effect, ReadAccount):
            return AccountFacts(self.find(effect.issuer, effect.subject))
        if not all(map(self.holds, effect.guards)):
            return Conflict()
        before = dict(self.accounts)
        for change in effect.changes:
            there = self.accounts.get(change.account_id)
            if isinstance(change, CreateAccount):
                if there or self.find(change.issuer, change.subject):
                    return self.back_to(before)
                self.accounts[change.account_id] = Account(
                    change.account_id, change.issuer, change.subject, change.display_name, 1
                )
            elif there:
                self.accounts[change.account_id] = attrs.evolve(
                    there, display_name=change.display_name, revision=there.revision + 1
                )
            else:
                return self.back_to(before)
        return Written()

    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if (one.issuer, one.subject) == (issuer, subject)), None)

    def holds(self, guard: Guard) -> bool:
        if isinstance(guard, AccountAbsent):
            return self.find(guard.issuer, guard.subject) is None
        account = self.accounts.get(guard.account_id)
        return account is not None and account.revision == guard.revision

    def back_to(self, accounts: Accounts) -> Conflict:
        self.accounts = accounts
        return Conflict()


class TestAPlainDirectory(DirectorySuite):
    def open(self) -> Directory:
        return PlainDirectory()

    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> Sequence[Event]:
        return [directory.perform(effect) for effect in effects]


class Suite(TestAPlainDirectory):
    __test__ = False

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def open(self) -> Directory:
        return self.directory


class FoldsCase(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.subject.lower() == subject.lower()), None)


class IgnoresTheIssuer(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.subject == subject), None)


class IgnoresGuards(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return True


class KeepsHalf(PlainDirectory):
    def back_to(self, accounts: Accounts) -> Conflict:
        return Conflict()


class AllowsTwo(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        if not isinstance(effect, ReadAccount):
            self.accounts = {f"former {name}": account for name, account in self.accounts.items()}
        return super().perform(effect)


class Conflicting(PlainDirectory):
    """Sees a conflict with anybody who was there before."""

    def holds(self, guard: Guard) -> bool:
        return not self.accounts


@pytest.mark.parametrize(
    ("directory", "test"),
    [
        (FoldsCase, "test_people_are_told_apart_by_every_character"),
        (IgnoresTheIssuer, "test_the_same_subject_of_another_issuer_is_another_person"),
        (IgnoresGuards, "test_a_decision_on_former_facts_is_not_carried_out"),
        (IgnoresGuards, "test_of_many_decisions_on_one_revision_one_is_carried_out"),
        (KeepsHalf, "test_all_is_written_or_nothing"),
        (AllowsTwo, "test_an_account_has_one_person"),
        (Conflicting, "test_first_logins_of_different_people_at_once_do_not_disturb_each_other"),
    ],
)
def test_a_broken_promise_is_found(directory: type[PlainDirectory], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(directory()), test)()
