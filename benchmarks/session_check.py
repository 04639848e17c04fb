"""The check of a session, which runs on every request of the host application.

The core's session is an identifier that a store leads from; the hand-written one is a signed cookie without a store.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from benchmarks.floor import decode, encode
from sso_adapters.drive.blocking import run
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import Store
from sso_core.effects import Drop, Effect, Keep, Kind, Peek, Renew, Take
from sso_core.events import Event
from sso_core.flows.sessions import SessionFound, read_session
from sso_core.secret import Secret
from sso_core.sessions.session import Session, encode_session, session_key

CLAIMS = {"iss": "https://idp.example", "sub": "248289761001", "name": "Jane Doe", "email": "janedoe@example.com"}

INTERVAL = 3600
"""Seconds until the account would be read again: longer than the measurement."""


class _World:
    """A store that holds one session; in memory by default."""

    def __init__(self, key: str, value: bytes, store: Store | None = None) -> None:
        self._store = MemoryStore() if store is None else store
        self._store.perform(Keep(Kind.SESSION, key, value, 3600))
        self.now: Callable[[], float] = time.time

    def perform(self, effect: Effect) -> Event:
        """Perform an effect of a store."""
        assert isinstance(effect, Keep | Take | Peek | Drop | Renew)
        return self._store.perform(effect)


def works(stores: Mapping[str, Store] | None = None) -> dict[str, Callable[[int], None]]:
    """Return the checks by name, and the core's once more with each of the stores."""
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
        checked_at=now,
    )
    key_and_value = session_key(Secret(session_id)), encode_session(session)

    def by_hand(count: int) -> None:
        for _ in range(count):
            assert _verified(cookie, key)["sub"]

    def by_pyjwt(count: int) -> None:
        for _ in range(count):
            assert jwt.decode(cookie, key, algorithms=["HS256"])["sub"]

    def by_core(store: Store | None = None) -> Callable[[int], None]:
        world = _World(*key_and_value, store)

        def check(count: int) -> None:
            for _ in range(count):
                assert isinstance(run(read_session(Secret(session_id), check_interval=INTERVAL), world), SessionFound)

        return check

    over = {f"core, {name}": by_core(store) for name, store in (stores or {}).items()}
    return {"by hand": by_hand, "PyJWT": by_pyjwt, "core": by_core(), **over}


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
