"""The story of signing out here, and then at the provider (OIDC RP-Initiated Logout 1.0).

    sign_out_at_provider -> FindingProvider -> EndingSession | RevokingSessions -> SignedOut
                                   |
                                   v
                         EndingBeforeProvider -> [FindingEndSession] -> SentToSignOut | SignedOut

- The session here ends first. Whether the provider can be asked, or the person goes through with it there, does not
  matter to that.
- Only a living session says which provider it came from; whoever has none, or came from one that is not to be left,
  signs out here alone, as everywhere else.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.audit import AuditEvent
from sso_core.effects import Effect, Kind, Peek, ReadMetadata
from sso_core.events import AlreadyTaken, Event, Found, MetadataRead, Missing, StoreUnreachable, Unavailable
from sso_core.facts import ProviderMetadata
from sso_core.failures import Refusal
from sso_core.flows.sessions import living_session
from sso_core.flows.sign_out import EndingSession, RevokingSessions, SignedOut
from sso_core.machine import Failed, Resting, Working, advance
from sso_core.oauth.end_session import end_session_url
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.sessions.session import Session, SessionKind, session_key
from sso_core.settings.sign_in import SignInSettings


@attrs.frozen
class SentToSignOut(Resting):
    """The session here is over; the browser goes to `location`, where the person may sign out as well."""

    location: str = attrs.field(repr=False)
    signed_out: SignedOut

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """The session ended; what the person does at the provider is told there."""
        return self.signed_out.deeds


@attrs.frozen
class SignOut:
    """What a person asks for, and of each provider that is to be left what is known of it already."""

    settings: SignInSettings
    state: str = attrs.field(repr=False)
    everywhere: bool
    to_leave: tuple[tuple[OpenIdProvider, ProviderMetadata | None], ...]


@attrs.frozen
class Leaving:
    """The provider that a session came from, and how it calls its own."""

    sign_out: SignOut
    provider: OpenIdProvider
    metadata: ProviderMetadata | None
    sid: str | None


def providers_to_leave(settings: SignInSettings) -> tuple[OpenIdProvider, ...]:
    """Return the providers at which people are to sign out as well."""
    return tuple(
        provider
        for provider in settings.providers
        if isinstance(provider, OpenIdProvider) and provider.logout_at_provider
    )


def sign_out_at_provider(sign_out: SignOut, session_id: Secret | None) -> FindingProvider | SignedOut:
    """Begin to end the session that the browser presents, or all of its account, and to leave its provider."""
    return SignedOut() if session_id is None else FindingProvider(sign_out, session_key(session_id))


class SigningOut(Working):
    """A state of this story. It is seen through: whoever leaves is not to stay signed in."""

    __slots__ = ()
    uninterruptible = True


@attrs.frozen
class FindingProvider(SigningOut):
    """Waits to know where the session came from."""

    sign_out: SignOut
    key: str

    def asks(self) -> tuple[Effect, ...]:
        """Look the session up."""
        return (Peek(Kind.SESSION, self.key),)

    def receive(
        self, answer: Found | AlreadyTaken | Missing | StoreUnreachable, *, now: float
    ) -> EndingSession | RevokingSessions | EndingBeforeProvider:
        """End it, and leave its provider after that if it is one to be left."""
        session = living_session(answer, now)
        if session is None or session.kind is not SessionKind.BROWSER:
            return EndingSession(self.key)
        longest = self.sign_out.settings.longest_session
        ending: EndingSession | RevokingSessions = EndingSession(self.key)
        if self.sign_out.everywhere:
            ending = RevokingSessions(self.key, session.account_id, now, longest)
        leaving = _leaving(self.sign_out, session)
        return ending if leaving is None else EndingBeforeProvider(ending, leaving)


def _leaving(sign_out: SignOut, session: Session) -> Leaving | None:
    for provider, metadata in sign_out.to_leave:
        if provider.provider_id == session.provider_id:
            return Leaving(sign_out, provider, metadata, session.sid)
    return None


@attrs.frozen
class EndingBeforeProvider(SigningOut):
    """Waits until the session is over here."""

    ending: EndingSession | RevokingSessions
    leaving: Leaving

    def asks(self) -> tuple[Effect, ...]:
        """Ask what the end of the session asks."""
        return self.ending.awaits

    def receive(self, *answers: Event, now: float) -> FindingEndSession | SentToSignOut | SignedOut:
        """Leave the provider, now that nothing can come between."""
        match advance(self.ending, answers, now=now):
            case Failed(failure):
                raise Refusal(failure)
            case SignedOut() as signed_out:
                metadata = self.leaving.metadata
                if metadata is None:
                    return FindingEndSession(self.leaving, signed_out)
                return _leave(self.leaving, metadata, signed_out)
            case other:
                assert_never(other)


def _leave(leaving: Leaving, metadata: ProviderMetadata, signed_out: SignedOut) -> SentToSignOut | SignedOut:
    if metadata.end_session_endpoint is None:
        return signed_out
    location = end_session_url(
        metadata.end_session_endpoint,
        client_id=leaving.provider.client.client_id,
        post_logout_redirect_uri=leaving.sign_out.settings.post_logout_redirect_uri,
        state=leaving.sign_out.state,
        logout_hint=leaving.sid,
    )
    return SentToSignOut(location, signed_out)


@attrs.frozen
class FindingEndSession(SigningOut):
    """Waits for the provider's metadata."""

    leaving: Leaving
    signed_out: SignedOut

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the metadata."""
        provider = self.leaving.provider
        return (ReadMetadata(provider.issuer, provider.published_issuers),)

    def receive(self, answer: MetadataRead | Unavailable, *, now: float) -> SentToSignOut | SignedOut:
        """Leave the provider, or not: the session here is over in any case."""
        del now
        if isinstance(answer, Unavailable):
            return self.signed_out
        return _leave(self.leaving, answer.metadata, self.signed_out)
