"""The logout token: a provider's word that a session, or all sessions of a person, are over (OIDC Back-Channel Logout).

Anybody may bring one, so everything that the token says is held against what it must say before anybody is asked for a
key: what could not pass costs no request. Nothing is believed before the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from sso_core.facts import KeySet
from sso_core.failures import Reason, refuse
from sso_core.oauth.id_token import check_audience, check_subject, numeric_date, usable_sid
from sso_core.oauth.jws import Header, Jws, check_algorithm, split_compact, verify_signature
from sso_core.oauth.provider_text import quote_provider
from sso_core.oauth.tenants import Tenants, check_key_tenant
from sso_core.wire import WireError, parse_json_object

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = ("logout+jwt", "application/logout+jwt", "jwt", "application/jwt")
"""Back-Channel Logout 2.4, and the types of providers that are older than it."""
LONGEST_AGE = 300
"""Seconds since a token was issued; a provider sends one at once, and may try again for a while."""

_WHAT = "logout token"
_BAD = Reason.BAD_LOGOUT_TOKEN


@attrs.frozen
class LogoutExpectations:
    """What a logout token must be to concern this client; `leeway` in seconds."""

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    leeway: int = 30
    tenants: Tenants | None = None
    """Where `issuer` is an authority of many tenants, each with an issuer of its own."""


@attrs.frozen
class OneSession:
    """What is over is one session of the provider, and what began in it."""

    sid: str


@attrs.frozen
class AllSessions:
    """What is over is every session of the person."""

    subject: str


@attrs.frozen
class LogoutToken:
    """Whose word it is, which of its words, and what is over."""

    issuer: str
    jti: str
    over: OneSession | AllSessions


@attrs.frozen
class UnverifiedLogout:
    """A logout token that says what it must. Who says it is known once `verify_logout_token` has seen its signature."""

    jws: Jws
    said: LogoutToken

    @property
    def kid(self) -> str:
        """The name of the key that it claims to be signed with, the empty text where it names none."""
        return self.jws.header.kid or ""


def read_logout_token(token: str, expected: LogoutExpectations, *, now: float) -> UnverifiedLogout:
    """Return what a logout token says, every check done but that of the signature (Back-Channel Logout 2.6).

    Refuses with the reason of the first check that fails.
    """
    jws = split_compact(token, malformed=_BAD)
    check_logout_type(jws.header)
    check_algorithm(jws.header, expected.algorithms)
    try:
        claims = parse_json_object(jws.payload)
    except WireError as error:
        refuse(_BAD, f"the logout token's claims cannot be read: {error}")
    issuer = check_logout_issuer(claims, expected.issuer, expected.tenants)
    check_audience(claims, expected.client_id, what=_WHAT)
    check_logout_times(claims, expected.leeway, now)
    check_logout_event(claims)
    check_no_nonce(claims)
    jti = check_token_id(claims)
    return UnverifiedLogout(jws, LogoutToken(issuer, jti, check_what_is_over(claims)))


def verify_logout_token(unverified: UnverifiedLogout, keys: KeySet, expected: LogoutExpectations) -> LogoutToken:
    """Return what a logout token says, now that the provider is known to say it; it signs as for ID tokens (2.4)."""
    key = verify_signature(unverified.jws, keys, allowed=expected.algorithms)
    if expected.tenants is not None:
        check_key_tenant(key, expected.tenants, unverified.said.issuer)
    return unverified.said


def check_logout_type(header: Header) -> None:
    """Refuse a token of another type, such as an access token (RFC 8725 3.11)."""
    if header.typ is not None and header.typ.lower() not in TYPES:
        refuse(_BAD, f"the logout token's typ is {quote_provider(header.typ)}")


def check_logout_issuer(claims: Mapping[str, Any], issuer: str, tenants: Tenants | None) -> str:
    """Return the issuer, or refuse a token of another one, letter by letter (2.6 §3).

    Of an authority of many, the tenants that may sign in may sign out. The token names its tenant by `iss` alone.
    """
    said = claims.get("iss")
    known = (issuer,) if tenants is None else tuple(map(tenants.issuer, tenants.allowed))
    if not isinstance(said, str) or said not in known:
        name = quote_provider(said) if isinstance(said, str) else "nobody"
        refuse(Reason.WRONG_ISSUER, f"the logout token is issued by {name}, not by {issuer}")
    return said


def check_logout_times(claims: Mapping[str, Any], leeway: int, now: float) -> None:
    """Refuse a token outside of its time (2.6 §3).

    It has to be young, since it is remembered against replay only that long. Providers that are older than the final
    specification send no `exp`.
    """
    issued = numeric_date(claims, "iat", what=_WHAT, malformed=_BAD)
    if "exp" in claims:
        expires = numeric_date(claims, "exp", what=_WHAT, malformed=_BAD)
        if now - expires > leeway:
            refuse(Reason.TOKEN_EXPIRED, f"the logout token expired {now - expires:.0f} s ago", _CLOCKS)
    if issued - now > leeway:
        refuse(Reason.TOKEN_NOT_YET_VALID, f"the logout token is issued in {issued - now:.0f} s", _CLOCKS)
    if now - issued > LONGEST_AGE + leeway:
        refuse(Reason.TOKEN_TOO_OLD, f"the logout token was issued {now - issued:.0f} s ago", _CLOCKS)


_CLOCKS = "compare the clock of this machine with the provider's"


def remembered_for(leeway: int) -> float:
    """Return how many seconds a token must be remembered: as long as it could pass, whichever clock is ahead."""
    return LONGEST_AGE + 2 * leeway + 1


def check_logout_event(claims: Mapping[str, Any]) -> None:
    """Refuse a token that is no logout (2.6 §5), such as an ID token brought here."""
    events = claims.get("events")
    if not isinstance(events, dict) or list(events) != [EVENT] or not isinstance(events[EVENT], dict):
        refuse(_BAD, "the logout token's events are not the one event of a logout")


def check_no_nonce(claims: Mapping[str, Any]) -> None:
    """Refuse a token with a nonce (2.6 §6): it could be brought to a login as an ID token."""
    if "nonce" in claims:
        refuse(_BAD, "the logout token has a nonce")


def check_token_id(claims: Mapping[str, Any]) -> str:
    """Return the identifier by which the token is used once (2.6 §8)."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        refuse(_BAD, "the logout token has no jti")
    return jti


def check_what_is_over(claims: Mapping[str, Any]) -> OneSession | AllSessions:
    """Return the session that the token names, or else the person (2.4); one of the two there must be (2.6 §4).

    A provider that names sessions here names them in its ID tokens as well (2.1), so the session is enough. What
    cannot be a name is refused, and not passed over: it would end more than is meant, or nothing.
    """
    subject = check_subject(claims["sub"]) if "sub" in claims else None
    sid = usable_sid(claims.get("sid"))
    if sid is not None:
        return OneSession(sid)
    if "sid" in claims or subject is None:
        refuse(_BAD, "the logout token names neither a session nor a person")
    return AllSessions(subject)
