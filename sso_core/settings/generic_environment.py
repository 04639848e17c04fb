"""Any provider, by the operator's settings: OpenID Connect by its issuer, or plain OAuth 2.0 by its endpoints."""

from __future__ import annotations

import re

from sso_core.events import Headers
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.generic import SCOPE, generic_oauth, generic_openid
from sso_core.providers.kinds import Provider, ResponseMode, UserinfoPolicy
from sso_core.settings.identity_environment import read_generic_rules
from sso_core.settings.reading import Reading

ENDPOINTS = ("GENERIC_AUTHORIZATION_ENDPOINT", "GENERIC_TOKEN_ENDPOINT", "GENERIC_USERINFO_ENDPOINT")
FOR_ISSUERS = (
    "GENERIC_USERINFO",
    "GENERIC_MAX_AGE",
    "GENERIC_VERIFIED_EMAIL_REQUIRED",
    "GENERIC_LOGOUT_AT_PROVIDER",
)
FOR_ENDPOINTS = ("GENERIC_SUBJECT_CLAIM",)

PROTOCOL_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length"),
        *("content-type", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that say who asks and what the message is: nobody else sets them."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
"""RFC 9110 5.1 and 5.5."""


def read_generic(
    reading: Reading, ladder: RoleLadder, group_claims: tuple[str, ...], provider_id: str
) -> Provider | None:
    """Return the provider; None where something is missing or wrong, all of which is reported."""
    client = _client(reading)
    _former_habits(reading)
    mode = reading.choice("GENERIC_RESPONSE_MODE", ResponseMode, ResponseMode.QUERY)
    scope = " ".join((reading.text("GENERIC_SCOPE") or SCOPE).split())
    rules = read_generic_rules(reading, ladder, group_claims)
    headers = read_headers(reading, "GENERIC_SSO_HEADERS")
    if reading.has("GENERIC_ISSUER"):
        return _openid(reading, client, mode, scope, rules, headers, provider_id)
    return _oauth(reading, client, mode, scope, rules, headers, provider_id)


def _openid(
    reading: Reading,
    client: Client | None,
    mode: ResponseMode,
    scope: str,
    rules: IdentityRules,
    headers: Headers,
    provider_id: str,
) -> Provider | None:
    issuer = reading.address("GENERIC_ISSUER")
    for name in filter(reading.has, ENDPOINTS):
        hint = "the issuer's metadata names its endpoints; remove one"
        reading.problem(name, f"contradicts {reading.label('GENERIC_ISSUER')}", hint)
    for name in filter(reading.has, FOR_ENDPOINTS):
        reading.problem(name, "is for plain OAuth 2.0", "an issuer names its subjects itself; remove one")
    userinfo = reading.choice("GENERIC_USERINFO", UserinfoPolicy, UserinfoPolicy.PREFERRED)
    max_age = reading.whole("GENERIC_MAX_AGE", least=0)
    verified_email = reading.flag("GENERIC_VERIFIED_EMAIL_REQUIRED")
    logout_at_provider = reading.flag("GENERIC_LOGOUT_AT_PROVIDER")
    fit = "openid" in scope.split()
    if not fit:
        reading.problem("GENERIC_SCOPE", "lacks openid", "a provider with an issuer gives ID tokens for it only")
    if rules.access_token is AccessTokenClaims.VERIFIED and rules.access_token_audience is None:
        fit = False
    former = reading.text("GENERIC_NAMESPACE")
    if former is not None and former == issuer:
        hint = "it names where people were known before there was an issuer; remove it"
        reading.problem("GENERIC_NAMESPACE", "is the issuer itself", hint)
        fit = False
    if not fit or issuer is None or client is None:
        return None
    return generic_openid(
        client,
        issuer,
        provider_id=provider_id,
        label=reading.text("GENERIC_LABEL") or "",
        scope=scope,
        response_mode=mode,
        rules=rules,
        extra_headers=headers,
        userinfo=userinfo,
        max_age=max_age,
        verified_email_required=verified_email,
        logout_at_provider=logout_at_provider,
        former_namespace=former,
    )


def _oauth(
    reading: Reading,
    client: Client | None,
    mode: ResponseMode,
    scope: str,
    rules: IdentityRules,
    headers: Headers,
    provider_id: str,
) -> Provider | None:
    if not any(map(reading.has, ENDPOINTS)):
        others = ", ".join(map(reading.label, ENDPOINTS))
        reading.missing("GENERIC_ISSUER", f"or set {others} for plain OAuth 2.0")
        return None
    for name in ENDPOINTS:
        if not reading.has(name):
            reading.missing(name, "plain OAuth 2.0 needs all three endpoints")
    authorization, token, userinfo = (reading.address(name) for name in ENDPOINTS)
    for name in filter(reading.has, FOR_ISSUERS):
        reading.problem(name, f"needs {reading.label('GENERIC_ISSUER')}", "plain OAuth 2.0 proves no such thing")
    if rules.access_token is AccessTokenClaims.VERIFIED:
        hint = "plain OAuth 2.0 has no keys to verify a token with"
        reading.problem("GENERIC_ACCESS_TOKEN_CLAIMS", f"needs {reading.label('GENERIC_ISSUER')}", hint)
        return None
    if authorization is None or token is None or userinfo is None or client is None:
        return None
    return generic_oauth(
        client,
        authorization,
        token,
        userinfo,
        namespace=reading.text("GENERIC_NAMESPACE"),
        provider_id=provider_id,
        label=reading.text("GENERIC_LABEL") or "",
        scope=scope,
        response_mode=mode,
        subject_claim=reading.text("GENERIC_SUBJECT_CLAIM") or "sub",
        rules=rules,
        extra_headers=headers,
    )


def _client(reading: Reading) -> Client | None:
    in_body = reading.flag("GENERIC_INCLUDE_CLIENT_ID")
    default = AuthenticationMethod.POST if in_body else AuthenticationMethod.BASIC
    method = reading.choice("GENERIC_CLIENT_AUTHENTICATION", AuthenticationMethod, default)
    client_id, secret = reading.text("GENERIC_CLIENT_ID"), reading.secret("GENERIC_CLIENT_SECRET")
    public = method is AuthenticationMethod.NONE
    without = f"{reading.label('GENERIC_CLIENT_AUTHENTICATION')}=none"
    if not reading.has("GENERIC_CLIENT_ID"):
        reading.missing("GENERIC_CLIENT_ID", "the id under which the provider knows this service")
    if not reading.has("GENERIC_CLIENT_SECRET") and not public:
        reading.missing("GENERIC_CLIENT_SECRET", f"or {without} for a public client")
    if secret is not None and public:
        reading.problem("GENERIC_CLIENT_SECRET", f"contradicts {without}", "remove one")
    if client_id is None or (secret is None) is not public:
        return None
    return Client(client_id, secret, method)


def _former_habits(reading: Reading) -> None:
    """Report settings of the reference that weaken a login, and that no longer do anything."""
    if not reading.flag("GENERIC_CLIENT_USE_PKCE", default=True):
        reading.note("GENERIC_CLIENT_USE_PKCE", "is always on", "each login sends an S256 challenge (RFC 7636)")
    if not reading.flag("PKCE_STRICT_CACHE_MISS", default=True):
        reading.note("PKCE_STRICT_CACHE_MISS", "is always on", "a login whose verifier is lost begins anew")
    if reading.has("GENERIC_CLIENT_STATE"):
        hint = "each login has a random state of its own, which is what keeps strangers' logins out; remove it"
        reading.problem("GENERIC_CLIENT_STATE", "is not possible", hint)


def read_headers(reading: Reading, name: str) -> Headers:
    """Return headers from `k=v,k2=v2`, or from a table; names in lower case. The first `=` ends a name."""
    found: dict[str, str] = {}
    for header, value in _header_pairs(reading, name):
        if not _NAME.fullmatch(header) or not _VALUE.fullmatch(value):
            reading.problem(name, "holds what is no header", "such as X-Tenant=acme,X-Other=1")
        elif header.lower() in PROTOCOL_HEADERS:
            reading.problem(name, f"sets {header.lower()}", "that header is the protocol's own")
        elif header.lower() in found:
            reading.problem(name, "sets one header twice", "names of headers are the same in any case of letters")
        else:
            found[header.lower()] = value
    return tuple(found.items())


def _header_pairs(reading: Reading, name: str) -> list[tuple[str, str]]:
    if reading.is_table(name):
        written = reading.table(name) or {}
        return [(header, value if isinstance(value, str) else "") for header, value in written.items()]
    parts = [part.partition("=") for part in (reading.text(name) or "").split(",") if part.strip()]
    return [(header.strip(), value.strip()) for header, _, value in parts]
