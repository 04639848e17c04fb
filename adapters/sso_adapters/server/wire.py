"""One connection's bytes: h11 on an anyio stream, with a bound on each wait.

Nothing here raises because the client is gone. `left` says that no more is heard from it, `deaf` that nothing
reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

import anyio
import h11
from anyio.abc import SocketStream

from sso_adapters.server.limits import Limits

PIECE = 16 * 1024
"""Bytes of one read: by at most this much can a buffer pass its bound."""

Headers = Iterable[tuple[bytes, bytes]]


class Wire:
    """A stream, and what h11 knows about it."""

    def __init__(self, stream: SocketStream, limits: Limits) -> None:
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self.left = False
        self.deaf = False
        self._stream = stream
        self._limits = limits
        self._speaking = anyio.Lock()

    @property
    def buffered(self) -> int:
        """Bytes that have come and are not used yet."""
        return len(self.http.trailing_data[0])

    async def hear(self) -> None:
        """Take in what the client sends next, or that it has left."""
        data = await self._receive()
        if not data:
            self.left = True
        self.http.receive_data(data)

    async def say(self, *events: h11.Event) -> None:
        """Send events as one write. Raises `h11.LocalProtocolError` when they are not what HTTP allows here.

        A client that does not take them within `write_seconds` counts as gone.
        """
        data = b"".join(self.http.send(event) or b"" for event in events)
        async with self._speaking:  # h11 has put the bytes into an order; the lock, being fair, keeps it
            if not data or self.deaf:
                return
            delivered = False
            with anyio.move_on_after(self._limits.write_seconds):
                try:
                    await self._stream.send(data)
                    delivered = True
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    pass  # `deaf` says it
            self.deaf = not delivered

    async def answer(self, status: HTTPStatus, *, to_head: bool = False) -> None:
        """Answer in the application's place with a line of text, as the connection's last word.

        Does nothing when a response has begun already: there is no way to say it any more.
        """
        if self.http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        text = status.phrase.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        response = h11.Response(status_code=status, headers=dated(headers), reason=text)
        body = () if to_head else (h11.Data(data=text),)
        await self.say(response, *body, h11.EndOfMessage())

    async def linger(self) -> None:
        """Say that nothing follows and let the client finish, so that no reset overtakes the last response."""
        with anyio.move_on_after(self._limits.linger_seconds):
            try:
                await self._stream.send_eof()
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            while await self._receive():
                pass

    async def close(self) -> None:
        """Give the socket back, even while being cancelled."""
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    async def _receive(self) -> bytes:
        try:
            return await self._stream.receive(PIECE)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return b""


def dated(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Add the date that an origin server with a clock has to send (RFC 9110 6.6.1)."""
    listed = [(bytes(name), bytes(value)) for name, value in headers]
    if any(name.lower() == b"date" for name, _ in listed):
        return listed
    return [(b"date", formatdate(usegmt=True).encode()), *listed]
