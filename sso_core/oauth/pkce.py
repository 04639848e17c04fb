"""Proof Key for Code Exchange, S256 only (RFC 7636)."""

from __future__ import annotations

from hashlib import sha256

from sso_core.secret import Secret
from sso_core.wire import b64url_encode

METHOD = "S256"
"""The one method: `plain` shows the verifier to whoever sees the authorization request (RFC 7636 7.2)."""


def code_challenge(verifier: Secret) -> str:
    """Return the challenge of a verifier (RFC 7636 4.2)."""
    return b64url_encode(sha256(verifier.reveal().encode("ascii")).digest())
