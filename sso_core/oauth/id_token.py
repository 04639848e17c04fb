"""The ID token: each check a function, each function a clause (OIDC Core 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256, sha384, sha512
from hmac import compare_digest
from typing import Any

import attrs

from sso_core.facts import KeySet
from sso_core.failures import Reason, refuse
from sso_core.oauth.jws import Header, split_compact, verify_signature
from sso_core.oauth.provider_text import quote_provider
from sso_core.oauth.tenants import Tenants, check_key_tenant, check_tenant
from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_encode, parse_json_object

TYPES = ("jwt", "application/jwt")
_WHAT = "ID token"
"""What the checks that a logout token shares call the token in their refusals."""
SUBJECT_LIMIT = 255
"""Characters (OIDC Core 2)."""
SID_LIMIT = 255
"""Characters of a `sid` that is remembered; real ones are random texts of some forty."""

_HASHES = {"256": sha256, "384": sha384, "512": sha512, "DSA": sha512}
"""By the last three letters of a signature's algorithm; Ed25519 hashes with SHA-512 (RFC 8032 5.1)."""


@attrs.frozen
class Expectations:
    """What this login asked for; durations in seconds."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: int = 30
    max_issued_age: int = 600
    max_age: int | None = None
    tenants: Tenants | None = None
    """Where `issuer` is an authority of many tenants, each with an issuer of its own."""


@attrs.frozen
class VerifiedClaims:
    """The claims of an ID token that passed every check. Only `verify_id_token` makes one."""

    issuer: str
    subject: str
    claims: Mapping[str, Any] = attrs.field(repr=False, hash=False)


def verify_id_token(
    token: str, keys: KeySet, expected: Expectations, *, access_token: Secret, now: float
) -> VerifiedClaims:
    """Return the claims of an ID token from the token endpoint, every check done.

    Refuses with the reason of the first check that fails: form, algorithm, key and signature before any claim.
    """
    jws = split_compact(token, malformed=Reason.BAD_ID_TOKEN)
    check_type(jws.header)
    key = verify_signature(jws, keys, allowed=expected.algorithms)
    try:
        claims = parse_json_object(jws.payload)
    except WireError as error:
        refuse(Reason.BAD_ID_TOKEN, f"the ID token's claims cannot be read: {error}")
    issuer = expected.issuer
    if expected.tenants is None:
        check_issuer(claims, issuer)
    else:
        issuer = check_tenant(claims, expected.tenants)
        check_key_tenant(key, expected.tenants, issuer)
    check_audience(claims, expected.client_id)
    check_times(claims, expected, now)
    check_nonce(claims, expected.nonce)
    check_access_token_hash(claims, jws.header.alg, access_token)
    if expected.max_age is not None:
        check_auth_time(claims, expected.max_age + expected.leeway, now)
    subject = check_subject(claims.get("sub"))
    return VerifiedClaims(issuer, subject, claims)


def check_type(header: Header) -> None:
    """Refuse a token of another type, such as an access or logout token (RFC 8725 3.11)."""
    if header.typ is not None and header.typ.lower() not in TYPES:
        refuse(Reason.BAD_ID_TOKEN, f"the ID token's typ is {quote_provider(header.typ)}")


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """Refuse a token of another issuer, letter by letter (3.1.3.7 §2): a mix-up, or a look-alike."""
    said = claims.get("iss")
    if said != issuer:
        refuse(Reason.WRONG_ISSUER, f"the ID token is issued by {_quoted(said)}, not by {issuer}")


def check_audience(claims: Mapping[str, Any], client_id: str, *, what: str = _WHAT) -> None:
    """Refuse a token that was made for somebody else (3.1.3.7 §3).

    Without it a token that another service got honestly would sign its holder in here.
    """
    audience = claims.get("aud")
    audiences: list[Any] = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(member, str) for member in audiences) or client_id not in audiences:
        refuse(Reason.WRONG_AUDIENCE, f"the {what} is meant for {_quoted(*audiences)}, not for this client")
    check_authorized_party(claims.get("azp"), audiences, client_id, what=what)


def check_authorized_party(party: object, audiences: Sequence[str], client_id: str, *, what: str = _WHAT) -> None:
    """Refuse a token that was issued to another party (3.1.3.7 §4, §5).

    A token for several must name this client as the one it was issued to: any of the others may hold it, and bring it
    here.
    """
    if party is None and all(audience == client_id for audience in audiences):
        return
    if party != client_id:
        refuse(Reason.WRONG_AUTHORIZED_PARTY, f"the {what} is not issued to this client, though it may be for it")


def _quoted(*names: object) -> str:
    return quote_provider(", ".join(name if isinstance(name, str) else "no name" for name in names) or "nobody")


def check_times(claims: Mapping[str, Any], expected: Expectations, now: float) -> None:
    """Refuse a token outside of its time, or too old to be of this login (3.1.3.7 §9, §10; RFC 7519 4.1.4-6).

    Either stops a token that was stolen earlier. Clocks may differ by the leeway, in each direction.
    """
    expires, issued = numeric_date(claims, "exp"), numeric_date(claims, "iat")
    if now - expires > expected.leeway:
        refuse(Reason.TOKEN_EXPIRED, f"the ID token expired {now - expires:.0f} s ago", _CLOCKS)
    not_before = max(issued, numeric_date(claims, "nbf")) if "nbf" in claims else issued
    if not_before - now > expected.leeway:
        refuse(Reason.TOKEN_NOT_YET_VALID, f"the ID token is valid in {not_before - now:.0f} s", _CLOCKS)
    if now - issued > expected.max_issued_age + expected.leeway:
        refuse(Reason.TOKEN_TOO_OLD, f"the ID token was issued {now - issued:.0f} s ago", _CLOCKS)


_CLOCKS = "compare the clock of this machine with the provider's"


def numeric_date(
    claims: Mapping[str, Any], name: str, *, what: str = _WHAT, malformed: Reason = Reason.BAD_ID_TOKEN
) -> float:
    """Return a NumericDate (RFC 7519 2): a number that is not negative, with or without a fraction.

    It ends long before floats lose the seconds, so that differences stay exact.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        refuse(malformed, f"the {what}'s {name} is not a time")
    return min(_END_OF_TIME, value)


