"""An application with two interfaces, the servers that serve it, and clients that speak in bytes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse

import anyio
import attrs
from anyio import to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from sso_adapters.server import Limits, ThreadedServer, serve_asgi
from sso_adapters.server.asgi import ASGIApplication, Receive, Scope, Send

PATIENCE = 10.0
"""Seconds for a thing that happens at once, unless the code is wrong."""


class Application:
    """The same application through both interfaces."""

    def __init__(self) -> None:
        self.held = threading.Barrier(2, timeout=PATIENCE)
        self.release = threading.Event()
        self.gone = threading.Event()
        self.calls: list[str] = []
        self.seen: dict[str, Any] = {}

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await well_behaved_lifespan(receive, send)
            return
        self.seen = dict(scope)
        self.calls.append(scope["path"])
        if scope["path"] == "/unread":
            await answer(send, b"not read")
            return
        body, message = b"", await receive()
        while message["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
            message = await receive()
        else:
            self.gone.set()
            return
        match scope["path"]:
            case "/hold":
                await to_thread.run_sync(self.hold)
            case "/boom":
                raise ValueError("boom")
            case "/late-boom":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"begun", "more_body": True})
                raise ValueError("late boom")
            case "/split":
                await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nb: c")]})
        text = json.dumps([scope["method"], scope["path"], scope["query_string"].decode(), body.decode()])
        await answer(send, text.encode())

    def wsgi(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        self.seen = environ
        path = environ["PATH_INFO"].encode("latin-1").decode()
        self.calls.append(path)
        match path:
            case "/hold":
                self.hold()
            case "/boom":
                raise ValueError("boom")
            case "/late-boom":
                return self.late_boom(start)
            case "/split":
                start("200 OK", [("x", "a\r\nb: c")])
                return [b""]
            case "/unread":
                start("200 OK", [])
                return [b"not read"]
        body = environ["wsgi.input"].read().decode()
        text = json.dumps([environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], body]).encode()
        start("200 OK", [("Content-Length", str(len(text)))])
        return [text]

    def late_boom(self, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"begun"
        raise ValueError("late boom")

    def hold(self) -> None:
        self.held.wait()
        assert self.release.wait(PATIENCE)


async def well_behaved_lifespan(receive: Receive, send: Send) -> None:
    for name in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{name}"
        await send({"type": f"lifespan.{name}.complete"})


async def answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@attrs.frozen
class Served:
    address: tuple[str, int]
    close: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}"

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE)

    def converse(self, *pieces: bytes) -> bytes:
        """Send pieces and return everything until the server closes."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return until_closed(client)


def until_closed(client: socket.socket) -> bytes:
    said = b""
    while piece := client.recv(65536):
        said += piece
    return said


def until(client: socket.socket, end: bytes) -> bytes:
    said = b""
    while not said.endswith(end):
        piece = client.recv(1)
        assert piece, said
        said += piece
    return said


@contextmanager
def served_asgi(app: ASGIApplication, backend: str, limits: Limits, grace: float) -> Iterator[Served]:
    async def serve(*, task_status: TaskStatus[tuple[tuple[str, int], anyio.Event]]) -> None:
        stop = anyio.Event()

        def ready(address: tuple[str, int]) -> None:
            task_status.started((address, stop))

        await serve_asgi(app, host="127.0.0.1", port=0, on_ready=ready, stop=stop, grace=grace, limits=limits)

    with start_blocking_portal(backend) as portal:
        served, (address, stop) = portal.start_task(serve)

        def close() -> None:
            portal.call(stop.set)
            served.result(PATIENCE)

        yield Served(address, close)
        if not served.done():
            close()


@contextmanager
def served_wsgi(app: Application, limits: Limits, grace: float) -> Iterator[Served]:
    server = ThreadedServer(app.wsgi, host="127.0.0.1", port=0, limits=limits)
    address = server.start()
    try:
        yield Served(address, lambda: server.close(grace))
    finally:
        server.close(grace)


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", *headers, "", ""]).encode()


def run(backend: str, serving: Callable[[], Any]) -> None:
    anyio.run(serving, backend=backend)
