"""The story of a command line that wants a session, and of the person who looks at who asks.

    start_cli_login -> CountingStart -> KeepingCliLogin -> CliLoginStarted
    show_cli_login  -> PeekingCliLogin -> CliLoginShown

- The terminal gets a poll secret, which no browser sees, and a user code, which the person types into the browser: a
  link that somebody sent approves nothing (RFC 8628 5.4).
- Every secret is made here; a command line can choose none.
- Starts are counted, since each brings new tries of a user code and fills the store a little.

What follows is told in `confirm_cli`, `approve_cli` and `poll_cli`.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, Keep, Kind, Peek
from sso_core.events import AlreadyTaken, Counted, Found, Kept, Missing, Occupied, StoreUnreachable
from sso_core.failures import Reason, Refusal, refuse
from sso_core.flows.hold_cli import check_cli_enabled, entry_of, why_closed
from sso_core.machine import Resting, Working, door
from sso_core.secret import Entropy, Secret
from sso_core.sessions.cli_entry import (
    CliLogin,
    Loopback,
    check_code_challenge,
    check_loopback_uri,
    cli_hash,
    cli_login_key,
    encode_cli_login,
    shown_client,
    user_code,
)
from sso_core.sessions.limits import Quota, check_quota, cli_start_quota
from sso_core.settings.sign_in import SignInSettings

INTERVAL = 2.0
"""Seconds between two questions of a command line for its token."""


# Starting


@attrs.frozen
class CliLoginStarted(Resting):
    """The command line knows what to show and what to ask with."""

    login_id: str
    poll_secret: Secret
    user_code: str = attrs.field(repr=False)
    lifetime: float
    interval: float = INTERVAL


@door
def start_cli_login(
    settings: SignInSettings,
    *,
    client: str,
    address: str,
    entropy: Entropy,
    now: float,
    redirect_uri: str | None = None,
    code_challenge: str = "",
) -> CountingStart:
    """Begin a command line's login; every secret of it is made here, and none is taken from the command line.

    `client` is what it calls itself, `address` where it asks from. With `redirect_uri` it listens on the loopback, and
    proves later that it knows the verifier of `code_challenge` (S256). Refuses with SWITCHED_OFF.
    """
    check_cli_enabled(settings)
    login_id, code = entropy.cli_login_id, user_code(entropy.user_code)
    loopback = None
    if redirect_uri is not None:
        loopback = Loopback(check_loopback_uri(redirect_uri), check_code_challenge(code_challenge))
    login = CliLogin(
        poll_hash=cli_hash(login_id, entropy.poll_secret),
        user_code_hash=cli_hash(login_id, Secret(code)),
        client=shown_client(client),
        address=address,
        started_at=now,
        expires_at=now + settings.cli_login_ttl,
        loopback=loopback,
    )
    started = CliLoginStarted(login_id, entropy.poll_secret, code, settings.cli_login_ttl)
    return CountingStart(cli_start_quota(settings.limits, address), KeepingCliLogin(login, started))


@attrs.frozen
class CountingStart(Working):
    """Waits for how many command lines have begun from this address."""

    quota: Quota
    keeping: KeepingCliLogin

    def asks(self) -> tuple[Effect, ...]:
        """Count this one."""
        return (self.quota.count,)

    def receive(self, answer: Counted | StoreUnreachable, *, now: float) -> KeepingCliLogin:
        """Go on unless there are too many."""
        del now
        check_quota(self.quota, answer)
        return self.keeping


@attrs.frozen
class KeepingCliLogin(Working):
    """Waits until the login is stored."""

    login: CliLogin
    started: CliLoginStarted

    def asks(self) -> tuple[Effect, ...]:
        """Store it."""
        value = encode_cli_login(self.login)
        key = cli_login_key(self.started.login_id)
        return (Keep(Kind.CLI_LOGIN, key, value, self.started.lifetime, only_if_absent=True),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> CliLoginStarted:
        """Let the command line show its code."""
        del now
        if not isinstance(answer, Kept):
            why = answer.why if isinstance(answer, StoreUnreachable) else "the key is taken"
            refuse(Reason.STORE_UNREACHABLE, f"the command-line login cannot be stored: {why}")
        return self.started


# Showing


@attrs.frozen
class CliLoginShown(Resting):
    """Who asks, for the person to judge."""

    login_id: str
    login: CliLogin


@door
def show_cli_login(settings: SignInSettings, login_id: str) -> PeekingCliLogin:
    """Begin to show a command-line login to a person who has come with its id. Refuses with SWITCHED_OFF."""
    check_cli_enabled(settings)
    return PeekingCliLogin(login_id)


@attrs.frozen
class PeekingCliLogin(Working):
    """Waits for the login."""

    login_id: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.CLI_LOGIN, cli_login_key(self.login_id)),)

    def receive(self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float) -> CliLoginShown:
        """Show it while it may still be confirmed."""
        login = entry_of(answer, now)
        closed = why_closed(login)
        if closed is not None:
            raise Refusal(closed)
        return CliLoginShown(self.login_id, login)
