"""The token endpoint of a made-up provider: a code goes in, tokens come out, once."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote_plus

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.testing.documents import id_token, json_answer
from sso_core.testing.provider_state import Grant, ProviderState, RegisteredClient
from sso_core.wire import WireError, b64url_encode, parse_form

FORM = "application/x-www-form-urlencoded"
LIMIT = 16384


class _RefusedError(Exception):
    """Carries an error of RFC 6749 5.2 and its description to the answer."""


def exchange_code(state: ProviderState, request: HttpRequest, now: float) -> tuple[ProviderState, HttpResponse]:
    """Answer a token request as RFC 6749 4.1.3 and RFC 7636 4.6 have it.

    A code is good once; the second time also kills the token that the first brought (RFC 6749 4.1.2). What is wrong
    with a request in itself, rather than with its code, is a surprise.
    """
    try:
        form = _form(request)
        client = _authenticated(state, header(request, "authorization"), form)
    except _RefusedError as refused:
        error, sentence = refused.args
        return state.surprised(sentence), _error(error, sentence)
    grant = state.grant(code=form.get("code", ""))
    fault = _fault(state, client, grant, form, now)
    if grant is None or fault:
        return state, _error("invalid_grant", fault)
    if grant.used:
        killed = attrs.evolve(grant, access_token=None)
        return state.granting(killed), _error("invalid_grant", "the code was used before")
    return _tokens(state, client, grant, now)


def header(request: HttpRequest, name: str) -> str:
    """Return a request's header, or the empty text; its name may be in any case."""
    return next((value for key, value in request.headers if key.lower() == name), "")


def _error(error: str, sentence: str) -> HttpResponse:
    status = 401 if error == "invalid_client" else 400
    return json_answer({"error": error, "error_description": sentence}, status=status)


def _form(request: HttpRequest) -> dict[str, str]:
    if header(request, "content-type").partition(";")[0].strip().lower() != FORM:
        raise _RefusedError("invalid_request", "the token request is no form")
    try:
        form = parse_form(request.body or b"", limit=LIMIT)
    except WireError as error:
        raise _RefusedError("invalid_request", f"the token request cannot be read: {error}") from error
    if form.get("grant_type") != "authorization_code":
        raise _RefusedError("unsupported_grant_type", "the grant_type is not authorization_code")
    return form


def _authenticated(state: ProviderState, authorization: str, form: dict[str, str]) -> RegisteredClient:
    """Return the client that proves to be itself by the one method it is registered for."""
    method, name, secret = _credentials(authorization, form)
    client = state.client(name)
    if client is None:
        raise _RefusedError("invalid_client", "the client is not known")
    if client.auth_method != method:
        sentence = f"the client authenticates with {method}, but is registered for {client.auth_method}"
        raise _RefusedError("invalid_client", sentence)
    expected = client.client_secret.reveal() if client.client_secret else ""
    if not compare_digest(expected.encode(), secret.encode()):
        raise _RefusedError("invalid_client", "the client secret is wrong")
    return client


def _credentials(authorization: str, form: dict[str, str]) -> tuple[str, str, str]:
    """Return the method, the client's id and its secret; two methods at once are refused (RFC 6749 2.3)."""
    claimed = form.get("client_id", "")
    if not authorization:
        method = "client_secret_post" if "client_secret" in form else "none"
        return method, claimed, form.get("client_secret", "")
    name, secret = _basic_credentials(authorization)
    if "client_secret" in form:
        raise _RefusedError("invalid_request", "the client authenticates in two ways")
    if claimed not in ("", name):
        raise _RefusedError("invalid_request", "the client_id in the body is another")
    return "client_secret_basic", name, secret


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """Return id and secret, each of which was form-encoded before the pair was made (RFC 6749 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, colon, secret = b64decode(encoded, validate=True).decode("ascii").partition(":")
        pair = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError as error:
        raise _RefusedError("invalid_client", "the Basic credentials cannot be read") from error
    if scheme.lower() != "basic" or not colon:
        raise _RefusedError("invalid_client", "the Authorization header is no Basic credentials")
    return pair


def _fault(
    state: ProviderState, client: RegisteredClient, grant: Grant | None, form: dict[str, str], now: float
) -> str:
    if grant is None or grant.client_id != client.client_id:
        return "the code was not issued to this client"
    if now - grant.issued_at > state.code_lifetime:
        return "the code is too old"
    if form.get("redirect_uri") != grant.redirect_uri:
        return "the redirect_uri is not that of the authorization request"
    if state.checks_pkce and b64url_encode(sha256(form.get("code_verifier", "").encode()).digest()) != grant.challenge:
        return "the code_verifier does not belong to the code_challenge"
    return ""


def _tokens(
    state: ProviderState, client: RegisteredClient, grant: Grant, now: float
) -> tuple[ProviderState, HttpResponse]:
    state, access_token = state.issue("access token")
    grant = attrs.evolve(grant, used=True, access_token=access_token)
    document = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600, "scope": grant.scope}
    if state.openid:
        state = state.alterations.before_signing(state)
        document["id_token"] = id_token(state, client, grant, access_token, now)
    answer = json_answer(state.alterations.token_response(document), no_store=True)
    return state.granting(grant), state.alterations.token_answer(answer)
