"""Authenticated encryption for what the browser keeps for us, with rotating keys.

A sealed text is `version | key id | nonce | ciphertext`, AES-256-GCM (NIST SP 800-38D). Each purpose has a key of its
own (RFC 5869), so that a text sealed for one purpose opens for no other, and the context is authenticated along.
"""

from __future__ import annotations

from hashlib import sha256

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sso_core.wire import WireError, b64url_decode, b64url_encode

VERSION = b"\x01"
KEY_ID_SIZE = 4
NONCE_SIZE = 12
SECRET_SIZE = 32
SEALED_LIMIT = 3800
"""Characters; a browser keeps 4,096 bytes a cookie, name and attributes included."""


@attrs.frozen(repr=False)
class SealingKeys:
    """The operator's secrets, each of 32 bytes at least, the newest first: it seals, all of them open.

    To rotate, put a new one in front and drop the last when everything sealed with it has expired.
    Raises ValueError when there is none or one is too short.
    """

    secrets: tuple[bytes, ...]
    _prepared: tuple[tuple[bytes, AESGCM], ...] = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if not self.secrets or min(map(len, self.secrets)) < SECRET_SIZE:
            raise ValueError(f"sealing needs at least one secret, each of {SECRET_SIZE} bytes or more")
        object.__setattr__(self, "_prepared", tuple(_prepare(secret) for secret in self.secrets))

    def __repr__(self) -> str:
        return f"SealingKeys({len(self.secrets)} secrets)"

    def seal(self, plain: bytes, *, context: str, nonce: bytes) -> str:
        """Seal a text for this context. A nonce of 12 random bytes is used once."""
        key_id, cipher = self._prepared[0]
        sealed = cipher.encrypt(nonce, plain, VERSION + context.encode())
        return b64url_encode(VERSION + key_id + nonce + sealed)

    def unseal(self, sealed: str, *, context: str) -> bytes | None:
        """Open a sealed text; None for anything that these keys did not seal for this context."""
        try:
            data = b64url_decode(sealed) if len(sealed) <= SEALED_LIMIT else b""
        except WireError:
            return None
        version, key_id, rest = data[:1], data[1 : 1 + KEY_ID_SIZE], data[1 + KEY_ID_SIZE :]
        cipher = next((cipher for known, cipher in self._prepared if known == key_id), None)
        if version != VERSION or cipher is None:
            return None
        try:
            return cipher.decrypt(rest[:NONCE_SIZE], rest[NONCE_SIZE:], VERSION + context.encode())
        except (InvalidTag, ValueError):
            return None


def _prepare(secret: bytes) -> tuple[bytes, AESGCM]:
    key = HKDF(SHA256(), 32, salt=None, info=b"sso-core pending login v1").derive(secret)
    return sha256(b"key id" + key).digest()[:KEY_ID_SIZE], AESGCM(key)
