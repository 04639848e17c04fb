"""What the ASGI and WSGI adapters share: a page becomes bytes, a refusal a log line, a draw of entropy a block."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from sso_core.events import Headers
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.web.messages import BODY_LIMIT, Request, Response
from sso_core.web.pages import Page

Renderer = Callable[[Page], tuple[str, bytes]]
"""Turns a page into a content type and bytes."""

LENGTH_DIGITS = 18
"""Digits of a declared length that are worth reading: leading zeros are allowed (RFC 9110 8.6)."""

log = logging.getLogger("sso_adapters.sign_in")


def draw() -> Entropy:
    """Draw the randomness of one flow from the operating system."""
    return Entropy(secrets.token_bytes(ENTROPY_SIZE))


def fits(headers: Headers) -> bool:
    """Whether a declared body is one that is worth reading."""
    length = next((value for name, value in headers if name == "content-length"), "0")
    # Python refuses to read numbers of thousands of digits, so the length of the text is judged first.
    return length.isdecimal() and len(length) <= LENGTH_DIGITS and int(length) <= BODY_LIMIT


def finished(request: Request, response: Response, render: Renderer) -> tuple[int, Headers, bytes]:
    """Return status, headers and body to send, and log a refusal: its code, its detail and its reference."""
    if response.failure is not None:
        log.warning(
            "sign-in refused at %r: %s (reference %s)", request.path, response.failure, response.reference or "none"
        )
    if isinstance(response.body, bytes):
        body, headers = response.body, response.headers
    else:
        content_type, body = render(response.body)
        headers = (*response.headers, ("content-type", content_type))
    return response.status, (*headers, ("content-length", str(len(body)))), body
