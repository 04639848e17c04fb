"""The userinfo request and response (OIDC Core 5.3)."""

from __future__ import annotations

from hmac import compare_digest
from typing import NoReturn

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import Headers, HttpResponse, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Reason, refuse
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.jws import split_compact, verify_signature
from sso_core.oauth.media_type import check_json, media_type
from sso_core.oauth.token import OK, SERVER_ERROR, with_extra
from sso_core.secret import Secret
from sso_core.wire import WireError, parse_json, parse_json_object

SIGNED = "application/jwt"


def userinfo_request(endpoint: str, access_token: Secret, extra_headers: Headers = ()) -> HttpRequest:
    """Ask with the token in the header, never in the address (RFC 6750 2.1, 5.3)."""
    headers = (
        ("accept", f"application/json, {SIGNED}"),
        ("authorization", f"Bearer {access_token.reveal()}"),
    )
    return HttpRequest(Purpose.USERINFO, endpoint, with_extra(headers, extra_headers))


def is_signed(response: HttpResponse) -> bool:
    """Whether the answer is a JWT by its content type (OIDC Core 5.3.2)."""
    return media_type(response) == SIGNED


def parse_userinfo(response: HttpResponse | Unreachable) -> ClaimSet:
    """Return the claims of a plain JSON answer; each way to have none is a reason of its own."""
    if isinstance(response, Unreachable):
        refuse(Reason.USERINFO_UNREACHABLE, f"userinfo cannot be reached: {response.why}")
    check_userinfo_status(response)
    check_json(response, Reason.USERINFO_NOT_JSON, "the userinfo answer")
    try:
        document = parse_json(response.body)
    except WireError as error:
        refuse(Reason.USERINFO_NOT_JSON, f"the userinfo answer cannot be read: {error}")
    return _claims(document)


def check_userinfo_status(response: HttpResponse) -> None:
    """Refuse any status but 200, telling a provider in trouble from one that declines."""
    if response.status >= SERVER_ERROR:
        refuse(Reason.USERINFO_UNREACHABLE, f"userinfo answers {response.status}")
    if response.status != OK:
        refuse(Reason.USERINFO_STATUS, f"userinfo answers {response.status}")


def _claims(document: object) -> ClaimSet:
    if document is None or document == {}:
        refuse(Reason.EMPTY_USERINFO, "the userinfo answer is empty")
    if not isinstance(document, dict):
        refuse(Reason.USERINFO_NOT_AN_OBJECT, "the userinfo answer is not an object")
    return ClaimSet(document)


def parse_signed_userinfo(
    response: HttpResponse,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    allowed: tuple[str, ...],
) -> ClaimSet:
    """Return the claims of an answer in JWT form, its signature, `iss` and `aud` checked (OIDC Core 5.3.2, 5.3.4).

    Refuses with UNKNOWN_KEY where `keys` lack the one it needs, so that the caller may fetch fresh ones.
    """
    check_userinfo_status(response)
    try:
        text = response.body.decode("ascii")
    except UnicodeDecodeError:
        refuse(Reason.BAD_USERINFO, "the signed userinfo answer is not ASCII")
    jws = split_compact(text, malformed=Reason.BAD_USERINFO)
    verify_signature(jws, keys, allowed=allowed)
    try:
        document = parse_json_object(jws.payload)
    except WireError as error:
        refuse(Reason.BAD_USERINFO, f"the signed userinfo answer cannot be read: {error}")
    audience = document.get("aud")
    if document.get("iss") != issuer:
        refuse(Reason.BAD_USERINFO, f"the signed userinfo answer is not issued by {issuer}")
    if audience != client_id and not (isinstance(audience, list) and client_id in audience):
        refuse(Reason.BAD_USERINFO, "the signed userinfo answer is meant for another client")
    return _claims(document)


def check_userinfo_subject(userinfo: ClaimSet, subject: str) -> None:
    """Refuse userinfo about anybody but the subject of the ID token (OIDC Core 5.3.2).

    Without it an access token swapped by an attacker would put another person's profile on this login.
    """
    said = userinfo.get("sub")
    if not isinstance(said, str) or not compare_digest(said.encode(), subject.encode()):
        _refuse_other_subject(said)


def _refuse_other_subject(said: object) -> NoReturn:
    what = "names another subject than the ID token" if isinstance(said, str) else "names no subject"
    refuse(Reason.OTHER_SUBJECT, f"the userinfo answer {what}")
