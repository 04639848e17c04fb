"""The chapter in which a person who is known gives a command line what it waits for.

TakingApprovedLogin -> ApprovingCliLogin -> CliApproved
        |
        v
ReturningCliLogin

It stands where `KeepingSession` stands for a browser: the same checks lie before it.
"""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, Keep, Kind, Take
from sso_core.events import AlreadyTaken, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.failures import Failure, Reason
from sso_core.flows.attempt import Finishing
from sso_core.flows.hold_cli import BUSY, BUSY_TTL, ReturningCliLogin, entry_of, why_closed
from sso_core.machine import Failed, Resting
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, cli_hash, cli_login_key, encode_cli_login, is_secret
from sso_core.sessions.session import Session
from sso_core.wire import encode_form


@attrs.frozen
class CliApproved(Resting):
    """The command line will get its token; the browser is done, and is given nothing.

    With `location` the browser takes a code to the command line that listens on its own machine.
    """

    client: str
    session: Session
    location: str | None = attrs.field(default=None, repr=False)
    notes: tuple[Failure, ...] = ()
    changed: tuple[AuditEvent, ...] = ()
    """What the login changed of the account."""

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """The change of the account, and the approval."""
        session = self.session
        approved = AuditEvent(
            AuditKind.COMMAND_LINE_APPROVED,
            session.account_id,
            session.issuer,
            session.subject,
            session.role,
            client=self.client,
            provider=session.provider_id,
        )
        return (*self.changed, approved)


@attrs.frozen
class Approval:
    """Who approves which command line, by what right."""

    login_id: str
    claim: Secret
    session: Session
    loopback_code: Secret
    aliases: tuple[tuple[str, str], ...] = ()
    notes: tuple[Failure, ...] = ()
    changed: tuple[AuditEvent, ...] = ()


@attrs.frozen
class TakingApprovedLogin(Finishing):
    """Waits for the command line's entry, alone."""

    approval: Approval

    def asks(self) -> tuple[Effect, ...]:
        """Take it; the mark keeps others waiting until it is back."""
        return (Take(Kind.CLI_LOGIN, cli_login_key(self.approval.login_id), BUSY, BUSY_TTL),)

    def receive(
        self, answer: Taken | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> ApprovingCliLogin | ReturningCliLogin:
        """Put it back with the person in it, if this browser confirmed its code last; as it was otherwise."""
        approval = self.approval
        login = entry_of(answer, now)
        failure = why_closed(login)
        if failure is None and not is_secret(approval.login_id, approval.claim, login.claim_hash):
            failure = Failure(Reason.NO_CLI_LOGIN, "another browser has confirmed this command line since")
        if failure is not None:
            return ReturningCliLogin(approval.login_id, login, login.expires_at - now, failure)
        approved = attrs.evolve(login, session=approval.session, aliases=approval.aliases)
        if login.loopback is not None:
            code_hash = cli_hash(approval.login_id, approval.loopback_code)
            approved = attrs.evolve(approved, loopback=attrs.evolve(login.loopback, code_hash=code_hash))
        return ApprovingCliLogin(approval, approved, login.expires_at - now)


@attrs.frozen
class ApprovingCliLogin(Finishing):
    """Waits until the command line can find its approval."""

    approval: Approval
    login: CliLogin
    ttl: float

    def asks(self) -> tuple[Effect, ...]:
        """Put the entry back."""
        key = cli_login_key(self.approval.login_id)
        return (Keep(Kind.CLI_LOGIN, key, encode_cli_login(self.login), self.ttl),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> CliApproved | Failed:
        """Send the person back to the terminal."""
        del now
        approval, loopback = self.approval, self.login.loopback
        if not isinstance(answer, Kept):
            failure = Failure(Reason.SESSION_NOT_KEPT, "the approval of the command line cannot be stored")
            return Failed(failure, approval.changed)
        location = None
        if loopback is not None:
            fields = [("code", approval.loopback_code.reveal()), ("login", approval.login_id)]
            location = f"{loopback.redirect_uri}?{encode_form(fields)}"
        return CliApproved(self.login.client, approval.session, location, approval.notes, approval.changed)
