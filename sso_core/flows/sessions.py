"""The stories after sign-in.

read_session        -> ReadingSession -> CheckingRevocation -> SessionFound | NoSession
read_bearer         -> ReadingSession (see above) | ReadingKey -> SessionFound | NoSession
sign_out            -> EndingSession -> SignedOut
sign_out_everywhere -> FindingAccount -> RevokingSessions -> SignedOut

- What was presented says which kind it is, and opens no session of another kind.
- Whether all sessions of the account were ended is asked once it is known whose it is, so that no holder of a session
  can lead the question elsewhere. A question on its own needs neither task nor thread; a shared store is asked twice.
- A store that does not answer neither signs anybody in nor out.
"""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Drop, Effect, Keep, Kind, Peek, ReadKey
from sso_core.events import (
    AlreadyTaken,
    DirectoryUnreachable,
    Dropped,
    Found,
    Kept,
    KeyFacts,
    Missing,
    Occupied,
    StoreUnreachable,
)
from sso_core.failures import Reason, refuse
from sso_core.machine import Resting, Working
from sso_core.secret import Secret
from sso_core.sessions.audit_marks import session_mark
from sso_core.sessions.revocation import encode_revocation, is_revoked, revocation_key
from sso_core.sessions.session import Session, SessionKind, decode_session, session_key, session_of_key
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key_hash, cli_session_id, is_api_key


@attrs.frozen
class SessionFound(Resting):
    """This browser or program is signed in."""

    session: Session


@attrs.frozen
class NoSession(Resting):
    """This browser or program is not signed in, or no longer."""


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


# Who is it


def read_session(session_id: Secret | None) -> ReadingSession | NoSession:
    """Begin to find out who is signed in; `session_id` is what the browser presents."""
    return NoSession() if session_id is None else ReadingSession(session_key(session_id))


def read_bearer(keys: SessionKeys | None, token: Secret) -> ReadingSession | ReadingKey | NoSession:
    """Begin to find out for whom a program acts that presents `token`: a command line's session, or a personal key."""
    if is_api_key(token):
        return ReadingKey(api_key_hash(token))
    session_id = cli_session_id(keys, token)
    return NoSession() if session_id is None else ReadingSession(session_key(session_id), SessionKind.CLI)


@attrs.frozen
class ReadingSession(Working):
    """Waits for the session."""

    key: str
    kind: SessionKind = SessionKind.BROWSER

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.SESSION, self.key),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CheckingRevocation | NoSession:
        """Believe it until its time is over."""
        session = _alive(answer, now)
        return NoSession() if session is None or session.kind is not self.kind else CheckingRevocation(session)


def _alive(answer: Found | AlreadyTaken | Missing | StoreUnreachable, now: float) -> Session | None:
    if isinstance(answer, StoreUnreachable):
        refuse(Reason.STORE_UNREACHABLE, f"the session cannot be read: {answer.why}")
    session = decode_session(answer.value) if isinstance(answer, Found) else None
    return session if session is not None and now < session.expires_at else None


@attrs.frozen
class CheckingRevocation(Working):
    """Waits to know whether all sessions of the account were ended."""

    session: Session

    def asks(self) -> tuple[Effect, ...]:
        """Look for the mark."""
        return (Peek(Kind.REVOKED, revocation_key(self.session.account_id)),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> SessionFound | NoSession:
        """Only now is it known who it is."""
        del now
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.STORE_UNREACHABLE, f"whether the session was ended cannot be read: {answer.why}")
        if isinstance(answer, Found) and is_revoked(self.session, answer.value):
            return NoSession()
        return SessionFound(self.session)


@attrs.frozen
class ReadingKey(Working):
    """Waits for the personal key and its account."""

    key_hash: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up by its hash."""
        return (ReadKey(self.key_hash),)

    def receive(self, answer: KeyFacts | DirectoryUnreachable, *, now: float) -> SessionFound | NoSession:
        """Believe it until its time is over, as long as its account is not shut."""
        if isinstance(answer, DirectoryUnreachable):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"the key cannot be read: {answer.why}")
        key, account = answer.key, answer.account
        if key is None or account is None or account.disabled:
            return NoSession()
        if key.expires_at is not None and now >= key.expires_at:
            return NoSession()
        return SessionFound(session_of_key(key, account))


# Out again


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
        session = _alive(answer, now)
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
