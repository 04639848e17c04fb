"""What the ASGI and WSGI adapters share: a page becomes bytes, a refusal a log line, a draw of entropy a block."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from sso_core.events import Headers
from sso_core.failures import Failure
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


def _log_refusal(request: Request, response: Response, failure: Failure) -> None:
    """Tell operators in a sentence, and in attributes of the record for what reads logs by machine.

    The code and the reference are those on the page that the person sees; nothing of it is secret.
    """
    about = f"provider {response.provider_id}, " if response.provider_id else ""
    reference = response.reference or "none"
    told = {
        "sso_code": failure.reason.code,
        "sso_family": failure.reason.family.value,
        "sso_provider": response.provider_id,
        "sso_reference": response.reference,
    }
    log.warning("sign-in refused at %r: %s (%sreference %s)", request.path, failure, about, reference, extra=told)


def finished(request: Request, response: Response, render: Renderer) -> tuple[int, Headers, bytes]:
    """Return status, headers and body to send, and log a refusal, once."""
    if response.failure is not None:
        _log_refusal(request, response, response.failure)
    if isinstance(response.body, bytes):
        body, headers = response.body, response.headers
    else:
        content_type, body = render(response.body)
        headers = (*response.headers, ("content-type", content_type))
    return response.status, (*headers, ("content-length", str(len(body)))), body
