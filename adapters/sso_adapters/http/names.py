"""From a host to its addresses, within bounds: the resolver of the system has no deadline of its own.

A lookup that hangs keeps its thread until the system gives up. So lookups have threads of their own, few of them for
each host: a broken resolver then delays logins, a broken zone those at its own provider, and nothing else in the
process.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from ipaddress import ip_address
from threading import BoundedSemaphore, Thread

import anyio.to_thread

from sso_adapters.http.addresses import Address

Resolver = Callable[[str, int], Iterable[str]]
"""Takes host and port, returns addresses as text, raises OSError or UnicodeError. It may block."""

MOST_LOOKUPS = 8
"""How many lookups of one host may be under way, or hang, at once."""


def system_resolver(host: str, port: int) -> Iterable[str]:
    """Ask the operating system."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def literal(host: str) -> Address | None:
    """Return the address that the host is, if it is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None


class Names:
    """Looks names up, each lookup in a thread of its own."""

    def __init__(self, resolver: Resolver = system_resolver) -> None:
        self._resolver = resolver
        self._free: dict[str, BoundedSemaphore] = {}

    def addresses(self, host: str, port: int, *, within: float) -> list[Address]:
        """Return the addresses of the host, in the resolver's order.

        Raises TimeoutError after `within` seconds, OSError or UnicodeError where the name has no address.
        """
        if (address := literal(host)) is not None:
            return [address]
        free = self._free.setdefault(host, BoundedSemaphore(MOST_LOOKUPS))
        if not free.acquire(timeout=max(0.0, within)):
            raise TimeoutError
        answer: Future[list[Address]] = Future()
        Thread(target=self._look_up, args=(host, port, answer, free), name=f"look up {host}", daemon=True).start()
        return answer.result(timeout=within)

    def _look_up(self, host: str, port: int, answer: Future[list[Address]], free: BoundedSemaphore) -> None:
        try:
            answer.set_result([ip_address(found) for found in self._resolver(host, port)])
        except Exception as error:  # noqa: BLE001 -- it is raised again in the thread that asked
            answer.set_exception(error)
        finally:
            free.release()


class AsyncNames:
    """Looks names up, each lookup in a thread, under asyncio and trio.

    Asyncio's limiter forgets a thread that was given up though it still hangs, so the threads are counted as well.
    """

    def __init__(self, resolver: Resolver = system_resolver) -> None:
        self._resolver = resolver
        self._free: dict[str, BoundedSemaphore] = {}
        self._limiters: dict[str, anyio.CapacityLimiter] = {}

    async def addresses(self, host: str, port: int, *, within: float) -> list[Address]:
        """Return the addresses of the host, in the resolver's order.

        Raises TimeoutError after `within` seconds, OSError or UnicodeError where the name has no address.
        """
        if (address := literal(host)) is not None:
            return [address]
        limiter = self._limiters.get(host) or self._limiters.setdefault(host, anyio.CapacityLimiter(MOST_LOOKUPS))
        with anyio.fail_after(within):
            return await anyio.to_thread.run_sync(self._look_up, host, port, abandon_on_cancel=True, limiter=limiter)

    def _look_up(self, host: str, port: int) -> list[Address]:
        free = self._free.setdefault(host, BoundedSemaphore(MOST_LOOKUPS))
        if not free.acquire(blocking=False):
            raise TimeoutError
        try:
            return [ip_address(found) for found in self._resolver(host, port)]
        finally:
            free.release()
