"""What one client may take of the server."""

from __future__ import annotations

import attrs
from attrs.validators import gt


def _positive(default: int) -> int:
    """Declare a field that has to be above zero, and what it is unless somebody says otherwise."""
    return attrs.field(default=default, validator=gt(0))


def _seconds(default: float) -> float:
    """Declare a duration that has to be above zero."""
    return attrs.field(default=default, validator=gt(0))


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds on sizes, waits and connections, each one of them finite.

    Raises ValueError when a bound is not above zero.
    """

    header_bytes: int = _positive(32 * 1024)
    """The request line and the headers together. More is answered 431."""

    body_bytes: int = _positive(1024 * 1024)
    """A request's body, declared or streamed. More is answered 413: a callback with a form is a few kilobytes."""

    header_seconds: float = _seconds(10.0)
    """From the first byte of a request to the end of its headers, and from connecting to that first byte."""

    body_seconds: float = _seconds(30.0)
    """All waiting for the pieces of one body together, so that a trickle does not last for ever. More is 408."""

    idle_seconds: float = _seconds(30.0)
    """Between two requests of one connection."""

    write_seconds: float = _seconds(30.0)
    """For a client to take one piece of a response."""

    linger_seconds: float = _seconds(2.0)
    """For a client to read a refusal while it is still sending: closing at once would take the answer back."""

    connections: int = _positive(512)
    """Connections at one time. One more is answered 503."""
