"""One client's connection: requests one after the other, until somebody has had enough."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import anyio
import attrs
import h11
from anyio import TypedAttributeProvider
from anyio.abc import SocketAttribute, SocketStream

from sso_adapters.server.exchange import ClientLeftError, Exchange, hinted
from sso_adapters.server.limits import Limits
from sso_adapters.server.wire import Wire

logger = logging.getLogger("sso_adapters.server")


@attrs.frozen
class Peers:
    """The two ends of a connection, as host and port."""

    client: tuple[str, int]
    server: tuple[str, int]


Handle = Callable[[Exchange, Peers], Awaitable[None]]
"""Calls the application for one request. What it raises is the application's failure."""


class Connection:
    """Serves one stream. Its scope is shielded: a connection ends by itself, by `retire` or by `abort`."""

    def __init__(self, stream: SocketStream, handle: Handle, limits: Limits) -> None:
        self._peers = Peers(
            client=address_of(stream, SocketAttribute.remote_address),
            server=address_of(stream, SocketAttribute.local_address),
        )
        self._wire = Wire(stream, limits)
        self._handle = handle
        self._limits = limits
        self._scope = anyio.CancelScope(shield=True)
        self._idle: anyio.CancelScope | None = None
        self._exchange: Exchange | None = None
        self._retired = False

    async def serve(self) -> None:
        """Answer requests until the connection ends. Raises nothing that a client could cause."""
        with self._scope:
            try:
                while await self._serve_one():
                    self._wire.http.start_next_cycle()
                if self._unheard():
                    await self._wire.linger()
            finally:
                await self._wire.close()

    async def turn_away(self) -> None:
        """Answer 503 without reading anything."""
        with self._scope:
            try:
                await self._wire.answer(HTTPStatus.SERVICE_UNAVAILABLE)
            finally:
                await self._wire.close()

    def retire(self) -> None:
        """Let the request in flight be the last one; without one, end now."""
        self._retired = True
        if self._exchange is not None:
            self._exchange.last = True
        elif self._idle is not None:
            self._idle.cancel()

    def abort(self) -> None:
        """Cancel whatever goes on."""
        self._scope.cancel()

    async def _serve_one(self) -> bool:
        """Answer one request. Returns whether there may be another."""
        request = None
        with anyio.CancelScope() as self._idle:
            request = await self._request()
        if request is None:
            return False
        exchange = self._exchange = Exchange(self._wire, request, self._limits, last=self._retired)
        if (status := exchange.objection()) is not None:
            await exchange.refuse(status)
            return False
        await self._apply(exchange)
        if not await exchange.settle():
            return False
        self._exchange = None
        return not self._retired

    def _unheard(self) -> bool:
        """Whether something was answered while the client is, or may be, still sending."""
        http, wire = self._wire.http, self._wire
        heard = http.their_state in {h11.DONE, h11.MUST_CLOSE, h11.CLOSED} and not wire.buffered
        return http.our_state is not h11.IDLE and not (heard or wire.left or wire.deaf)

    async def _request(self) -> h11.Request | None:
        """Wait for a request's headers. Returns None when none comes, or none that makes sense."""
        http, limits = self._wire.http, self._limits
        if self._retired:
            return None
        first = http.their_http_version is None
        with anyio.move_on_after(limits.header_seconds if first else limits.idle_seconds):
            if not self._wire.buffered:
                await self._wire.hear()
        if not self._wire.buffered:
            return None
        with anyio.move_on_after(limits.header_seconds):
            try:
                while (event := http.next_event()) is h11.NEED_DATA:
                    await self._wire.hear()
            except h11.RemoteProtocolError as error:
                await self._wire.answer(hinted(error))
                return None
            return event if isinstance(event, h11.Request) else None
        await self._wire.answer(HTTPStatus.REQUEST_TIMEOUT)
        return None

    async def _apply(self, exchange: Exchange) -> None:
        """Call the application; a failure of it is logged, without query and headers, and answered 500."""
        asked = exchange.request.method.decode(), exchange.target.raw_path.decode() if exchange.target else ""
        try:
            await self._handle(exchange, self._peers)
        except ClientLeftError:
            await exchange.refuse(HTTPStatus.BAD_REQUEST)
        except Exception:
            logger.exception("the application failed at %s %s", *asked)
            await exchange.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        else:
            if exchange.deserted:  # an application that hears of it has nothing to say
                await exchange.refuse(HTTPStatus.BAD_REQUEST)
            elif not (exchange.complete or exchange.gone):
                logger.error("the application left %s %s without a whole response", *asked)
                await exchange.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)


def address_of(end: TypedAttributeProvider, which: Any) -> tuple[str, int]:  # noqa: ANN401 -- anyio's keys are untyped
    """Return the host and the port of a socket's address; a client that has left at once has none."""
    match end.extra(which, None):  # noqa: S610 -- anyio's, no database's
        case (str(host), int(port), *_):
            return host, port
        case _:
            return "", 0
