"""Building responses: the headers that each one carries, and the few kinds there are."""

from __future__ import annotations

import json
from math import ceil

import attrs

from sso_core.effects import Effect
from sso_core.events import Headers
from sso_core.failures import Failure
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.messages import Response
from sso_core.web.pages import LeavingPage, Page, RefusedPage

SECURITY_HEADERS: Headers = (
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)
"""On every response: nothing is cached, framed, scripted or passed on (RFC 9700 4.2.4, 4.16)."""

RETRY_AFTER = "2"
"""Seconds before a retryable refusal is worth another try."""

START = "/sso/key/generate"
REFUSED = "/sso/refused"
PASSWORD = "/sso/password"  # noqa: S105 -- a path, no password
STYLE = "/sso/style.css"
UNAVAILABLE = 503


def page(body: Page, status: int = 200, cookies: tuple[str, ...] = ()) -> Response:
    """Answer with a page."""
    return Response(status, with_cookies(SECURITY_HEADERS, cookies), body)


def redirect(location: str, cookies: tuple[str, ...] = (), afterwards: tuple[Effect, ...] = ()) -> Response:
    """Send the browser elsewhere with a GET, whatever it came with (RFC 9110 15.4.4)."""
    headers = with_cookies((*SECURITY_HEADERS, ("location", location)), cookies)
    return Response(303, headers, afterwards=afterwards)


def onward(settings: SignInSettings, response: Response) -> Response:
    """Send the browser where `response` does, by a page: a redirect after a form would be held to `form-action`."""
    location = response.header("location")
    headers = (*(pair for pair in response.headers if pair[0] != "location"), ("refresh", f"0;url={location}"))
    body = LeavingPage(location, settings.origin.path(STYLE))
    return attrs.evolve(response, status=200, headers=headers, body=body)


def json_answer(status: int, value: object, failure: Failure | None = None, reference: str = "") -> Response:
    """Answer a program."""
    headers = (*SECURITY_HEADERS, ("content-type", "application/json"), *_retry(status, failure))
    return Response(status, headers, json.dumps(value, ensure_ascii=False).encode(), failure, reference)


def refusal(
    settings: SignInSettings,
    failure: Failure,
    reference: str,
    cookies: tuple[str, ...] = (),
    *,
    leave: bool = False,
    again: str | None = None,
) -> Response:
    """Answer with why there is no sign-in, in the words that anybody may read.

    With `leave` the browser moves on to a page whose address holds no code, without a script.
    """
    reason = failure.reason
    headers = (*SECURITY_HEADERS, *_retry(reason.status, failure))
    if leave and not reason.resumable:
        headers = (*headers, *leaving(settings, failure, reference))
    body = refused_page(settings, failure, reference, again)
    return Response(reason.status, with_cookies(headers, cookies), body, failure, reference)


def leaving(settings: SignInSettings, failure: Failure, reference: str) -> Headers:
    """Return the header by which a browser moves on to a page that tells the same under an address without a code."""
    address = f"{settings.origin.path(REFUSED)}?code={failure.reason.code}&reference={reference}"
    return (("refresh", f"0;url={address}"),)


def refused_page(settings: SignInSettings, failure: Failure, reference: str, again: str | None = None) -> RefusedPage:
    """Return the page that tells of a refusal; `again` is where to try once more, unless that is a new sign-in."""
    reason, path = failure.reason, settings.origin.path
    again = again or ("" if reason.resumable else path(START))
    return RefusedPage(failure.sentence, reason.code, reference, again, path(STYLE))


def with_cookies(headers: Headers, cookies: tuple[str, ...]) -> Headers:
    """Add a header for each cookie."""
    return (*headers, *(("set-cookie", cookie) for cookie in cookies)) if cookies else headers


def _retry(status: int, failure: Failure | None) -> Headers:
    if failure is not None and failure.wait:
        return (("retry-after", str(ceil(failure.wait))),)
    return (("retry-after", RETRY_AFTER),) if status == UNAVAILABLE else ()
