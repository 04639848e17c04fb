"""The connections of one process to Redis or Valkey: few of them, lent to threads, and replaced when they die."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore
from time import monotonic

from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as TooLateError

from sso_adapters.http.names import Names
from sso_adapters.stores.redis_address import Address
from sso_adapters.stores.redis_line import Line

MOST_CONNECTIONS = 40
"""As many as AnyIO has worker threads, so that none of them waits for another."""
LONGEST_IDLE = 30.0
"""Seconds after which a connection is not trusted any more: a firewall may have forgotten it without a word."""


class Connections:
    """Lends a connection for the time of one operation.

    After a failure all idle connections are given up with the one that failed: they lead to the same server, and each
    would cost somebody the same failure. Raises OSError where the files for TLS cannot be read.
    """

    def __init__(
        self,
        address: Address,
        *,
        deadline: float,
        most: int = MOST_CONNECTIONS,
        longest_idle: float = LONGEST_IDLE,
    ) -> None:
        self._address = address
        self._names = Names()
        self._context = _tls(address) if address.scheme == "rediss" else None
        self._deadline = deadline
        self._longest_idle = longest_idle
        self._free = BoundedSemaphore(most)
        self._idle: list[Line] = []
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[Line]:
        """Lend a connection, and begin the operation's time. Raises RedisError, and what the operation raises."""
        ends_at = monotonic() + self._deadline
        if not self._free.acquire(timeout=self._deadline):
            raise TooLateError
        try:
            line = self._line()
            try:
                line.begin(ends_at, longest_idle=self._longest_idle)
                yield line
            except ReadOnlyError:  # the server was demoted: behind its name there may be another one by now
                self._give_up(line)
                raise
            except ResponseError:
                self._put_back(line)
                raise
            except BaseException:
                self._give_up(line)
                raise
            self._put_back(line)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close what is idle now, and what is lent as soon as it comes back; nothing more is lent."""
        self._closed = True
        self._close_idle()

    def _line(self) -> Line:
        if self._closed:
            raise NotConnectedError
        with suppress(IndexError):
            return self._idle.pop()
        return Line(self._address, self._names, self._context)

    def _put_back(self, line: Line) -> None:
        self._idle.append(line)
        if self._closed:
            self._close_idle()

    def _give_up(self, line: Line) -> None:
        line.close()
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


def _tls(address: Address) -> ssl.SSLContext:
    """Return how to talk TLS: the server's certificate and name are always checked."""
    files = dict(address.tls)
    context = ssl.create_default_context(cafile=files.get("ssl_ca_certs"))
    if "ssl_certfile" in files:
        context.load_cert_chain(files["ssl_certfile"], files.get("ssl_keyfile"))
    return context
