"""The story of a person coming back from the provider.

    finish_login -> TakingLogin | TakingSealedLogin -> Repeated
          |
          v
    ExchangingCode | ExchangingCodeAndReadingKeys | ExchangingPlainCode -> PuttingLoginBack | ReleasingLogin
          |
          v
    [RefreshingKeys] -> [GatheringClaims -> [RefreshingUserinfoKeys]] | GatheringPlainClaims
          |
          v
    ReadingAccount <-> [AskingHost] <-> [WritingAccount] -> KeepingSession -> SignedIn
          |
          v
    [EndingFormerSession] -> Failed | Inspected

Whatever ends a login once the store was asked for it may go by EndingFormerSession, which follows on all states above.

- Whoever lacks the login's cookie does not get near the store, so nobody can use up another's login.
- A login is taken once. It is put back only where its code certainly did not reach the provider.
- Nothing before the check: the access token is used for nothing until the ID token is verified.
- Keys are refetched only for a key that is not known, and once; the bucket of whoever fetches is the other bound.
- Decide, then write: a refused person leaves no row.
- From the first state on the flow is seen through: a browser that leaves burns no login.
- A login that fails leaves nobody signed in at its browser, unless the failure is an outage.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.effects import Effect, Keep, Kind, Take
from sso_core.events import AlreadyTaken, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.facts import Warm
from sso_core.failures import Reason, Refusal, refuse
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.checks import (
    check_login_not_expired,
    check_login_provider,
    granted_code,
)
from sso_core.flows.exchange_code import (
    Exchanging,
    ExchangingCode,
    ExchangingCodeAndReadingKeys,
    ExchangingPlainCode,
)
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.turn_away import EndingFormerSession, end_former_session
from sso_core.machine import Resting, door
from sso_core.oauth.authorization import AuthorizationResponse, CodeGranted, NotGranted, parse_authorization_response
from sso_core.providers.kinds import OAuthProvider, Provider
from sso_core.secret import Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import PendingLogin, decode_login, login_key
from sso_core.sessions.session import session_key
from sso_core.settings.sign_in import SignInSettings
from sso_core.wire import WireError, parse_form

__all__ = ["Repeated", "SignedIn", "TakingLogin", "TakingSealedLogin", "finish_login", "read_callback"]

USED = b"used"
"""The mark of a login that was taken. It holds nothing: the login's cookie says where it went."""


@attrs.frozen
class Repeated(Resting):
    """The same browser brings the same callback again: it goes where it was going, and is given nothing."""

    return_to: str


@door
def read_callback(parameters: str | bytes) -> CodeGranted | NotGranted:
    """Read the query, or the form, that the browser brings from the provider, for `finish_login`.

    Refuses with MALFORMED_CALLBACK what cannot be read, and with NO_STATE what answers no login.
    """
    try:
        return parse_authorization_response(parse_form(parameters))
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the callback cannot be read: {error}")


@door
def finish_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    response: AuthorizationResponse,
    cookie: LoginCookie | None,
    former_session: Secret | None,
    entropy: Entropy,
    warm: Warm,
) -> TakingLogin | TakingSealedLogin | Repeated:
    """Begin to finish a login at the callback of `provider`.

    `cookie` is the login cookie that belongs to the response's state, and `former_session` the session identifier
    that the browser presents, if any.
    """
    if cookie is None:
        refuse(
            Reason.LOGIN_OF_ANOTHER_BROWSER,
            "the browser has no cookie for this login",
            "the login was begun in another browser, under another address, or the browser refuses cookies",
        )
    if cookie.is_spent:
        return Repeated(cookie.return_to)
    state = response.state.reveal()
    former = session_key(former_session) if former_session is not None else None
    key = login_key(state, cookie.secret)
    attempt = Attempt(settings, provider, response, cookie, key, entropy, warm.keys, former)
    if settings.sealing_keys is None:
        return TakingLogin(attempt)
    plain = settings.sealing_keys.unseal(cookie.secret.reveal(), context=state)
    if plain is None:
        refuse(Reason.UNREADABLE_LOGIN, "the login cookie was not sealed by this service for this state")
    return TakingSealedLogin(attempt, decode_login(plain))


# Taking the login


@attrs.frozen
class TakingLogin(Finishing):
    """Waits for the pending login, which nobody else will be given."""

    attempt: Attempt

    def asks(self) -> tuple[Effect, ...]:
        """Take it, leaving a mark for as long as a browser may still come back."""
        return (Take(Kind.LOGIN, self.attempt.key, USED, self.attempt.settings.login_ttl),)

    def receive(
        self, answer: Taken | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> Repeated | Exchanging | EndingFormerSession:
        """Check that the login is this one, alive, and granted; then exchange its code."""
        if isinstance(answer, AlreadyTaken):
            return Repeated(self.attempt.cookie.return_to)
        try:
            return exchange(self.attempt, decode_login(_taken(answer)), now)
        except Refusal as refusal:
            return end_former_session(self.attempt.former_session, refusal)


def _taken(answer: Taken | Missing | StoreUnreachable) -> bytes:
    match answer:
        case Taken(value):
            return value
        case Missing():
            refuse(
                Reason.NO_PENDING_LOGIN,
                "nothing is kept for this login",
                "it expired, the store lost it, or instances do not share a store",
            )
        case StoreUnreachable(why):
            refuse(Reason.STORE_UNREACHABLE, f"the pending login cannot be taken: {why}")
        case _:
            assert_never(answer)


@attrs.frozen
class TakingSealedLogin(Finishing):
    """Waits for the mark that this sealed login is used: the first to leave it goes on."""

    attempt: Attempt
    login: PendingLogin

    def asks(self) -> tuple[Effect, ...]:
        """Leave the mark, unless there is one."""
        ttl = self.attempt.settings.login_ttl
        return (Keep(Kind.LOGIN, self.attempt.key, USED, ttl, only_if_absent=True),)

    def receive(
        self, answer: Kept | Occupied | StoreUnreachable, *, now: float
    ) -> Repeated | Exchanging | EndingFormerSession:
        """As for a login that was stored."""
        match answer:
            case Kept():
                try:
                    return exchange(self.attempt, self.login, now)
                except Refusal as refusal:
                    return end_former_session(self.attempt.former_session, refusal)
            case Occupied():
                return Repeated(self.login.return_to)
            case StoreUnreachable(why):
                refuse(Reason.STORE_UNREACHABLE, f"the sealed login cannot be marked as used: {why}")
            case _:
                assert_never(answer)


def exchange(attempt: Attempt, login: PendingLogin, now: float) -> Exchanging:
    """Check that the login is this one, alive, and granted by its provider, before its code goes anywhere."""
    provider = attempt.provider
    check_login_not_expired(login, now)
    check_login_provider(login, provider)
    code = granted_code(attempt.response, login, provider)
    if isinstance(provider, OAuthProvider):
        return ExchangingPlainCode(attempt, login, provider, code)
    if attempt.keys is None:
        return ExchangingCodeAndReadingKeys(attempt, login, provider, code)
    return ExchangingCode(attempt, login, provider, code, attempt.keys)
