"""The stories after sign-in.

read_session        -> ReadingSession -> CheckingRevocation -> [CheckingAccount -> RenewingSession] -> SessionFound
                                                                       |
                                                                       v
                                                                DroppingSession -> NoSession
read_bearer         -> ReadingSession (see above) | ReadingKey -> SessionFound | NoSession

- What was presented says which kind it is, and opens no session of another kind.
- Whether all sessions of the account were ended is asked once it is known whose it is, so that no holder of a session
  can lead the question elsewhere. A question on its own needs neither task nor thread; a shared store is asked twice.
  Whether the provider's own session has ended, in which this one began, is part of the same question.
- The account is read again only when the session has gone unchecked for an interval. What is learned is written over
  the session that is there: one that somebody ended meanwhile does not come back.
- A store that does not answer neither signs anybody in nor out.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Drop, Effect, Kind, Peek, ReadAccount, ReadKey, Renew
from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    DirectoryUnreachable,
    Dropped,
    Found,
    Kept,
    KeyFacts,
    Missing,
    StoreUnreachable,
)
from sso_core.failures import Reason, refuse
from sso_core.machine import Resting, Working
from sso_core.secret import Secret
from sso_core.sessions.account_check import is_believed_unchecked, is_check_due, is_renewed, session_by_now
from sso_core.sessions.revocation import is_revoked, revocation_key, sid_key
from sso_core.sessions.session import (
    Session,
    SessionKind,
    decode_session,
    encode_session,
    session_key,
    session_of_key,
)
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key_hash, cli_session_id, is_api_key


@attrs.frozen
class SessionFound(Resting):
    """This browser or program is signed in."""

    session: Session


@attrs.frozen
class NoSession(Resting):
    """This browser or program is not signed in, or no longer."""


# Who is it


def read_session(session_id: Secret | None, *, check_interval: float) -> ReadingSession | NoSession:
    """Begin to find out who is signed in; `session_id` is what the browser presents.

    The account of a session that has gone unchecked for `check_interval` seconds is read again.
    """
    return NoSession() if session_id is None else ReadingSession(session_key(session_id), check_interval)


def read_bearer(
    keys: SessionKeys | None, token: Secret, *, check_interval: float
) -> ReadingSession | ReadingKey | NoSession:
    """Begin to find out for whom a program acts that presents `token`: a command line's session, or a personal key."""
    if is_api_key(token):
        return ReadingKey(api_key_hash(token))
    session_id = cli_session_id(keys, token)
    if session_id is None:
        return NoSession()
    return ReadingSession(session_key(session_id), check_interval, SessionKind.CLI)


@attrs.frozen
class ReadingSession(Working):
    """Waits for the session."""

    key: str
    check_interval: float
    kind: SessionKind = SessionKind.BROWSER

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.SESSION, self.key),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CheckingRevocation | NoSession:
        """Believe it until its time is over."""
        session = living_session(answer, now)
        if session is None or session.kind is not self.kind:
            return NoSession()
        return CheckingRevocation(session, self)


def living_session(answer: Found | AlreadyTaken | Missing | StoreUnreachable, now: float) -> Session | None:
    """Return the session that was found, if its time is not over. Refuses with STORE_UNREACHABLE."""
    if isinstance(answer, StoreUnreachable):
        refuse(Reason.STORE_UNREACHABLE, f"the session cannot be read: {answer.why}")
    session = decode_session(answer.value) if isinstance(answer, Found) else None
    return session if session is not None and now < session.expires_at else None


@attrs.frozen
class CheckingRevocation(Working):
    """Waits to know whether all sessions of the account were ended."""

    session: Session
    reading: ReadingSession

    def asks(self) -> tuple[Effect, ...]:
        """Look for the mark; that of the provider's session goes first, since it ends this one whenever it began."""
        session, of_account = self.session, revocation_key(self.session.account_id)
        if session.sid is None:
            return (Peek(Kind.REVOKED, of_account),)
        return (Peek(Kind.REVOKED, sid_key(session.issuer, session.sid), or_else=of_account),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CheckingAccount | SessionFound | NoSession:
        """Only now is it known who it is; whether they still may is known for an interval."""
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.STORE_UNREACHABLE, f"whether the session was ended cannot be read: {answer.why}")
        if isinstance(answer, AlreadyTaken) or (isinstance(answer, Found) and is_revoked(self.session, answer.value)):
            return NoSession()
        if is_check_due(self.session, self.reading.check_interval, now):
            return CheckingAccount(self.session, self.reading)
        return SessionFound(self.session)


@attrs.frozen
class CheckingAccount(Working):
    """Waits for the account as it is now."""

    session: Session
    reading: ReadingSession

    def asks(self) -> tuple[Effect, ...]:
        """Read it by the identity that signed in."""
        return (ReadAccount(self.session.issuer, self.session.subject),)

    def receive(
        self, answer: AccountFacts | DirectoryUnreachable, *, now: float
    ) -> RenewingSession | DroppingSession | SessionFound:
        """Let the session follow its account; one of a shut account is over."""
        if isinstance(answer, DirectoryUnreachable):
            if not is_believed_unchecked(self.session, self.reading.check_interval, now):
                refuse(Reason.DIRECTORY_UNREACHABLE, f"whether the account is still open cannot be read: {answer.why}")
            return SessionFound(self.session)
        session = session_by_now(self.session, answer.account, now)
        if session is None:
            return DroppingSession(self.reading.key)
        if is_renewed(self.session, self.reading.check_interval, now):
            return RenewingSession(session, self.reading.key)
        return SessionFound(session)


@attrs.frozen
class RenewingSession(Working):
    """Waits until the store knows what was learned of the account."""

    session: Session
    key: str

    def asks(self) -> tuple[Effect, ...]:
        """Write it over the session that is there, for the rest of its time."""
        session = self.session
        return (Renew(Kind.SESSION, self.key, encode_session(session), session.expires_at - session.checked_at),)

    def receive(self, answer: Kept | Missing | StoreUnreachable, *, now: float) -> SessionFound | NoSession:
        """Bring back none that ended meanwhile; where the store does not answer, go by what it said before."""
        del now
        return NoSession() if isinstance(answer, Missing) else SessionFound(self.session)


@attrs.frozen
class DroppingSession(Working):
    """Waits until the session of a shut account is gone."""

    key: str

    def asks(self) -> tuple[Effect, ...]:
        """Drop it."""
        return (Drop(Kind.SESSION, self.key),)

    def receive(self, answer: Dropped | StoreUnreachable, *, now: float) -> NoSession:
        """Believe it no more, dropped or not: what is left of it has its account read each time."""
        del answer, now
        return NoSession()


Reading = ReadingSession | CheckingRevocation | CheckingAccount | RenewingSession | DroppingSession
"""The way to a session, for a flow that begins with it."""


@attrs.frozen
class ReadingKey(Working):
    """Waits for the personal key and its account."""

    key_hash: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up by its hash."""
        return (ReadKey(self.key_hash),)

    def receive(self, answer: KeyFacts | DirectoryUnreachable, *, now: float) -> SessionFound | NoSession:
        """Believe it until its time is over, as long as its account is open, and in the team it is limited to."""
        if isinstance(answer, DirectoryUnreachable):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"the key cannot be read: {answer.why}")
        key, account = answer.key, answer.account
        if key is None or account is None or (key.expires_at is not None and now >= key.expires_at):
            return NoSession()
        session = session_by_now(session_of_key(key, account), account, now)
        return NoSession() if session is None else SessionFound(session)
