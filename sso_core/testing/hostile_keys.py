"""Variants of the key set: entries that are no keys, keys that are known to the world, and far too many of them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import attrs
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sso_core.failures import Reason
from sso_core.testing.mischief import Arrangement, Mischief, refused
from sso_core.testing.provider_state import Alterations, Document, ProviderState
from sso_core.testing.signing_keys import SigningKey, signing_key
from sso_core.wire import b64url_decode, b64url_encode

_RS256 = Arrangement(id_token_alg="RS256")
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest that is signed (RFC 8017 9.2)."""
MANY = 10_000


def _number(value: int) -> str:
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8 or 1))


def broken_entries() -> list[object]:
    """Return entries of a key set that are no sound public keys, each in a way of its own."""
    rsa_key, ec_key, ed_key = (signing_key(alg, seed="broken").jwk or {} for alg in ("RS256", "ES256", "EdDSA"))
    private: Document = RSAAlgorithm.to_jwk(signing_key("RS256", seed="broken").private, as_dict=True)
    off_curve = b64url_encode(bytes([*b64url_decode(ec_key["y"])[:-1], b64url_decode(ec_key["y"])[-1] ^ 1]))
    return [
        None,
        "a key",
        [],
        {},
        {"kty": "oct", "k": b64url_encode(b"a secret for everybody, of 32 bytes"), "kid": "k1", "alg": "HS256"},
        {"kty": "AKP", "pub": "AA", "alg": "ML-DSA-44"},
        {"kty": ["RSA"], "n": rsa_key["n"], "e": rsa_key["e"]},
        private,
        {**rsa_key, "e": _number(1)},
        {**rsa_key, "e": ""},
        {**rsa_key, "n": "not base64url!"},
        {**rsa_key, "n": _number(2**65536 + 1)},
        {**rsa_key, "n": 65537},
        {name: value for name, value in rsa_key.items() if name != "n"},
        {**ec_key, "y": off_curve},
        {**ec_key, "x": ec_key["x"][:-8]},
        {**ec_key, "crv": "P-384"},
        {**ec_key, "crv": "secp256k1"},
        {**ed_key, "crv": "X25519"},
        {**ed_key, "x": ed_key["x"][:-4]},
        {**ed_key, "kid": {"k": 1}},
    ]


def _among_broken_ones(document: Document) -> Document:
    broken = broken_entries()
    return {"keys": [*broken, *document["keys"], *broken]}


def _only_broken_ones(_document: Document) -> Document:
    return {"keys": broken_entries()}


# Keys that prove nothing


@cache
def _small_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- it is the point


def _small(key: SigningKey) -> SigningKey:
    return attrs.evolve(key, private=_small_key())


def _publish_small(document: Document) -> Document:
    entry: Document = RSAAlgorithm.to_jwk(_small_key().public_key(), as_dict=True)
    return {"keys": [{"kid": real["kid"], "alg": "RS256", "use": "sig", **entry} for real in document["keys"]]}


class _Readable(SigningKey):
    """A key with the exponent 1, under which the padded digest is its own signature (RFC 8017 9.2)."""

    def sign(self, message: bytes) -> bytes:
        digest = _SHA256_INFO + sha256(message).digest()
        return b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest


def _publish_exponent_one(document: Document) -> Document:
    return {"keys": [{**entry, "e": _number(1)} for entry in document["keys"]]}


def _private_published(state: ProviderState) -> ProviderState:
    """Publish all of the key, as somebody does who writes the wrong half of it."""
    whole: Document = RSAAlgorithm.to_jwk(state.key("RS256").private, as_dict=True)
    private = {name: value for name, value in whole.items() if name != "key_ops"}

    def published(document: Document) -> Document:
        return {"keys": [{**entry, **private} for entry in document["keys"]]}

    return attrs.evolve(state, alterations=attrs.evolve(state.alterations, keys=published))


# Far too many


def _crowd(size: int) -> list[object]:
    return [
        {"kty": "OKP", "crv": "Ed25519", "kid": str(number), "x": _number(number + 2**255)} for number in range(size)
    ]


def _before_a_crowd(document: Document) -> Document:
    return {"keys": [*document["keys"], *({"kty": "x"} for _ in range(MANY))]}


def _behind_a_crowd(document: Document) -> Document:
    return {"keys": [*({"kty": "x"} for _ in range(MANY)), *document["keys"]]}


def _in_a_crowd(document: Document) -> Document:
    return {"keys": [*document["keys"], *_crowd(MANY)]}


KEY_SETS = (
    Mischief(
        "A60-broken-entries",
        "entries that are no keys lie around the right one",
        "passed over one by one; accepted",
        alterations=Alterations(keys=_among_broken_ones),
    ),
    refused(
        "A60-only-broken-entries",
        "no entry is a sound public key",
        Reason.UNKNOWN_KEY,
        alterations=Alterations(keys=_only_broken_ones),
    ),
    refused(
        "A60-small",
        "signed with an RSA key of 1024 bits, which is published",
        Reason.UNKNOWN_KEY,
        alterations=Alterations(signing_key=_small, keys=_publish_small),
        arrangement=_RS256,
    ),
    refused(
        "A60-exponent-1",
        "the RSA key has the exponent 1, and the signature is what anybody can write",
        Reason.UNKNOWN_KEY,
        alterations=Alterations(
            signing_key=lambda key: _Readable(key.kid, key.alg, key.private), keys=_publish_exponent_one
        ),
        arrangement=_RS256,
    ),
    refused(
        "A60-private",
        "the key is published with its private part",
        Reason.UNKNOWN_KEY,
        arrangement=_RS256,
        provider=_private_published,
    ),
    Mischief(
        "A60-before-many",
        f"{MANY} further entries come after the right one",
        "most of them are not even looked at; accepted",
        alterations=Alterations(keys=_before_a_crowd),
    ),
    refused(
        "A60-behind-many",
        f"{MANY} entries come before the right one",
        Reason.UNKNOWN_KEY,
        alterations=Alterations(keys=_behind_a_crowd),
    ),
    refused(
        "A60-too-large",
        f"{MANY} sound keys make a document that nobody needs to read",
        Reason.BAD_KEYS,
        Reason.KEYS_UNREACHABLE,
        alterations=Alterations(keys=_in_a_crowd),
    ),
)
