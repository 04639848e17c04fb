"""The story of a command line that asks for its token.

    poll_cli -> PeekingApproval -> CliPending | CliTeamsToChoose
                     |
                     v
                TakingToken -> KeepingCliSession -> CliSignedIn   (or CliPending, while somebody else holds the entry)

- Whoever asks proves with the poll secret that it began the login; one on the loopback proves it with the code that the
  browser brought, and the verifier of its challenge, too.
- The entry is taken when the token is made: there is one token (single use), whoever else asks.
"""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, Keep, Kind, Peek, Take
from sso_core.events import AlreadyTaken, Found, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.failures import Reason, refuse
from sso_core.flows.hold_cli import BUSY, check_cli_enabled, entry_of
from sso_core.flows.start_cli import INTERVAL
from sso_core.machine import Resting, Working, door
from sso_core.secret import Entropy, Secret
from sso_core.sessions.audit_marks import session_began
from sso_core.sessions.cli_entry import CliLogin, cli_login_key, is_secret, proves_challenge
from sso_core.sessions.session import Session, SessionKind, encode_session, session_key
from sso_core.settings.sign_in import SignInSettings

USED = b"used"


@attrs.frozen
class CliPending(Resting):
    """Nobody has approved yet; ask again in `interval` seconds."""

    interval: float = INTERVAL


@attrs.frozen
class CliTeamsToChoose(Resting):
    """The person is in several teams: the command line has to name one. Nothing is used up."""

    session: Session
    aliases: tuple[tuple[str, str], ...]


@attrs.frozen
class CliSignedIn(Resting):
    """The command line's token, told once."""

    session_id: Secret
    session: Session
    aliases: tuple[tuple[str, str], ...]

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """A session of a command line began."""
        return (session_began(AuditKind.COMMAND_LINE_SIGNED_IN, self.session, session_key(self.session_id)),)


@attrs.frozen
class Poll:
    """A question for a token, and what proves the right to ask it."""

    settings: SignInSettings
    login_id: str
    poll_secret: Secret
    team_id: str | None
    entropy: Entropy
    code: Secret = Secret("")
    code_verifier: Secret = Secret("")
    """Both for a command line on the loopback."""


@door
def poll_cli(poll: Poll) -> PeekingApproval:
    """Begin to answer a command line. Refuses with SWITCHED_OFF."""
    check_cli_enabled(poll.settings)
    return PeekingApproval(poll)


@attrs.frozen
class PeekingApproval(Working):
    """Waits for the entry; from here on the flow is seen through, since it may end in the one token."""

    uninterruptible = True

    poll: Poll

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.CLI_LOGIN, cli_login_key(self.poll.login_id)),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CliPending | CliTeamsToChoose | TakingToken:
        """Make the token if it is approved and clear for which team."""
        if answer == AlreadyTaken(BUSY):
            return CliPending()
        login = entry_of(answer, now)
        check_poll(self.poll, login)
        session = login.session
        if session is None:
            return CliPending()
        team_ids, team_id = session.team_ids, self.poll.team_id
        if team_id is None and len(team_ids) > 1:
            return CliTeamsToChoose(session, login.aliases)
        if team_id is not None and team_id not in team_ids:
            refuse(Reason.WRONG_TEAM, "the person is not in the team that the command line names")
        return TakingToken(self.poll, team_id if team_id is not None else next(iter(team_ids), None))


def check_poll(poll: Poll, login: CliLogin) -> None:
    """Refuse whoever did not begin this login; on the loopback also whom the browser did not come to (RFC 7636 4.6)."""
    if not is_secret(poll.login_id, poll.poll_secret, login.poll_hash):
        refuse(Reason.WRONG_POLL_SECRET, "the poll secret is not that of this command-line login")
    loopback = login.loopback
    if loopback is None or login.session is None:
        return
    if not is_secret(poll.login_id, poll.code, loopback.code_hash):
        refuse(Reason.WRONG_POLL_SECRET, "the code is not the one that the browser was given")
    if not proves_challenge(poll.code_verifier, loopback.code_challenge):
        refuse(Reason.WRONG_POLL_SECRET, "the code verifier is not that of the challenge")


@attrs.frozen
class TakingToken(Working):
    """Waits for the approval, which is good for one token."""

    uninterruptible = True

    poll: Poll
    team_id: str | None

    def asks(self) -> tuple[Effect, ...]:
        """Take it for good."""
        ttl = self.poll.settings.cli_login_ttl
        return (Take(Kind.CLI_LOGIN, cli_login_key(self.poll.login_id), USED, ttl),)

    def receive(
        self, answer: Taken | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CliPending | KeepingCliSession:
        """Make a session for the command line."""
        if answer == AlreadyTaken(BUSY):
            return CliPending()
        login = entry_of(answer, now)
        check_poll(self.poll, login)
        if login.session is None:
            refuse(Reason.NO_CLI_LOGIN, "the command-line login is not approved any more")
        session = attrs.evolve(
            login.session,
            kind=SessionKind.CLI,
            team_id=self.team_id,
            expires_at=now + self.poll.settings.cli_session_ttl,
        )
        return KeepingCliSession(self.poll, session, login.aliases, self.poll.settings.cli_session_ttl)


@attrs.frozen
class KeepingCliSession(Working):
    """Waits until the session can be read everywhere."""

    uninterruptible = True

    poll: Poll
    session: Session
    aliases: tuple[tuple[str, str], ...]
    ttl: float

    def asks(self) -> tuple[Effect, ...]:
        """Store it."""
        key = session_key(self.poll.entropy.session_id)
        return (Keep(Kind.SESSION, key, encode_session(self.session), self.ttl),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> CliSignedIn:
        """Only now is there a token."""
        del now
        if not isinstance(answer, Kept):
            refuse(Reason.SESSION_NOT_KEPT, "the command line's session cannot be stored")
        return CliSignedIn(self.poll.entropy.session_id, self.session, self.aliases)
