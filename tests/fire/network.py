"""What lies between a service and a server that it asks: it passes everything on, slowly or not at all if told so.

It remembers what it passed on, both ways: what the service really sent, whatever the service believes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import attrs

_PIECE = 65536


@attrs.define
class Conversation:
    """One connection: what each side said so far."""

    asked: bytearray = attrs.field(factory=bytearray)
    answered: bytearray = attrs.field(factory=bytearray)


class Network:
    """Listens at a port of its own and connects to `target`: a port, or the path of a unix socket."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._held = held_port()
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._ended = Event()
        self.delay = 0.0
        """Seconds that each piece waits before it is passed on."""
        self.conversations: list[Conversation] = []

    @property
    def port(self) -> int:
        """Where it listens, unless it refuses."""
        return port_of(self._held)

    def open(self) -> None:
        """Let connections through."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._start(self._listen, self._listener)

    def refuse(self) -> None:
        """End all connections, and have new ones refused by the system."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def close(self) -> None:
        """End everything."""
        self._ended.set()
        self.refuse()
        self._held.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *arguments: object) -> None:
        thread = Thread(target=work, args=arguments)  # type: ignore[arg-type] # one of the methods below
        self._threads.append(thread)
        thread.start()

    def _listen(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._start(self._relay, client)

    def _relay(self, client: socket.socket) -> None:
        conversation = Conversation()
        with suppress(OSError), client, self._connected() as server:
            self.conversations.append(conversation)
            self._ends += [client, server]
            answers = Thread(target=self._pass_on, args=(server, client, conversation.answered))
            answers.start()
            self._pass_on(client, server, conversation.asked)
            answers.join()

    def _connected(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._target))
        except OSError:
            server.close()
            raise
        return server

    def _pass_on(self, source: socket.socket, sink: socket.socket, said: bytearray) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                said += piece
                if self.delay and self._ended.wait(self.delay):
                    break
                sink.sendall(piece)
        # Whoever says no more is done with the conversation: none of the protocols here ends by halves.
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def held_port() -> socket.socket:
    """Return a socket that keeps a port from being given to anybody, and from answering, until somebody listens there.

    Whoever listens has to do so with SO_REUSEADDR.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def port_of(held: socket.socket) -> int:
    """Return the port of a socket."""
    port: int = held.getsockname()[1]
    return port


@contextmanager
def network(target: int | Path) -> Iterator[Network]:
    """Open a network for as long as the context lasts."""
    opened = Network(target)
    opened.open()
    try:
        yield opened
    finally:
        opened.close()
