"""A key that signs sessions, made once and kept in a file for its owner only."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from sso_core.sessions.session_keys import SECRET_SIZE, SessionKeys
from sso_core.wire import WireError, b64url_decode, b64url_encode

_LONGEST = 4096
"""Bytes of the file that are read; a key has 43."""


def kept_session_keys(path: Path) -> SessionKeys:
    """Return the keys in the file, the newest first, a line each; where there is no file, one with a new key is made.

    Of several processes that start at once all get the same key. Raises OSError where the file cannot be read or made,
    or holds anything else.
    """
    if not path.exists():
        _make(path)
    with path.open("rb") as file:
        lines = file.read(_LONGEST).split()
    try:
        return SessionKeys(tuple(b64url_decode(line.decode("ascii")) for line in lines))
    except (WireError, ValueError):
        raise OSError(f"{path} holds no keys for sessions: remove it, and everybody has to sign in again") from None


def _make(path: Path) -> None:
    """Write a draft and link it into its place, where another process may have been quicker; nobody sees half a key."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as draft:  # for its owner only
        draft.write(b64url_encode(secrets.token_bytes(SECRET_SIZE)).encode() + b"\n")
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft.name)
