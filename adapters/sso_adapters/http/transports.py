"""What lies between an httpx client and the network: httpcore's pools of connections, over our backends.

Of the headers of an answer only those pass that somebody uses. A cookie of the provider never reaches a cookie jar.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from pathlib import Path

import certifi
import httpcore
import httpx

from sso_adapters.http.backends import AsyncBackend, Backend

USEFUL = frozenset(
    {b"cache-control", b"content-type", b"date", b"dpop-nonce", b"location", b"retry-after", b"www-authenticate"}
)
"""The headers that an `HttpResponse` may carry."""
_FRAMING = frozenset({b"content-length", b"content-encoding"})

IDLE_CONNECTIONS = 20
"""To one host."""
IDLE_SECONDS = 120.0
"""How long a connection waits for the next login; the pool notices when the provider closes it earlier."""


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the context for all connections: certificates and names are checked, TLS 1.2 at least (RFC 9325 3.1.1).

    It trusts the roots of the system and of certifi, and those in `ca_file` (PEM) where an organisation has its own.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def useful(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers that pass, their names in lower case."""
    lowered = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lowered if name in USEFUL or name in _FRAMING]


class Whole:
    """The body of a request in one piece, for a loop of either kind.

    It is no generator: where a write fails, an asynchronous generator would stay behind unfinished.
    """

    def __init__(self, content: bytes) -> None:
        self._rest = iter((content,) if content else ())

    def __iter__(self) -> Iterator[bytes]:
        return self._rest

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for content in self._rest:
            return content
        raise StopAsyncIteration


def core_request(request: httpx.Request) -> httpcore.Request:
    """Translate a request, whose body is in memory, for httpcore."""
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=Whole(request.content),
        extensions=request.extensions,
    )


class Body(httpx.SyncByteStream):
    """The body of an answer, as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        """Give the connection back to the pool, or close it where the body is not over."""
        self._response.close()


Origin = tuple[bytes, bytes, int | None]
"""Scheme, host and port."""


def origin_of(request: httpx.Request) -> Origin:
    """Return what has a pool of connections of its own: a host that hangs keeps those of no other busy."""
    url = request.url
    return url.raw_scheme, url.raw_host, url.port


class Transport(httpx.BaseTransport):
    """Sends the requests of a client. What goes wrong is raised as httpcore raises it.

    `connections` bounds those to one host; the hosts are few, since only providers name them.
    """

    def __init__(self, backend: Backend, context: ssl.SSLContext, connections: int) -> None:
        self._pools: dict[Origin, httpcore.ConnectionPool] = {}
        self._open = partial(
            httpcore.ConnectionPool,
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of the answer."""
        origin = origin_of(request)
        # Of two threads that come first at once one pool stays; the other has opened nothing.
        pool = self._pools.get(origin) or self._pools.setdefault(origin, self._open())
        response = pool.handle_request(core_request(request))
        return httpx.Response(response.status, headers=useful(response.headers), stream=Body(response))

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()


class AsyncBody(httpx.AsyncByteStream):
    """The body of an answer, as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        """Give the connection back to the pool, or close it where the body is not over."""
        await self._response.aclose()


class AsyncTransport(httpx.AsyncBaseTransport):
    """Sends the requests of a client. What goes wrong is raised as httpcore raises it.

    `connections` bounds those to one host; the hosts are few, since only providers name them.
    """

    def __init__(self, backend: AsyncBackend, context: ssl.SSLContext, connections: int) -> None:
        self._pools: dict[Origin, httpcore.AsyncConnectionPool] = {}
        self._open = partial(
            httpcore.AsyncConnectionPool,
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of the answer."""
        origin = origin_of(request)
        pool = self._pools.get(origin) or self._pools.setdefault(origin, self._open())
        response = await pool.handle_async_request(core_request(request))
        return httpx.Response(response.status, headers=useful(response.headers), stream=AsyncBody(response))

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()
