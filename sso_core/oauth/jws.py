"""Signed tokens in compact form (RFC 7515), and which signatures are believed (RFC 8725)."""

from __future__ import annotations

from functools import lru_cache

import attrs

from sso_core.facts import KeySet, PreparedKey
from sso_core.failures import Reason, refuse
from sso_core.oauth.keys import ALGORITHMS, choose_key
from sso_core.wire import WireError, b64url_decode, parse_json_object

TOKEN_LIMIT = 65536
"""Characters; a token with hundreds of groups stays below half of it."""
HEADER_LIMIT = 8192
"""Bytes; room for a chain of certificates, which nobody reads here."""
KID_LIMIT = 1024
"""Characters of a name that is compared, and with which nothing else is done."""

UNSUPPORTED_HEADERS = ("crit", "b64", "zip", "enc")
"""Each changes how the rest is to be read. Nothing here understands them, so a token with one is refused."""


@attrs.frozen
class Header:
    """What a token says of its signature. Keys and addresses of keys in a header are never looked at."""

    alg: str
    kid: str | None
    typ: str | None


@attrs.frozen(repr=False)
class Jws:
    """A token taken apart, and believed in no part yet."""

    header: Header
    payload: bytes
    signing_input: bytes
    signature: bytes


def split_compact(token: str, *, malformed: Reason) -> Jws:
    """Take a compact token apart (RFC 7515 7.1); refuses with `malformed` whatever is not exactly one.

    The length is looked at before anything else, so that a token of any size costs nothing to refuse.
    """
    if len(token) > TOKEN_LIMIT:
        refuse(malformed, f"the token is longer than {TOKEN_LIMIT} characters")
    segments = token.split(".", 3)
    if len(segments) != 3 or not all(segments):
        refuse(malformed, "the token has not three segments")
    protected, payload, signature = segments
    try:
        return Jws(
            _header(protected, malformed),
            b64url_decode(payload),
            f"{protected}.{payload}".encode("ascii"),
            b64url_decode(signature),
        )
    except WireError as error:
        refuse(malformed, f"the token cannot be read: {error}")


@lru_cache(maxsize=32)
def _header(protected: str, malformed: Reason) -> Header:
    """Read a header, which is the same for all tokens that one key signs."""
    header = parse_json_object(b64url_decode(protected), limit=HEADER_LIMIT)
    for name in UNSUPPORTED_HEADERS:
        if name in header:
            refuse(malformed, f"the token's header has {name}, which is not supported")
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(alg, str):
        refuse(Reason.ALGORITHM_REFUSED, "the token's header names no algorithm")
    if "kid" in header and (not isinstance(kid, str) or len(kid) > KID_LIMIT):
        refuse(malformed, "the token's kid is not a text of usable length")
    if "typ" in header and not isinstance(typ, str):
        refuse(malformed, "the token's typ is not a text")
    return Header(alg, kid if isinstance(kid, str) else None, typ if isinstance(typ, str) else None)


def verify_signature(jws: Jws, keys: KeySet, *, allowed: tuple[str, ...]) -> PreparedKey:
    """Return the one of `keys` that signed the token with an allowed algorithm, or refuse it (RFC 8725 3.1)."""
    alg = jws.header.alg
    check_algorithm(jws.header, allowed)
    key = choose_key(keys, kid=jws.header.kid, alg=alg)
    if not key.verify(jws.signing_input, jws.signature, alg):
        refuse(Reason.BAD_SIGNATURE, "the token's signature is wrong")
    return key


def check_algorithm(header: Header, allowed: tuple[str, ...]) -> None:
    """Refuse an algorithm that is not on the allow-lists, before any key is looked at.

    So a header can neither switch the signature off nor turn a public key into a shared secret.
    """
    if header.alg not in allowed or header.alg not in ALGORITHMS:
        refuse(
            Reason.ALGORITHM_REFUSED,
            f"the token's algorithm is not among {', '.join(allowed) or 'those allowed'}",
            "compare the client's signing algorithm at the provider with what its metadata lists",
        )
