"""What programs present as a bearer token (RFC 6750 2.1): the prefix tells the kinds apart; none passes for another.

    sso_cli_<id>[.<mac>]    a session of a command line
    sso_key_<43 letters>    a personal key

A browser's session has no prefix, so that neither a cookie works as a token nor a token as a cookie. The prefixes are
also what scanners for leaked secrets look for.
"""

from __future__ import annotations

from hashlib import sha256

from sso_core.secret import Secret
from sso_core.sessions.session_keys import SessionKeys, presentable, presented_id
from sso_core.wire import b64url_encode

CLI_PREFIX = "sso_cli_"
KEY_PREFIX = "sso_key_"
KEY_LENGTH = len(KEY_PREFIX) + 43


def cli_token(keys: SessionKeys | None, session_id: Secret) -> Secret:
    """Return the token that a command line presents for its session."""
    return Secret(CLI_PREFIX + presentable(keys, session_id))


def cli_session_id(keys: SessionKeys | None, token: Secret) -> Secret | None:
    """Return the session identifier of a command line's token; None for anything else."""
    text = token.reveal()
    return presented_id(keys, text.removeprefix(CLI_PREFIX)) if text.startswith(CLI_PREFIX) else None


def api_key(random: Secret) -> Secret:
    """Return a personal key, from 43 random characters."""
    return Secret(KEY_PREFIX + random.reveal())


def is_api_key(token: Secret) -> bool:
    """Whether the token has the form of a personal key."""
    text = token.reveal()
    return len(text) == KEY_LENGTH and text.startswith(KEY_PREFIX) and text.isascii()


def api_key_hash(token: Secret) -> str:
    """Return what the directory keeps of a key: it has 256 bits, so that a plain hash gives nothing away."""
    return b64url_encode(sha256(f"key {token.reveal()}".encode()).digest())
