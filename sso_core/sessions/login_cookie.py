"""The cookie that binds one login to one browser; each login has its own, so that two tabs work.

Its value is `issued at . secret . return target`. The secret is random, or the sealed login itself; it is empty once
the login is over, and the cookie then only remembers where the login went.
"""

from __future__ import annotations

from hashlib import sha256

import attrs

from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_decode, b64url_encode


@attrs.frozen
class LoginCookie:
    """What the browser holds of a login. The return target is the browser's word: check it before use."""

    issued_at: int
    """Seconds since the epoch; the oldest cookies are dropped first where a browser gathers too many."""
    secret: Secret
    return_to: str

    @property
    def is_spent(self) -> bool:
        """Whether the login is over."""
        return not self.secret

    def spent(self) -> LoginCookie:
        """Return what remains of the cookie when the login is over."""
        return LoginCookie(self.issued_at, Secret(""), self.return_to)

    def leading_to(self, return_to: str) -> LoginCookie:
        """Return the cookie with a return target that was checked."""
        return LoginCookie(self.issued_at, self.secret, return_to)

    def encode(self) -> str:
        """Return the cookie's value."""
        return f"{self.issued_at}.{self.secret.reveal()}.{b64url_encode(self.return_to.encode())}"


def decode_login_cookie(value: str) -> LoginCookie | None:
    """Return what `encode` wrote; None for anything else."""
    issued_at, _, rest = value.partition(".")
    secret, dot, target = rest.partition(".")
    if not (dot and issued_at.isascii() and issued_at.isdecimal() and len(issued_at) <= 12):
        return None
    try:
        return LoginCookie(int(issued_at), Secret(secret), b64url_decode(target).decode())
    except (WireError, UnicodeDecodeError):
        return None


def cookie_mark(state: str) -> str:
    """Return what tells this login's cookie from others by name: short, and nothing to learn the state from."""
    return sha256(f"cookie of {state}".encode()).hexdigest()[:10]
