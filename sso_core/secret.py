"""Values that must not be seen, and the one block of randomness that a flow is given."""

from __future__ import annotations

from hmac import compare_digest

import attrs

from sso_core.wire import b64url_encode


@attrs.frozen(eq=False, repr=False)
class Secret:
    """A text that no repr, log or page may show.

    `reveal` is the only way in. Two secrets are compared in constant time.
    """

    _text: str

    def reveal(self) -> str:
        """Return the text itself. Whoever calls this answers for where the text goes."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


ENTROPY_SIZE = 224
"""Bytes of randomness that one flow is given: seven independent pieces of 32 bytes."""


@attrs.frozen(repr=False)
class Entropy:
    """One block of bytes from the operating system's generator, cut by position.

    No piece is derived from another, and each has 256 bits (RFC 9700 asks for 128 at least).
    A flow draws a new block at each of its two doors, so pieces are never reused.

    Raises ValueError when the block has another length than `ENTROPY_SIZE`.
    """

    block: bytes

    def __attrs_post_init__(self) -> None:
        if len(self.block) != ENTROPY_SIZE:
            raise ValueError(f"entropy is a block of {ENTROPY_SIZE} bytes, not {len(self.block)}")

    def __repr__(self) -> str:
        return "Entropy(…)"

    def _piece(self, position: int) -> str:
        return b64url_encode(self.block[32 * position : 32 * position + 32])

    @property
    def state(self) -> str:
        """The `state` of an authorization request, 43 characters (RFC 6749 10.12)."""
        return self._piece(0)

    @property
    def nonce(self) -> str:
        """The `nonce` that the ID token has to bring back, 43 characters (OIDC Core 15.5.2)."""
        return self._piece(1)

    @property
    def code_verifier(self) -> Secret:
        """The PKCE code verifier, 43 characters (RFC 7636 4.1)."""
        return Secret(self._piece(2))

    @property
    def login_cookie(self) -> Secret:
        """What binds a pending login to the browser, 43 characters."""
        return Secret(self._piece(3))

    @property
    def session_id(self) -> Secret:
        """The identifier of a new session, 43 characters."""
        return Secret(self._piece(4))

    @property
    def account_id(self) -> str:
        """The identifier of a new account, 32 hexadecimal digits."""
        return self.block[160:176].hex()

    @property
    def cli_login_id(self) -> str:
        """The id of a command-line login, 43 characters; its start has no `state`."""
        return self._piece(0)

    @property
    def poll_secret(self) -> Secret:
        """What a command line proves itself with when it asks for its token, 43 characters (RFC 8628 3.2)."""
        return Secret(self._piece(2))

    @property
    def user_code(self) -> bytes:
        """What the code for a person to type is made of, 32 bytes; a command line's start makes no account."""
        return self.block[160:192]

    @property
    def cli_claim(self) -> Secret:
        """What the browser gets that confirmed a user code, 43 characters; no session begins there."""
        return Secret(self._piece(4))

    @property
    def loopback_code(self) -> Secret:
        """What a browser takes to a command line on its machine, 43 characters; it is made where a login ends."""
        return Secret(self._piece(2))

    @property
    def api_key(self) -> Secret:
        """The random part of a personal key, 43 characters; no login is under way where one is issued."""
        return Secret(self._piece(2))

    @property
    def seal_nonce(self) -> bytes:
        """The nonce of one authenticated encryption, 12 bytes (NIST SP 800-38D 8.2.2)."""
        return self.block[192:204]

    @property
    def reference(self) -> str:
        """What a person may quote and an operator may search for, 8 hexadecimal digits."""
        return self.block[208:212].hex()
