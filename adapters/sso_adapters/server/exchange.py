"""One request and its response, as the two kinds of application see them.

What the client does wrong is answered here, behind the application's back: it reads `ClientLeftError`, and whatever
it still writes is dropped. Nothing cancels it, so that work which must not be cut in half is not.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

import anyio
import attrs
import h11
from anyio.lowlevel import checkpoint

from sso_adapters.server.limits import Limits
from sso_adapters.server.wire import Headers, Wire, dated


class ClientLeftError(Exception):
    """The client is gone, or has been sent away."""


class ApplicationError(RuntimeError):
    """The application broke the rules of its interface or of HTTP."""


@attrs.frozen
class Target:
    """What a request line asks for: the path as it came and percent-decoded, and the query as it came."""

    raw_path: bytes
    path: bytes
    query: bytes = attrs.field(repr=False)

    @classmethod
    def parse(cls, target: bytes) -> Target | None:
        """Read an origin form, an absolute form or an asterisk (RFC 9112 3.2); the host in it decides nothing.

        Returns None for anything else, among it a path that is not UTF-8.
        """
        scheme, mark, rest = target.partition(b"://")
        if mark and scheme.lower() in {b"http", b"https"}:
            authority = rest.partition(b"?")[0].partition(b"/")[0]
            target = rest[len(authority) :]
            if not target.startswith(b"/"):
                target = b"/" + target
        raw_path, _, query = target.partition(b"?")
        path = unquote_to_bytes(raw_path)
        try:
            path.decode()
        except UnicodeDecodeError:
            return None
        if target != b"*" and (not target.startswith(b"/") or b"#" in target):
            return None
        return cls(raw_path, path, query)


class Exchange:
    """The application's side of one request."""

    def __init__(self, wire: Wire, request: h11.Request, limits: Limits, *, last: bool) -> None:
        self.request = request
        self.target = Target.parse(request.target)
        self.last = last
        self._wire = wire
        self._limits = limits
        self._taken = 0
        self._patience = limits.body_seconds
        self._sent_away = False
        self._bodiless = request.method == b"HEAD"
        self._reading = anyio.Lock()
        self._waiting: anyio.CancelScope | None = None

    def objection(self) -> HTTPStatus | None:
        """Say what the request is refused for before the application sees it.

        Two lengths, or a chunked body in HTTP/1.0, mean that somebody before us may see another end of the body:
        request smuggling (RFC 9112 6.1).
        """
        request, limits = self.request, self._limits
        names = {name for name, _ in request.headers}
        declared = next((int(value) for name, value in request.headers if name == b"content-length"), 0)
        size = len(request.method) + len(request.target) + sum(len(n) + len(v) + 4 for n, v in request.headers)
        two_ends = b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0")
        objections = (
            (not request.http_version.startswith(b"1."), HTTPStatus.HTTP_VERSION_NOT_SUPPORTED),
            (size > limits.header_bytes, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
            (two_ends, HTTPStatus.BAD_REQUEST),
            (request.method == b"CONNECT", HTTPStatus.NOT_IMPLEMENTED),
            (self.target is None, HTTPStatus.BAD_REQUEST),
            (declared > limits.body_bytes, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        )
        return next((status for holds, status in objections if holds), None)

    @property
    def gone(self) -> bool:
        """Whether what is written reaches nobody."""
        return self._sent_away or self._wire.deaf

    @property
    def deserted(self) -> bool:
        """Whether the client left in the middle of its request, before there was an answer."""
        return self._wire.left and not self.complete and self._wire.http.their_state in {h11.SEND_BODY, h11.ERROR}

    @property
    def complete(self) -> bool:
        """Whether the response is out, to its last byte."""
        return self._wire.http.our_state not in {h11.IDLE, h11.SEND_RESPONSE, h11.SEND_BODY, h11.ERROR}

    async def read(self) -> bytes:
        """Return the next piece of the body, and nothing at its end. Raises `ClientLeftError`."""
        async with self._reading:
            while True:
                if self.gone or self.complete:
                    raise ClientLeftError
                match await self._next():
                    case h11.NEED_DATA if not self._wire.left:
                        await self._hear_more()
                    case h11.Data(data=data):
                        self._taken += len(data)
                        if self._taken > self._limits.body_bytes:
                            await self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                        else:
                            return bytes(data)
                    case h11.EndOfMessage() | h11.PAUSED:
                        return b""
                    case _:
                        raise ClientLeftError

    async def until_left(self) -> None:
        """Return when the client has left, or when the response is complete."""
        async with self._reading:
            while not (self.gone or self.complete or self._wire.left):
                if self._wire.buffered > self._limits.header_bytes:
                    await self._wait(anyio.sleep_forever)  # it pipelines, so it is there; more is not kept for it
                else:
                    await self._wait(self._wire.hear)

    async def start(self, status: int, headers: Headers) -> None:
        """Send the status and the headers. Raises `ApplicationError` when HTTP does not allow them."""
        listed = dated(headers)
        if self.last:
            listed = [*(pair for pair in listed if pair[0].lower() != b"connection"), (b"connection", b"close")]
        self._bodiless = self._bodiless or status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        await self._tell(lambda: h11.Response(status_code=status, headers=listed, reason=_phrase(status)))

    async def write(self, data: bytes) -> None:
        """Send a piece of the body, which the answer to HEAD does not have. Raises `ApplicationError`."""
        if data and not self._bodiless:
            await self._tell(lambda: h11.Data(data=data))

    async def finish(self) -> None:
        """End the response. Raises `ApplicationError` when it is shorter than it said."""
        await self._tell(h11.EndOfMessage)

    async def refuse(self, status: HTTPStatus) -> None:
        """Answer in the application's place, if nothing has been answered, and send the client away."""
        self._sent_away = True
        await self._wire.answer(status, to_head=self.request.method == b"HEAD")

    async def settle(self) -> bool:
        """Read what the application left unread, and tell whether the connection can take another request."""
        if self.gone or not self.complete:
            return False
        http = self._wire.http
        async with self._reading:
            with anyio.move_on_after(self._limits.linger_seconds):
                while http.their_state is h11.SEND_BODY and not self._wire.left:
                    try:
                        event = http.next_event()
                    except h11.RemoteProtocolError:
                        return False
                    if event is h11.NEED_DATA:
                        await self._wire.hear()
                    elif isinstance(event, h11.Data):
                        self._taken += len(event.data)
                    if self._taken > self._limits.body_bytes:
                        return False
        return not self.last and http.our_state is h11.DONE and http.their_state is h11.DONE

    async def _next(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        """Return what h11 has next; what it cannot make sense of sends the client away."""
        http = self._wire.http
        if http.their_state is not h11.SEND_BODY:
            return h11.PAUSED
        try:
            return http.next_event()
        except h11.RemoteProtocolError as error:
            if not self._wire.left:
                await self.refuse(hinted(error))
            raise ClientLeftError from error

    async def _hear_more(self) -> None:
        """Wait for more of the body, as long as there is patience and no response."""
        if self._wire.http.they_are_waiting_for_100_continue:
            await self._tell(lambda: h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        since = anyio.current_time()
        await self._wait(self._wire.hear, self._patience)
        self._patience -= anyio.current_time() - since
        if self._patience <= 0:
            await self.refuse(HTTPStatus.REQUEST_TIMEOUT)

    async def _wait(self, until: Callable[[], Awaitable[None]], seconds: float = math.inf) -> None:
        """Wait for something, for so long, and not beyond the end of the response."""
        with anyio.CancelScope(deadline=anyio.current_time() + seconds) as self._waiting:
            await until()
        self._waiting = None

    async def _tell(self, event: Callable[[], h11.Event]) -> None:
        """Send an event, if anybody is there; if that was the end, wake whoever waits for the client."""
        if self.gone:
            await checkpoint()  # an application that never stops writing must not stop everybody else
            return
        try:
            await self._wire.say(event())
        except h11.LocalProtocolError as error:
            raise ApplicationError(str(error)) from error
        if self._waiting is not None and (self._wire.deaf or self.complete):
            self._waiting.cancel()


def hinted(error: h11.RemoteProtocolError) -> HTTPStatus:
    """Return the status that h11 finds fit for what it could not read."""
    return HTTPStatus(error.error_status_hint)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
