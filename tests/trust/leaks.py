"""Looks for what may never get out: secrets in logs, pages and reprs, and line breaks in headers and log lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sso_adapters.observe.logs import in_words
from sso_adapters.pages import Pages
from sso_core.web.messages import Response
from sso_core.web.pages import LeavingPage

if TYPE_CHECKING:
    from trust.scene import Scene

PAGES = Pages()
LAST = 2000
"""As much of a scene as is looked at: some play a thousand logins."""
_WORD = re.compile(r"[A-Za-z0-9_-]{20,}")
"""What a random secret looks like; none is a word of ours."""


def leaks(scene: Scene) -> list[str]:
    """Return the texts of a scene that hold a secret: of a provider, of a browser, of a login or a session."""
    words = set(_secret_words(scene))
    phrases = [client.client_secret.reveal() for op in scene.ops for client in op.state.clients if client.client_secret]
    return [
        text
        for text in dict.fromkeys(_texts(scene))
        if not words.isdisjoint(_words(text)) or any(phrase in text for phrase in phrases)
    ]


def breaks(scene: Scene) -> list[str]:
    """Return the headers that are more than one line of ASCII, and the log lines that are more than one line."""
    return [
        text
        for response in scene.responses
        for text, plain in (
            *((f"{name}: {value}", name.isascii() and value.isascii()) for name, value in response.headers),
            *((line, True) for line in _log_lines(response)),
        )
        if not (plain and text.isprintable())
    ]


def _texts(scene: Scene) -> Iterator[str]:
    yield from map(repr, scene.asked[-LAST:])
    yield from map(repr, scene.told[-LAST:])
    for response in scene.responses[-LAST:]:
        yield repr(response)
        yield response.header("refresh") if not isinstance(response.body, LeavingPage) else ""
        yield from _log_lines(response)
        if not isinstance(response.body, bytes | LeavingPage):
            yield PAGES(response.body)[1].decode()
        elif response.failure is not None:
            yield repr(response.body)


def _log_lines(response: Response) -> Iterator[str]:
    yield from (in_words(event.fields()) for event in response.audit)
    if response.failure is not None:
        yield f"{response.failure} {response.reference}"


def _secret_words(scene: Scene) -> Iterator[str]:
    for op in scene.ops:
        for grant in op.state.grants[-LAST:]:
            yield from (grant.code, grant.access_token or "")
        for request in op.state.requests[-LAST:]:
            yield from _words((request.body or b"").decode())
            yield from (word for name, value in request.headers if name == "authorization" for word in _words(value))
    for response in scene.responses[-LAST:]:
        yield from _given_to_browsers(response)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _given_to_browsers(response: Response) -> Iterator[str]:
    for name, value in response.headers:
        if name == "set-cookie" and "trail" not in value.partition("=")[0]:
            yield from _words(value.partition(";")[0].partition("=")[2])
        if name == "location":
            query = parse_qs(urlsplit(value).query)
            for parameter in ("state", "nonce", "code", "code_challenge"):
                yield from query.get(parameter, ())
    if isinstance(response.body, bytes) and response.header("content-type") == "application/json":
        told = json.loads(response.body)
        yield from (word for name in ("poll_secret", "key") if name in told for word in _words(told[name]))
