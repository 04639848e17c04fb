"""The story of a command line that wants a session, up to where a provider is asked.

    start_cli_login   -> KeepingCliLogin -> CliLoginStarted
    show_cli_login    -> PeekingCliLogin -> CliLoginShown
    confirm_cli_login -> TakingCliLogin -> CountingWrongCode
                              |
                              v
                         ClaimingCliLogin -> the story of `begin_login`

- The terminal gets a poll secret, which no browser sees, and a user code, which the person types into the browser: a
  link that somebody sent approves nothing (RFC 8628 5.4).
- An entry is taken before it is changed, so that of two browsers at once one waits, and no wrong code goes uncounted.
- The browser that confirmed last holds the claim; only with it does a login approve.
- A command line that listens on the loopback of the browser's machine needs no code: the answer goes there and nowhere
  else (RFC 8252 7.3).

What follows is told in `approve_cli` and `poll_cli`.
"""

from __future__ import annotations

import attrs

from sso_core.effects import (
    AlreadyTaken,
    Drop,
    Dropped,
    Effect,
    Found,
    Keep,
    Kept,
    Kind,
    Missing,
    Occupied,
    Peek,
    StoreUnreachable,
    Take,
    Taken,
)
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.begin_login import KeepingLogin, ResolvingProvider, SentToProvider, Start, send_to_provider
from sso_core.machine import Failed, Resting, Working, door
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.cli_entry import (
    TRIES,
    CliLogin,
    Loopback,
    check_loopback_uri,
    cli_hash,
    cli_login_key,
    decode_cli_login,
    encode_cli_login,
    is_secret,
    shown_client,
    typed_code,
    user_code,
)
from sso_core.sessions.pending_login import LoginPurpose
from sso_core.settings.sign_in import SignInSettings

INTERVAL = 2.0
"""Seconds between two questions of a command line for its token."""
BUSY = b"busy"
BUSY_TTL = 10.0
"""Seconds after which an entry that was taken and not put back is free again: its flow has long ended by then."""


# Starting


@attrs.frozen
class CliLoginStarted(Resting):
    """The command line knows what to show and what to ask with."""

    login_id: str
    poll_secret: Secret
    user_code: str = attrs.field(repr=False)
    """Empty where the command line listens on the loopback."""
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
) -> KeepingCliLogin:
    """Begin a command line's login; every secret of it is made here, and none is taken from the command line.

    `client` is what it calls itself, `address` where it asks from. With `redirect_uri` it listens on the loopback, and
    proves later that it knows the verifier of `code_challenge` (S256). Refuses with SWITCHED_OFF.
    """
    if not settings.cli_enabled:
        refuse(Reason.SWITCHED_OFF, "the command line is switched off")
    login_id, code = entropy.cli_login_id, user_code(entropy.user_code)
    loopback = None
    if redirect_uri is not None:
        if not code_challenge:
            refuse(Reason.MALFORMED_CALLBACK, "a command line on the loopback has to send a code challenge")
        loopback = Loopback(check_loopback_uri(redirect_uri), code_challenge)
    login = CliLogin(
        poll_hash=cli_hash(login_id, entropy.poll_secret),
        user_code_hash="" if loopback else cli_hash(login_id, Secret(code)),
        client=shown_client(client),
        address=address,
        started_at=now,
        expires_at=now + settings.cli_login_ttl,
        loopback=loopback,
    )
    shown = "" if loopback else code
    return KeepingCliLogin(login, CliLoginStarted(login_id, entropy.poll_secret, shown, settings.cli_login_ttl))


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
def show_cli_login(login_id: str) -> PeekingCliLogin:
    """Begin to show a command-line login to a person, who has come with its address."""
    return PeekingCliLogin(login_id)


@attrs.frozen
class PeekingCliLogin(Working):
    """Waits for the login."""

    login_id: str

    def asks(self) -> tuple[Effect, ...]:
        """Look it up."""
        return (Peek(Kind.CLI_LOGIN, cli_login_key(self.login_id)),)

    def receive(self, answer: Found | Missing | StoreUnreachable, *, now: float) -> CliLoginShown:
        """Show it while it may still be confirmed."""
        return CliLoginShown(self.login_id, check_open(entry_of(answer, now)))


def entry_of(answer: Found | Taken | AlreadyTaken | Missing | StoreUnreachable, now: float) -> CliLogin:
    """Return the login of an entry that is alive by our clock, or refuse."""
    match answer:
        case StoreUnreachable(why):
            refuse(Reason.STORE_UNREACHABLE, f"the command-line login cannot be read: {why}")
        case AlreadyTaken():
            refuse(Reason.TOO_MANY_REQUESTS, "somebody is answering for this command line at this moment")
        case Missing():
            refuse(Reason.NO_CLI_LOGIN, "there is no command-line login of this id")
        case Found(value) | Taken(value):
            login = decode_cli_login(value)
    if now >= login.expires_at:
        refuse(Reason.NO_CLI_LOGIN, f"the command-line login expired {now - login.expires_at:.0f} s ago")
    return login


