"""The stories of whoever signs out.

sign_out            -> EndingSession -> SignedOut
sign_out_everywhere -> FindingAccount -> RevokingSessions -> SignedOut

- Nobody is told that they are signed out who is not.
- What was presented ends the sessions of its own account, and no other's.
"""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Drop, Effect, Keep, Kind, Peek
from sso_core.events import AlreadyTaken, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable
from sso_core.failures import Reason, refuse
from sso_core.flows.sessions import living_session
from sso_core.machine import Resting, Working
from sso_core.secret import Secret
from sso_core.sessions.audit_marks import session_mark
from sso_core.sessions.revocation import encode_revocation, revocation_key
from sso_core.sessions.session import SessionKind, session_key


@attrs.frozen
class SignedOut(Resting):
    """The session is gone everywhere."""

    ended: str = ""
    """The key of the session that ended; empty where there was none."""
    account_id: str = ""
    """Whose sessions ended, where it was all of them."""

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """A session ended, or all of them."""
        if not self.ended:
            return ()
        kind = AuditKind.SIGNED_OUT_EVERYWHERE if self.account_id else AuditKind.SIGNED_OUT
        return (AuditEvent(kind, self.account_id, session=session_mark(self.ended)),)


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
        return SignedOut(self.key)


def sign_out_everywhere(session_id: Secret | None, *, longest: float) -> FindingAccount | SignedOut:
    """Begin to end all sessions of the account whose session the browser presents, those of command lines too.

    `longest` is how many seconds any session can last. Personal keys stay: they are revoked one by one.
    """
    return SignedOut() if session_id is None else FindingAccount(session_key(session_id), longest)


@attrs.frozen
class FindingAccount(Working):
    """Waits to know whose sessions are to end."""

    uninterruptible = True

    key: str
    longest: float

    def asks(self) -> tuple[Effect, ...]:
        """Look the session up."""
        return (Peek(Kind.SESSION, self.key),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> RevokingSessions | SignedOut:
        """End them all, as of now; a session that is over ends no other."""
        session = living_session(answer, now)
        if session is None or session.kind is not SessionKind.BROWSER:
            return SignedOut()
        return RevokingSessions(self.key, session.account_id, now, self.longest)


@attrs.frozen
class RevokingSessions(Working):
    """Waits until no session of the account is believed any more."""

    uninterruptible = True

    key: str
    account_id: str
    moment: float
    longest: float

    def asks(self) -> tuple[Effect, ...]:
        """Leave the mark, and drop the session of this browser."""
        mark = encode_revocation(self.moment)
        return (
            Keep(Kind.REVOKED, revocation_key(self.account_id), mark, self.longest),
            Drop(Kind.SESSION, self.key),
        )

    def receive(
        self, marked: Kept | Occupied | StoreUnreachable, dropped: Dropped | StoreUnreachable, *, now: float
    ) -> SignedOut:
        """Never say that sessions ended that did not; the mark ends this one too."""
        del now, dropped
        if not isinstance(marked, Kept):
            refuse(Reason.STORE_UNREACHABLE, "the sessions cannot be ended")
        return SignedOut(self.key, self.account_id)
