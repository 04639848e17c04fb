"""The suite finds the directories that break a promise, and only those."""

from __future__ import annotations

import pytest
from plain_directory import InTurn, PlainDirectory, Spoiled

from sso_core.records import (
    Account,
    AccountUnchanged,
    EmailFree,
    Guard,
    HandleFree,
    IdentityAbsent,
    SeatLeft,
)
from sso_core.testing.directory_races import DirectoryRaces


class TestDirectoryRaces(InTurn, DirectoryRaces):
    pass


class Suite(Spoiled, DirectoryRaces):
    __test__ = False


class IgnoresRevisions(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, AccountUnchanged) or super().holds(guard)


class IgnoresSeats(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, SeatLeft) or super().holds(guard)


class IgnoresAddresses(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, EmailFree) or super().holds(guard)


class SharesHandles(PlainDirectory):
    def put(self, account: Account) -> None:
        self.accounts[account.account_id] = account

    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, HandleFree) or super().holds(guard)


class SharesPeople(PlainDirectory):
    def find(self, issuer: str, subject: str) -> None:
        return None


class Conflicting(PlainDirectory):
    """Sees a conflict with anybody who was there before."""

    def holds(self, guard: Guard) -> bool:
        return not self.accounts if isinstance(guard, IdentityAbsent) else super().holds(guard)


@pytest.mark.parametrize(
    ("directory", "test"),
    [
        (SharesPeople, "test_of_many_first_logins_of_one_person_at_once_one_creates_the_account"),
        (Conflicting, "test_first_logins_of_different_people_at_once_do_not_disturb_each_other"),
        (IgnoresRevisions, "test_of_many_decisions_on_one_revision_one_is_carried_out"),
        (IgnoresSeats, "test_of_many_new_people_at_once_as_many_come_in_as_there_are_seats"),
        (SharesHandles, "test_of_many_people_at_once_who_want_one_handle_one_gets_it"),
        (IgnoresAddresses, "test_of_many_people_at_once_who_want_one_address_for_themselves_one_gets_it"),
        (IgnoresRevisions, "test_of_many_identities_that_are_linked_to_one_account_at_once_one_is"),
    ],
)
def test_a_broken_promise_is_found(directory: type[PlainDirectory], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(directory()), test)()
