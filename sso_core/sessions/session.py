"""A session: the server's memory that this browser signed in. The browser holds only a random identifier."""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from itertools import product
from types import NoneType

import attrs

from sso_core.identity.identity import Identity, ShownClaim
from sso_core.records import Account
from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_encode, encode_json, parse_json

VERSION = 3


class SessionKind(Enum):
    """Who holds the session."""

    BROWSER = "browser"
    CLI = "cli"


@attrs.frozen
class Session:
    """Who signed in, when, and until when; times in seconds since the epoch.

    Role and teams are those of the account when the person signed in.
    """

    account_id: str
    provider_id: str
    issuer: str
    subject: str
    display_name: str
    email: str | None
    email_verified: bool
    claims: tuple[ShownClaim, ...]
    signed_in_at: float
    expires_at: float
    handle: str | None = None
    role: str | None = None
    team_ids: tuple[str, ...] = ()
    team_id: str | None = None
    """The team that the session is limited to; a browser's is not."""
    kind: SessionKind = SessionKind.BROWSER


def session_of(
    identity: Identity, account: Account, *, provider_id: str, signed_in_at: float, expires_at: float
) -> Session:
    """Return the session of a person who has just signed in."""
    return Session(
        account_id=account.account_id,
        provider_id=provider_id,
        issuer=identity.issuer,
        subject=identity.subject,
        display_name=identity.display_name,
        email=identity.email,
        email_verified=identity.email_verified,
        claims=identity.claims,
        signed_in_at=signed_in_at,
        expires_at=expires_at,
        handle=account.handle,
        role=account.role,
        team_ids=account.team_ids,
    )


def session_key(session_id: Secret) -> str:
    """Return the store's key for a session: whoever reads the store cannot step into the session."""
    return b64url_encode(sha256(f"session {session_id.reveal()}".encode()).digest())


def encode_session(session: Session) -> bytes:
    """Return the session as compact JSON, positions instead of names, the version first."""
    values = [
        VERSION,
        session.account_id,
        session.provider_id,
        session.issuer,
        session.subject,
        session.display_name,
        session.email,
        session.email_verified,
        [(claim.name, claim.value, claim.source) for claim in session.claims],
        session.signed_in_at,
        session.expires_at,
        session.handle,
        session.role,
        session.team_ids,
        session.team_id,
        session.kind.value,
    ]
    return encode_json(values)


_TIME = (float, int)
_TEXT = (str, NoneType)
_TYPES = frozenset(
    product((int,), *[(str,)] * 5, _TEXT, (bool,), (list,), _TIME, _TIME, _TEXT, _TEXT, (list,), _TEXT, (str,))
)
"""The types of the values, in every combination that there may be."""
_CLAIM_TYPES = (str, str, str)
_ACCOUNT, _CLAIMS, _TEAMS, _KIND = 1, 8, 13, 15
_KINDS = {kind.value: kind for kind in SessionKind}


def decode_session(value: bytes) -> Session | None:
    """Return the session that `encode_session` wrote; None for anything else, which is then no session."""
    try:
        values = parse_json(value, limit=1 << 20)
    except WireError:
        return None
    if type(values) is not list or tuple(map(type, values)) not in _TYPES or values[0] != VERSION:
        return None
    for claim in values[_CLAIMS]:
        if type(claim) is not list or tuple(map(type, claim)) != _CLAIM_TYPES:
            return None
    if not values[_ACCOUNT]:
        return None
    if values[_KIND] not in _KINDS or not all(type(team) is str for team in values[_TEAMS]):
        return None
    values[_TEAMS] = tuple(values[_TEAMS])
    values[_KIND] = _KINDS[values[_KIND]]
    values[_CLAIMS] = tuple(ShownClaim(*claim) for claim in values[_CLAIMS])
    return Session(*values[1:])
