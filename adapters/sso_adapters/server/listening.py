"""Accepting connections, and ending them in an orderly way."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskGroup

from sso_adapters.server.connection import Connection, Handle, address_of
from sso_adapters.server.limits import Limits

logger = logging.getLogger("sso_adapters.server")

BACKLOG = 128
"""Connections that the system keeps until they are accepted."""

PAUSE = 0.1
"""Seconds without accepting, once the system has no socket to give."""


class Listening:
    """A bound port and the connections made to it."""

    def __init__(self, listeners: Sequence[SocketListener], handle: Handle, limits: Limits) -> None:
        self.address = address_of(listeners[0], SocketAttribute.local_address)
        self._listeners = listeners
        self._handle = handle
        self._limits = limits
        self._connections: set[Connection] = set()
        self._accepting = anyio.CancelScope()
        self._closing = False
        self._empty = anyio.Event()
        self.grace = 10.0

    async def serve(self, stop: anyio.Event | None) -> None:
        """Serve until `stop` is set or the caller cancelled; requests in flight then have `grace` seconds."""
        async with anyio.create_task_group() as connections:
            connections.start_soon(self._accept, connections)
            try:
                await (stop.wait() if stop is not None else anyio.sleep_forever())
            finally:
                with anyio.CancelScope(shield=True):
                    await self._end()

    async def close(self) -> None:
        """Give the port back."""
        for listener in self._listeners:
            await listener.aclose()

    async def _end(self) -> None:
        self._closing = True
        self._accepting.cancel()
        await self.close()
        for connection in self._connections:
            connection.retire()
        if self._connections:
            with anyio.move_on_after(self.grace):
                await self._empty.wait()
        for connection in self._connections:
            connection.abort()

    async def _accept(self, connections: TaskGroup) -> None:
        with self._accepting:
            async with anyio.create_task_group() as tasks:
                for listener in self._listeners:
                    tasks.start_soon(self._accept_from, listener, connections)

    async def _accept_from(self, listener: SocketListener, connections: TaskGroup) -> None:
        while True:
            try:
                stream = await listener.accept()
            except anyio.ClosedResourceError:
                return
            except OSError:  # out of file descriptors, or the client has left already
                logger.exception("a connection could not be accepted")
                await anyio.sleep(PAUSE)
            else:
                connections.start_soon(self._connect, stream)

    async def _connect(self, stream: SocketStream) -> None:
        connection = Connection(stream, self._handle, self._limits)
        if self._closing or len(self._connections) >= self._limits.connections:
            await connection.turn_away()
            return
        self._connections.add(connection)
        try:
            await connection.serve()
        except Exception:
            logger.exception("a connection broke the server's own rules")
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._closing and not self._connections:
            self._empty.set()


@asynccontextmanager
async def listen(handle: Handle, *, host: str, port: int, limits: Limits) -> AsyncIterator[Listening]:
    """Bind an IPv4 port, with SO_REUSEADDR, and give it back at the end. Raises OSError."""
    bound = await anyio.create_tcp_listener(
        local_host=host, local_port=port, family=socket.AddressFamily.AF_INET, backlog=BACKLOG
    )
    listeners = [one for one in bound.listeners if isinstance(one, SocketListener)]
    try:
        yield Listening(listeners, handle, limits)
    finally:
        with anyio.CancelScope(shield=True):
            await bound.aclose()
