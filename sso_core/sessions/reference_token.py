"""The token in a cookie by which the reference's user interface knows who signed in, for hosts that still have it.

It stands beside our own session and is worth nothing here. It holds no key: whoever reads the cookie's payload learns
who somebody is, and cannot act for them, unless the operator says so.
"""

from __future__ import annotations

import attrs
import jwt

from sso_core.sessions.session import Session

SECRET_SIZE = 32


@attrs.frozen
class ReferenceToken:
    """How the token is made. Raises ValueError where the secret is shorter than 32 bytes (RFC 7518 3.2)."""

    secret: bytes = attrs.field(repr=False)
    cookie: str = "token"
    premium_user: bool = False
    auth_header_name: str = "Authorization"
    readable_by_scripts_unsafe: bool = False
    """Let scripts of the page read the cookie, as that interface does. Any script that slips in can then take it."""
    user_token_as_key_unsafe: bool = False
    """Put a signed token of the person into the claim `key`, good as long as the session. Whoever reads it can act
    for them at a host that takes such tokens."""

    def __attrs_post_init__(self) -> None:
        if len(self.secret) < SECRET_SIZE:
            raise ValueError(f"the secret of the token needs {SECRET_SIZE} bytes or more")

    def encode(self, session: Session, *, root_path: str, keys_for_admins_only: bool) -> str:
        """Return the token of a session, signed with HS256, good as long as the session."""
        times: dict[str, object] = {"iat": int(session.signed_in_at), "exp": int(session.expires_at)}
        user: dict[str, object] = {
            "user_id": session.handle or session.account_id,
            "user_email": session.email,
            "user_role": session.role,
        }
        key = self._signed(user | {"team_id": session.team_id} | times) if self.user_token_as_key_unsafe else ""
        return self._signed(
            user
            | {
                "key": key,
                "login_method": "sso",
                "premium_user": self.premium_user,
                "auth_header_name": self.auth_header_name,
                "disabled_non_admin_personal_key_creation": keys_for_admins_only,
                "server_root_path": root_path,
            }
            | times
        )

    def _signed(self, claims: dict[str, object]) -> str:
        return jwt.encode(claims, self.secret, algorithm="HS256")
