"""The suite finds the directories that break a promise, and only those."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from plain_directory import InTurn, PlainDirectory, Spoiled

from sso_core.effects import WriteAccount
from sso_core.events import Conflict, Event
from sso_core.records import Account, Change, CreateAccount, Guard, LinkIdentity, UpdateAccount
from sso_core.testing.directory_scenes import DirectoryEffect
from sso_core.testing.directory_suite import DirectorySuite


class TestDirectorySuite(InTurn, DirectorySuite):
    pass


class Suite(Spoiled, DirectorySuite):
    __test__ = False


class FoldsCase(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        folded = (issuer, subject.lower())
        named = ((one, [(at, name.lower()) for at, name in one.identities]) for one in self.accounts.values())
        return next((one for one, names in named if folded in names), None)


class CutsAtNul(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        cut = ((one, {name.partition("\x00")[0] for _, name in one.identities}) for one in self.accounts.values())
        return next((one for one, names in cut if subject in names), None)


class IgnoresTheIssuer(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if subject in dict(one.identities).values()), None)


class KnowsOneIdentity(PlainDirectory):
    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if (issuer, subject) == one.identities[0]), None)


class SharesPeople(PlainDirectory):
    def none(self, value: object) -> None:
        pass


class IgnoresGuards(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return True


class KeepsHalf(PlainDirectory):
    def go_back(self, before: dict[str, Any]) -> None:
        pass


class KeepsATeam(PlainDirectory):
    def go_back(self, before: dict[str, Any]) -> None:
        super().go_back(before | {"teams": self.teams})


class AllowsTwo(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        self.accounts = {f"former {name}": account for name, account in self.accounts.items()}
        return super().perform(effect)


class BindsAgain(PlainDirectory):
    def apply(self, change: Change) -> None:
        if not isinstance(change, LinkIdentity) or self.find(change.issuer, change.subject) is None:
            super().apply(change)


class KeepsTheRevision(PlainDirectory):
    def put(self, account: Account) -> None:
        super().put(account)
        self.accounts[account.account_id] = account


class Merges(PlainDirectory):
    """Leaves what the new description does not have."""

    def put(self, account: Account) -> None:
        former = self.accounts[account.account_id]
        super().put(attrs.evolve(account, role=account.role or former.role))


class BelievesTheDescription(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, UpdateAccount):
            self.put(change.account)
        else:
            super().apply(change)


class CreatesWhatIsUpdated(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, UpdateAccount) and change.account.account_id not in self.accounts:
            change = CreateAccount(change.account)
        super().apply(change)


class GoesBackwards(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        return super().perform(
            attrs.evolve(effect, changes=effect.changes[::-1]) if isinstance(effect, WriteAccount) else effect
        )


class FullOfStrangers(PlainDirectory):
    def __init__(self) -> None:
        super().__init__()
        self.accounts["stranger"] = Account("stranger", "", 1, (("https://op.example", "alice"),))


class NeverWrites(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        return Conflict() if isinstance(effect, WriteAccount) else super().perform(effect)


@pytest.mark.parametrize(
    ("directory", "test"),
    [
        (FullOfStrangers, "test_nobody_is_known_at_first"),
        (NeverWrites, "test_a_new_account_is_at_revision_one"),
        (KnowsOneIdentity, "test_a_new_account_is_at_revision_one"),
        (KeepsTheRevision, "test_what_describes_a_person_is_replaced_whole"),
        (Merges, "test_what_describes_a_person_is_replaced_whole"),
        (BelievesTheDescription, "test_what_describes_a_person_is_replaced_whole"),
        (FoldsCase, "test_people_are_told_apart_by_every_character"),
        (CutsAtNul, "test_a_subject_that_cannot_be_stored_is_nobody_elses"),
        (IgnoresTheIssuer, "test_the_same_subject_of_another_issuer_is_another_person"),
        (KnowsOneIdentity, "test_a_further_identity_leads_to_the_same_account"),
        (BindsAgain, "test_an_identity_is_bound_once"),
        (KeepsTheRevision, "test_a_further_identity_leads_to_the_same_account"),
        (IgnoresGuards, "test_a_decision_on_former_facts_is_not_carried_out"),
        (CreatesWhatIsUpdated, "test_a_change_to_an_account_that_is_not_there_is_no_success"),
        (SharesPeople, "test_a_person_has_one_account"),
        (AllowsTwo, "test_an_account_has_one_person"),
        (KeepsHalf, "test_all_is_written_or_nothing"),
        (KeepsATeam, "test_all_is_written_or_nothing"),
        (IgnoresGuards, "test_all_is_written_or_nothing"),
        (GoesBackwards, "test_changes_are_carried_out_in_their_order"),
    ],
)
def test_a_broken_promise_is_found(directory: type[PlainDirectory], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(directory()), test)()
