"""The authorization request and response: what the browser carries there and back (RFC 6749 4.1, RFC 9207)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hmac import compare_digest

import attrs

from sso_core.failures import Failure, Reason, refuse
from sso_core.oauth.pkce import METHOD, code_challenge
from sso_core.oauth.provider_text import quote_provider
from sso_core.secret import Secret
from sso_core.wire import encode_form

STATE_LIMIT = 512
CODE_LIMIT = 4096
"""Characters; the longest codes in the wild (Entra) stay below 2,000."""

FRONT_CHANNEL_TOKENS = ("access_token", "id_token", "response")
"""Parameters of flows that were not asked for (implicit, hybrid, JARM): never a harmless addition."""


def authorization_url(
    endpoint: str,
    *,
    client_id: str,
    redirect_uri: str,
    scope: str,
    state: str,
    nonce: str | None,
    code_verifier: Secret,
    response_mode: str | None = None,
    extra: tuple[tuple[str, str], ...] = (),
) -> str:
    """Return the address to send the browser to (RFC 6749 4.1.1, OIDC Core 3.1.2.1, RFC 7636 4.3).

    Query values that the endpoint already has are kept.
    """
    same = _same_for_every_login(endpoint, client_id, redirect_uri, scope, response_mode, extra)
    pairs = [("state", state), ("code_challenge", code_challenge(code_verifier))]
    if nonce is not None:
        pairs.append(("nonce", nonce))
    return same + encode_form(pairs)


@lru_cache(maxsize=64)
def _same_for_every_login(
    endpoint: str,
    client_id: str,
    redirect_uri: str,
    scope: str,
    response_mode: str | None,
    extra: tuple[tuple[str, str], ...],
) -> str:
    """Return the address as far as settings and metadata make it: quoting it anew was a tenth of a login."""
    pairs = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("code_challenge_method", METHOD),
    ]
    if response_mode is not None:
        pairs.append(("response_mode", response_mode))
    return endpoint + ("&" if "?" in endpoint else "?") + encode_form([*pairs, *extra]) + "&"


@attrs.frozen
class CodeGranted:
    """The provider answers with a code."""

    state: Secret
    code: Secret
    issuer: str | None


@attrs.frozen
class NotGranted:
    """The provider answers with an error, or with something that is no answer."""

    state: Secret
    failure: Failure
    issuer: str | None


AuthorizationResponse = CodeGranted | NotGranted


def parse_authorization_response(parameters: Mapping[str, str]) -> AuthorizationResponse:
    """Sort out the parameters of a callback (RFC 6749 4.1.2).

    Refuses with NO_STATE where not even the login that it answers can be told. Every other fault is a `NotGranted`,
    so that the pending login is used up by it.
    """
    state = parameters.get("state", "")
    if not state or len(state) > STATE_LIMIT:
        refuse(Reason.NO_STATE, "the callback has no usable state", _hint_of_error(parameters))
    issuer = parameters.get("iss")
    secret = Secret(state)
    failure = _fault(parameters)
    if failure is not None:
        return NotGranted(secret, failure, issuer)
    return CodeGranted(secret, Secret(parameters["code"]), issuer)


def _fault(parameters: Mapping[str, str]) -> Failure | None:
    error = parameters.get("error")
    if error is not None:
        secrets = Secret(parameters["state"]), Secret(parameters.get("code", ""))
        return _provider_error(error, parameters.get("error_description", ""), *secrets)
    for name in FRONT_CHANNEL_TOKENS:
        if name in parameters:
            return Failure(Reason.UNEXPECTED_PARAMETER, f"the callback carries {name}, which was not asked for")
    code = parameters.get("code", "")
    if not code:
        return Failure(Reason.NO_CODE, "the callback has neither a code nor an error")
    if len(code) > CODE_LIMIT:
        return Failure(Reason.MALFORMED_CALLBACK, f"the code is longer than {CODE_LIMIT} characters")
    return None


def _provider_error(error: str, description: str, *secrets: Secret) -> Failure:
    reason = Reason.ACCESS_DENIED if error == "access_denied" else Reason.PROVIDER_ERROR
    said = quote_provider(error, *secrets) + (f" ({quote_provider(description, *secrets)})" if description else "")
    return Failure(reason, f"the provider answers {said}", _HINTS.get(error, ""))


_HINTS = {
    "invalid_scope": "compare GENERIC_SCOPE with the scopes that the provider grants to this client",
    "unauthorized_client": "allow the authorization code grant for this client at the provider",
    "invalid_request": "compare the registered redirect URI with the one that this service sends",
    "login_required": "the provider was asked not to show a page, but the person has no session there",
}


def _hint_of_error(parameters: Mapping[str, str]) -> str:
    return "the provider reported an error without the state" if "error" in parameters else ""


def check_response_issuer(said: str | None, *, issuer: str, promised: bool) -> None:
    """Refuse an answer that names another issuer, or none although one was promised (RFC 9207 2.4).

    It stops a mix-up: the code of an honest provider sent to the attacker's token endpoint.
    """
    if said is None:
        if promised:
            refuse(
                Reason.RESPONSE_ISSUER_MISSING,
                f"{issuer} promises an iss parameter, but the answer has none",
                "a proxy between the browser and this service may have removed it",
            )
        return
    if not compare_digest(said.encode(), issuer.encode()):
        refuse(Reason.RESPONSE_ISSUER_MISMATCH, f"the answer names {quote_provider(said)} instead of {issuer}")
