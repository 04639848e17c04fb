"""Keys of a made-up provider, and what is signed with them.

Elliptic keys are derived from their name, so that a run can be repeated to the byte (but for the ECDSA nonce). RSA keys
take long to find and are made once per name and process. Prefer EdDSA: an RSA signature costs ten times as much.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256, sha384, sha512
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from sso_core.wire import b64url_encode

_SIGNERS: Mapping[str, Algorithm] = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
    "RS512": RSAAlgorithm(RSAAlgorithm.SHA512),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "PS384": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384),
    "PS512": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "ES384": ECAlgorithm(ECAlgorithm.SHA384),
    "ES512": ECAlgorithm(ECAlgorithm.SHA512),
    "EdDSA": OKPAlgorithm(),
    "HS256": HMACAlgorithm(HMACAlgorithm.SHA256),
}
UNPUBLISHED = ("HS256", "none")
"""Algorithms without a public key. Honest providers sign with neither."""

_CURVES: Mapping[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


@attrs.frozen
class SigningKey:
    """A private key with its name and its one algorithm. Two keys are equal when name and algorithm are."""

    kid: str | None
    alg: str
    private: Any = attrs.field(eq=False, repr=False)

    @property
    def jwk(self) -> dict[str, Any] | None:
        """The entry of a key set (RFC 7517 4), or None for an algorithm without a public key."""
        if self.alg in UNPUBLISHED:
            return None
        public: dict[str, Any] = _SIGNERS[self.alg].to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        name = {} if self.kid is None else {"kid": self.kid}
        return {**public, **name, "alg": self.alg, "use": "sig"}

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message; nothing at all for the algorithm `none`."""
        return b"" if self.alg == "none" else _SIGNERS[self.alg].sign(message, self.private)


def signing_key(alg: str = "EdDSA", *, kid: str | None = "k1", seed: str = "") -> SigningKey:
    """Return the key of this algorithm that belongs to `kid` and `seed`: the same each time it is asked for.

    Algorithms of one family share a key, as they do at real providers. A seed gives another key of the same name; for
    HS256 it is the shared secret itself. Raises KeyError for an algorithm that nobody signs with.
    """
    name = f"{seed}/{kid}"
    if alg in _CURVES:
        return SigningKey(kid, alg, _elliptic_key(alg, name))
    if alg == "EdDSA":
        return SigningKey(kid, alg, _edwards_key(name))
    if alg in UNPUBLISHED:
        return SigningKey(kid, alg, seed.encode())
    _SIGNERS[alg]
    return SigningKey(kid, alg, _rsa_key(name))


@cache
def _elliptic_key(alg: str, name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest()[1:]), _CURVES[alg])


@cache
def _edwards_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


@cache
def _rsa_key(_name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def compact(header: Mapping[str, object], payload: Mapping[str, object], key: SigningKey) -> str:
    """Return a token in compact form (RFC 7515 7.1). The header is taken as it is, true or not."""
    return compact_of(encoded(header), encoded(payload), key)


def compact_of(header: bytes, payload: bytes, key: SigningKey) -> str:
    """Return a token of texts that may be anything."""
    signed = f"{b64url_encode(header)}.{b64url_encode(payload)}"
    return f"{signed}.{b64url_encode(key.sign(signed.encode()))}"


def encoded(members: Mapping[str, object]) -> bytes:
    """Return members as the JSON text that is signed."""
    return json.dumps(members, separators=(",", ":")).encode()


def token_hash(text: str, alg: str) -> str:
    """Return the `at_hash` of an access token: the left half of its digest (OIDC Core 3.1.3.6).

    The digest is that of the signature; EdDSA on Curve25519 digests with SHA-512.
    """
    digest = _HASHES.get(alg[2:], sha512)(text.encode()).digest()
    return b64url_encode(digest[: len(digest) // 2])
