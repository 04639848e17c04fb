"""The suite finds the directories that break a promise, and only those."""

from __future__ import annotations

import attrs
import pytest
from plain_directory import InTurn, PlainDirectory, Spoiled

from sso_core.effects import ReadAccount, ReadKey
from sso_core.events import AccountFacts, Event, KeyFacts
from sso_core.records import (
    Account,
    ApiKey,
    Change,
    EmailFree,
    EnsureTeam,
    Guard,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    Membership,
    RevokeKey,
    SaveMappings,
    SeatLeft,
    Team,
    UpdateAccount,
)
from sso_core.testing.directory_records import DirectoryRecords
from sso_core.testing.directory_scenes import DirectoryEffect


class TestDirectoryRecords(InTurn, DirectoryRecords):
    pass


class Suite(Spoiled, DirectoryRecords):
    __test__ = False


class SharesHandles(PlainDirectory):
    def put(self, account: Account) -> None:
        revision = self.accounts[account.account_id].revision + 1
        self.accounts[account.account_id] = attrs.evolve(account, revision=revision)


class FoldsHandles(PlainDirectory):
    def read(self, effect: ReadAccount) -> AccountFacts:
        return super().read(attrs.evolve(effect, handle=effect.handle and effect.handle.lower()))


class KeepsTheNamedToItself(PlainDirectory):
    def read(self, effect: ReadAccount) -> AccountFacts:
        return super().read(attrs.evolve(effect, by_handle=False))


class ShowsEveryHolder(PlainDirectory):
    def read(self, effect: ReadAccount) -> AccountFacts:
        return attrs.evolve(super().read(effect), email_holders=self.at_address(effect.email or ""))


class ComparesAddressesAsWritten(PlainDirectory):
    def at_address(self, email: str) -> tuple[Account, ...]:
        return tuple(one for one in self.accounts.values() if one.email == email)


class IgnoresAddresses(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, EmailFree) or super().holds(guard)


class CountsAlways(PlainDirectory):
    def read(self, effect: ReadAccount) -> AccountFacts:
        return super().read(attrs.evolve(effect, count_seats=True))


class IgnoresSeats(PlainDirectory):
    def holds(self, guard: Guard) -> bool:
        return isinstance(guard, SeatLeft) or super().holds(guard)


class ReplacesTeams(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, EnsureTeam):
            self.teams.pop(change.team.team_id, None)
        super().apply(change)


class ShowsEveryTeam(PlainDirectory):
    def read(self, effect: ReadAccount) -> AccountFacts:
        return attrs.evolve(super().read(effect), teams=tuple(self.teams.values()))


class TakesMembershipsOver(PlainDirectory):
    def join(self, account: Account, membership: Membership) -> None:
        others = tuple(one for one in account.memberships if one.team_id != membership.team_id)
        super().join(attrs.evolve(account, memberships=others), membership)


class MakesTeamsUp(PlainDirectory):
    def join(self, account: Account, membership: Membership) -> None:
        self.teams.setdefault(membership.team_id, Team(membership.team_id))
        super().join(account, membership)


class SaysNothingOfNobody(PlainDirectory):
    """Carries out what is possible and forgets the rest."""

    def apply(self, change: Change) -> None:
        if not isinstance(change, JoinTeam) or change.account_id in self.accounts:
            super().apply(change)


class NobodyLeaves(PlainDirectory):
    def leave(self, account_id: str, team_id: str) -> None:
        pass


class EverybodyLeaves(PlainDirectory):
    def leave(self, account_id: str, team_id: str) -> None:
        for everybody in tuple(self.accounts):
            super().leave(everybody, team_id)


class NobodyCanLeaveTwice(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, LeaveTeam):
            self.there(change.account_id)
        super().apply(change)


class BelievesTheDescription(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, UpdateAccount):
            self.put(change.account)
        else:
            super().apply(change)


