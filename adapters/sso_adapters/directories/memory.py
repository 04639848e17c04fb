"""A directory in the memory of one process: for tests and trials. It forgets everybody when the process ends."""

from __future__ import annotations

from threading import Lock
from typing import ClassVar, assert_never

import attrs

from sso_core.effects import AccountFacts, Conflict, ReadAccount, WriteAccount, Written
from sso_core.facts import Account, AccountAbsent, AccountUnchanged, Change, CreateAccount, Guard, RenameAccount


class MemoryDirectory:
    """Accounts in two dicts. It never waits, and may be called by asynchronous code and from several threads."""

    in_memory: ClassVar[bool] = True

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def perform(self, effect: ReadAccount | WriteAccount) -> AccountFacts | Written | Conflict:
        """Do what a flow asks."""
        with self._lock:
            match effect:
                case ReadAccount(issuer, subject):
                    account_id = self._ids.get((issuer, subject))
                    return AccountFacts(None if account_id is None else self._accounts[account_id])
                case WriteAccount(changes, guards):
                    return self._write(changes, guards)
                case _:
                    assert_never(effect)

    def _write(self, changes: tuple[Change, ...], guards: tuple[Guard, ...]) -> Written | Conflict:
        if not all(map(self._holds, guards)):
            return Conflict()
        draft: dict[str, Account] = {}
        for change in changes:
            account = self._changed(change, draft)
            if account is None:
                return Conflict()
            draft[account.account_id] = account
        for account in draft.values():
            self._accounts[account.account_id] = account
            self._ids[account.issuer, account.subject] = account.account_id
        return Written()

    def _holds(self, guard: Guard) -> bool:
        match guard:
            case AccountAbsent(issuer, subject):
                return (issuer, subject) not in self._ids
            case AccountUnchanged(account_id, revision):
                account = self._accounts.get(account_id)
                return account is not None and account.revision == revision
            case _:
                assert_never(guard)

    def _changed(self, change: Change, draft: dict[str, Account]) -> Account | None:
        """Return the account as the change makes it; None where the change is not possible."""
        account = draft.get(change.account_id) or self._accounts.get(change.account_id)
        match change:
            case CreateAccount(account_id, issuer, subject, display_name):
                drafted = any((other.issuer, other.subject) == (issuer, subject) for other in draft.values())
                if account is not None or drafted or (issuer, subject) in self._ids:
                    return None
                return Account(account_id, issuer, subject, display_name, 1)
            case RenameAccount(_, display_name):
                if account is None:
                    return None
                return attrs.evolve(account, display_name=display_name, revision=account.revision + 1)
            case _:
                assert_never(change)
