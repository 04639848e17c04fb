"""WSGI (PEP 3333): an exchange as an environ, and the application on a worker thread.

The body is read to its end first, so that no thread waits for a slow client to send; it is at most `body_bytes` long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import closing, nullcontext
from io import BytesIO
from types import TracebackType
from typing import Any, Protocol, cast
from wsgiref.types import WSGIApplication

import anyio
from anyio import from_thread, to_thread

from sso_adapters.server.connection import Handle, Peers
from sso_adapters.server.exchange import ApplicationError, Exchange

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class _Closable(Protocol):
    def close(self) -> object: ...


def wsgi(app: WSGIApplication, workers: anyio.CapacityLimiter) -> Handle:
    """Return what calls a WSGI application on one of so many threads.

    A thread cannot be cancelled: one that outlasts the server's grace is left to end by itself, unheard.
    """

    async def handle(exchange: Exchange, peers: Peers) -> None:
        body = bytearray()
        while piece := await exchange.read():
            body += piece
        environ = environ_of(exchange, peers, bytes(body))
        response = _Response(exchange)
        await to_thread.run_sync(response.run, app, environ, abandon_on_cancel=True, limiter=workers)

    return handle


def environ_of(exchange: Exchange, peers: Peers, body: bytes) -> dict[str, Any]:
    """Return the environ of a request.

    A header whose name has an underscore is left out: in an environ it would pass for the one with a hyphen, which a
    proxy in front may have set or removed.
    """
    request, target = exchange.request, exchange.target
    assert target is not None, "a request without a path is refused before"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method.decode().upper(),
        "SCRIPT_NAME": "",
        "PATH_INFO": target.path.decode("latin-1"),
        "QUERY_STRING": target.query.decode("latin-1"),
        "SERVER_NAME": peers.server[0],
        "SERVER_PORT": str(peers.server[1]),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode()}",
        "REMOTE_ADDR": peers.client[0],
        "REMOTE_PORT": str(peers.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if b"_" in name or name in {b"content-length", b"transfer-encoding"}:
            continue
        key, text = name.decode().upper().replace("-", "_"), value.decode("latin-1")
        if key != "CONTENT_TYPE":
            key = f"HTTP_{key}"
        joint = "; " if name == b"cookie" else ","
        environ[key] = f"{environ[key]}{joint}{text}" if key in environ else text
    if body or any(name == b"content-length" for name, _ in request.headers):
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


class _Response:
    """What a WSGI application says, carried from its thread to the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._head: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._sent = False

    def run(self, app: WSGIApplication, environ: dict[str, Any]) -> None:
        """Call the application and pass its pieces on, until there are no more or the client has left."""
        pieces = app(environ, self._start)
        with closing(cast("_Closable", pieces)) if hasattr(pieces, "close") else nullcontext():
            self._send(pieces)

    def _send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if piece:
                self._write(piece)
            if self._exchange.gone:
                return
        self._send_head()
        from_thread.run(self._exchange.finish)

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """Keep the head until there is a body; an application with an `exc_info` may change its mind until then."""
        try:
            if exc_info is not None and exc_info[1] is not None and self._sent:
                raise exc_info[1]
            if exc_info is None and self._head is not None:
                raise ApplicationError("start_response is called twice, the second time without exc_info")
        finally:
            exc_info = None  # it refers to this frame, through its traceback
        code = status.partition(" ")[0]
        if not (code.isascii() and code.isdigit()):
            raise ApplicationError("the status does not begin with a number")
        self._head = int(code), [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self._write

    def _write(self, data: bytes) -> None:
        self._send_head()
        from_thread.run(self._exchange.write, data)

    def _send_head(self) -> None:
        if self._head is None:
            raise ApplicationError("start_response was not called before the body")
        if not self._sent:
            self._sent = True
            from_thread.run(self._exchange.start, *self._head)
