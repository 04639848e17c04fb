"""Guards: whether they hold, and what has to stand still so that they hold until the commit.

SQLite has one writer at a time, so there everything does. In PostgreSQL a decision locks what it rests on and what it
takes, each by its name, in one order, before it looks (READ COMMITTED looks anew with each statement): that holds off
those who decide about the same, and nobody else. Whoever writes by other ways meets the keys of the tables and the lock
of the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import assert_never

from sqlalchemy import Connection, bindparam, exists, func, select, text

from sso_adapters.directories.rows import email_key
from sso_adapters.directories.schema import accounts, identities
from sso_core.effects import WriteAccount
from sso_core.records import (
    Account,
    AccountUnchanged,
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
    RevokeKey,
    SaveMappings,
    SeatLeft,
    UpdateAccount,
)

_SEATS = 0x73736F5F73656174
# One row after the other, in the order of the list, so that no two wait for each other.
_LOCK = text("SELECT pg_advisory_xact_lock(name) FROM unnest(CAST(:names AS bigint[])) AS name")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:name)")

_IDENTITY = select(
    exists().where(identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject"))
)
_REVISION = select(accounts.c.revision).where(accounts.c.account_id == bindparam("id")).with_for_update(key_share=True)
_HANDLE = select(exists().where(accounts.c.handle == bindparam("handle")))
_EMAIL = select(exists().where(accounts.c.email_key == bindparam("email")))
_COUNT = select(func.count()).select_from(accounts)


def lock(connection: Connection, effect: WriteAccount) -> None:
    """Let what the decision rests on, and what it takes, stand still until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return
    names = sorted({_name(*what) for what in (*_rests_on(effect), *_takes(effect))})
    if any(isinstance(guard, SeatLeft) for guard in effect.guards):
        names = [_SEATS, *names]
    elif any(isinstance(change, CreateAccount) for change in effect.changes):
        # Those who do not count come in beside each other, and not while somebody counts.
        connection.execute(_SHARE, {"name": _SEATS})
    if names:
        connection.execute(_LOCK, {"names": names})


def holds(connection: Connection, guard: Guard) -> bool:
    """Whether a guard holds, now that it is locked."""
    match guard:
        case IdentityAbsent(issuer, subject):
            return not connection.execute(_IDENTITY, {"issuer": issuer, "subject": subject}).scalar_one()
        case AccountUnchanged(account_id, revision):
            return connection.execute(_REVISION, {"id": account_id}).scalar_one_or_none() == revision
        case HandleFree(handle):
            return not connection.execute(_HANDLE, {"handle": handle}).scalar_one()
        case EmailFree(email):
            return not connection.execute(_EMAIL, {"email": email_key(email)}).scalar_one()
        case SeatLeft(seats):
            return bool(connection.execute(_COUNT).scalar_one() < seats)
        case _:
            assert_never(guard)


def _rests_on(effect: WriteAccount) -> Iterator[tuple[str, ...]]:
    for guard in effect.guards:
        match guard:
            case IdentityAbsent(issuer, subject):
                yield "identity", issuer, subject
            case AccountUnchanged(account_id):
                yield "account", account_id
            case HandleFree(handle):
                yield "handle", handle
            case EmailFree(email):
                yield "email", email_key(email)
            case SeatLeft():
                pass
            case _:
                assert_never(guard)


def _takes(effect: WriteAccount) -> Iterator[tuple[str, ...]]:
    for change in effect.changes:
        match change:
            case CreateAccount(account):
                yield from (("identity", issuer, subject) for issuer, subject in account.identities)
                yield from _described(account)
            case UpdateAccount(account):
                yield "account", account.account_id
                yield from _described(account)
            case LinkIdentity(account_id, issuer, subject):
                yield "account", account_id
                yield "identity", issuer, subject
            case JoinTeam(account_id) | LeaveTeam(account_id):
                yield "account", account_id
            case SaveMappings():
                yield ("mappings",)
            case EnsureTeam() | IssueKey() | RevokeKey():
                pass
            case _:
                assert_never(change)


def _described(account: Account) -> Iterator[tuple[str, ...]]:
    if account.handle is not None:
        yield "handle", account.handle
    if account.email is not None:
        yield "email", email_key(account.email)


def _name(*what: str) -> int:
    """Return the number under which PostgreSQL locks something. Two that share one wait for each other, at worst."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
