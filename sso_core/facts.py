"""What may be known beforehand and handed to a flow warm: provider metadata and prepared keys.

Values only. How they are read from bytes is told in `oauth`; who keeps them is the adapters' business.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen
class ProviderMetadata:
    """What a provider says of itself (OIDC Discovery 3, RFC 8414 2), checked and reduced to what a login needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None
    jwks_uri: str
    id_token_algorithms: tuple[str, ...] = ("RS256",)
    response_issuer_promised: bool = False
    """`authorization_response_iss_parameter_supported`, RFC 9207 3."""
    end_session_endpoint: str | None = None


@attrs.frozen
class PreparedKey:
    """A public key of a provider, imported once (RFC 7517 4).

    `verify(message, signature, algorithm)` says whether the signature is the key's. `algorithms` are those for
    which the key may be used: its own `alg`, or all that its type and curve allow.
    """

    kid: str | None
    algorithms: frozenset[str]
    thumbprint: str
    """RFC 7638, base64url: what tells two keys apart."""
    verify: Callable[[bytes, bytes, str], bool] = attrs.field(eq=False, repr=False)
    issuer: str | None = None
    """Whose key it is, where a set of several issuers' keys says so (Microsoft Entra)."""


@attrs.frozen
class KeySet:
    """The usable signature keys of one provider."""

    keys: tuple[PreparedKey, ...]


@attrs.frozen
class Warm:
    """What is known of the provider without asking: handed in at both doors, None where it would have to be read."""

    metadata: ProviderMetadata | None = None
    keys: KeySet | None = None
    backends_in_doubt: bool = False
    """Whether the store or the directory gave no answer when one of them was last asked anything."""
