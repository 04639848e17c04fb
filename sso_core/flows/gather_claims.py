"""The chapter in which the person is described: userinfo beside the ID token, or alone.

GatheringClaims -> [RefreshingUserinfoKeys] -> ReadingAccount
GatheringPlainClaims -> ReadingAccount
"""

from __future__ import annotations

import attrs

from sso_core.effects import (
    Effect,
    HttpResponse,
    KeysRead,
    ReadKeys,
    Unavailable,
    Unreachable,
)
from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.checks import (
    keys_of,
    kid_of,
    userinfo_may_fail,
    verified_userinfo,
)
from sso_core.flows.enter import ReadingAccount
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import identify, plain_subject
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.oauth.id_token import VerifiedClaims
from sso_core.oauth.token import TokenResponse
from sso_core.oauth.userinfo import parse_userinfo, userinfo_request
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, UserinfoPolicy
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin
from sso_core.settings.ladder import REFERENCE_LADDER

_RULES = IdentityRules()


def gather(
    attempt: Attempt,
    login: PendingLogin,
    provider: OpenIdProvider,
    tokens: TokenResponse,
    verified: VerifiedClaims,
    keys: KeySet,
) -> GatheringClaims | ReadingAccount:
    """Ask userinfo, where there is one and the operator wants it asked."""
    endpoint = login.userinfo_endpoint
    if endpoint is None or provider.userinfo is UserinfoPolicy.UNUSED:
        return _recognise(attempt, login, tokens, verified, ClaimSet())
    return GatheringClaims(attempt, login, provider, tokens, verified, keys, endpoint)


@attrs.frozen
class GatheringClaims(Finishing):
    """Waits for userinfo about the person whom the ID token names."""

    attempt: Attempt
    login: PendingLogin
    provider: OpenIdProvider
    tokens: TokenResponse
    verified: VerifiedClaims
    keys: KeySet
    endpoint: str

    def asks(self) -> tuple[Effect, ...]:
        """Ask with the access token, now that the ID token is verified."""
        return (userinfo_request(self.endpoint, self.tokens.access_token, self.provider.extra_headers),)

    def receive(self, answer: HttpResponse | Unreachable, *, now: float) -> RefreshingUserinfoKeys | ReadingAccount:
        """Add what it says, if it speaks of the same person."""
        del now
        try:
            claims = verified_userinfo(answer, self.verified.subject, self.keys, self.login, self.provider)
        except Refusal as refusal:
            failure = refusal.failure
            if failure.reason is Reason.UNKNOWN_KEY and isinstance(answer, HttpResponse):
                return RefreshingUserinfoKeys(self, answer)
            if not userinfo_may_fail(failure, self.provider):
                raise
            return _recognise(self.attempt, self.login, self.tokens, self.verified, ClaimSet(), (failure,))
        return _recognise(self.attempt, self.login, self.tokens, self.verified, claims)


@attrs.frozen
class RefreshingUserinfoKeys(Finishing):
    """Waits for fresh keys: userinfo is signed with one that is not known."""

    gathering: GatheringClaims
    answer: HttpResponse

    def asks(self) -> tuple[Effect, ...]:
        """Read the keys anew, once."""
        token = Secret(self.answer.body.decode("ascii"))
        login = self.gathering.login
        return (ReadKeys(login.namespace, login.jwks_uri, lacks=kid_of(token)),)

    def receive(self, answer: KeysRead | Unavailable, *, now: float) -> ReadingAccount:
        """Verify with them; a key that is still not known is refused."""
        del now
        state = self.gathering
        claims = verified_userinfo(self.answer, state.verified.subject, keys_of(answer), state.login, state.provider)
        return _recognise(state.attempt, state.login, state.tokens, state.verified, claims)


def _recognise(
    attempt: Attempt,
    login: PendingLogin,
    tokens: TokenResponse,
    verified: VerifiedClaims,
    userinfo: ClaimSet,
    notes: tuple[Failure, ...] = (),
) -> ReadingAccount:
    id_token = ClaimSet(verified.claims)
    merged = merge_claims(userinfo, id_token, tokens.claims)
    gathered = Gathered(verified.issuer, verified.subject, merged, id_token, notes=notes)
    identity = identify(gathered, _RULES, REFERENCE_LADDER)
    return ReadingAccount(attempt, login, identity)


@attrs.frozen
class GatheringPlainClaims(Finishing):
    """Waits for userinfo, the only word that a provider without an issuer has on who it is."""

    attempt: Attempt
    login: PendingLogin
    provider: OAuthProvider
    tokens: TokenResponse

    def asks(self) -> tuple[Effect, ...]:
        """Ask with the access token that our own exchange brought."""
        headers = self.provider.extra_headers
        return (userinfo_request(self.provider.userinfo_endpoint, self.tokens.access_token, headers),)

    def receive(self, answer: HttpResponse | Unreachable, *, now: float) -> ReadingAccount:
        """Take the subject from the configured claim, in the configured namespace."""
        del now
        claims = parse_userinfo(answer)
        subject = plain_subject(claims, self.provider.subject_claim)
        merged = merge_claims(claims, ClaimSet(), self.tokens.claims)
        gathered = Gathered(self.provider.namespace, subject, merged)
        identity = identify(gathered, _RULES, REFERENCE_LADDER)
        return ReadingAccount(self.attempt, self.login, identity)
