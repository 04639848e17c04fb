"""The chapter in which the person gets an account and a session.

ReadingAccount <-> [WritingAccount] -> KeepingSession -> SignedIn
                                   or  the chapter of `approve_cli`, for a person whom a command line waits for
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.accounts.decision import Decision, decide
from sso_core.effects import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    Effect,
    Keep,
    Kept,
    Kind,
    Occupied,
    OutcomeUnknown,
    ReadAccount,
    StoreUnreachable,
    WriteAccount,
    Written,
)
from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.approve_cli import Approval, TakingApprovedLogin
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity, identify
from sso_core.machine import Resting
from sso_core.secret import Secret
from sso_core.sessions.pending_login import LoginPurpose, PendingLogin
from sso_core.sessions.session import Session, encode_session, session_key, session_of

TRIES = 4
"""Rounds of reading and writing the account: enough for a burst of first logins, too few to spin."""


@attrs.frozen
class SignedIn(Resting):
    """The person is signed in; the browser gets `session_id` and goes to `return_to`."""

    session_id: Secret
    session: Session
    return_to: str
    notes: tuple[Failure, ...] = ()


# The account


def read_account(attempt: Attempt, login: PendingLogin, gathered: Gathered) -> ReadingAccount:
    """Describe the person, and ask what is known of their account."""
    identity = identify(
        gathered, attempt.provider.rules, attempt.settings.policy.ladder, provider_id=attempt.provider.provider_id
    )
    return ReadingAccount(attempt, login, gathered, identity)


@attrs.frozen
class ReadingAccount(Finishing):
    """Waits for the facts about the person's account."""

    attempt: Attempt
    login: PendingLogin
    gathered: Gathered
    identity: Identity
    tries: int = TRIES

    def asks(self) -> tuple[Effect, ...]:
        """Read all facts at one moment."""
        return (ReadAccount(self.identity.issuer, self.identity.subject),)

    def receive(
        self, answer: AccountFacts | DirectoryUnreachable, *, now: float
    ) -> WritingAccount | KeepingSession | TakingApprovedLogin:
        """Decide everything; write only if something changes."""
        if isinstance(answer, DirectoryUnreachable):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"the account cannot be read: {answer.why}")
        decision = decide(answer, self.identity, new_account_id=self.attempt.entropy.account_id)
        if decision.changes:
            return WritingAccount(self, decision)
        return _let_in(self.attempt, self.login, self.identity, decision, now)


@attrs.frozen
class WritingAccount(Finishing):
    """Waits until the decision is carried out, whole."""

    reading: ReadingAccount
    decision: Decision

    def asks(self) -> tuple[Effect, ...]:
        """Write under guards over the facts that the decision rests on."""
        return (WriteAccount(self.decision.changes, self.decision.guards),)

    def receive(
        self, answer: Written | Conflict | OutcomeUnknown | DirectoryUnreachable, *, now: float
    ) -> ReadingAccount | KeepingSession | TakingApprovedLogin:
        """Go on; read again where somebody was quicker, or where nobody knows what was written."""
        reading = self.reading
        match answer:
            case Written():
                return _let_in(reading.attempt, reading.login, reading.identity, self.decision, now)
            case DirectoryUnreachable(why):
                refuse(Reason.DIRECTORY_UNREACHABLE, f"the account cannot be written: {why}")
            case Conflict() | OutcomeUnknown():
                if reading.tries == 1:
                    refuse(Reason.ACCOUNT_CONTESTED, f"the account kept changing through {TRIES} tries")
                return attrs.evolve(reading, tries=reading.tries - 1)
            case _:
                assert_never(answer)


# The session


def _let_in(
    attempt: Attempt, login: PendingLogin, identity: Identity, decision: Decision, now: float
) -> KeepingSession | TakingApprovedLogin:
    """Give the person what they came for: a session, of this browser or of a command line."""
    session = session_of(
        identity,
        decision.account,
        provider_id=login.provider_id,
        signed_in_at=now,
        expires_at=now + attempt.settings.session_ttl,
    )
    if login.purpose is LoginPurpose.CLI:
        code = attempt.entropy.loopback_code
        return TakingApprovedLogin(Approval(login.cli_login, login.cli_claim, session, code, notes=identity.notes))
    return KeepingSession(attempt, login.return_to, session, identity.notes)


@attrs.frozen
class KeepingSession(Finishing):
    """Waits until the new session can be read everywhere, and the browser's former one nowhere."""

    attempt: Attempt
    return_to: str
    session: Session
    notes: tuple[Failure, ...]

    def asks(self) -> tuple[Effect, ...]:
        """Store the one and drop the other in one step."""
        key = session_key(self.attempt.entropy.session_id)
        ttl = self.session.expires_at - self.session.signed_in_at
        value = encode_session(self.session)
        return (Keep(Kind.SESSION, key, value, ttl, instead_of=self.attempt.former_session),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> SignedIn:
        """Only now is the person signed in."""
        del now
        if not isinstance(answer, Kept):
            why = answer.why if isinstance(answer, StoreUnreachable) else "the key is taken"
            refuse(Reason.SESSION_NOT_KEPT, f"the session cannot be stored: {why}")
        return SignedIn(self.attempt.entropy.session_id, self.session, self.return_to, self.notes)
