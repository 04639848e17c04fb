"""The end of all sessions of an account at once, known by one mark in the store.

The mark holds a moment: sessions that began no later are over. It is kept as long as any of them could have lasted.
"""

from __future__ import annotations

from hashlib import sha256

from sso_core.sessions.session import Session
from sso_core.wire import WireError, encode_json, parse_json


def revocation_key(account_id: str) -> str:
    """Return the store's key for the mark of an account."""
    return sha256(account_id.encode()).hexdigest()


def encode_revocation(moment: float) -> bytes:
    """Return the mark that ends the sessions begun until `moment`, in seconds since the epoch."""
    return encode_json(moment)


def is_revoked(session: Session, mark: bytes) -> bool:
    """Whether the mark ends the session; one that cannot be read ends every session."""
    try:
        moment = parse_json(mark)
    except WireError:
        return True
    return type(moment) not in (float, int) or session.signed_in_at <= moment
