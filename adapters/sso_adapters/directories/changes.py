"""Writing: each change that a decision may hold, carried out within the transaction of the whole decision."""

from __future__ import annotations

from typing import assert_never

from sqlalchemy import Connection, Table, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from sso_adapters.directories.rows import Values, description, key_values, mappings_values, team_values
from sso_adapters.directories.schema import accounts, api_keys, identities, mappings, memberships, teams
from sso_adapters.sql_transaction import COUNTED
from sso_core.records import (
    Account,
    Change,
    CreateAccount,
    EnsureTeam,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    Membership,
    RevokeKey,
    SaveMappings,
    UpdateAccount,
)


class NoLongerError(Exception):
    """What a guard or a change speaks of is not, or no longer, as it says."""


def carry_out(connection: Connection, change: Change) -> None:
    """Carry out a change. Raises NoLongerError or IntegrityError where it is not possible."""
    match change:
        case CreateAccount(account):
            _create(connection, account)
        case UpdateAccount(account):
            _revise(connection, account.account_id, description(account))
        case LinkIdentity(account_id, issuer, subject):
            _bind(connection, account_id, ((issuer, subject),))
            _revise(connection, account_id, {})
        case EnsureTeam(team):
            _add(connection, teams, team_values(team))
        case JoinTeam(account_id, membership):
            _join(connection, account_id, membership)
        case LeaveTeam(account_id, team_id):
            _leave(connection, account_id, team_id)
        case IssueKey(key):
            connection.execute(insert(api_keys), key_values(key))
        case RevokeKey(key_hash):
            connection.execute(delete(api_keys).where(api_keys.c.key_hash == key_hash))
        case SaveMappings(maps):
            _save(connection, mappings_values(maps))
        case _:
            assert_never(change)


def _create(connection: Connection, account: Account) -> None:
    row = {"account_id": account.account_id, "revision": 1, **description(account)}
    connection.execute(insert(accounts), row)
    _bind(connection, account.account_id, account.identities)


def _bind(connection: Connection, account_id: str, keys: tuple[tuple[str, str], ...]) -> None:
    rows = [{"issuer": issuer, "subject": subject, "account_id": account_id} for issuer, subject in keys]
    if rows:
        connection.execute(insert(identities), rows)


def _join(connection: Connection, account_id: str, membership: Membership) -> None:
    row = {"account_id": account_id, "team_id": membership.team_id, "source": membership.source.value}
    if _add(connection, memberships, row):
        _revise(connection, account_id, {})


def _leave(connection: Connection, account_id: str, team_id: str) -> None:
    place = memberships.c.account_id == account_id, memberships.c.team_id == team_id
    if connection.execute(delete(memberships).where(*place)).rowcount:
        _revise(connection, account_id, {})


def _save(connection: Connection, values: Values) -> None:
    if not connection.execute(update(mappings), values).rowcount:
        connection.execute(insert(mappings), {"only": 1, **values})


def _revise(connection: Connection, account_id: str, values: Values) -> None:
    """Let the account be as described, at its next revision. Raises NoLongerError where there is none."""
    statement = update(accounts).where(accounts.c.account_id == account_id)
    revised = connection.execute(statement.values(revision=accounts.c.revision + 1, **values))
    if revised.rowcount != 1:
        raise NoLongerError


def _add(connection: Connection, table: Table, row: Values) -> bool:
    """Add a row unless there is one under its primary key; return whether it was added."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    add = make(table).on_conflict_do_nothing(index_elements=table.primary_key)
    return connection.execute(add, row, execution_options=COUNTED).rowcount == 1
