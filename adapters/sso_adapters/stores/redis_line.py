"""One connection to Redis or Valkey that never takes longer than the operation which it serves.

The client library counts the silence between two pieces, resolves names without a limit, and gives each address of a
name as long again. Here whoever connects, reads or writes asks what is left of the operation's time.
"""

from __future__ import annotations

import os
import socket
import ssl
from time import monotonic
from typing import Any

from redis.connection import Connection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TooLateError

from sso_adapters.http.addresses import in_turn
from sso_adapters.http.names import Names
from sso_adapters.stores.redis_address import Address


class Budget:
    """What is left of the time of the operation under way, in seconds."""

    def __init__(self) -> None:
        self.ends_at = 0.0

    def left(self) -> float:
        """Return the rest, which is more than nothing. Raises TimeoutError where it is not."""
        left = self.ends_at - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Line:
    """A connection, made when it is first used; one thread uses it at a time.

    Every failure is a RedisError. Commands are sent once, and after a failure the caller closes the line.
    """

    def __init__(self, address: Address, names: Names, context: ssl.SSLContext | None) -> None:
        self._budget = Budget()
        self._connection = _connection(address, names, context, self._budget)
        self._used_at = float("-inf")
        self._pid = os.getpid()

    def begin(self, ends_at: float, *, longest_idle: float) -> None:
        """Be ready to send until `ends_at`, on a new connection where the former is old or the server has left it."""
        self._budget.ends_at = ends_at
        if not self._is_alive(longest_idle):
            self.close()
            self._pid = os.getpid()
        self._connection.connect()

    def ask(self, *command: bytes | str | int) -> Any:  # noqa: ANN401 -- what the server likes
        """Send a command and return its answer. Raises ResponseError where the server answers with an error."""
        self._connection.send_command(*command, check_health=False)
        answer = self._connection.read_response()
        self._used_at = monotonic()
        return answer

    def close(self) -> None:
        """Close the connection; the next `begin` makes a new one."""
        self._connection.disconnect()
        self._used_at = float("-inf")

    def _is_alive(self, longest_idle: float) -> bool:
        """Tell it without asking the server. What can be read before a question is its farewell.

        A child process must not talk on its parent's connections.
        """
        if self._pid != os.getpid() or monotonic() - self._used_at > longest_idle:
            return False
        try:
            return not self._connection.can_read()
        except RedisError:
            return False


class PacedSocket:
    """A socket whose reads and writes end with the operation that they serve, however many there are."""

    def __init__(self, inner: socket.socket, budget: Budget) -> None:
        self._inner = inner
        self._budget = budget
        self._limit: float | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- all else is the socket's own
        return getattr(self._inner, name)

    def settimeout(self, limit: float | None) -> None:
        """Shorten the reads that follow: the library looks without waiting."""
        self._limit = limit

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read some bytes. Raises TimeoutError where the time is over."""
        self._pace()
        return self._inner.recv(size, flags)

    def recv_into(self, buffer: bytearray) -> int:
        """Read some bytes, as the library's compiled parser does. Raises TimeoutError where the time is over."""
        self._pace()
        return self._inner.recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        """Write all bytes. Raises TimeoutError where the time is over."""
        rest = memoryview(data)
        while rest:
            self._pace()
            rest = rest[self._inner.send(rest) :]

    def _pace(self) -> None:
        left = self._budget.left()
        self._inner.settimeout(left if self._limit is None else min(self._limit, left))


def _connection(address: Address, names: Names, context: ssl.SSLContext | None, budget: Budget) -> Any:  # noqa: ANN401 -- the library's methods have no types
    options: dict[str, Any] = {
        "db": address.db,
        "username": address.username,
        "password": None if address.password is None else address.password.reveal(),
        "protocol": 2,  # no greeting is needed for it
        "socket_timeout": None,  # the budget knows better
        "socket_connect_timeout": None,
    }
    if address.path:
        return _UnixConnection(budget, path=address.path, **options)  # type: ignore[abstract]  # no host: the library's
    return _TcpConnection(names, context, budget, host=address.host, port=address.port, **options)


class _TcpConnection(Connection):
    """Over TCP, and over TLS where there is a context for it."""

    def __init__(
        self,
        names: Names,
        context: ssl.SSLContext | None,
        budget: Budget,
        **options: Any,  # noqa: ANN401 -- the library's own
    ) -> None:
        self._names = names
        self._context = context
        self._budget = budget
        super().__init__(**options)  # type: ignore[no-untyped-call]  # the library's

    def _connect(self) -> Any:  # noqa: ANN401 -- a socket to the library
        dialled = _dial(self._names, self._budget, self.host, self.port)
        if self._context is None:
            return PacedSocket(dialled, self._budget)
        try:
            dialled.settimeout(self._budget.left())
            return PacedSocket(self._context.wrap_socket(dialled, server_hostname=self.host), self._budget)
        except BaseException:
            dialled.close()
            raise


class _UnixConnection(UnixDomainSocketConnection):
    def __init__(self, budget: Budget, **options: Any) -> None:  # noqa: ANN401 -- the library's own
        self._budget = budget
        super().__init__(**options)  # type: ignore[no-untyped-call]  # the library's

    def _connect(self) -> Any:  # noqa: ANN401 -- a socket to the library
        dialled = socket.socket(socket.AF_UNIX)
        try:
            dialled.settimeout(self._budget.left())
            dialled.connect(self.path)
        except TimeoutError:
            dialled.close()
            raise TooLateError from None  # the library would count the other one by the host, and there is none
        except BaseException:
            dialled.close()
            raise
        return PacedSocket(dialled, self._budget)


def _dial(names: Names, budget: Budget, host: str, port: int) -> socket.socket:
    """Connect to the first address of the host that answers; each has a fair part of the time that is left."""
    try:
        addresses = in_turn(names.addresses(host, port, within=budget.left()))
    except UnicodeError:
        raise NotConnectedError from None  # no name that could be looked up
    failure = OSError()
    for place, address in enumerate(addresses):
        within = budget.left() / (len(addresses) - place)
        try:
            dialled = socket.create_connection((str(address), port), within)
        except OSError as error:
            failure = error
        else:
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return dialled
    raise failure
