"""A login on its way through the provider: what has to be remembered until the browser comes back.

It is bound to the browser: kept under a hash of `state` *and* the login cookie, so that whoever lacks the cookie can
neither finish the login nor use it up.
"""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from itertools import product
from types import NoneType
from typing import Any

import attrs

from sso_core.failures import Reason, refuse
from sso_core.secret import Secret
from sso_core.wire import WireError, b64url_encode, encode_json, parse_json

VERSION = 2
VERIFIER_LENGTH = 43


class LoginPurpose(Enum):
    """What the login is for: where it ends once the person is known."""

    BROWSER = "browser"
    """A session of this browser."""
    CLI = "cli"
    """A session of a command line, which the person confirmed in this browser."""
    DEBUG = "debug"
    """A page that tells what the provider said. Nobody is signed in, nothing is written."""


@attrs.frozen
class PendingLogin:
    """What was decided when the login began. The endpoints are kept, so that the end needs no discovery."""

    provider_id: str
    namespace: str
    """The issuer, or the fixed namespace of a plain OAuth 2.0 provider."""
    redirect_uri: str
    nonce: str
    code_verifier: Secret
    return_to: str
    expires_at: float
    """Seconds since the epoch."""
    token_endpoint: str
    userinfo_endpoint: str | None
    jwks_uri: str
    id_token_algorithms: tuple[str, ...]
    response_issuer_promised: bool
    purpose: LoginPurpose = LoginPurpose.BROWSER
    cli_login: str = ""
    """The id of the command-line login that this one approves."""
    cli_claim: Secret = Secret("")
    """What this browser was given when it confirmed the user code: only the last to confirm it approves."""


def login_key(state: str, cookie: Secret) -> str:
    """Return the store's key for the login of this state in the browser that holds this cookie."""
    return b64url_encode(sha256(f"login {len(state)} {state} {cookie.reveal()}".encode()).digest())


def encode_login(login: PendingLogin) -> bytes:
    """Return the login as compact JSON, positions instead of names, the version first."""
    values = [
        VERSION,
        login.provider_id,
        login.namespace,
        login.redirect_uri,
        login.nonce,
        login.code_verifier.reveal(),
        login.return_to,
        login.expires_at,
        login.token_endpoint,
        login.userinfo_endpoint,
        login.jwks_uri,
        " ".join(login.id_token_algorithms),
        login.response_issuer_promised,
        login.purpose.value,
        login.cli_login,
        login.cli_claim.reveal(),
    ]
    return encode_json(values)


def decode_login(value: bytes) -> PendingLogin:
    """Return the login that `encode_login` wrote.

    Refuses with UNKNOWN_LOGIN_VERSION, EMPTY_VERIFIER, LEGACY_LOGIN (a bare verifier, or one without nonce and
    binding) or UNREADABLE_LOGIN; what is there is never used in part.
    """
    try:
        values = parse_json(value)
    except WireError:
        values = None
        if len(value) >= VERIFIER_LENGTH and value.isascii() and b64url_characters(value):
            refuse(Reason.LEGACY_LOGIN, "the entry is a bare code verifier")
    if isinstance(values, str):
        refuse(Reason.LEGACY_LOGIN if values else Reason.EMPTY_VERIFIER, "the entry is a bare text")
    if isinstance(values, dict) and "code_verifier" in values:
        verifier = values["code_verifier"]
        refuse(
            Reason.LEGACY_LOGIN if isinstance(verifier, str) and verifier else Reason.EMPTY_VERIFIER,
            "the entry has no nonce and no binding to a browser",
        )
    if not isinstance(values, list) or not values:
        refuse(Reason.UNREADABLE_LOGIN, "the entry is no pending login")
    if values[0] != VERSION:
        refuse(Reason.UNKNOWN_LOGIN_VERSION, "the entry was written by another version of this service")
    return _from_values(values)


def b64url_characters(value: bytes) -> bool:
    """Whether the value consists of the characters of a code verifier (RFC 7636 4.1)."""
    return all(chr(byte).isalnum() or byte in b"-._~" for byte in value)


_TEXT = (str, NoneType)
_TYPES = frozenset(product((int,), *[(str,)] * 6, (float, int), (str,), _TEXT, (str,), (str,), (bool,), *[(str,)] * 3))
"""The types of the values, in every combination that there may be."""


_PURPOSES = {purpose.value: purpose for purpose in LoginPurpose}


def _from_values(values: list[Any]) -> PendingLogin:
    if tuple(map(type, values)) not in _TYPES:
        refuse(Reason.UNREADABLE_LOGIN, "the entry is damaged")
    (
        _,
        provider_id,
        namespace,
        redirect_uri,
        nonce,
        verifier,
        return_to,
        expires_at,
        token_endpoint,
        userinfo_endpoint,
        jwks_uri,
        algorithms,
        promised,
        purpose,
        cli_login,
        cli_claim,
    ) = values
    if purpose not in _PURPOSES:
        refuse(Reason.UNREADABLE_LOGIN, "the entry is for no purpose that is known")
    if not verifier:
        refuse(Reason.EMPTY_VERIFIER, "the entry has an empty code verifier")
    return PendingLogin(
        provider_id,
        namespace,
        redirect_uri,
        nonce,
        Secret(verifier),
        return_to,
        expires_at,
        token_endpoint,
        userinfo_endpoint,
        jwks_uri,
        tuple(algorithms.split()),
        promised,
        _PURPOSES[purpose],
        cli_login,
        Secret(cli_claim),
    )
