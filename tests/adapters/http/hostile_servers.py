"""Small servers on the loopback interface that misbehave as told, each connection in a thread of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import attrs


@attrs.define(eq=False)
class Server:
    """What a test sees of a running server."""

    port: int
    stopped: Event = attrs.field(factory=Event)
    requests: list[bytes] = attrs.field(factory=list)
    connections: int = 0
    server_names: list[str | None] = attrs.field(factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Misbehave = Callable[[socket.socket, Server], None]


def read_request(connection: socket.socket, server: Server) -> bytes:
    """Read one request with its body and note it; nothing when the client has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    server.requests.append(head + b"\r\n\r\n" + body)
    return server.requests[-1]


def answering(*answers: bytes) -> Misbehave:
    """Answer one request after the other on a connection, then close it."""

    def misbehave(connection: socket.socket, server: Server) -> None:
        for answer in answers:
            if read_request(connection, server):
                connection.sendall(answer)

    return misbehave


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Misbehave:
    """Answer with a head, and then the same piece again and again."""

    def misbehave(connection: socket.socket, server: Server) -> None:
        read_request(connection, server)
        connection.sendall(head)
        while not server.stopped.wait(pause):
            connection.sendall(piece)

    return misbehave


def silent(connection: socket.socket, server: Server) -> None:
    """Read nothing and say nothing."""
    server.stopped.wait()


def resetting(connection: socket.socket, server: Server) -> None:
    """Read the request and reset the connection."""
    read_request(connection, server)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def serving(misbehave: Misbehave, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server for the length of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])
    threads: list[Thread] = []

    def serve(connection: socket.socket) -> None:
        # The client leaves in the middle, most of the time: that is what the tests are about.
        with connection, suppress(OSError):
            if tls is None:
                misbehave(connection, server)
            else:
                with tls.wrap_socket(connection, server_side=True) as secured:
                    misbehave(secured, server)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if server.stopped.is_set():
                    connection.close()
                    return
                server.connections += 1
                connection.settimeout(10)
                threads.append(Thread(target=serve, args=(connection,)))
                threads[-1].start()

    acceptor = Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        server.stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port)).close()
        acceptor.join()
        listener.close()
        for thread in threads:
            thread.join()
