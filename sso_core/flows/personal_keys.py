"""The stories of a person's own keys, for programs that act in their name.

issue_key  -> CheckingHolder -> IssuingKey -> KeyIssued
revoke_key -> CheckingHolder -> FindingKey -> RevokingKey -> KeyRevoked

- Only a browser's session issues or revokes: a key begets no key, so that one that leaked can be ended for good.
- The directory keeps a hash. The key itself is shown once, to whoever asked for it.
- Whose a key is, is read before it is revoked: nobody ends another's.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, ReadKey, WriteAccount
from sso_core.events import Conflict, DirectoryUnreachable, Event, KeyFacts, OutcomeUnknown, Written
from sso_core.failures import Reason, Refusal, refuse
from sso_core.flows.sessions import (
    CheckingAccount,
    CheckingRevocation,
    DroppingSession,
    NoSession,
    Reading,
    ReadingSession,
    RenewingSession,
    SessionFound,
    read_session,
)
from sso_core.machine import Failed, Resting, Working, advance, door
from sso_core.records import ApiKey, IssueKey, RevokeKey
from sso_core.secret import Entropy, Secret
from sso_core.sessions.session import Session
from sso_core.sessions.tokens import api_key, api_key_hash
from sso_core.settings.sign_in import KeyHolders, SignInSettings

NAME_LIMIT = 100
"""Characters of what a person calls a key."""


@attrs.frozen
class KeyIssued(Resting):
    """The key is good from now on; `secret` is shown once."""

    secret: Secret
    key: ApiKey

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """A key was issued."""
        return (AuditEvent(AuditKind.KEY_ISSUED, self.key.account_id, key_id=self.key.key_hash),)


@attrs.frozen
class KeyRevoked(Resting):
    """The key opens nothing any more."""

    account_id: str
    key_hash: str

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """A key was revoked."""
        return (AuditEvent(AuditKind.KEY_REVOKED, self.account_id, key_id=self.key_hash),)


@attrs.frozen
class KeyWish:
    """The key that a person asks for. `lifetime` is in seconds; None asks for the longest there is."""

    settings: SignInSettings
    entropy: Entropy
    name: str
    lifetime: float | None = None
    team_id: str | None = None


@attrs.frozen
class KeyToRevoke:
    """The key that a person wants to end, by its hash."""

    key_hash: str


@door
def issue_key(wish: KeyWish, session_id: Secret | None) -> CheckingHolder:
    """Begin to issue a key to whose session the browser presents. Refuses with SWITCHED_OFF where nobody gets one."""
    if wish.settings.key_holders is KeyHolders.NOBODY:
        refuse(Reason.SWITCHED_OFF, "personal keys are off")
    return CheckingHolder(_reading(session_id, wish.settings.account_check_interval), wish)


@door
def revoke_key(key_hash: str, session_id: Secret | None, *, check_interval: float) -> CheckingHolder:
    """Begin to end the key of this hash, if it is that of whose session the browser presents."""
    return CheckingHolder(_reading(session_id, check_interval), KeyToRevoke(key_hash))


def _reading(session_id: Secret | None, check_interval: float) -> ReadingSession:
    reading = read_session(session_id, check_interval=check_interval)
    if isinstance(reading, NoSession):
        refuse(Reason.NOT_SIGNED_IN, "the browser presents no session")
    return reading


@attrs.frozen
class CheckingHolder(Working):
    """Waits to know who it is that asks."""

    uninterruptible = True

    reading: Reading
    asked: KeyWish | KeyToRevoke

    def asks(self) -> tuple[Effect, ...]:
        """Ask what the reading of a session asks."""
        return self.reading.awaits

    def receive(self, answer: Event, *, now: float) -> CheckingHolder | IssuingKey | FindingKey:
        """Do what the person asked for, once it is known who they are."""
        match advance(self.reading, (answer,), now=now):
            case Failed(failure):
                raise Refusal(failure)
            case NoSession():
                refuse(Reason.NOT_SIGNED_IN, "the session is over")
            case CheckingRevocation() | CheckingAccount() | RenewingSession() | DroppingSession() as reading:
                return CheckingHolder(reading, self.asked)
            case SessionFound(session):
                if isinstance(self.asked, KeyToRevoke):
                    return FindingKey(session, self.asked.key_hash)
                return _issue(self.asked, session, now)
            case other:
                assert_never(other)


def _issue(wish: KeyWish, session: Session, now: float) -> IssuingKey:
    secret = api_key(wish.entropy.api_key)
    check_key_holder(wish.settings, session)
    if wish.team_id is not None and wish.team_id not in session.team_ids:
        refuse(Reason.WRONG_TEAM, "the key is asked for a team that the person is not in")
    key = ApiKey(
        key_hash=api_key_hash(secret),
        account_id=session.account_id,
        name=key_name(wish.name),
        created_at=now,
        expires_at=now + min(wish.lifetime or wish.settings.key_ttl, wish.settings.key_ttl),
        team_id=wish.team_id,
    )
    return IssuingKey(secret, key)


def check_key_holder(settings: SignInSettings, session: Session) -> None:
    """Refuse a key to whoever may have none, by the role with which they signed in."""
    if settings.key_holders is KeyHolders.ADMINS and not settings.policy.ladder.is_admin(session.role):
        refuse(Reason.NOT_ADMIN, "only administrators get personal keys")


def key_name(name: str) -> str:
    """Return what a person calls a key, fit for a list: one line, printable, short."""
    flat = "".join(character if character.isprintable() else " " for character in name[:NAME_LIMIT]).strip()
    return flat or "a key"


@attrs.frozen
class IssuingKey(Working):
    """Waits until the key is known to the directory."""

    uninterruptible = True

    secret: Secret
    key: ApiKey

    def asks(self) -> tuple[Effect, ...]:
        """Write its hash."""
        return (WriteAccount((IssueKey(self.key),), ()),)

    def receive(self, answer: Written | Conflict | OutcomeUnknown | DirectoryUnreachable, *, now: float) -> KeyIssued:
        """Show the key only when it is good."""
        del now
        _check_written(answer)
        return KeyIssued(self.secret, self.key)


@attrs.frozen
class FindingKey(Working):
    """Waits to know whose key it is."""

    session: Session
    key_hash: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (ReadKey(self.key_hash),)

    def receive(self, answer: KeyFacts | DirectoryUnreachable, *, now: float) -> RevokingKey:
        """Another's key is answered like one that is not there."""
        del now
        if isinstance(answer, DirectoryUnreachable):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"the key cannot be read: {answer.why}")
        if answer.key is None or answer.key.account_id != self.session.account_id:
            refuse(Reason.NOT_FOUND, "the person has no such key")
        return RevokingKey(self.session.account_id, self.key_hash)


@attrs.frozen
class RevokingKey(Working):
    """Waits until the key is gone."""

    uninterruptible = True

    account_id: str
    key_hash: str

    def asks(self) -> tuple[Effect, ...]:
        """Remove it."""
        return (WriteAccount((RevokeKey(self.key_hash),), ()),)

    def receive(self, answer: Written | Conflict | OutcomeUnknown | DirectoryUnreachable, *, now: float) -> KeyRevoked:
        """Never say that a key is gone that may open something."""
        del now
        _check_written(answer)
        return KeyRevoked(self.account_id, self.key_hash)


def _check_written(answer: Written | Conflict | OutcomeUnknown | DirectoryUnreachable) -> None:
    match answer:
        case Written():
            return
        case Conflict():
            refuse(Reason.ACCOUNT_CONTESTED, "the account is gone, or changed at this moment")
        case OutcomeUnknown():
            refuse(Reason.DIRECTORY_UNREACHABLE, "whether the key was written is not known")
        case DirectoryUnreachable(why):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"the key cannot be written: {why}")
        case _:
            assert_never(answer)
