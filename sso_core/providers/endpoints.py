"""Addresses of a provider that an operator writes down: checked once, when the provider is described."""

from __future__ import annotations

import attrs

from sso_core.facts import ProviderMetadata
from sso_core.wire import WireError, parse_http_url


def check_address(name: str, value: str) -> str:
    """Return the address; raises ValueError, naming it, unless it is https, or http on the loopback of this machine."""
    try:
        url = parse_http_url(value)
    except WireError as error:
        raise ValueError(f"the {name} is no usable address: {error}") from error
    if url.scheme == "http" and not url.is_loopback:
        raise ValueError(f"the {name} is plain http, which would give secrets away")
    return value


@attrs.frozen
class EndpointOverrides:
    """Endpoints in place of those that the metadata names. Issuer and keys stay what the metadata says they are.

    Raises ValueError for an address that is not usable.
    """

    authorization: str | None = None
    token: str | None = None
    userinfo: str | None = None

    def __attrs_post_init__(self) -> None:
        named = (("authorization", self.authorization), ("token", self.token), ("userinfo", self.userinfo))
        for name, value in named:
            if value is not None:
                check_address(f"{name} endpoint", value)

    def over(self, metadata: ProviderMetadata) -> ProviderMetadata:
        """Return the metadata with these endpoints in it."""
        return attrs.evolve(
            metadata,
            authorization_endpoint=self.authorization or metadata.authorization_endpoint,
            token_endpoint=self.token or metadata.token_endpoint,
            userinfo_endpoint=self.userinfo or metadata.userinfo_endpoint,
        )
