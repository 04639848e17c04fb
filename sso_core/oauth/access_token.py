"""The access token as a source of claims: by default none, since it was made for somebody else to read.

An operator who knows that the provider issues JWTs for this service (RFC 9068) may let them be a source, verified; or
read them without any check, where an older set-up depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.jws import Jws, split_compact, verify_signature
from sso_core.wire import WireError, parse_json_object

TYPES = ("at+jwt", "application/at+jwt", "jwt", "application/jwt")
"""RFC 9068 2.1, and the types of providers that are older than it."""

_UNREADABLE = Reason.BAD_ACCESS_TOKEN


def verify_access_token(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    audience: str,
    subject: str,
    algorithms: tuple[str, ...],
    leeway: float,
    now: float,
) -> ClaimSet:
    """Return the claims of an access token that `issuer` made for `audience` about `subject` (RFC 9068 4).

    Refuses with BAD_ACCESS_TOKEN, whatever is wrong: nobody's login depends on it, its claims are just not used.
    """
    try:
        jws = split_compact(token, malformed=_UNREADABLE)
        typ = jws.header.typ
        if typ is None or typ.lower() not in TYPES:
            refuse(_UNREADABLE, "its type is not that of one")
        verify_signature(jws, keys, allowed=algorithms)
    except Refusal as refusal:
        failure = refusal.failure
        raise Refusal(_unverified(failure.detail, failure.hint)) from None
    claims = _claims(jws)
    _check_claims(claims, issuer, audience, subject)
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or now - expires > leeway:
        refuse(_UNREADABLE, "the access token is expired, or does not say when it will be")
    return ClaimSet(claims)


def _unverified(detail: str, hint: str) -> Failure:
    return Failure(_UNREADABLE, f"the access token is not verified: {detail}", hint)


def _check_claims(claims: Mapping[str, Any], issuer: str, audience: str, subject: str) -> None:
    audiences = claims.get("aud")
    if claims.get("iss") != issuer:
        refuse(_UNREADABLE, f"the access token is not issued by {issuer}")
    if audiences != audience and not (isinstance(audiences, list) and audience in audiences):
        refuse(_UNREADABLE, "the access token is meant for somebody else", "compare the audience with the setting")
    if claims.get("sub") != subject:
        refuse(_UNREADABLE, "the access token names another person than the ID token")


def read_access_token_unsafe(token: str) -> ClaimSet:
    """Return what an access token says, believed without any check; nothing where it is opaque.

    Whoever can swap the token decides what is read here.
    """
    try:
        return ClaimSet(_claims(split_compact(token, malformed=_UNREADABLE)))
    except Refusal:
        return ClaimSet()


def _claims(jws: Jws) -> dict[str, Any]:
    try:
        return parse_json_object(jws.payload)
    except WireError as error:
        refuse(_UNREADABLE, f"the access token's claims cannot be read: {error}")
