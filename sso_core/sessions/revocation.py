"""The end of sessions that nobody can list, known by marks in the store.

- The mark of an account holds a moment: its sessions that began no later are over.
- The mark of a provider's session ends every session that began in it, whenever: what the provider has ended does not
  begin again, and a login that was under way then must not outlive it.

A mark is kept as long as any of the sessions could have lasted.
"""

from __future__ import annotations

from hashlib import sha256

from sso_core.sessions.session import Session
from sso_core.wire import WireError, b64url_encode, encode_json, parse_json

ENDED = b"ended"
"""The mark of a provider's session. It holds no moment, so that it ends whatever session it is found for."""


def revocation_key(account_id: str) -> str:
    """Return the store's key for the mark of an account."""
    return sha256(account_id.encode()).hexdigest()


def sid_key(issuer: str, sid: str) -> str:
    """Return the store's key for the mark of a provider's session; it has another length than that of any account."""
    return b64url_encode(sha256(encode_json([issuer, sid])).digest())


def encode_revocation(moment: float) -> bytes:
    """Return the mark that ends the sessions begun until `moment`, in seconds since the epoch."""
    return encode_json(moment)


def decode_revocation(mark: bytes) -> float | None:
    """Return the moment that `encode_revocation` wrote; None for anything else."""
    try:
        moment = parse_json(mark)
    except WireError:
        return None
    return float(moment) if type(moment) in (float, int) else None


def is_revoked(session: Session, mark: bytes) -> bool:
    """Whether the mark ends the session; one that cannot be read ends every session."""
    return ends_until(mark, session.signed_in_at)


def ends_until(mark: bytes, moment: float) -> bool:
    """Whether the mark of an account ends all sessions begun until `moment`, so that none for that is needed."""
    marked = decode_revocation(mark)
    return marked is None or moment <= marked
