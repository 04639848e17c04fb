"""The provider on a socket of this machine. It counts requests and connections, and takes its time for each answer.

The time that it takes stands for the network's: requests that overlap are parallel, the others wait for each other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import parse_qs

from benchmarks.fixture import Provider

LATENCY = 0.02
"""Seconds that an answer takes."""
CONNECTION = 2
"""Round trips of a new connection with TLS 1.3: one for TCP, one for the handshake."""


class Seen(NamedTuple):
    """One request as the provider saw it; `first` says that its connection was new."""

    path: str
    began: float
    ended: float
    first: bool


class Loopback:
    """The requests seen so far, and the answers to give."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answers: dict[str, bytes] = {}
        """Token answers by code."""
        self.documents: dict[str, bytes] = {}
        self.provider: Provider

    def visit(self, location: str) -> str:
        """Play the visit of a person; return the query that the browser brings back."""
        code, query = self.provider.visit(location)
        self.answers[code] = self.provider.answers.pop()
        return query

    def take(self) -> list[Seen]:
        """Return what was seen since the last call."""
        taken, self.seen = self.seen, []
        return sorted(taken, key=lambda request: request.began)


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Serve a provider on a free port."""
    state = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        fresh = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name
            """Say nothing."""

        def do_GET(self) -> None:
            self._answer(time.perf_counter(), state.documents[self.path])

        def do_POST(self) -> None:
            began = time.perf_counter()
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._answer(began, state.answers.pop(form["code"][0]))

        def _answer(self, began: float, body: bytes) -> None:
            time.sleep(LATENCY)
            state.seen.append(Seen(self.path, began, time.perf_counter(), self.fresh))
            self.fresh = False
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # the default of 5 resets some of a crowd that connects at once

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.provider = Provider("ES256", f"http://127.0.0.1:{server.server_address[1]}")
    state.documents = {
        "/.well-known/openid-configuration": json.dumps(state.provider.metadata).encode(),
        "/jwks": json.dumps(state.provider.jwks).encode(),
        "/userinfo": state.provider.userinfo,
    }
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def depth(seen: list[Seen]) -> int:
    """Return the round trips that had to wait for each other: the longest chain of requests, connections included."""
    trips, ends = 0, float("-inf")
    for request in seen:
        if request.began >= ends:
            trips += 1 + CONNECTION * request.first
            ends = request.ended
        else:
            ends = max(ends, request.ended)
    return trips
