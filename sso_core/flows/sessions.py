"""The stories after sign-in.

read_session -> ReadingSession -> SessionFound | NoSession
sign_out     -> EndingSession  -> SignedOut
"""

from __future__ import annotations

import attrs

from sso_core.effects import AlreadyTaken, Drop, Dropped, Effect, Found, Kind, Missing, Peek, StoreUnreachable
from sso_core.failures import Reason, refuse
from sso_core.machine import Resting, Working
from sso_core.secret import Secret
from sso_core.sessions.session import Session, decode_session, session_key


@attrs.frozen
class SessionFound(Resting):
    """This browser is signed in."""

    session: Session


@attrs.frozen
class NoSession(Resting):
    """This browser is not signed in, or no longer."""


@attrs.frozen
class SignedOut(Resting):
    """The session is gone everywhere."""


def read_session(session_id: Secret | None) -> ReadingSession | NoSession:
    """Begin to find out who is signed in; `session_id` is what the browser presents."""
    return NoSession() if session_id is None else ReadingSession(session_key(session_id))


@attrs.frozen
class ReadingSession(Working):
    """Waits for the session."""

    key: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.SESSION, self.key),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> SessionFound | NoSession:
        """Believe it until its time is over; an unreachable store is no sign-out."""
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.STORE_UNREACHABLE, f"the session cannot be read: {answer.why}")
        session = decode_session(answer.value) if isinstance(answer, Found) else None
        if session is None or now >= session.expires_at:
            return NoSession()
        return SessionFound(session)


def sign_out(session_id: Secret | None) -> EndingSession | SignedOut:
    """Begin to end the session that the browser presents."""
    return SignedOut() if session_id is None else EndingSession(session_key(session_id))


@attrs.frozen
class EndingSession(Working):
    """Waits until the session is gone."""

    key: str

    def asks(self) -> tuple[Effect, ...]:
        """Drop it."""
        return (Drop(Kind.SESSION, self.key),)

    def receive(self, answer: Dropped | StoreUnreachable, *, now: float) -> SignedOut:
        """Never say that somebody is signed out who is not."""
        del now
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.STORE_UNREACHABLE, f"the session cannot be ended: {answer.why}")
        return SignedOut()
