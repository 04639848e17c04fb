"""A provider's key set: which entries are usable, and how their signatures are verified (RFC 7517).

It stands apart from the choice of a key because it brings PyJWT along, which is worth importing once keys are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm
from jwt.exceptions import PyJWTError

from sso_core.facts import KeySet, PreparedKey
from sso_core.failures import Reason, refuse
from sso_core.wire import WireError, b64url_encode, parse_json_object

KEYS_LIMIT = 512 * 1024
"""Bytes of a key set; the largest real ones (with certificate chains) have 100 KiB."""
KEYS_CONSIDERED = 100
"""Entries of a key set. Importing one costs tens of microseconds, no provider publishes a hundred, and the limit in
bytes alone would let in thousands."""
RSA_BITS = range(2048, 8193)
"""Weaker keys are forgeable (RFC 7518 3.3), larger ones make each verification a denial of service."""

_RSA, _PSS, _EC, _OKP = RSAAlgorithm, RSAPSSAlgorithm, ECAlgorithm, OKPAlgorithm
_VERIFIERS: Mapping[str, Algorithm] = {
    "RS256": _RSA(_RSA.SHA256),
    "RS384": _RSA(_RSA.SHA384),
    "RS512": _RSA(_RSA.SHA512),
    "PS256": _PSS(_PSS.SHA256),
    "PS384": _PSS(_PSS.SHA384),
    "PS512": _PSS(_PSS.SHA512),
    "ES256": _EC(_EC.SHA256),
    "ES384": _EC(_EC.SHA384),
    "ES512": _EC(_EC.SHA512),
    "EdDSA": _OKP(),
}

_KINDS: Mapping[str, Any] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
_RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""A key that shows one of these (RFC 7518 6) is known to the world, so that its signatures say nothing."""
_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def parse_key_set(body: bytes) -> KeySet:
    """Return the usable signature keys of a key set; unusable entries are passed over (RFC 7517 5).

    Refuses with BAD_KEYS what is no key set at all.
    """
    try:
        entries = parse_json_object(body, limit=KEYS_LIMIT).get("keys")
    except WireError as error:
        refuse(Reason.BAD_KEYS, f"the key set cannot be read: {error}")
    if not isinstance(entries, list):
        refuse(Reason.BAD_KEYS, "the key set has no list of keys")
    prepared = (prepare_key(entry) for entry in entries[:KEYS_CONSIDERED] if isinstance(entry, dict))
    return KeySet(tuple(key for key in prepared if key is not None))


def prepare_key(entry: Mapping[str, Any]) -> PreparedKey | None:
    """Import one entry of a key set; None where it is not a sound public key for signatures (RFC 7517 4, RFC 7518 6).

    A key without `alg` may be used for all algorithms of its kind, which leaves the choice to `Expectations` and never
    to a token alone.
    """
    kid, alg, operations = entry.get("kid"), entry.get("alg"), entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(kid, str | None) or not isinstance(alg, str | None) or not _PRIVATE_MEMBERS.isdisjoint(entry):
        return None
    try:
        kind = _KINDS[entry["kty"]]
        key = kind.from_jwk(dict(entry))
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm):
        return None  # what the libraries raise for members that are missing, of another type, or no key at all
    algorithms = _algorithms(key) if alg is None else _algorithms(key) & {alg}
    if not algorithms:
        return None
    issuer = entry.get("issuer")
    thumbprint = _thumbprint(kind.to_jwk(key, as_dict=True))
    said = issuer if isinstance(issuer, str) else None
    return PreparedKey(kid, algorithms, thumbprint, _verifier(key, algorithms), said)


def _algorithms(key: object) -> frozenset[str]:
    """Return the algorithms that a public key can be used for; none for a weak one, or for another curve."""
    match key:
        case rsa.RSAPublicKey() if _is_sound(key):
            return _RSA_ALGORITHMS
        case ec.EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return frozenset({_CURVES[key.curve.name]})
        case ed25519.Ed25519PublicKey():
            return frozenset({"EdDSA"})
        case _:
            return frozenset()


def _is_sound(key: rsa.RSAPublicKey) -> bool:
    """Whether the size is right, the modulus can be a product of primes, and the exponent hides something."""
    numbers = key.public_numbers()
    return key.key_size in RSA_BITS and numbers.n % 2 == 1 and numbers.e >= 3 and numbers.e % 2 == 1


def _thumbprint(entry: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint of a key that was imported and written again: one key has several spellings."""
    members = {name: entry[name] for name in _THUMBPRINT_MEMBERS[entry["kty"]]}
    return b64url_encode(sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest())


def _verifier(key: Any, algorithms: frozenset[str]) -> Callable[[bytes, bytes, str], bool]:  # noqa: ANN401 -- no common base
    """Return what verifies with this key. It never raises, and says no to an algorithm that is not the key's.

    An RSA signature is as long as the modulus (RFC 8017 8.1.2, 8.2.2). The library forgives zeros that are left out in
    front of one, so that a signature would have several spellings.
    """
    size = (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else None

    def verify(message: bytes, signature: bytes, algorithm: str) -> bool:
        if algorithm not in algorithms or (size is not None and len(signature) != size):
            return False
        return bool(_VERIFIERS[algorithm].verify(message, key, signature))

    return verify
