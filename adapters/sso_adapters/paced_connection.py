"""A connection to PostgreSQL that never waits beyond the end of the transaction which it serves.

The server's own limits hold while it runs. One that stands still keeps its connections open, and the system it runs on
acknowledges whatever is sent to it: only whoever waits can tell that nothing comes.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

SLACK = 1.0
"""Seconds beyond the end: a server that runs has said by then that the transaction took too long."""

RV = TypeVar("RV")


class PacedConnection(psycopg.Connection[TupleRow]):
    """Closes itself where a wait is over and the server has not answered; what was under way fails as if it had died.

    `ends_at` is a moment of the monotonic clock, and whoever begins a transaction sets it.
    """

    ends_at = float("inf")

    def wait(self, gen: PQGen[RV], *arguments: Any, **options: Any) -> RV:  # noqa: ANN401 -- the library's, passed on
        """Wait for an answer. Raises OperationalError where it is too late for one."""
        return super().wait(self._paced(gen), *arguments, **options)

    def _paced(self, gen: PQGen[RV]) -> PQGen[RV]:
        try:
            waits_for = next(gen)
            while True:
                # Sent several times a second, though nothing be there.
                ready = yield waits_for
                if monotonic() > self.ends_at + SLACK:
                    self.close()
                    raise psycopg.OperationalError("the server did not answer in time")
                waits_for = gen.send(ready)
        except StopIteration as ended:
            value: RV = ended.value
            return value
