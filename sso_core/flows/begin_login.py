"""The story of sending a person to the provider.

    begin_login -> [CheckingBackends] -> [ResolvingProvider] -> [KeepingLogin] -> SentToProvider

- `CheckingBackends` only where the store or the directory failed somebody else a moment ago: they are asked before the
  person is sent away, and not after they have typed a password. What is known of them is never a refusal by itself, so
  that whoever comes first after an outage finds it over.
- `ResolvingProvider` only where the provider's metadata is not warm; a plain OAuth 2.0 provider has none to resolve.
- `KeepingLogin` unless the pending login travels sealed in the browser's cookie.
- Nothing is known of the person yet, so nobody is turned away here; that is decided at the end.
- The browser is not sent away before the pending login is safe: a login that cannot be finished is not begun.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, Keep, Kind, ReadKeys, ReadMetadata
from sso_core.events import (
    AlreadyTaken,
    DirectoryUnreachable,
    Found,
    Kept,
    KeyFacts,
    MetadataRead,
    Missing,
    Occupied,
    StoreUnreachable,
    Unavailable,
)
from sso_core.facts import ProviderMetadata, Warm
from sso_core.failures import Reason, refuse
from sso_core.flows.readiness import AskingBackends, Readiness, check_readiness
from sso_core.machine import Resting, Working, door
from sso_core.oauth.authorization import authorization_url
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider, ResponseMode
from sso_core.secret import Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import LoginPurpose, PendingLogin, encode_login, login_key
from sso_core.sessions.sealing import SEALED_LIMIT, SealingKeys
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class SentToProvider(Resting):
    """The browser goes to `location`, holding `cookie` for this login alone."""

    location: str = attrs.field(repr=False)
    state: str = attrs.field(repr=False)
    cookie: LoginCookie
    lifetime: float
    """Seconds that the cookie is good for."""
    response_mode: ResponseMode
    prefetch: ReadKeys | None = None

    @property
    def afterwards(self) -> tuple[Effect, ...]:
        """Fetch the keys while the person is at the provider, so that the callback need not."""
        return () if self.prefetch is None else (self.prefetch,)


@door
def begin_login(
    settings: SignInSettings,
    provider: Provider,
    *,
    return_to: str,
    entropy: Entropy,
    now: float,
    warm: Warm,
    purpose: LoginPurpose = LoginPurpose.BROWSER,
    cli_login: str = "",
) -> CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider:
    """Begin a login at one of the providers that ends at `return_to`, a path of this service that has been checked.

    `now` is in seconds since the epoch; `warm` holds what is known of the provider already; `cli_login` is the id of
    the command-line login that this one is to approve.
    """
    start = Start(settings, provider, return_to, entropy, warm.keys is not None, purpose, cli_login)
    return send_to_provider(start, warm, now)


def send_to_provider(
    start: Start, warm: Warm, now: float
) -> CheckingBackends | ResolvingProvider | KeepingLogin | SentToProvider:
    """Send the person there, as soon as it is known that they can come back, and where it is."""
    if warm.backends_in_doubt:
        return CheckingBackends(start, warm, check_readiness(None, None))
    return _send_there(start, warm, now)


def _send_there(start: Start, warm: Warm, now: float) -> ResolvingProvider | KeepingLogin | SentToProvider:
    provider = start.provider
    if isinstance(provider, OAuthProvider):
        return _send(start, _metadata_by_hand(provider), now)
    if warm.metadata is None:
        return ResolvingProvider(start, provider.issuer, provider.published_issuers)
    return _send(start, warm.metadata, now)


def _metadata_by_hand(provider: OAuthProvider) -> ProviderMetadata:
    return ProviderMetadata(
        issuer=provider.namespace,
        authorization_endpoint=provider.authorization_endpoint,
        token_endpoint=provider.token_endpoint,
        userinfo_endpoint=provider.userinfo_endpoint,
        jwks_uri="",
        id_token_algorithms=(),
    )


@attrs.frozen
class Start:
    """What is known when somebody asks to sign in."""

    settings: SignInSettings
    provider: Provider
    return_to: str
    entropy: Entropy
    keys_warm: bool
    purpose: LoginPurpose = LoginPurpose.BROWSER
    cli_login: str = ""


@attrs.frozen
class CheckingBackends(Working):
    """Waits for a sign of life of the store and the directory."""

    start: Start
    warm: Warm
    asking: AskingBackends

    def asks(self) -> tuple[Effect, ...]:
        """Ask what readiness asks."""
        return self.asking.awaits

    def receive(
        self,
        stored: Found | AlreadyTaken | Missing | StoreUnreachable,
        written: KeyFacts | DirectoryUnreachable,
        *,
        now: float,
    ) -> ResolvingProvider | KeepingLogin | SentToProvider:
        """Go on, or refuse while the person is still here."""
        check_backends(self.asking.receive(stored, written, now=now))
        return _send_there(self.start, self.warm, now)


def check_backends(readiness: Readiness) -> None:
    """Refuse a login that could not be finished: nobody goes to the provider for nothing."""
    if not readiness.store:
        refuse(Reason.STORE_UNREACHABLE, "the store is down, so that no login could be finished")
    if not readiness.directory:
        refuse(Reason.DIRECTORY_UNREACHABLE, "the directory is down, so that no login could be finished")


@attrs.frozen
class ResolvingProvider(Working):
    """Waits for the provider's metadata."""

    start: Start
    issuer: str
    published_issuers: tuple[str, ...] = ()

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the metadata."""
        return (ReadMetadata(self.issuer, self.published_issuers),)

    def receive(self, answer: MetadataRead | Unavailable, *, now: float) -> KeepingLogin | SentToProvider:
        """Go on with it, or say why there is none."""
        if isinstance(answer, Unavailable):
            refuse(answer.failure.reason, answer.failure.detail, answer.failure.hint)
        return _send(self.start, answer.metadata, now)


def _send(start: Start, metadata: ProviderMetadata, now: float) -> KeepingLogin | SentToProvider:
    settings, provider, entropy = start.settings, start.provider, start.entropy
    if isinstance(provider, OpenIdProvider) and provider.endpoints is not None:
        metadata = provider.endpoints.over(metadata)
    login = PendingLogin(
        provider_id=provider.provider_id,
        namespace=metadata.issuer,
        redirect_uri=settings.redirect_uri(provider, debug=start.purpose is LoginPurpose.DEBUG),
        nonce=entropy.nonce,
        code_verifier=entropy.code_verifier,
        return_to=start.return_to,
        expires_at=now + settings.login_ttl,
        token_endpoint=metadata.token_endpoint,
        userinfo_endpoint=metadata.userinfo_endpoint,
        jwks_uri=metadata.jwks_uri,
        id_token_algorithms=metadata.id_token_algorithms,
        response_issuer_promised=metadata.response_issuer_promised,
        purpose=start.purpose,
        cli_login=start.cli_login,
        cli_claim=entropy.cli_claim if start.cli_login else Secret(""),
    )
    sent = _sent(start, metadata, login, now)
    if settings.sealing_keys is not None:
        return _seal(sent, login, settings.sealing_keys, entropy)
    return KeepingLogin(sent, login)


def _sent(start: Start, metadata: ProviderMetadata, login: PendingLogin, now: float) -> SentToProvider:
    provider, entropy = start.provider, start.entropy
    state, openid = entropy.state, isinstance(provider, OpenIdProvider)
    extra = provider.authorization_parameters
    if isinstance(provider, OpenIdProvider) and provider.max_age is not None:
        extra = (*extra, ("max_age", str(provider.max_age)))
    location = authorization_url(
        metadata.authorization_endpoint,
        client_id=provider.client.client_id,
        redirect_uri=login.redirect_uri,
        scope=provider.scope,
        state=state,
        nonce=login.nonce if openid else None,
        code_verifier=login.code_verifier,
        response_mode="form_post" if provider.response_mode is ResponseMode.FORM_POST else None,
        extra=extra,
    )
    prefetch = ReadKeys(metadata.issuer, metadata.jwks_uri) if openid and not start.keys_warm else None
    cookie = LoginCookie(int(now), entropy.login_cookie, login.return_to)
    return SentToProvider(location, state, cookie, start.settings.login_ttl, provider.response_mode, prefetch)


def _seal(sent: SentToProvider, login: PendingLogin, keys: SealingKeys, entropy: Entropy) -> SentToProvider:
    sealed = keys.seal(encode_login(login), context=sent.state, nonce=entropy.seal_nonce)
    if len(sealed) > SEALED_LIMIT:
        refuse(Reason.LOGIN_TOO_LARGE, "the sealed login does not fit into a cookie", "use a store for pending logins")
    return attrs.evolve(sent, cookie=attrs.evolve(sent.cookie, secret=Secret(sealed)))


@attrs.frozen
class KeepingLogin(Working):
    """Waits until the pending login is stored."""

    sent: SentToProvider
    login: PendingLogin

    def asks(self) -> tuple[Effect, ...]:
        """Store it where only this browser's cookie leads."""
        key = login_key(self.sent.state, self.sent.cookie.secret)
        return (Keep(Kind.LOGIN, key, encode_login(self.login), self.sent.lifetime),)

    def receive(self, answer: Kept | Occupied | StoreUnreachable, *, now: float) -> SentToProvider:
        """Send the browser away, or not: without the store the login could not be finished."""
        del now
        if isinstance(answer, Kept):
            return self.sent
        why = answer.why if isinstance(answer, StoreUnreachable) else "the key is taken"
        refuse(Reason.STORE_UNREACHABLE, f"the pending login cannot be stored: {why}")
