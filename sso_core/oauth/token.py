"""The token request and what may come back (RFC 6749 4.1.3, 5.1, 5.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn

import attrs

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import Headers, HttpResponse
from sso_core.failures import Reason, refuse
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.client import Client
from sso_core.oauth.media_type import check_json
from sso_core.oauth.provider_text import quote_provider
from sso_core.secret import Secret
from sso_core.wire import WireError, encode_form, parse_json, parse_json_object

_HEADERS = (("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded"))

OK = 200
SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429


@attrs.frozen
class TokenResponse:
    """The tokens of one login. `id_token` is the text as it came: nothing in it is believed yet.

    `claims` is the whole answer, of which `merge_claims` leaves the tokens out.
    """

    access_token: Secret
    id_token: Secret | None
    refresh_token: Secret | None
    expires_in: float | None
    scope: str | None
    claims: ClaimSet = attrs.field(factory=ClaimSet)


def token_request(
    endpoint: str,
    client: Client,
    *,
    code: Secret,
    redirect_uri: str,
    code_verifier: Secret,
    extra_headers: Headers = (),
) -> HttpRequest:
    """Ask for the tokens, proving possession of the verifier (RFC 6749 4.1.3, RFC 7636 4.5).

    `extra_headers` are the operator's; they cannot replace those of the protocol.
    """
    proofs = encode_form([("code", code.reveal()), ("code_verifier", code_verifier.reveal())])
    form = f"{_same_for_every_login(redirect_uri)}&{proofs}"
    body = f"{form}&{client.form}" if client.form else form
    headers = (*_HEADERS, *client.headers)
    return HttpRequest(Purpose.TOKEN, endpoint, with_extra(headers, extra_headers), body.encode("ascii"))


@lru_cache(maxsize=64)
def _same_for_every_login(redirect_uri: str) -> str:
    return encode_form([("grant_type", "authorization_code"), ("redirect_uri", redirect_uri)])


def with_extra(headers: Headers, extra: Headers) -> Headers:
    """Add the operator's headers to those of the protocol, which win."""
    if not extra:
        return headers
    taken = {name for name, _ in headers} | {"authorization"}
    return (*headers, *((name.lower(), value) for name, value in extra if name.lower() not in taken))


def parse_token_response(response: HttpResponse, *secrets: Secret) -> TokenResponse:
    """Return the tokens, or refuse with the one reason that fits.

    `secrets` are those of the request, masked in whatever is quoted.
    """
    if response.status != OK:
        _refuse_status(response, secrets)
    check_json(response, Reason.TOKEN_NOT_JSON, "the token answer", *secrets)
    try:
        document = parse_json(response.body)
    except WireError as error:
        refuse(Reason.TOKEN_NOT_JSON, f"the token answer cannot be read: {error}")
    if not isinstance(document, dict):
        refuse(Reason.TOKEN_NOT_AN_OBJECT, f"the token answer is a {_json_type(document)}, not an object")
    access_token = document.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        _refuse_without_access_token(document, secrets)
    _check_token_type(document)
    return TokenResponse(
        access_token=Secret(access_token),
        id_token=_optional_secret(document, "id_token"),
        refresh_token=_optional_secret(document, "refresh_token"),
        expires_in=_lifetime(document),
        scope=_optional_text(document, "scope"),
        claims=ClaimSet(document),
    )


def _refuse_status(response: HttpResponse, secrets: tuple[Secret, ...]) -> NoReturn:
    error, said = _error_of(response, secrets)
    detail = f"the token endpoint answers {response.status}{said}"
    if response.status >= SERVER_ERROR or response.status == TOO_MANY_REQUESTS:
        refuse(Reason.TOKEN_ENDPOINT_UNAVAILABLE, detail)
    if error == "invalid_grant":
        refuse(Reason.CODE_REFUSED, detail, "the code was late, used before, or issued for another redirect URI")
    if error in ("invalid_client", "unauthorized_client"):
        refuse(Reason.CLIENT_REFUSED, detail, "compare the client id, its secret and the authentication method")
    refuse(Reason.TOKEN_ENDPOINT_STATUS, detail)


def _error_of(response: HttpResponse, secrets: tuple[Secret, ...]) -> tuple[str, str]:
    try:
        document = parse_json_object(response.body)
    except WireError:
        return "", ""
    error = document.get("error")
    if not isinstance(error, str):
        return "", ""
    return error, _said(document, secrets)


def _said(document: dict[str, Any], secrets: tuple[Secret, ...]) -> str:
    texts = [document.get("error"), document.get("error_description")]
    said = ", ".join(quote_provider(text, *secrets) for text in texts if isinstance(text, str) and text)
    return f": {said}" if said else ""


def _refuse_without_access_token(document: dict[str, Any], secrets: tuple[Secret, ...]) -> NoReturn:
    value = document.get("access_token", "")
    what = "has an access_token that is not text" if value else "has no access_token"
    names = quote_provider(", ".join(sorted(document)) or "nothing", *secrets)
    said = _said(document, secrets) or f"; it has {names}"
    refuse(Reason.NO_ACCESS_TOKEN, f"the token answer {what}{said}")


def _check_token_type(document: dict[str, Any]) -> None:
    """Refuse a token of a type that was not asked for, in any case of letters (RFC 6749 5.1, 7.1)."""
    token_type = document.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        refuse(Reason.BAD_TOKEN_RESPONSE, "the token answer's token_type is not Bearer")


def _optional_secret(document: dict[str, Any], name: str) -> Secret | None:
    text = _optional_text(document, name)
    return Secret(text) if text else None


def _optional_text(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        refuse(Reason.BAD_TOKEN_RESPONSE, f"the token answer's {name} is a {_json_type(value)}, not text")
    return value


def _lifetime(document: dict[str, Any]) -> float | None:
    value = document.get("expires_in")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        refuse(Reason.BAD_TOKEN_RESPONSE, f"the token answer's expires_in is a {_json_type(value)}, not a number")
    return value


_TYPES = {dict: "JSON object", list: "JSON array", str: "text", bool: "boolean", int: "number", float: "number"}


def _json_type(value: object) -> str:
    return _TYPES.get(type(value), "null")
