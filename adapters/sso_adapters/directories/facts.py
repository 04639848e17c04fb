"""Reading: what a database knows about a person, and about a key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from sso_adapters.directories.rows import AnyRow, account_of, email_key, key_of, mappings_of, team_of
from sso_adapters.directories.schema import accounts, api_keys, identities, mappings, memberships, teams
from sso_core.effects import ReadAccount
from sso_core.events import AccountFacts, KeyFacts
from sso_core.records import Account

_BY_IDENTITY = (
    select(accounts)
    .join(identities, identities.c.account_id == accounts.c.account_id)
    .where(identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject"))
)
_BY_EMAIL = select(accounts).where(accounts.c.email_key == bindparam("email")).order_by(accounts.c.account_id).limit(2)
_BY_HANDLE = select(accounts).where(accounts.c.handle == bindparam("handle"))
_BY_KEY = (
    select(accounts)
    .join(api_keys, api_keys.c.account_id == accounts.c.account_id)
    .where(api_keys.c.key_hash == bindparam("key_hash"))
)
_KEY = select(api_keys).where(api_keys.c.key_hash == bindparam("key_hash"))
_TEAMS = select(teams).where(teams.c.team_id.in_(bindparam("teams", expanding=True))).order_by(teams.c.team_id)
_SEATS = select(func.count()).select_from(accounts)
_MAPPINGS = select(mappings)
_IDENTITIES, _MEMBERSHIPS = (
    select(table).where(table.c.account_id.in_(bindparam("ids", expanding=True))).order_by(table.c.account_id)
    for table in (identities, memberships)
)


def read_account(connection: Connection, effect: ReadAccount) -> AccountFacts:
    """Read the facts that were asked for, within the transaction's one moment."""
    identity = {"issuer": effect.issuer, "subject": effect.subject}
    found = list(connection.execute(_BY_IDENTITY, identity))
    by_email: Sequence[AnyRow] = ()
    if effect.email is not None:
        by_email = connection.execute(_BY_EMAIL, {"email": email_key(effect.email)}).all()
    by_handle: Sequence[AnyRow] = ()
    if effect.handle is not None:
        by_handle = connection.execute(_BY_HANDLE, {"handle": effect.handle}).all()
    whole = _whole(connection, [*found, *by_email, *(by_handle if effect.by_handle else ())])
    seats_taken = None
    if effect.count_seats:
        seats_taken = connection.execute(_SEATS).scalar_one()
    return AccountFacts(
        account=whole[found[0].account_id] if found else None,
        email_holders=tuple(whole[row.account_id] for row in by_email),
        handle_holder=by_handle[0].account_id if by_handle else None,
        teams=tuple(map(team_of, connection.execute(_TEAMS, {"teams": effect.teams}))) if effect.teams else (),
        seats_taken=seats_taken,
        mappings=mappings_of(connection.execute(_MAPPINGS).one_or_none()),
        handle_account=whole[by_handle[0].account_id] if by_handle and effect.by_handle else None,
    )


def read_key(connection: Connection, key_hash: str) -> KeyFacts:
    """Read a key and the account that it belongs to."""
    row = connection.execute(_KEY, {"key_hash": key_hash}).one_or_none()
    if row is None:
        return KeyFacts(None, None)
    whole = _whole(connection, connection.execute(_BY_KEY, {"key_hash": key_hash}).all())
    return KeyFacts(key_of(row), whole[row.account_id])


def _whole(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, Account]:
    """Return the accounts of these rows by their ids, with what belongs to them."""
    ids = sorted({row.account_id for row in rows})
    if not ids:
        return {}
    bound, joined = (_belonging(connection, query, ids) for query in (_IDENTITIES, _MEMBERSHIPS))
    return {
        row.account_id: account_of(row, bound.get(row.account_id, ()), joined.get(row.account_id, ())) for row in rows
    }


def _belonging(connection: Connection, query: Select[Any], ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """Return what belongs to the accounts of these ids, by the id."""
    by_id = groupby(connection.execute(query, {"ids": ids}), key=attrgetter("account_id"))
    return {account_id: list(group) for account_id, group in by_id}
