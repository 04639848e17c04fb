"""The plainest directory that keeps every promise, to be spoiled in one place by each test of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import attrs

from sso_core.effects import ReadAccount, ReadKey
from sso_core.events import AccountFacts, Conflict, Event, KeyFacts, Written
from sso_core.records import (
    Account,
    AccountUnchanged,
    ApiKey,
    Change,
    CreateAccount,
    EmailFree,
    EnsureTeam,
    Guard,
    HandleFree,
    IdentityAbsent,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    Mappings,
    Membership,
    RevokeKey,
    SaveMappings,
    SeatLeft,
    Team,
    UpdateAccount,
)
from sso_core.testing.directory_scenes import Directory, DirectoryEffect, DirectoryScenes


class ContradictionError(Exception):
    """What a change says is not so."""


class PlainDirectory:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.teams: dict[str, Team] = {}
        self.keys: dict[str, ApiKey] = {}
        self.mappings = Mappings()

    def perform(self, effect: DirectoryEffect) -> Event:
        if isinstance(effect, ReadAccount):
            return self.read(effect)
        if isinstance(effect, ReadKey):
            key = self.keys.get(effect.key_hash)
            return KeyFacts(key, self.accounts[key.account_id] if key else None)
        if not all(map(self.holds, effect.guards)):
            return Conflict()
        before = {name: value.copy() if isinstance(value, dict) else value for name, value in vars(self).items()}
        try:
            for change in effect.changes:
                self.apply(change)
        except ContradictionError:
            self.go_back(before)
            return Conflict()
        return Written()

    def read(self, effect: ReadAccount) -> AccountFacts:
        return AccountFacts(
            self.find(effect.issuer, effect.subject),
            () if effect.email is None else self.at_address(effect.email)[:2],
            next(
                (one.account_id for one in self.accounts.values() if one.handle and one.handle == effect.handle), None
            ),
            tuple(team for team_id, team in self.teams.items() if team_id in effect.teams),
            len(self.accounts) if effect.count_seats else None,
            self.mappings,
            self.named(effect.handle) if effect.by_handle else None,
        )

    def named(self, handle: str | None) -> Account | None:
        return next((one for one in self.accounts.values() if one.handle and one.handle == handle), None)

    def go_back(self, before: dict[str, Any]) -> None:
        vars(self).update(before)

    def find(self, issuer: str, subject: str) -> Account | None:
        return next((one for one in self.accounts.values() if (issuer, subject) in one.identities), None)

    def holder(self, handle: str | None) -> str | None:
        holders = (one.account_id for one in self.accounts.values() if one.handle == handle)
        return None if handle is None else next(holders, None)

    def at_address(self, email: str) -> tuple[Account, ...]:
        return tuple(one for one in self.accounts.values() if one.email is not None and one.email.lower() == email)

    def holds(self, guard: Guard) -> bool:
        match guard:
            case IdentityAbsent(issuer, subject):
                return self.find(issuer, subject) is None
            case AccountUnchanged(account_id, revision):
                account = self.accounts.get(account_id)
                return account is not None and account.revision == revision
            case HandleFree(handle):
                return handle not in {account.handle for account in self.accounts.values()}
            case EmailFree(email):
                return not self.at_address(email)
            case SeatLeft(seats):
                return len(self.accounts) < seats
            case _:
                assert_never(guard)

    def apply(self, change: Change) -> None:
        match change:
            case CreateAccount(account):
                self.create(account)
            case UpdateAccount(account):
                there = self.there(account.account_id)
                self.put(attrs.evolve(account, identities=there.identities, memberships=there.memberships))
            case LinkIdentity(account_id, issuer, subject):
                there = self.there(account_id)
                self.none(self.find(issuer, subject))
                self.put(attrs.evolve(there, identities=tuple(sorted((*there.identities, (issuer, subject))))))
            case EnsureTeam(team):
                self.teams.setdefault(team.team_id, team)
            case JoinTeam(account_id, membership):
                self.join(self.there(account_id), membership)
            case LeaveTeam(account_id, team_id):
                self.leave(account_id, team_id)
            case IssueKey(key):
                self.there(key.account_id)
                self.none(self.keys.get(key.key_hash))
                self.keys[key.key_hash] = key
            case RevokeKey(key_hash):
                self.keys.pop(key_hash, None)
            case SaveMappings(mappings):
                self.mappings = mappings
            case _:
                assert_never(change)

    def create(self, account: Account) -> None:
        self.none(self.accounts.get(account.account_id))
        for identity in account.identities:
            self.none(self.find(*identity))
        if len(set(account.identities)) < len(account.identities):
            raise ContradictionError
        new = attrs.evolve(account, identities=tuple(sorted(account.identities)), memberships=())
        self.accounts[account.account_id] = attrs.evolve(new, revision=0)
        self.put(new)

    def put(self, account: Account) -> None:
        """Replace the account, at its next revision."""
        others = {one.handle for one in self.accounts.values() if one.account_id != account.account_id}
        if account.handle is not None and account.handle in others:
            raise ContradictionError
        revision = self.accounts[account.account_id].revision + 1
        self.accounts[account.account_id] = attrs.evolve(account, revision=revision)

    def join(self, account: Account, membership: Membership) -> None:
        if membership.team_id not in self.teams:
            raise ContradictionError
        if membership.team_id not in account.team_ids:
            joined = sorted((*account.memberships, membership), key=lambda one: one.team_id)
            self.put(attrs.evolve(account, memberships=tuple(joined)))

    def leave(self, account_id: str, team_id: str) -> None:
        account = self.accounts.get(account_id)
        if account and team_id in account.team_ids:
            left = tuple(one for one in account.memberships if one.team_id != team_id)
            self.put(attrs.evolve(account, memberships=left))

    def there(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise ContradictionError
        return self.accounts[account_id]

    def none(self, value: object) -> None:
        if value is not None:
            raise ContradictionError


class InTurn(DirectoryScenes):
    """At once is one after the other: a plain directory waits for nothing."""

    def open(self) -> Directory:
        return PlainDirectory()

    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> Sequence[Event]:
        return [directory.perform(effect) for effect in effects]


class Spoiled(InTurn):
    """Opens the directory at hand."""

    __test__ = False

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def open(self) -> Directory:
        return self.directory
