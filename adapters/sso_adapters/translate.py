"""What the ASGI and WSGI adapters share: a page becomes bytes, a draw of entropy a block, and events are told."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sso_adapters.observe.logs import Observe
from sso_core.events import Headers
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.web.messages import BODY_LIMIT, Response
from sso_core.web.pages import Page

Renderer = Callable[[Page], tuple[str, bytes]]
"""Turns a page into a content type and bytes."""

LENGTH_DIGITS = 18
"""Digits of a declared length that are worth reading: leading zeros are allowed (RFC 9110 8.6)."""


def draw() -> Entropy:
    """Draw the randomness of one flow from the operating system."""
    return Entropy(secrets.token_bytes(ENTROPY_SIZE))


def fits(headers: Headers) -> bool:
    """Whether a declared body is one that is worth reading."""
    length = next((value for name, value in headers if name == "content-length"), "0")
    # Python refuses to read numbers of thousands of digits, so the length of the text is judged first.
    return length.isdecimal() and len(length) <= LENGTH_DIGITS and int(length) <= BODY_LIMIT


def finished(response: Response, render: Renderer, observe: Observe) -> tuple[int, Headers, bytes]:
    """Return status, headers and body to send, and tell what happened."""
    for event in response.audit:
        observe(event)
    if isinstance(response.body, bytes):
        body, headers = response.body, response.headers
    else:
        content_type, body = render(response.body)
        headers = (*response.headers, ("content-type", content_type))
    return response.status, (*headers, ("content-length", str(len(body)))), body
