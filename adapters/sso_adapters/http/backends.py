"""Connections that keep to the address rule and to a budget of time. Sync and async, the same line by line.

httpcore, the layer below httpx, asks a backend for connections and reads and writes through them. Here a name is
resolved by ourselves, each address is judged, and the connection goes to an address that passed; TLS and the `Host`
header keep the name. httpcore's own time-outs are ignored: the budget of the request knows better.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Any, cast

import httpcore

from sso_adapters.http.addresses import Address, AddressRule, in_turn
from sso_adapters.http.deadlines import BUDGET, Budget
from sso_adapters.http.names import AsyncNames, Names

PIECE = 16384
"""Bytes written at once. Each piece has what is left of the time, however slowly the peer takes it."""


def permitted(rule: AddressRule, host: str, addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Return the addresses to try; raises httpcore.ConnectError where the rule leaves none."""
    refusals = []
    passed = []
    for address in addresses:
        why = rule.refuses_address(host, address)
        if why is None:
            passed.append(address)
        else:
            refusals.append(why)
    if not passed:
        raise httpcore.ConnectError(refusals[0] if refusals else f"{host} has no address")
    return in_turn(passed)


def time_to_connect(budget: Budget, attempts: int = 1) -> float:
    """Return the time for one of so many attempts; raises httpcore.ConnectTimeout where none is left."""
    left = budget.left_to_connect()
    if left <= 0:
        raise httpcore.ConnectTimeout
    return left / attempts


def time_to_read() -> float:
    """Return the time for a read; raises httpcore.ReadTimeout where none is left."""
    left = BUDGET.get().left()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def time_to_write() -> float:
    """Return the time for a write, and note that bytes are leaving; raises httpcore.WriteTimeout where none is left."""
    budget = BUDGET.get()
    left = budget.left()
    if left <= 0:
        raise httpcore.WriteTimeout
    budget.sent = True
    return left


def pieces(buffer: bytes) -> Iterator[bytes]:
    """Cut what is to be written."""
    return (buffer[start : start + PIECE] for start in range(0, len(buffer), PIECE))


class Stream(httpcore.NetworkStream):
    """A connection whose reads and writes take no longer than the request that they serve."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes."""
        del timeout
        return self._inner.read(max_bytes, time_to_read())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes."""
        del timeout
        for piece in pieces(buffer):
            self._inner.write(piece, time_to_write())

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands, within what is left of the time to connect."""
        del timeout
        return Stream(self._inner.start_tls(ssl_context, server_hostname, time_to_connect(BUDGET.get())))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- as httpcore has it
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Makes connections for synchronous code."""

    def __init__(self, rule: AddressRule, names: Names) -> None:
        self._rule = rule
        self._names = names
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first permitted address that answers."""
        del timeout
        budget = BUDGET.get()
        budget.start_connecting()
        try:
            found = self._names.addresses(host, port, within=time_to_connect(budget))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address: {error}") from None
        addresses = permitted(self._rule, host, found)
        for place, address in enumerate(addresses, 1):
            try:
                within = time_to_connect(budget, len(addresses) - place + 1)
                return Stream(self._inner.connect_tcp(str(address), port, within, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise AssertionError  # pragma: no cover -- there is a last address, and it returns or raises


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connection whose reads and writes take no longer than the request that they serve."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- httpcore's
        """Read some bytes."""
        del timeout
        return await self._inner.read(max_bytes, time_to_read())

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- httpcore's
        """Write all bytes."""
        del timeout
        for piece in pieces(buffer):
            await self._inner.write(piece, time_to_write())

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands, within what is left of the time to connect."""
        del timeout
        return AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, time_to_connect(BUDGET.get())))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- as httpcore has it
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Makes connections under asyncio and trio."""

    def __init__(self, rule: AddressRule, names: AsyncNames) -> None:
        self._rule = rule
        self._names = names
        # cast: to a checker it might be the stand-in that httpcore has where anyio is missing
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address that answers."""
        del timeout
        budget = BUDGET.get()
        budget.start_connecting()
        try:
            found = await self._names.addresses(host, port, within=time_to_connect(budget))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address: {error}") from None
        addresses = permitted(self._rule, host, found)
        for place, address in enumerate(addresses, 1):
            try:
                within = time_to_connect(budget, len(addresses) - place + 1)
                inner = await self._inner.connect_tcp(str(address), port, within, local_address, socket_options)
                return AsyncStream(inner)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise AssertionError  # pragma: no cover -- there is a last address, and it returns or raises
