"""The longest time that one login holds the event loop: nobody else is served meanwhile.

A section is what the loop runs in one go, from one callback to the next. CPU time of the loop's thread is counted, over
real sockets; the provider answers from threads of its own. Each contestant is warm.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import thread_time_ns
from typing import NamedTuple
from unittest.mock import patch

from benchmarks.loopback import Loopback, loopback
from benchmarks.measure import spread
from benchmarks.roundtrips import AuthlibWalker, Core, FastapiSsoWalker, FloorWalker, Walker

LOGINS = 20
"""Of each contestant, after one that warms it up. The provider takes its time for each answer."""


class Longest(NamedTuple):
    """The longest section of each step, in microseconds; one value a login."""

    begin: list[float]
    finish: list[float]


class Clock:
    """The longest section since it was last asked."""

    _longest = 0

    def ran(self, nanoseconds: int) -> None:
        """Count a section."""
        self._longest = max(self._longest, nanoseconds)

    def take(self) -> float:
        """Return the longest one, in microseconds."""
        taken, self._longest = self._longest, 0
        return taken / 1000


def measure_sections() -> dict[str, Longest]:
    """Let everybody log in, interleaved."""
    with loopback() as provider, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issuer = provider.provider.issuer
        context = ssl.create_default_context()
        walkers: dict[str, Callable[[], Walker]] = {
            "floor over httpx": lambda: FloorWalker(provider.provider),
            "core, whole visit": lambda: Core(issuer),
            "Authlib, one SSL context for all": lambda: AuthlibWalker(issuer, context),
            "Authlib, as shipped": lambda: AuthlibWalker(issuer),
            "fastapi-sso, as shipped": lambda: FastapiSsoWalker(provider.provider),
        }
        return asyncio.run(_walk({name: make() for name, make in walkers.items()}, provider))


async def _walk(walkers: dict[str, Walker], provider: Loopback) -> dict[str, Longest]:
    longest = {name: Longest([], []) for name in walkers}
    with _timed() as clock:
        for walker in walkers.values():
            await _login(walker, provider, clock)
        for _ in range(LOGINS):
            for name, walker in walkers.items():
                begin, finish = await _login(walker, provider, clock)
                longest[name].begin.append(begin)
                longest[name].finish.append(finish)
    return longest


async def _login(walker: Walker, provider: Loopback, clock: Clock) -> tuple[float, float]:
    """Log in, each step in a task of its own, so that a section is the step's and nobody else's."""
    clock.take()
    location, browser = await asyncio.create_task(walker.begin())
    begin = clock.take()
    await walker.meanwhile()
    query = provider.visit(location)
    await asyncio.sleep(0)  # the visit was a section of this task
    clock.take()
    await asyncio.create_task(walker.finish(query, browser))
    return begin, clock.take()


@contextmanager
def _timed() -> Iterator[Clock]:
    clock = Clock()
    run = asyncio.Handle._run  # noqa: SLF001 -- the one place through which the loop runs whatever it runs

    def timed(handle: asyncio.Handle) -> None:
        began = thread_time_ns()
        run(handle)
        clock.ran(thread_time_ns() - began)

    with patch.object(asyncio.Handle, "_run", timed):
        yield clock


def rows_of(longest: dict[str, Longest]) -> list[tuple[str, str, str, str]]:
    """Return the rows of a table."""
    return [
        (name, "", f"{spread(one.begin).middle:.0f}", f"{spread(one.finish).middle:.0f}")
        for name, one in longest.items()
    ]
