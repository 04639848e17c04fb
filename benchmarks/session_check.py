"""The check of a session, which runs on every request of the host application.

The core's session is an identifier that a store leads from; the hand-written one is a signed cookie without a store.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt

from benchmarks.floor import decode, encode
from sso_adapters.drive.blocking import run
from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import Drop, Effect, Keep, Kind, Peek, Take
from sso_core.events import Event
from sso_core.flows.sessions import SessionFound, read_session
from sso_core.secret import Secret
from sso_core.sessions.session import Session, encode_session, session_key

CLAIMS = {"iss": "https://idp.example", "sub": "248289761001", "name": "Jane Doe", "email": "janedoe@example.com"}


class _World:
    """A store in memory that holds one session."""

    def __init__(self, key: str, value: bytes) -> None:
        self._store = MemoryStore()
        self._store.perform(Keep(Kind.SESSION, key, value, 3600))
        self.now: Callable[[], float] = time.time

    def perform(self, effect: Effect) -> Event:
        """Perform an effect of a store."""
        assert isinstance(effect, Keep | Take | Peek | Drop)
        return self._store.perform(effect)


def works() -> dict[str, Callable[[int], None]]:
    """Return the checks by name."""
    key, now = secrets.token_bytes(32), time.time()
    claims = CLAIMS | {"exp": int(now) + 3600}
    header = encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{header}.{encode(json.dumps(claims).encode())}"
    cookie = f"{signed}.{encode(hmac.digest(key, signed.encode(), 'sha256'))}"
    session_id = secrets.token_urlsafe(32)
    session = Session(
        account_id="a" * 32,
        provider_id="generic",
        issuer=CLAIMS["iss"],
        subject=CLAIMS["sub"],
        display_name=CLAIMS["name"],
        email=CLAIMS["email"],
        email_verified=True,
        claims=(),
        signed_in_at=now,
        expires_at=now + 3600,
    )
    world = _World(session_key(Secret(session_id)), encode_session(session))

    def by_hand(count: int) -> None:
        for _ in range(count):
            assert _verified(cookie, key)["sub"]

    def by_pyjwt(count: int) -> None:
        for _ in range(count):
            assert jwt.decode(cookie, key, algorithms=["HS256"])["sub"]

    def by_core(count: int) -> None:
        for _ in range(count):
            assert isinstance(run(read_session(Secret(session_id)), world), SessionFound)

    return {"by hand": by_hand, "PyJWT": by_pyjwt, "core": by_core}


def _verified(cookie: str, key: bytes) -> dict[str, Any]:
    signed, _, signature = cookie.rpartition(".")
    if not hmac.compare_digest(hmac.digest(key, signed.encode(), "sha256"), decode(signature)):
        raise ValueError("signature")
    header, _, payload = signed.partition(".")
    if json.loads(decode(header))["alg"] != "HS256":
        raise ValueError("alg")
    claims: dict[str, Any] = json.loads(decode(payload))
    if time.time() > claims["exp"]:
        raise ValueError("exp")
    return claims
