"""The authorization endpoint of a made-up provider: what a person's browser meets there."""

from __future__ import annotations

import re

from sso_core.testing.provider_state import Grant, ProviderState, Redirect
from sso_core.wire import WireError, encode_form, parse_form

QUERY_LIMIT = 8192
VALUE_LIMIT = 512
"""Characters of a state or a nonce that any provider takes."""

_SAFE = re.compile(rf"[A-Za-z0-9._~-]{{1,{VALUE_LIMIT}}}", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class NoWayBackError(Exception):
    """The provider keeps the browser on a page of its own, since it cannot trust the address to send it to.

    So it answers an unknown client or a redirect URI that is not registered (RFC 6749 4.1.2.1).
    """


def authorize(state: ProviderState, url: str, *, person: str, now: float) -> tuple[ProviderState, Redirect]:
    """Play the visit of a person who signs in and consents: the browser is sent back with a code.

    A request that a strict provider would not honour (OIDC Core 3.1.2.2, RFC 7636 4.4.1) comes back with an error
    and is a surprise. Raises `NoWayBackError`, and ValueError for a person whom the provider does not know.
    """
    state = state.alterations.at_authorization(state)
    request, state = _arrive(state, url)
    subject = state.person(person).subject
    error, sentence = _fault(state, request)
    if error:
        return _send_back(state.surprised(sentence), request, {"error": error, "error_description": sentence})
    state, code = state.issue("code")
    state, sid = state.issue("sid") if state.signs_out else (state, None)
    grant = Grant(
        code,
        client_id=request["client_id"],
        redirect_uri=request["redirect_uri"],
        challenge=request.get("code_challenge", ""),
        nonce=request.get("nonce"),
        subject=subject,
        scope=request.get("scope", ""),
        issued_at=now,
        sid=sid,
    )
    return _send_back(state.granting(grant), request, {"code": code})


def deny(
    state: ProviderState, url: str, *, error: str = "access_denied", description: str = ""
) -> tuple[ProviderState, Redirect]:
    """Play a visit that ends without a grant: the browser is sent back with this error.

    Raises `NoWayBackError`.
    """
    request, state = _arrive(state, url)
    said = {"error_description": description} if description else {}
    return _send_back(state, request, {"error": error, **said})


def _arrive(state: ProviderState, url: str) -> tuple[dict[str, str], ProviderState]:
    state = state.seeing("authorization")
    address, _, query = url.partition("?")
    if address != state.endpoint(state.paths.authorization).partition("?")[0]:
        raise NoWayBackError("there is nothing at this address")
    try:
        request = parse_form(query, limit=QUERY_LIMIT)
    except WireError as error:
        raise NoWayBackError(f"the request cannot be read: {error}") from error
    client = state.client(request.get("client_id", ""))
    if client is None:
        raise NoWayBackError("the client is not known")
    if request.get("redirect_uri") not in client.redirect_uris:
        raise NoWayBackError("the redirect URI is not registered")
    return request, state


def _fault(state: ProviderState, request: dict[str, str]) -> tuple[str, str]:
    """Return the error and the sentence for the first thing wrong with a request, or two empty texts."""
    scopes = request.get("scope", "").split(" ")
    checks = (
        (request.get("response_type") == "code", "unsupported_response_type", "the response_type is not code"),
        (not state.openid or "openid" in scopes, "invalid_scope", "the scope lacks openid"),
        (_SAFE.fullmatch(request.get("state", "")), "invalid_request", "the state is missing, unsafe or too long"),
        (
            _SAFE.fullmatch(request.get("nonce", "" if state.openid else "-")),
            "invalid_request",
            "the nonce is missing, unsafe or too long",
        ),
        (
            not state.checks_pkce
            or (
                request.get("code_challenge_method") == "S256"
                and _CHALLENGE.fullmatch(request.get("code_challenge", ""))
            ),
            "invalid_request",
            "there is no S256 code challenge",
        ),
        (
            request.get("response_mode", "query") in ("query", "form_post"),
            "invalid_request",
            "the response_mode is neither query nor form_post",
        ),
        (
            (request.get("max_age"), request.get("prompt")) != ("0", "none"),
            "login_required",
            "max_age=0 with prompt=none asks for a login and forbids it",
        ),
    )
    return next(((error, sentence) for holds, error, sentence in checks if not holds), ("", ""))


def _send_back(state: ProviderState, request: dict[str, str], answer: dict[str, str]) -> tuple[ProviderState, Redirect]:
    if "state" in request:
        answer["state"] = request["state"]
    if state.response_issuer:
        answer["iss"] = state.issuer
    fields = tuple(state.alterations.authorization_response(answer).items())
    target = request["redirect_uri"]
    if request.get("response_mode") == "form_post":
        return state, Redirect("POST", target, fields)
    return state, Redirect("GET", target + ("&" if "?" in target else "?") + encode_form(fields), fields)