class KeysOpenForEver(PlainDirectory):
    def apply(self, change: Change) -> None:
        if not isinstance(change, RevokeKey):
            super().apply(change)


class FindsKeysByAnyCase(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        return super().perform(ReadKey(effect.key_hash.lower()) if isinstance(effect, ReadKey) else effect)


class HandsKeysOn(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, IssueKey):
            self.keys.pop(change.key.key_hash, None)
        super().apply(change)


class IssuesKeysToNobody(PlainDirectory):
    def apply(self, change: Change) -> None:
        if isinstance(change, IssueKey):
            self.none(self.keys.get(change.key.key_hash))
            self.keys[change.key.key_hash] = change.key
        else:
            super().apply(change)


class ForgetsWhatAKeyIsFor(PlainDirectory):
    def perform(self, effect: DirectoryEffect) -> Event:
        answer = super().perform(effect)
        if isinstance(answer, KeyFacts) and answer.key is not None:
            return KeyFacts(ApiKey(answer.key.key_hash, answer.key.account_id, "", 0.0), answer.account)
        return answer


class KeepsTheFirstMaps(PlainDirectory):
    def apply(self, change: Change) -> None:
        if not isinstance(change, SaveMappings) or self.mappings.role_map is None:
            super().apply(change)


@pytest.mark.parametrize(
    ("directory", "test"),
    [
        (SharesHandles, "test_no_two_accounts_share_a_handle"),
        (FoldsHandles, "test_a_handle_is_held_by_whoever_has_exactly_it"),
        (KeepsTheNamedToItself, "test_the_account_of_a_handle_is_told_whole_where_that_is_asked"),
        (ShowsEveryHolder, "test_an_address_leads_to_its_holders_two_at_most"),
        (ComparesAddressesAsWritten, "test_an_address_leads_to_its_holders_two_at_most"),
        (ComparesAddressesAsWritten, "test_a_decision_on_a_free_address_is_not_carried_out_once_it_is_held"),
        (IgnoresAddresses, "test_a_decision_on_a_free_address_is_not_carried_out_once_it_is_held"),
        (CountsAlways, "test_seats_are_counted_where_that_is_asked"),
        (IgnoresSeats, "test_seats_are_counted_where_that_is_asked"),
        (ReplacesTeams, "test_teams_are_read_as_they_were_written_if_they_were_asked_for"),
        (ShowsEveryTeam, "test_teams_are_read_as_they_were_written_if_they_were_asked_for"),
        (TakesMembershipsOver, "test_who_joins_a_team_is_in_it_and_stays_in_it_as_they_came"),
        (MakesTeamsUp, "test_nobody_joins_a_team_that_is_not_there_and_nobody_else_joins_one"),
        (SaysNothingOfNobody, "test_nobody_joins_a_team_that_is_not_there_and_nobody_else_joins_one"),
        (NobodyLeaves, "test_who_leaves_a_team_is_out_of_it_alone"),
        (EverybodyLeaves, "test_who_leaves_a_team_is_out_of_it_alone"),
        (NobodyCanLeaveTwice, "test_who_leaves_a_team_is_out_of_it_alone"),
        (BelievesTheDescription, "test_what_describes_a_person_is_replaced_and_memberships_are_left"),
        (KeysOpenForEver, "test_a_key_is_read_with_its_account_until_it_is_revoked"),
        (FindsKeysByAnyCase, "test_a_key_is_read_with_its_account_until_it_is_revoked"),
        (ForgetsWhatAKeyIsFor, "test_a_key_is_read_with_its_account_until_it_is_revoked"),
        (HandsKeysOn, "test_a_key_is_issued_once_and_to_somebody"),
        (IssuesKeysToNobody, "test_a_key_is_issued_once_and_to_somebody"),
        (KeepsTheFirstMaps, "test_maps_are_read_as_they_were_saved_last"),
    ],
)
def test_a_broken_promise_is_found(directory: type[PlainDirectory], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(directory()), test)()
