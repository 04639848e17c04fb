"""ASGI 3, the http scope: an exchange as two callables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sso_adapters.server.connection import Handle, Peers
from sso_adapters.server.exchange import ApplicationError, ClientLeftError, Exchange

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

HTTP_VERSION_OF_ASGI = "2.3"
"""The last one in which a send to a client that has left does nothing; from 2.4 on it raises into the application."""


def asgi(app: ASGIApplication, state: dict[str, Any]) -> Handle:
    """Return what calls an ASGI application. Each request gets its own copy of the lifespan's state."""

    async def handle(exchange: Exchange, peers: Peers) -> None:
        conversation = _Conversation(exchange)
        await app(scope_of(exchange, peers, state), conversation.receive, conversation.send)

    return handle


def scope_of(exchange: Exchange, peers: Peers, state: dict[str, Any]) -> Scope:
    """Return the http scope of a request."""
    request, target = exchange.request, exchange.target
    assert target is not None, "a request without a path is refused before"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": HTTP_VERSION_OF_ASGI},
        "http_version": request.http_version.decode(),
        "method": request.method.decode().upper(),
        "scheme": "http",
        "path": target.path.decode(),
        "raw_path": target.raw_path,
        "query_string": target.query,
        "root_path": "",
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
        "client": peers.client,
        "server": peers.server,
        "state": state.copy(),
    }


class _Conversation:
    """The messages of one request, in the order that ASGI gives them."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._read = False
        self._started = False
        self._finished = False

    async def receive(self) -> Message:
        """Return the next piece of the body; after its end wait for `http.disconnect`."""
        if not self._read:
            try:
                body = await self._exchange.read()
            except ClientLeftError:
                self._read = True
                return {"type": "http.disconnect"}
            self._read = not body
            return {"type": "http.request", "body": body, "more_body": bool(body)}
        await self._exchange.until_left()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send what the application says. Raises `ApplicationError` when it is not its turn, or not HTTP."""
        match message["type"]:
            case "http.response.start" if not self._started:
                self._started = True
                await self._exchange.start(message["status"], message.get("headers", ()))
            case "http.response.body" if self._started and not self._finished:
                self._finished = not message.get("more_body", False)
                await self._exchange.write(message.get("body", b""))
                if self._finished:
                    await self._exchange.finish()
            case unexpected:
                raise ApplicationError(f"{unexpected!r} is not what is expected now")
