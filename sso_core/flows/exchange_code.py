"""The chapter in which the code becomes tokens, and the ID token becomes a person.

ExchangingCode | ExchangingCodeAndReadingKeys -> [RefreshingKeys] -> the next chapter, `gather_claims`
ExchangingPlainCode -> GatheringPlainClaims
any of them -> PuttingLoginBack | ReleasingLogin, where the code was certainly not sent
where the provider's answer ends the login -> EndingFormerSession
"""

from __future__ import annotations

import attrs

from sso_core.effects import Drop, Effect, HttpRequest, Keep, Kind, ReadKeys
from sso_core.events import Dropped, HttpResponse, Kept, KeysRead, Occupied, StoreUnreachable, Unavailable, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.arrival import arrival_of
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.checks import (
    check_login_not_expired,
    endpoints_of,
    keys_of,
    kid_of,
    verified_claims,
)
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.gather_claims import GatheringClaims, GatheringClaimsAndGroups, GatheringPlainClaims, gather
from sso_core.flows.gather_groups import ReadingGroups
from sso_core.flows.turn_away import EndingFormerSession, turn_away
from sso_core.machine import Failed
from sso_core.oauth.token import TokenResponse, parse_token_response, token_request
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider
from sso_core.providers.quirks import with_hint
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin, encode_login

Described = GatheringClaims | GatheringClaimsAndGroups | ReadingGroups | ReadingAccount | EndingFormerSession
"""Where the next chapter begins: with what there is to ask, or with the end of whoever may not come in."""

# Exchanging the code


@attrs.frozen
class ExchangingCode(Finishing):
    """Waits for the tokens; the keys to check them with are at hand."""

    attempt: Attempt
    login: PendingLogin
    provider: OpenIdProvider
    code: Secret
    keys: KeySet

    def asks(self) -> tuple[Effect, ...]:
        """Exchange the code."""
        return (_token_request(self),)

    def receive(
        self, answer: HttpResponse | Unreachable, *, now: float
    ) -> PuttingLoginBack | ReleasingLogin | RefreshingKeys | Described:
        """Verify the ID token before anything else is done with the answer."""
        if isinstance(answer, Unreachable):
            return _token_endpoint_unreachable(self, answer, now)
        return _verify(self, answer, KeysRead(self.keys), now)


@attrs.frozen
class ExchangingCodeAndReadingKeys(Finishing):
    """Waits for the tokens, and beside them for the keys, which are not at hand."""

    attempt: Attempt
    login: PendingLogin
    provider: OpenIdProvider
    code: Secret

    def asks(self) -> tuple[Effect, ...]:
        """Exchange the code and read the keys at once."""
        return (_token_request(self), ReadKeys(self.login.namespace, self.login.jwks_uri))

    def receive(
        self, answer: HttpResponse | Unreachable, keys: KeysRead | Unavailable, *, now: float
    ) -> PuttingLoginBack | ReleasingLogin | RefreshingKeys | Described:
        """As when the keys are at hand; without keys nothing is believed."""
        if isinstance(answer, Unreachable):
            return _token_endpoint_unreachable(self, answer, now)
        return _verify(self, answer, keys, now)


@attrs.frozen
class ExchangingPlainCode(Finishing):
    """Waits for the access token of a provider without an issuer; an ID token from it would prove nothing."""

    attempt: Attempt
    login: PendingLogin
    provider: OAuthProvider
    code: Secret

    def asks(self) -> tuple[Effect, ...]:
        """Exchange the code."""
        return (_token_request(self),)

    def receive(
        self, answer: HttpResponse | Unreachable, *, now: float
    ) -> PuttingLoginBack | ReleasingLogin | GatheringPlainClaims | EndingFormerSession:
        """Ask who it is."""
        if isinstance(answer, Unreachable):
            return _token_endpoint_unreachable(self, answer, now)
        try:
            tokens = _tokens(self, answer)
        except Refusal as refusal:
            return turn_away(arrival_of(self.attempt, self.login), refusal)
        return GatheringPlainClaims(self.attempt, self.login, self.provider, tokens)


Exchanging = ExchangingCode | ExchangingCodeAndReadingKeys | ExchangingPlainCode


def _token_request(state: Exchanging) -> HttpRequest:
    return token_request(
        state.login.token_endpoint,
        state.provider.client,
        code=state.code,
        redirect_uri=state.login.redirect_uri,
        code_verifier=state.login.code_verifier,
        extra_headers=state.provider.extra_headers,
    )


