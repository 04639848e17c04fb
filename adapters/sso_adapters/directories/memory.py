"""A directory in the memory of one process: for tests and trials. It forgets everybody when the process ends."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from threading import Lock
from typing import ClassVar, TypeVar, assert_never

import attrs

from sso_core.effects import DirectoryEffect, ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Conflict, KeyFacts, Written
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

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Identity = tuple[str, str]


class MemoryDirectory:
    """Accounts in dicts. It never waits, and may be called by asynchronous code and from several threads."""

    in_memory: ClassVar[bool] = True

    def __init__(self) -> None:
        self._tables = _Tables()
        self._lock = Lock()

    def perform(self, effect: DirectoryEffect) -> AccountFacts | KeyFacts | Written | Conflict:
        """Do what a flow asks."""
        with self._lock:
            match effect:
                case ReadAccount():
                    return self._tables.facts(effect)
                case ReadKey(key_hash):
                    key = self._tables.keys.get(key_hash)
                    return KeyFacts(key, None if key is None else self._tables.accounts[key.account_id])
                case WriteAccount(changes, guards):
                    return self._tables.write(changes, guards)
                case _:
                    assert_never(effect)


class _NoLongerError(Exception):
    """What a change or a guard speaks of is not as it says."""


class _Tables:
    """Everything that is known, and how to undo what the batch at hand has done so far."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.holders: dict[Identity, str] = {}
        self.handles: dict[str, str] = {}
        self.emails: dict[str, tuple[str, ...]] = {}
        self.teams: dict[str, Team] = {}
        self.keys: dict[str, ApiKey] = {}
        self.mappings: dict[None, Mappings] = {}
        self._undo: list[Callable[[], object]] = []

    def facts(self, effect: ReadAccount) -> AccountFacts:
        holder = self.holders.get((effect.issuer, effect.subject))
        email = () if effect.email is None else self.emails.get(effect.email.lower(), ())
        handle_holder = None if effect.handle is None else self.handles.get(effect.handle)
        return AccountFacts(
            account=None if holder is None else self.accounts[holder],
            email_holders=tuple(self.accounts[account_id] for account_id in email[:2]),
            handle_holder=handle_holder,
            teams=tuple(self.teams[team_id] for team_id in sorted({*effect.teams}) if team_id in self.teams),
            seats_taken=len(self.accounts) if effect.count_seats else None,
            mappings=self.mappings.get(None, Mappings()),
            handle_account=self.accounts[handle_holder] if effect.by_handle and handle_holder is not None else None,
        )

    def write(self, changes: tuple[Change, ...], guards: tuple[Guard, ...]) -> Written | Conflict:
        try:
            if not all(map(self._holds, guards)):
                return Conflict()
            for change in changes:
                self._carry_out(change)
        except _NoLongerError:
            while self._undo:
                self._undo.pop()()
            return Conflict()
        finally:
            self._undo.clear()
        return Written()

    def _holds(self, guard: Guard) -> bool:
        match guard:
            case IdentityAbsent(issuer, subject):
                return (issuer, subject) not in self.holders
            case AccountUnchanged(account_id, revision):
                account = self.accounts.get(account_id)
                return account is not None and account.revision == revision
            case HandleFree(handle):
                return handle not in self.handles
            case EmailFree(email):
                return email.lower() not in self.emails
            case SeatLeft(seats):
                return len(self.accounts) < seats
            case _:
                assert_never(guard)

    def _carry_out(self, change: Change) -> None:
        match change:
            case CreateAccount(account):
                self._create(account)
            case UpdateAccount(account):
                former = self._account(account.account_id)
                self._replace(attrs.evolve(account, identities=former.identities, memberships=former.memberships))
            case LinkIdentity(account_id, issuer, subject):
                self._link(account_id, (issuer, subject))
            case EnsureTeam(team):
                self._put(self.teams, team.team_id, self.teams.get(team.team_id, team))
            case JoinTeam(account_id, membership):
                self._join(self._account(account_id), membership)
            case LeaveTeam(account_id, team_id):
                self._leave(account_id, team_id)
            case IssueKey(key):
                _unless(key.key_hash in self.keys)
                self._account(key.account_id)
                self._put(self.keys, key.key_hash, key)
            case RevokeKey(key_hash):
                self._remove(self.keys, key_hash)
            case SaveMappings(mappings):
                self._put(self.mappings, None, mappings)
            case _:
                assert_never(change)

    def _create(self, account: Account) -> None:
        _unless(account.account_id in self.accounts)
        new = attrs.evolve(account, revision=1, identities=tuple(sorted(account.identities)), memberships=())
        self._put(self.accounts, new.account_id, new)
        self._describe(new, former=None)
        for identity in new.identities:
            self._hold(new.account_id, identity)

    def _replace(self, account: Account) -> None:
        """Let the account be as it stands here, at the next revision."""
        former = self._account(account.account_id)
        self._describe(account, former)
        self._put(self.accounts, account.account_id, attrs.evolve(account, revision=former.revision + 1))

    def _describe(self, account: Account, former: Account | None) -> None:
        """Let the account be found by its handle and its e-mail address, and by no former ones."""
        if former is not None and former.handle is not None:
            self._remove(self.handles, former.handle)
        if former is not None and former.email is not None:
            email = former.email.lower()
            others = tuple(other for other in self.emails[email] if other != former.account_id)
            self._put(self.emails, email, others) if others else self._remove(self.emails, email)
        if account.handle is not None:
            _unless(account.handle in self.handles)
            self._put(self.handles, account.handle, account.account_id)
        if account.email is not None:
            email = account.email.lower()
            self._put(self.emails, email, (*self.emails.get(email, ()), account.account_id))

    def _link(self, account_id: str, identity: Identity) -> None:
        account = self._account(account_id)
        self._hold(account_id, identity)
        self._replace(attrs.evolve(account, identities=tuple(sorted((*account.identities, identity)))))

    def _hold(self, account_id: str, identity: Identity) -> None:
        _unless(identity in self.holders)
        self._put(self.holders, identity, account_id)

    def _join(self, account: Account, membership: Membership) -> None:
        _unless(membership.team_id not in self.teams)
        if membership.team_id not in account.team_ids:
            joined = sorted((*account.memberships, membership), key=lambda one: one.team_id)
            self._replace(attrs.evolve(account, memberships=tuple(joined)))

    def _leave(self, account_id: str, team_id: str) -> None:
        account = self.accounts.get(account_id)
        if account is not None and team_id in account.team_ids:
            left = tuple(one for one in account.memberships if one.team_id != team_id)
            self._replace(attrs.evolve(account, memberships=left))

    def _account(self, account_id: str) -> Account:
        account = self.accounts.get(account_id)
        if account is None:
            raise _NoLongerError
        return account

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table[key]))
        else:
            self._undo.append(partial(table.pop, key))
        table[key] = value

    def _remove(self, table: dict[K, V], key: K) -> None:
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table.pop(key)))


def _unless(contradiction: bool) -> None:  # noqa: FBT001 -- the one thing it is about
    if contradiction:
        raise _NoLongerError
