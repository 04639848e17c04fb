"""The story of a person who lets a command line sign in: they type its code, and go to their provider.

    confirm_cli_login -> [CountingCode] -> TakingCliLogin -> ReturningCliLogin
                                                 |
                                                 v
                                          ClaimingCliLogin -> the story of `begin_login`

- The browser that confirmed last holds the claim; only with it does a login approve.
- A command line that listens on the loopback of the browser's machine needs no code where both come from one address:
  the answer goes there and nowhere else (RFC 8252 7.3).
- A code is counted before it is looked at, so a right one counts like a wrong one; who brings none guesses none.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, Keep, Kind, Take
from sso_core.events import AlreadyTaken, Counted, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.begin_login import (
    CheckingBackends,
    KeepingLogin,
    ResolvingProvider,
    SentToProvider,
    Start,
    send_to_provider,
)
from sso_core.flows.hold_cli import BUSY, BUSY_TTL, ReturningCliLogin, check_cli_enabled, entry_of, why_closed
from sso_core.machine import Working, door
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.cli_entry import (
    TRIES,
    CliLogin,
    cli_hash,
    cli_login_key,
    encode_cli_login,
    is_secret,
    typed_code,
)
from sso_core.sessions.limits import Quota, check_quota, cli_code_quota
from sso_core.sessions.pending_login import LoginPurpose
from sso_core.settings.sign_in import SignInSettings


@door
def confirm_cli_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    login_id: str,
    code: str,
    address: str,
    peer: str,
    entropy: Entropy,
    warm: Warm,
) -> CountingCode | TakingCliLogin:
    """Begin to confirm a command line's login with the code that the person typed, and to ask who they are.

    `address` is where the browser comes from as far as that is known, and `peer` the same where it is certain, else
    empty. Refuses with SWITCHED_OFF.
    """
    check_cli_enabled(settings)
    home, keys_warm = settings.origin.path("/"), warm.keys is not None
    start = Start(settings, provider, home, entropy, keys_warm, LoginPurpose.CLI, login_id)
    taking = TakingCliLogin(Confirming(start, warm, login_id, Secret(typed_code(code)), peer))
    return CountingCode(cli_code_quota(settings.limits, address), taking) if code else taking


@attrs.frozen
class Confirming:
    """What is known when a person confirms."""

    start: Start
    warm: Warm
    login_id: str
    code: Secret
    peer: str


@attrs.frozen
class CountingCode(Working):
    """Waits for how many codes were typed at this address."""

    uninterruptible = True

    quota: Quota
    taking: TakingCliLogin

    def asks(self) -> tuple[Effect, ...]:
        """Count this one."""
        return (self.quota.count,)

    def receive(self, answer: Counted | StoreUnreachable, *, now: float) -> TakingCliLogin:
        """Look at the code unless there are too many."""
        del now
        check_quota(self.quota, answer)
        return self.taking


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
    ) -> ReturningCliLogin | ClaimingCliLogin:
        """Judge the code, and put the entry back with what came of it."""
        login = entry_of(answer, now)
        confirming = self.confirming
        login, failure = judged(login, confirming)
        if failure is not None:
            return ReturningCliLogin(confirming.login_id, login, login.expires_at - now, failure)
        claim = cli_hash(confirming.login_id, confirming.start.entropy.cli_claim)
        return ClaimingCliLogin(confirming, attrs.evolve(login, claim_hash=claim), login.expires_at - now)


def judged(login: CliLogin, confirming: Confirming) -> tuple[CliLogin, Failure | None]:
    """Return the login with a wrong code counted, and why it may not be approved, if it may not."""
    closed = why_closed(login)
    if closed is not None or not needs_code(login, confirming.peer):
        return login, closed
    if is_secret(confirming.login_id, confirming.code, login.user_code_hash):
        return login, None
    counted = attrs.evolve(login, tries=login.tries + 1)
    wrong = Failure(Reason.WRONG_USER_CODE, f"the user code is wrong; {TRIES - counted.tries} tries are left")
    return counted, why_closed(counted) or wrong


def needs_code(login: CliLogin, peer: str) -> bool:
    """Whether a browser at this address has to bring the user code; always where the address is in doubt, hence empty.

    It need not where the command line listens on the loopback and asked from the same address: whoever sends such a
    link from elsewhere is found out by it, and the answer goes to the browser's own machine anyway (RFC 8252 8.3).
    """
    return login.loopback is None or not peer or login.address != peer


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
    ) -> CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider:
        """Send the person to the provider."""
        if not isinstance(answer, Kept):
            refuse(Reason.SESSION_NOT_KEPT, "the command-line login is lost: its claim cannot be stored")
        return send_to_provider(self.confirming.start, self.confirming.warm, now)
