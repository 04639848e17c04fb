"""The story of reading what a provider publishes.

    read_metadata -> ReadingOpenIdConfiguration -> MetadataKnown
                                  |
                                  v  (nothing is published there)
                     ReadingAuthorizationServerMetadata -> MetadataKnown

    read_keys -> ReadingKeySet -> KeysKnown

A login never enters here: it asks for the document (`ReadMetadata`, `ReadKeys`), and whoever keeps the copies runs
this flow when a copy is wanted.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, HttpRequest, Purpose
from sso_core.events import HttpResponse, Unreachable
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Reason, refuse
from sso_core.machine import Resting, Working, door
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.media_type import check_json
from sso_core.oauth.metadata import (
    LIMIT,
    authorization_server_metadata_request,
    openid_configuration_request,
    parse_metadata,
)
from sso_core.wire import WireError, parse_http_url

OK = 200
NOT_PUBLISHED = (404, 405, 410)


@attrs.frozen
class MetadataKnown(Resting):
    """The metadata, checked against the issuer."""

    metadata: ProviderMetadata


@attrs.frozen
class KeysKnown(Resting):
    """The usable keys."""

    keys: KeySet


@door
def read_metadata(issuer: str, published_issuers: tuple[str, ...] = ()) -> ReadingOpenIdConfiguration:
    """Begin to read the metadata of `issuer`; refuses an issuer that is no usable address.

    `published_issuers` are those of `ReadMetadata`.
    """
    try:
        parse_http_url(issuer)
    except WireError as error:
        refuse(Reason.BAD_METADATA, f"the issuer is no usable address: {error}")
    return ReadingOpenIdConfiguration(issuer, published_issuers)


@attrs.frozen
class ReadingOpenIdConfiguration(Working):
    """Asks where OpenID Connect puts the document."""

    issuer: str
    published_issuers: tuple[str, ...] = ()

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the document."""
        return (openid_configuration_request(self.issuer),)

    def receive(
        self, answer: HttpResponse | Unreachable, *, now: float
    ) -> MetadataKnown | ReadingAuthorizationServerMetadata:
        """Believe it, or look in the other place when there is none here."""
        del now
        if isinstance(answer, HttpResponse) and answer.status in NOT_PUBLISHED:
            return ReadingAuthorizationServerMetadata(self.issuer, self.published_issuers)
        return MetadataKnown(_metadata(answer, self.issuer, self.published_issuers))


@attrs.frozen
class ReadingAuthorizationServerMetadata(Working):
    """Asks where OAuth 2.0 puts the document."""

    issuer: str
    published_issuers: tuple[str, ...] = ()

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the document."""
        return (authorization_server_metadata_request(self.issuer),)

    def receive(self, answer: HttpResponse | Unreachable, *, now: float) -> MetadataKnown:
        """Believe it, or refuse."""
        del now
        return MetadataKnown(_metadata(answer, self.issuer, self.published_issuers))


def _metadata(answer: HttpResponse | Unreachable, issuer: str, published: tuple[str, ...]) -> ProviderMetadata:
    response = _expect_ok(answer, Reason.METADATA_UNREACHABLE, f"the metadata of {issuer}")
    return parse_metadata(response, issuer, published)


@door
def read_keys(uri: str) -> ReadingKeySet:
    """Begin to read the key set at `uri`, an endpoint that the metadata named."""
    return ReadingKeySet(uri)


@attrs.frozen
class ReadingKeySet(Working):
    """Asks for the keys."""

    uri: str

    def asks(self) -> tuple[Effect, ...]:
        """Ask for the document."""
        headers = (("accept", "application/jwk-set+json, application/json"),)
        return (HttpRequest(Purpose.KEYS, self.uri, headers, limit=LIMIT),)

    def receive(self, answer: HttpResponse | Unreachable, *, now: float) -> KeysKnown:
        """Prepare the keys once, for all the logins to come."""
        del now
        response = _expect_ok(answer, Reason.KEYS_UNREACHABLE, f"the key set {self.uri}")
        check_json(response, Reason.BAD_KEYS, f"the key set {self.uri}")
        return KeysKnown(parse_key_set(response.body))


def _expect_ok(answer: HttpResponse | Unreachable, reason: Reason, what: str) -> HttpResponse:
    if isinstance(answer, Unreachable):
        refuse(reason, f"{what} cannot be reached: {answer.why}")
    if answer.status != OK:
        refuse(reason, f"{what} answers {answer.status}")
    return answer