def _tokens(state: Exchanging, answer: HttpResponse) -> TokenResponse:
    secret = state.provider.client.secret
    secrets = (state.code, state.login.code_verifier, *((secret,) if secret else ()))
    try:
        return parse_token_response(answer, *secrets)
    except Refusal as refusal:
        endpoints = endpoints_of(state.login, state.provider)
        raise Refusal(with_hint(refusal.failure, endpoints)) from None


# Giving the login back


def _token_endpoint_unreachable(
    state: Exchanging, answer: Unreachable, now: float
) -> PuttingLoginBack | ReleasingLogin:
    if answer.sent:
        refuse(
            Reason.TOKEN_ANSWER_LOST,
            f"the code was sent, but no answer came: {answer.why}",
            "the code may be used up, so it is not sent again",
        )
    failure = Failure(Reason.TOKEN_ENDPOINT_NOT_REACHED, f"the token endpoint cannot be reached: {answer.why}")
    if state.attempt.settings.sealing_keys is not None:
        return ReleasingLogin(state.attempt.key, failure)
    check_login_not_expired(state.login, now)
    return PuttingLoginBack(state.attempt.key, state.login, state.login.expires_at - now, failure)


@attrs.frozen
class PuttingLoginBack(Finishing):
    """Waits until the login is back in the store, with what is left of its time: its code was not sent."""

    key: str
    login: PendingLogin
    ttl: float
    failure: Failure

    def asks(self) -> tuple[Effect, ...]:
        """Store it over its mark."""
        return (Keep(Kind.LOGIN, self.key, encode_login(self.login), self.ttl),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> Failed:
        """Refuse; the same callback may come again if the login is back."""
        del now
        return _not_reached(self.failure, back=isinstance(answer, Kept))


@attrs.frozen
class ReleasingLogin(Finishing):
    """Waits until the mark on a sealed login is gone: its code was not sent."""

    key: str
    failure: Failure

    def asks(self) -> tuple[Effect, ...]:
        """Remove the mark."""
        return (Drop(Kind.LOGIN, self.key),)

    def receive(self, answer: Dropped | StoreUnreachable, *, now: float) -> Failed:
        """Refuse; the same callback may come again if the mark is gone."""
        del now
        return _not_reached(self.failure, back=isinstance(answer, Dropped))


def _not_reached(failure: Failure, *, back: bool) -> Failed:
    if back:
        return Failed(failure)
    return Failed(attrs.evolve(failure, reason=Reason.TOKEN_ENDPOINT_UNAVAILABLE))


# Verifying who it is


def _verify(
    state: ExchangingCode | ExchangingCodeAndReadingKeys,
    answer: HttpResponse,
    read: KeysRead | Unavailable,
    now: float,
) -> RefreshingKeys | Described:
    attempt, login, provider = state.attempt, state.login, state.provider
    try:
        tokens, keys = _tokens(state, answer), keys_of(read)
        id_token = _id_token(tokens)
    except Refusal as refusal:
        return turn_away(arrival_of(attempt, login), refusal)
    try:
        verified = verified_claims(id_token, tokens, keys, attempt.settings, login, provider, now)
    except Refusal as refusal:
        if refusal.failure.reason is not Reason.UNKNOWN_KEY:
            return turn_away(arrival_of(attempt, login), refusal)
        return RefreshingKeys(attempt, login, provider, tokens, kid_of(id_token))
    return gather(attempt, login, provider, tokens, verified, keys, now)


def _id_token(tokens: TokenResponse) -> Secret:
    if tokens.id_token is None:
        refuse(
            Reason.NO_ID_TOKEN,
            "the token answer has no id_token",
            "a provider without ID tokens is set up by its endpoints, without an issuer",
        )
    return tokens.id_token


@attrs.frozen
class RefreshingKeys(Finishing):
    """Waits for fresh keys: the ID token is signed with one that is not known."""

    attempt: Attempt
    login: PendingLogin
    provider: OpenIdProvider
    tokens: TokenResponse
    kid: str

    def asks(self) -> tuple[Effect, ...]:
        """Read the keys anew, once."""
        return (ReadKeys(self.login.namespace, self.login.jwks_uri, lacks=self.kid),)

    def receive(self, answer: KeysRead | Unavailable, *, now: float) -> Described:
        """Verify with them; a key that is still not known is refused."""
        settings, login = self.attempt.settings, self.login
        id_token = _id_token(self.tokens)
        try:
            keys = keys_of(answer)
            verified = verified_claims(id_token, self.tokens, keys, settings, login, self.provider, now)
        except Refusal as refusal:
            return turn_away(arrival_of(self.attempt, login), refusal)
        return gather(self.attempt, login, self.provider, self.tokens, verified, keys, now)
