"""A session: the server's memory that this browser signed in. The browser holds only a random identifier."""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from itertools import product, starmap
from math import inf
from types import NoneType
from typing import Any

import attrs

from sso_core.failures import Reason, refuse
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity, ShownClaim
from sso_core.records import Account, ApiKey
from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_encode, encode_json, parse_json

VERSION = 5
FORMER_VERSION = 4
"""Without `checked_at` and `sid`; its sessions are still read, so that a new release signs nobody out."""

SESSION_LIMIT = 512 * 1024
"""Bytes of a session: ten thousand teams that are named by UUIDs have fewer. It fits into the entry of a command line,
which holds it in base64."""


class SessionKind(Enum):
    """Who holds the session."""

    BROWSER = "browser"
    CLI = "cli"
    KEY = "key"
    """Nobody does: a personal key stands for its account. Such a session is made anew each time, and never stored."""


@attrs.frozen
class Session:
    """Who signed in, when, and until when; times in seconds since the epoch.

    Role and teams are those of the account when it was last read.
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
    explanation: tuple[Step, ...] = ()
    """Why the person is who they are here."""
    checked_at: float = 0.0
    """When the account was last read, and found open."""
    sid: str | None = None
    """How the provider calls its own session, in which the person signed in; where that ends, so does this one."""


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
        explanation=identity.explanation,
        checked_at=signed_in_at,
        sid=identity.sid,
    )


def session_of_key(key: ApiKey, account: Account) -> Session:
    """Return what a personal key stands for: its account as it is now. Without an end it is good for ever."""
    issuer, subject = account.identities[0] if account.identities else ("", "")
    return Session(
        account_id=account.account_id,
        provider_id=account.auth_provider or "",
        issuer=issuer,
        subject=subject,
        display_name=account.display_name,
        email=account.email,
        email_verified=account.email_verified,
        claims=(),
        signed_in_at=key.created_at,
        expires_at=inf if key.expires_at is None else key.expires_at,
        handle=account.handle,
        role=account.role,
        team_ids=account.team_ids,
        team_id=key.team_id,
        kind=SessionKind.KEY,
    )


def session_key(session_id: Secret) -> str:
    """Return the store's key for a session: whoever reads the store cannot step into the session."""
    return b64url_encode(sha256(f"session {session_id.reveal()}".encode()).digest())


def encode_session(session: Session) -> bytes:
    """Return the session as compact JSON, positions instead of names, the version first.

    One that is too large is kept without what is only shown: claims and explanation. Refuses with SESSION_NOT_KEPT one
    that is still too large, since nobody could read it back.
    """
    value = _encoded(session)
    if len(value) > SESSION_LIMIT:
        value = _encoded(attrs.evolve(session, claims=(), explanation=()))
    if len(value) > SESSION_LIMIT:
        what = f"the session of a person in {len(session.team_ids)} teams has {len(value)} bytes"
        refuse(Reason.SESSION_NOT_KEPT, f"{what}, {SESSION_LIMIT} at most", "let fewer groups count as teams")
    return value


def _encoded(session: Session) -> bytes:
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
        [(step.rule, step.claim, step.source, step.result) for step in session.explanation],
        session.checked_at,
        session.sid,
    ]
    return encode_json(values)


_TIME = (float, int)
_TEXT = (str, NoneType)
_TYPES = frozenset(
    product(
        *((int,), *[(str,)] * 5, _TEXT, (bool,), (list,), _TIME, _TIME, _TEXT, _TEXT, (list,), _TEXT, (str,), (list,)),
        _TIME,
        _TEXT,
    )
)
"""The types of the values, in every combination that there may be."""
_TEXTS = frozenset({str})
_CLAIM_TYPES = (str, str, str)
_STEP_TYPES = (str, str, str, str)
_ACCOUNT, _CLAIMS, _TEAMS, _KIND, _STEPS = 1, 8, 13, 15, 16
_KINDS = {kind.value: kind for kind in (SessionKind.BROWSER, SessionKind.CLI)}


def decode_session(value: bytes) -> Session | None:
    """Return the session that `encode_session` wrote; None for anything else, which is then no session."""
    try:
        values = parse_json(value, limit=1 << 20)
    except WireError:
        return None
    if type(values) is not list or not values:
        return None
    if values[0] == FORMER_VERSION and type(values[0]) is int:
        values = [VERSION, *values[1:], 0.0, None]
    if tuple(map(type, values)) not in _TYPES or not _is_session(values):
        return None
    values[_TEAMS] = tuple(values[_TEAMS])
    values[_KIND] = _KINDS[values[_KIND]]
    values[_CLAIMS] = tuple(starmap(ShownClaim, values[_CLAIMS]))
    values[_STEPS] = tuple(starmap(Step, values[_STEPS]))
    return Session(*values[1:])


def _is_session(values: list[Any]) -> bool:
    if values[0] != VERSION or not values[_ACCOUNT] or values[_KIND] not in _KINDS:
        return False
    for claim in values[_CLAIMS]:
        if type(claim) is not list or tuple(map(type, claim)) != _CLAIM_TYPES:
            return False
    for step in values[_STEPS]:
        if type(step) is not list or tuple(map(type, step)) != _STEP_TYPES:
            return False
    return _TEXTS.issuperset(map(type, values[_TEAMS]))