_END_OF_TIME = 1e15


def check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    """Refuse a token of another login (3.1.3.7 §11): a code injected or replayed brings a foreign nonce."""
    said = claims.get("nonce")
    if not isinstance(said, str) or not compare_digest(said.encode(), nonce.encode()):
        refuse(Reason.WRONG_NONCE, "the ID token's nonce is not that of this login")


def check_access_token_hash(claims: Mapping[str, Any], alg: str, access_token: Secret) -> None:
    """Refuse an access token that was not issued with this ID token, wherever the token tells (3.1.3.8).

    Without it an access token that was swapped on the way would bring another person's profile. A hash that cannot be
    computed is refused, and not passed over.
    """
    if "at_hash" not in claims:
        return
    said, hash_function = claims["at_hash"], _HASHES.get(alg[-3:])
    if hash_function is None:
        refuse(Reason.WRONG_ACCESS_TOKEN_HASH, "the ID token's at_hash cannot be computed for its algorithm")
    digest = hash_function(access_token.reveal().encode()).digest()
    half = b64url_encode(digest[: len(digest) // 2])
    if not isinstance(said, str) or not compare_digest(said.encode(), half.encode()):
        refuse(Reason.WRONG_ACCESS_TOKEN_HASH, "the access token was not issued with the ID token")


def check_auth_time(claims: Mapping[str, Any], max_age: int, now: float) -> None:
    """Refuse a person who proved who they are too long ago, where a limit was asked for (3.1.3.7 §13)."""
    age = now - numeric_date(claims, "auth_time")
    if age > max_age:
        refuse(Reason.AUTHENTICATION_TOO_OLD, f"the person authenticated {age:.0f} s ago, longer than was asked for")


def check_subject(subject: object) -> str:
    """Return the subject, or refuse what cannot be one (OIDC Core 2): it is a key, so it is taken as it is or not."""
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT or not subject.isprintable():
        refuse(Reason.BAD_SUBJECT, "the subject is not a printable text of 1 to 255 characters")
    return subject


def usable_sid(sid: object) -> str | None:
    """Return how the provider calls its own session (Back-Channel Logout 2.1); None for what cannot be such a name."""
    return sid if isinstance(sid, str) and 0 < len(sid) <= SID_LIMIT else None
