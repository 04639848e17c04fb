"""A request and a response as values: what an adapter translates from and to its framework's own."""

from __future__ import annotations

import attrs

from sso_core.audit import AuditEvent
from sso_core.effects import Effect
from sso_core.events import Headers
from sso_core.failures import Failure
from sso_core.machine import Resting
from sso_core.web.pages import Page

BODY_LIMIT = 65536
"""Bytes of a request's body that an adapter reads at most; more is answered with 413."""


@attrs.frozen
class Request:
    """What came from the browser. Nothing of it but the method and the path shows in a repr.

    `path` is decoded and below the mount; `query` is as it came; header names are in lower case.
    `body` is None where it is larger than `BODY_LIMIT`.
    """

    method: str
    path: str
    query: str = attrs.field(default="", repr=False)
    headers: Headers = attrs.field(default=(), repr=False)
    body: bytes | None = attrs.field(default=b"", repr=False)
    peer: str = ""
    """The address that the connection comes from, by the transport and never by a header; empty where unknown."""

    def header(self, name: str) -> str:
        """Return the first header of this name (in lower case), or the empty text."""
        return next((value for key, value in self.headers if key == name), "")

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Return every header of this name, in order."""
        return tuple(value for key, value in self.headers if key == name)


@attrs.frozen
class Response:
    """What goes to the browser; a page is rendered by whoever sends it.

    `failure` is why somebody was refused, and `reference` what the page shows for people to quote.
    """

    status: int
    headers: Headers = attrs.field(default=(), repr=False)
    body: bytes | Page = attrs.field(default=b"", repr=False)
    failure: Failure | None = None
    reference: str = ""
    afterwards: tuple[Effect, ...] = ()
    audit: tuple[AuditEvent, ...] = ()
    """What the operator's log should say."""

    def header(self, name: str) -> str:
        """Return the first header of this name (in lower case), or the empty text."""
        return next((value for key, value in self.headers if key == name), "")


@attrs.frozen
class Answered(Resting):
    """The request needs no flow: this is the answer."""

    response: Response
