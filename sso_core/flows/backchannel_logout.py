"""The story of a provider that says a person has signed out there (OIDC Back-Channel Logout 1.0).

    backchannel_logout -> [ReadingLogoutMetadata] -> [ReadingLogoutKeys] -> [RefreshingLogoutKeys]
             |
             v
    RememberingLogout -> the chapter `end_sessions` -> LoggedOut

- A token that could not pass, whoever signed it, costs no request and no room in the store.
- Nothing is over before the store says so: without it, without the directory and without keys the provider is told to
  come again.
- From the first state on the flow is seen through: few providers wait for long, and fewer try again.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, ReadKeys, ReadMetadata
from sso_core.events import KeysRead, MetadataRead, Unavailable
from sso_core.facts import KeySet, ProviderMetadata, Warm
from sso_core.failures import Reason, Refusal
from sso_core.flows.checks import keys_of
from sso_core.flows.end_sessions import LoggingOut, RememberingLogout
from sso_core.machine import door
from sso_core.oauth.logout_token import (
    LogoutExpectations,
    UnverifiedLogout,
    read_logout_token,
    verify_logout_token,
)
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class Logout:
    """A logout token that waits to be believed, and what it is held against."""

    settings: SignInSettings
    provider: OpenIdProvider
    unverified: UnverifiedLogout
    expected: LogoutExpectations


@door
def backchannel_logout(
    settings: SignInSettings, provider: OpenIdProvider, *, token: Secret, warm: Warm, now: float
) -> ReadingLogoutMetadata | ReadingLogoutKeys | RefreshingLogoutKeys | RememberingLogout:
    """Begin to believe a logout token that somebody brings in the name of `provider`.

    `now` is in seconds since the epoch; `warm` holds what is known of the provider already.
    """
    expected = LogoutExpectations(
        provider.issuer, provider.client.client_id, provider.algorithms, settings.leeway, provider.tenants
    )
    unverified = read_logout_token(token.reveal(), expected, now=now)
    logout = Logout(settings, provider, unverified, expected)
    if warm.metadata is None:
        return ReadingLogoutMetadata(logout)
    logout = _narrowed(logout, warm.metadata)
    if warm.keys is None:
        return ReadingLogoutKeys(logout, warm.metadata.jwks_uri)
    return _verify(logout, warm.metadata.jwks_uri, warm.keys, now)


def _narrowed(logout: Logout, metadata: ProviderMetadata) -> Logout:
    """Narrow the algorithms to what both the operator and the metadata allow, as for ID tokens."""
    algorithms = tuple([name for name in metadata.id_token_algorithms if name in logout.expected.algorithms])
    return attrs.evolve(logout, expected=attrs.evolve(logout.expected, algorithms=algorithms))


def _verify(logout: Logout, uri: str, keys: KeySet, now: float) -> RefreshingLogoutKeys | RememberingLogout:
    try:
        return _remember(logout, keys, now)
    except Refusal as refusal:
        if refusal.failure.reason is not Reason.UNKNOWN_KEY:
            raise
        return RefreshingLogoutKeys(logout, uri)


def _remember(logout: Logout, keys: KeySet, now: float) -> RememberingLogout:
    token = verify_logout_token(logout.unverified, keys, logout.expected)
    return RememberingLogout(logout.settings, token, now)


@attrs.frozen
class ReadingLogoutMetadata(LoggingOut):
    """Waits for the provider's metadata."""

    logout: Logout

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the metadata, from the bucket of those who prove nothing."""
        provider = self.logout.provider
        return (ReadMetadata(provider.issuer, provider.published_issuers, for_logout=True),)

    def receive(self, answer: MetadataRead | Unavailable, *, now: float) -> ReadingLogoutKeys:
        """Ask for the keys that it names."""
        del now
        if isinstance(answer, Unavailable):
            raise Refusal(answer.failure)
        return ReadingLogoutKeys(_narrowed(self.logout, answer.metadata), answer.metadata.jwks_uri)


@attrs.frozen
class ReadingLogoutKeys(LoggingOut):
    """Waits for the keys."""

    logout: Logout
    uri: str

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the keys, from that bucket too."""
        return (ReadKeys(self.logout.provider.issuer, self.uri, for_logout=True),)

    def receive(self, answer: KeysRead | Unavailable, *, now: float) -> RefreshingLogoutKeys | RememberingLogout:
        """Verify the token; without keys nothing is believed."""
        return _verify(self.logout, self.uri, keys_of(answer), now)


@attrs.frozen
class RefreshingLogoutKeys(LoggingOut):
    """Waits for fresh keys: the token is signed with one that is not known."""

    logout: Logout
    uri: str

    def asks(self) -> tuple[Effect, ...]:
        """Read the keys anew, once."""
        issuer = self.logout.provider.issuer
        return (ReadKeys(issuer, self.uri, lacks=self.logout.unverified.kid, for_logout=True),)

    def receive(self, answer: KeysRead | Unavailable, *, now: float) -> RememberingLogout:
        """Verify with them; a key that is still not known is refused."""
        return _remember(self.logout, keys_of(answer), now)
