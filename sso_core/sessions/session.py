"""A session: the server's memory that this browser signed in. The browser holds only a random identifier."""

from __future__ import annotations

import json
from hashlib import sha256

import attrs

from sso_core.identity.identity import Identity, ShownClaim
from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_encode, parse_json

VERSION = 1


@attrs.frozen
class Session:
    """Who signed in, when, and until when; times in seconds since the epoch."""

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


MEMBERS = len(attrs.fields(Session))


def session_of(
    identity: Identity, *, account_id: str, provider_id: str, signed_in_at: float, expires_at: float
) -> Session:
    """Return the session of a person who has just signed in."""
    return Session(
        account_id=account_id,
        provider_id=provider_id,
        issuer=identity.issuer,
        subject=identity.subject,
        display_name=identity.display_name,
        email=identity.email,
        email_verified=identity.email_verified,
        claims=identity.claims,
        signed_in_at=signed_in_at,
        expires_at=expires_at,
    )


def session_key(session_id: Secret) -> str:
    """Return the store's key for a session: whoever reads the store cannot step into the session."""
    return b64url_encode(sha256(f"session {session_id.reveal()}".encode()).digest())


def encode_session(session: Session) -> bytes:
    """Return the session as compact JSON, the version first."""
    values = attrs.asdict(session, recurse=False)
    values["claims"] = [(claim.name, claim.value, claim.source) for claim in session.claims]
    return json.dumps([VERSION, values], separators=(",", ":"), ensure_ascii=False).encode()


def decode_session(value: bytes) -> Session | None:
    """Return the session that `encode_session` wrote; None for anything else, which is then no session."""
    try:
        document = parse_json(value, limit=1 << 20)
    except WireError:
        return None
    match document:
        case [
            int(version),
            {
                "account_id": str(),
                "provider_id": str(),
                "issuer": str(),
                "subject": str(),
                "display_name": str(),
                "email": str() | None,
                "email_verified": bool(),
                "claims": list(claims),
                "signed_in_at": float() | int(),
                "expires_at": float() | int(),
            } as members,
        ] if version == VERSION and len(members) == MEMBERS and all(map(_is_claim, claims)):
            return Session(**members | {"claims": tuple(ShownClaim(*claim) for claim in claims)})
        case _:
            return None


def _is_claim(value: object) -> bool:
    match value:
        case [str(), str(), str()]:
            return True
        case _:
            return False
