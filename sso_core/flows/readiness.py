"""The story of a service that is asked whether it can sign people in.

check_readiness -> AskingBackends -> Readiness

The store and the directory are asked one cheap question each, together. The questions are about whoever asks: only a
session or a personal key is told more than yes or no. What more there is to tell is not worth another question, so the
end of all sessions of an account is not looked for.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, Kind, Peek, ReadKey
from sso_core.events import AlreadyTaken, DirectoryUnreachable, Found, KeyFacts, Missing, StoreUnreachable
from sso_core.machine import Resting, Working
from sso_core.sessions.session import decode_session

NOBODY = "readiness"
"""A key under which nothing lies."""


@attrs.frozen
class Readiness(Resting):
    """What works. Whoever is not `known` is told only whether all of it does."""

    store: bool
    directory: bool
    known: bool

    @property
    def is_ready(self) -> bool:
        """Whether people can sign in."""
        return self.store and self.directory


def check_readiness(session: str | None, key_hash: str | None) -> AskingBackends:
    """Begin to find out; `session` and `key_hash` are what the store and the directory know the asker by, if at all."""
    return AskingBackends(session or NOBODY, key_hash or NOBODY)


@attrs.frozen
class AskingBackends(Working):
    """Waits for the store and the directory."""

    session: str
    key_hash: str

    def asks(self) -> tuple[Effect, ...]:
        """Read from both."""
        return (Peek(Kind.SESSION, self.session), ReadKey(self.key_hash))

    def receive(
        self,
        stored: Found | AlreadyTaken | Missing | StoreUnreachable,
        written: KeyFacts | DirectoryUnreachable,
        *,
        now: float,
    ) -> Readiness:
        """Take any answer for a sign of life; which one it is says only who asks."""
        session = decode_session(stored.value) if isinstance(stored, Found) else None
        known = session is not None and now < session.expires_at
        if isinstance(written, KeyFacts) and written.key is not None:
            key, account = written.key, written.account
            alive = key.expires_at is None or now < key.expires_at
            known = known or (alive and account is not None and not account.disabled)
        return Readiness(
            store=not isinstance(stored, StoreUnreachable),
            directory=isinstance(written, KeyFacts),
            known=known,
        )
