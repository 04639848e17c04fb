"""The people and the questions of the directories' suite, and what whoever inherits it has to provide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from sso_core.effects import ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Event
from sso_core.records import Account, AccountUnchanged, Change, CreateAccount, Guard, IdentityAbsent, UpdateAccount

DirectoryEffect = ReadAccount | ReadKey | WriteAccount

RACERS = 50
ISSUER = "https://op.example"
SUBJECTS = ("alice", "Alice", "alice ", "al\u00ecce", "ali\u0300ce", "\uff41lice", "%", "_", "1", "01", "1.0", "a")
"""Subjects that a careless comparison takes for one another (OIDC Core 2: `sub` is case-sensitive)."""


class Directory(Protocol):
    """The directory under test."""

    def perform(self, effect: Any) -> Event:  # noqa: ANN401 -- ReadAccount, ReadKey or WriteAccount
        """Return one of the effect's answers."""
        ...


class DirectoryScenes(ABC):
    """What the suite needs of whoever inherits it."""

    @abstractmethod
    def open(self) -> Directory:
        """Return an empty directory."""

    @abstractmethod
    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> Sequence[Event]:
        """Have it perform all of them at the same moment, from as many threads, tasks or processes as there are."""


def person(subject: str = "alice", account_id: str = "id", *, issuer: str = ISSUER, name: str = "") -> Account:
    """Return a new account as a first login has it written."""
    return Account(account_id, name, revision=1, identities=((issuer, subject),))


def creation(account: Account, *guards: Guard) -> WriteAccount:
    """Return what a first login writes: somebody whom nobody knows, and whatever else must hold."""
    absent = (IdentityAbsent(issuer, subject) for issuer, subject in account.identities)
    return WriteAccount((CreateAccount(account),), (*absent, *guards))


def update(account: Account, revision: int, **described: Any) -> WriteAccount:  # noqa: ANN401 -- fields of an account
    """Return what a login writes when the person is described differently from `account`."""
    changed = attrs.evolve(account, **described)
    return WriteAccount((UpdateAccount(changed),), (AccountUnchanged(account.account_id, revision),))


def changes(*changes: Change) -> WriteAccount:
    """Return a decision that rests on nothing."""
    return WriteAccount(changes, ())


def facts(directory: Directory, subject: str = "alice", *, issuer: str = ISSUER, **asked: Any) -> AccountFacts:  # noqa: ANN401 -- fields of the question
    """Read the facts about a person, and whatever else is `asked`."""
    answer = directory.perform(ReadAccount(issuer, subject, **asked))
    assert isinstance(answer, AccountFacts)
    return answer


def account(directory: Directory, subject: str = "alice", *, issuer: str = ISSUER) -> Account | None:
    """Read an account."""
    return facts(directory, subject, issuer=issuer).account
