"""Signatures for what people present to be known: a forged identifier never reaches the store.

The identifier alone is beyond guessing; the signature keeps a flood of made-up ones from costing the store anything.
"""

from __future__ import annotations

from hmac import compare_digest, digest

import attrs

from sso_core.secret import Secret
from sso_core.wire import b64url_encode

SECRET_SIZE = 32
PRESENTED_LIMIT = 128
"""Characters of an identifier with its signature; there are 87."""


@attrs.frozen(repr=False)
class SessionKeys:
    """The operator's secrets, each of 32 bytes at least, the newest first: it signs, all of them verify.

    To rotate, put a new one in front and drop the last when every session signed with it has ended.
    Raises ValueError when there is none or one is too short.
    """

    secrets: tuple[bytes, ...]
    _prepared: tuple[bytes, ...] = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not self.secrets or min(map(len, self.secrets)) < SECRET_SIZE:
            raise ValueError(f"signing sessions needs at least one secret, each of {SECRET_SIZE} bytes or more")
        # A key of its own, so that the same secret may serve for sealing too.
        prepared = tuple(digest(secret, b"sso-core session v1", "sha256") for secret in self.secrets)
        object.__setattr__(self, "_prepared", prepared)

    def __repr__(self) -> str:
        return f"SessionKeys({len(self.secrets)} secrets)"

    def sign(self, session_id: str) -> str:
        """Return the identifier with its signature, `id.mac`."""
        return f"{session_id}.{_mac(self._prepared[0], session_id)}"

    def verified(self, presented: str) -> str | None:
        """Return the identifier that one of the keys signed; None for anything else, compared in constant time."""
        session_id, _, mac = presented.rpartition(".")
        if not mac.isascii():
            return None
        for key in self._prepared:
            if compare_digest(_mac(key, session_id), mac):
                return session_id
        return None


def _mac(key: bytes, session_id: str) -> str:
    return b64url_encode(digest(key, session_id.encode(), "sha256"))


def presentable(keys: SessionKeys | None, session_id: Secret) -> str:
    """Return what its holder presents: signed where there are keys."""
    return session_id.reveal() if keys is None else keys.sign(session_id.reveal())


def presented_id(keys: SessionKeys | None, presented: str) -> Secret | None:
    """Return the identifier of what is presented; None where it is none of ours, by its signature or its length."""
    if not 0 < len(presented) <= PRESENTED_LIMIT:
        return None
    session_id = presented if keys is None else keys.verified(presented)
    return Secret(session_id) if session_id else None