def check_open(login: CliLogin) -> CliLogin:
    """Refuse a login that somebody has approved already, or that saw too many wrong codes."""
    if login.session is not None:
        refuse(Reason.NO_CLI_LOGIN, "the command-line login is approved already")
    if login.tries >= TRIES:
        refuse(Reason.TOO_MANY_TRIES, f"{TRIES} wrong codes were given for this command line")
    return login


# Confirming


@door
def confirm_cli_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    login_id: str,
    code: str,
    entropy: Entropy,
    warm: Warm,
) -> TakingCliLogin:
    """Begin to confirm a command line's login with the code that the person typed, and to ask who they are."""
    if not settings.cli_enabled:
        refuse(Reason.SWITCHED_OFF, "the command line is switched off")
    home, keys_warm = settings.origin.path("/"), warm.keys is not None
    start = Start(settings, provider, home, entropy, keys_warm, LoginPurpose.CLI, login_id)
    return TakingCliLogin(Confirming(start, warm, login_id, Secret(typed_code(code))))


@attrs.frozen
class Confirming:
    """What is known when a person confirms."""

    start: Start
    warm: Warm
    login_id: str
    code: Secret


@attrs.frozen
class TakingCliLogin(Working):
    """Waits for the entry, alone."""

    uninterruptible = True

    confirming: Confirming

    def asks(self) -> tuple[Effect, ...]:
        """Take it; the mark keeps others waiting until it is back."""
        return (Take(Kind.CLI_LOGIN, cli_login_key(self.confirming.login_id), BUSY, BUSY_TTL),)

    def receive(
        self, answer: Taken | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> CountingWrongCode | ClaimingCliLogin:
        """Judge the code, and put the entry back with what came of it."""
        login = entry_of(answer, now)
        confirming = self.confirming
        if login.session is not None or login.tries >= TRIES:
            return CountingWrongCode(confirming.login_id, login, login.expires_at - now)
        if login.loopback is None and not is_secret(confirming.login_id, confirming.code, login.user_code_hash):
            counted = attrs.evolve(login, tries=login.tries + 1)
            return CountingWrongCode(confirming.login_id, counted, login.expires_at - now)
        claim = cli_hash(confirming.login_id, confirming.start.entropy.cli_claim)
        return ClaimingCliLogin(confirming, attrs.evolve(login, claim_hash=claim), login.expires_at - now)


@attrs.frozen
class CountingWrongCode(Working):
    """Waits until the entry is back, the wrong code counted; nobody is sent anywhere."""

    uninterruptible = True

    login_id: str
    login: CliLogin
    ttl: float

    def asks(self) -> tuple[Effect, ...]:
        """Put it back; one that saw too many wrong codes is gone."""
        key = cli_login_key(self.login_id)
        if self.login.tries >= TRIES:
            return (Drop(Kind.CLI_LOGIN, key),)
        return (Keep(Kind.CLI_LOGIN, key, encode_cli_login(self.login), self.ttl),)

    def receive(self, answer: Kept | Occupied | Dropped | StoreUnreachable, *, now: float) -> Failed:
        """Say what is wrong."""
        del now
        if isinstance(answer, StoreUnreachable):
            return Failed(Failure(Reason.STORE_UNREACHABLE, f"the command-line login is lost: {answer.why}"))
        check_open(self.login)
        left = TRIES - self.login.tries
        return Failed(Failure(Reason.WRONG_USER_CODE, f"the user code is wrong; {left} tries are left"))


@attrs.frozen
class ClaimingCliLogin(Working):
    """Waits until the entry says that this browser may approve it."""

    uninterruptible = True

    confirming: Confirming
    login: CliLogin
    ttl: float

    def asks(self) -> tuple[Effect, ...]:
        """Put the entry back, with the claim."""
        key = cli_login_key(self.confirming.login_id)
        return (Keep(Kind.CLI_LOGIN, key, encode_cli_login(self.login), self.ttl),)

    def receive(
        self, answer: Kept | Occupied | StoreUnreachable, *, now: float
    ) -> ResolvingProvider | KeepingLogin | SentToProvider:
        """Send the person to the provider."""
        if not isinstance(answer, Kept):
            refuse(Reason.STORE_UNREACHABLE, "the command-line login cannot be stored")
        return send_to_provider(self.confirming.start, self.confirming.warm, now)
