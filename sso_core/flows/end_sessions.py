"""The chapter in which the sessions that a logout token names are ended, once.

RememberingLogout -> [FindingLoggedOut] -> [EndingSessions] -> SettlingLogout -> LoggedOut

- What remembers a token holds the moment from which its sessions are over until they are. Where the store fails in
  between, or the provider sends the token twice at once, the same token ends the same sessions, and none that began
  since. After that it is refused.
- `sid` ends the sessions that began in that session of the provider. Without one, all sessions of the account end. With
  them go those of command lines; personal keys stay.
"""

from __future__ import annotations

from hashlib import sha256
from typing import assert_never

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, Keep, Kind, ReadAccount
from sso_core.events import AccountFacts, DirectoryUnreachable, Kept, Occupied, StoreUnreachable
from sso_core.failures import Reason, refuse
from sso_core.machine import Resting, Working
from sso_core.oauth.logout_token import AllSessions, LogoutToken, OneSession, remembered_for
from sso_core.oauth.provider_text import quote_provider
from sso_core.sessions.revocation import (
    ENDED,
    decode_revocation,
    encode_revocation,
    ends_until,
    revocation_key,
    sid_key,
)
from sso_core.settings.sign_in import SignInSettings
from sso_core.wire import b64url_encode, encode_json

SETTLED = b"settled"
"""What remembers a token whose sessions are over."""


@attrs.frozen
class LoggedOut(Resting):
    """The sessions that the token named are over."""

    token: LogoutToken
    account_id: str = ""
    """Whose sessions ended, where the token names a person who has an account here."""

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """Sessions ended, if there can have been any."""
        match self.token.over:
            case OneSession(sid):
                detail = f"the provider's session {quote_provider(sid)}"
                return (AuditEvent(AuditKind.SIGNED_OUT_BY_PROVIDER, issuer=self.token.issuer, detail=detail),)
            case AllSessions(subject) if self.account_id:
                kind, issuer = AuditKind.SIGNED_OUT_BY_PROVIDER, self.token.issuer
                return (AuditEvent(kind, self.account_id, issuer, subject),)
            case AllSessions():
                return ()
            case _:
                assert_never(self.token.over)


class LoggingOut(Working):
    """A state of this story, which is seen through."""

    __slots__ = ()
    uninterruptible = True


def logout_token_key(token: LogoutToken) -> str:
    """Return the store's key for what remembers a token: an issuer names each of its tokens once."""
    return b64url_encode(sha256(encode_json([token.issuer, token.jti])).digest())


@attrs.frozen
class RememberingLogout(LoggingOut):
    """Waits to know whether the token is new."""

    settings: SignInSettings
    token: LogoutToken
    moment: float

    def asks(self) -> tuple[Effect, ...]:
        """Remember it for as long as it could pass, with the moment of its first use."""
        ttl = remembered_for(self.settings.leeway)
        key, value = logout_token_key(self.token), encode_revocation(self.moment)
        return (Keep(Kind.LOGOUT_TOKEN, key, value, ttl, only_if_absent=True),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> FindingLoggedOut | EndingSessions:
        """Go on from the moment of its first use, unless that came to its end."""
        del now
        match answer:
            case Kept():
                return _find(self.settings, self.token, self.moment)
            case Occupied(value):
                return _find(self.settings, self.token, _moment_of(value))
            case StoreUnreachable(why):
                refuse(Reason.STORE_UNREACHABLE, f"whether the logout token is new cannot be known: {why}")
            case _:
                assert_never(answer)


def _moment_of(value: bytes) -> float:
    """Return the moment of a token's first use; refuses one whose sessions are over, or that nobody can tell."""
    moment = decode_revocation(value)
    if moment is None:
        refuse(Reason.LOGOUT_TOKEN_REPLAYED, "the logout token was used before")
    return moment


def _find(settings: SignInSettings, token: LogoutToken, moment: float) -> FindingLoggedOut | EndingSessions:
    match token.over:
        case OneSession(sid):
            # A login under way, or the approval of a command line, may yet become a session of it.
            longest = settings.longest_session + settings.login_ttl + settings.cli_login_ttl
            mark = Keep(Kind.REVOKED, sid_key(token.issuer, sid), ENDED, longest)
            return EndingSessions(settings, token, moment, mark)
        case AllSessions(subject):
            return FindingLoggedOut(settings, token, moment, subject)
        case _:
            assert_never(token.over)


@attrs.frozen
class FindingLoggedOut(LoggingOut):
    """Waits to know whose account the sessions are of."""

    settings: SignInSettings
    token: LogoutToken
    moment: float
    subject: str

    def asks(self) -> tuple[Effect, ...]:
        """Read the account of the subject."""
        return (ReadAccount(self.token.issuer, self.subject),)

    def receive(self, answer: AccountFacts | DirectoryUnreachable, *, now: float) -> EndingSessions | SettlingLogout:
        """End all of them; who has no account has no session."""
        del now
        if isinstance(answer, DirectoryUnreachable):
            refuse(Reason.DIRECTORY_UNREACHABLE, f"whose sessions are to end cannot be read: {answer.why}")
        if answer.account is None:
            return SettlingLogout(self.settings, self.token)
        account_id, longest = answer.account.account_id, self.settings.longest_session
        value = encode_revocation(self.moment)
        mark = Keep(Kind.REVOKED, revocation_key(account_id), value, longest, only_if_absent=True)
        return EndingSessions(self.settings, self.token, self.moment, mark, account_id)


@attrs.frozen
class EndingSessions(LoggingOut):
    """Waits until none of the sessions is believed any more."""

    settings: SignInSettings
    token: LogoutToken
    moment: float
    mark: Keep
    account_id: str = ""

    def asks(self) -> tuple[Effect, ...]:
        """Leave the mark."""
        return (self.mark,)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> EndingSessions | SettlingLogout:
        """Never take the place of a mark that ends more."""
        del now
        match answer:
            case Kept():
                return SettlingLogout(self.settings, self.token, self.account_id)
            case Occupied(value):
                if ends_until(value, self.moment):
                    return SettlingLogout(self.settings, self.token, self.account_id)
                return attrs.evolve(self, mark=attrs.evolve(self.mark, only_if_absent=False))
            case StoreUnreachable(why):
                refuse(Reason.STORE_UNREACHABLE, f"the sessions cannot be ended: {why}")
            case _:
                assert_never(answer)


@attrs.frozen
class SettlingLogout(LoggingOut):
    """Waits until the token is good for nothing any more."""

    settings: SignInSettings
    token: LogoutToken
    account_id: str = ""

    def asks(self) -> tuple[Effect, ...]:
        """Forget the moment, and remember the token."""
        ttl = remembered_for(self.settings.leeway)
        return (Keep(Kind.LOGOUT_TOKEN, logout_token_key(self.token), SETTLED, ttl),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> LoggedOut:
        """Say that it is done in any case: a token that is not settled could but end the same sessions once more."""
        del answer, now
        return LoggedOut(self.token, self.account_id)
