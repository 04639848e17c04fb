"""How long a request may take as a whole, and what is left of that.

HTTP clients count the silence between two pieces of an answer, and a server that sends one byte a second is never
silent. Here each request has a budget of time from its beginning to its last byte, and whoever reads, writes or
connects on its behalf asks the budget how long it may.

The budget travels in a context variable: between the sender and the network lies a connection pool that passes on
nothing of ours, but does all of a request's work in the thread or task of whoever asked.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic

import attrs


@attrs.frozen
class Deadlines:
    """Seconds: `connect` for name, connection and TLS together, `total` for the whole request."""

    connect: float = attrs.field(default=2.0, validator=attrs.validators.gt(0))
    total: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))


@attrs.define
class Budget:
    """What one request may still use, and whether any of it may have left this machine."""

    deadlines: Deadlines
    limit: int
    ends_at: float
    connected_by: float = 0.0
    sent: bool = False
    overrun: bool = False

    @classmethod
    def begin(cls, deadlines: Deadlines, limit: int) -> Budget:
        """Start counting time, for an answer of at most `limit` bytes."""
        return cls(deadlines, limit, monotonic() + deadlines.total)

    def count(self, size: int) -> None:
        """Take note of the size of the answer so far.

        Beyond the limit all time is used up, so that the next read fails: the reading ends from within, through
        every layer. Merely to turn away from an unfinished asynchronous generator would leave it to the collector.
        """
        if size > self.limit:
            self.overrun = True
            self.ends_at = float("-inf")

    def left(self) -> float:
        """Return the seconds that are left; none or less when the request is over."""
        return self.ends_at - monotonic()

    def start_connecting(self) -> None:
        """Start counting towards the deadline of a connection; waiting in the pool was before that."""
        self.connected_by = min(self.ends_at, monotonic() + self.deadlines.connect)

    def left_to_connect(self) -> float:
        """Return the seconds that are left for the connection; none or less when they are used up."""
        return self.connected_by - monotonic()


BUDGET: ContextVar[Budget] = ContextVar("sso_adapters_http_budget")
"""The budget of the request that this thread or task works for."""
