"""The chapter in which the browser gets its session.

KeepingSession -> SignedIn
"""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, Keep, Kind
from sso_core.events import Kept, Occupied, StoreUnreachable
from sso_core.failures import Failure, Reason
from sso_core.flows.arrival import Arrival
from sso_core.flows.attempt import Finishing
from sso_core.machine import Failed, Resting
from sso_core.secret import Secret
from sso_core.sessions.audit_marks import session_began
from sso_core.sessions.session import Session, encode_session, session_key


@attrs.frozen
class SignedIn(Resting):
    """The person is signed in; the browser gets `session_id` and goes to `return_to`."""

    session_id: Secret
    session: Session
    return_to: str
    notes: tuple[Failure, ...] = ()
    changed: tuple[AuditEvent, ...] = ()
    """What the login changed of the account."""

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """The change of the account, and the login."""
        return (*self.changed, session_began(AuditKind.SIGNED_IN, self.session, session_key(self.session_id)))


@attrs.frozen
class KeepingSession(Finishing):
    """Waits until the new session can be read everywhere, and the browser's former one nowhere."""

    arrival: Arrival
    session: Session
    notes: tuple[Failure, ...]
    changed: tuple[AuditEvent, ...] = ()

    def asks(self) -> tuple[Effect, ...]:
        """Store the one and drop the other in one step."""
        key = session_key(self.arrival.entropy.session_id)
        ttl = self.session.expires_at - self.session.signed_in_at
        value = encode_session(self.session)
        return (Keep(Kind.SESSION, key, value, ttl, instead_of=self.arrival.former_session),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> SignedIn | Failed:
        """Only now is the person signed in."""
        del now
        if not isinstance(answer, Kept):
            why = answer.why if isinstance(answer, StoreUnreachable) else "the key is taken"
            return Failed(Failure(Reason.SESSION_NOT_KEPT, f"the session cannot be stored: {why}"), self.changed)
        arrival = self.arrival
        return SignedIn(arrival.entropy.session_id, self.session, arrival.return_to, self.notes, self.changed)
