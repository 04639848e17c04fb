"""Sign-in as an ASGI application, under asyncio or trio: translation only, decisions are the core's."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

import anyio

from sso_adapters.drive import AsyncWorld, ShuttingDownError
from sso_adapters.drive.on_asyncio import Flights as AsyncioFlights
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.observe.logs import Observe, log_event
from sso_adapters.translate import Renderer, draw, finished, fits
from sso_core.events import Headers
from sso_core.failures import Refusal
from sso_core.flows.sessions import SessionFound
from sso_core.machine import Failed, Resting, Working
from sso_core.sessions.session import Session
from sso_core.web.messages import BODY_LIMIT, Request
from sso_core.web.people import who_is_it
from sso_core.web.routing import WarmFacts
from sso_core.web.site import Site

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GRACE = 15.0
"""Seconds that logins under way are given when the service stops: longer than any of their deadlines."""


SHUTTING_DOWN = (503, (("retry-after", "2"), ("content-length", "0")), b"")
"""What is told to whoever comes too late: a login that begins here now could not end here."""


class AsgiSignIn:
    """An ASGI application that serves the routes of `site`.

    `warm` returns what is known of a provider without asking. `observe` hears of each event. `beside` runs as long as
    the lifespan lasts, and is cancelled before logins under way are seen through. `closed` is awaited when the
    lifespan ends.
    """

    def __init__(
        self,
        site: Site,
        world: AsyncWorld,
        *,
        warm: WarmFacts,
        render: Renderer,
        observe: Observe = log_event,
        beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
        closed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.site = site
        self.world = world
        self._warm = warm
        self._render = render
        self._observe = observe
        self._beside = beside
        self._closed = closed
        self._flights: Any = None
        self._stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            raise RuntimeError(f"sign-in does not serve {scope['type']}")

    async def session(self, scope: Scope) -> Session | None:
        """Return the session of the browser behind an HTTP scope, or of the program that presents a bearer token.

        None where it is nobody's. Raises `Refusal` when the store or the directory cannot tell: that is an outage
        (503), not a sign-out.
        """
        request = Request("GET", "/", headers=_headers(scope))
        ending = await self._run(who_is_it(self.site, request), lambda _state: None)
        if isinstance(ending, Failed):
            raise Refusal(ending.failure)
        return ending.session if isinstance(ending, SessionFound) else None

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:
            if self._beside is not None:
                tasks.start_soon(self._beside)
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            tasks.cancel_scope.cancel()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def stop(self, grace: float = GRACE) -> None:
        """Answer 503 to whatever comes now, see through logins under way, then close what the world holds open."""
        self._stopping = True
        try:
            await self._in_flight().drain(grace)
        finally:
            if self._closed is not None:
                # Also when whoever serves loses patience: a directory is closed, not dropped.
                with anyio.CancelScope(shield=True):
                    await self._closed()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._stopping:
            await _send(send, *SHUTTING_DOWN)
            return
        try:
            request = await self._request(scope, receive)
        except _ClientLeftError:
            return
        visit = self.site.visit(request, entropy=draw(), now=self.world.now(), warm=self._warm)
        trail: list[str] = []
        try:
            ending = await self._run(visit.state, lambda state: trail.append(type(state).__name__))
        except ShuttingDownError:
            await _send(send, *SHUTTING_DOWN)
            return
        response = visit.respond(ending, trail=tuple(trail))
        await _send(send, *finished(response, self._render, self._observe))
        for effect in response.afterwards:
            await self.world.perform(effect)

    async def _run(self, state: Working | Resting, watch: Callable[[Working | Resting], None]) -> Resting:
        if _under_trio():
            from sso_adapters.drive.on_trio import run_trio  # noqa: PLC0415 -- trio is an extra

            return await run_trio(state, self.world, watch=watch, flights=self._in_flight())
        return await run_asyncio(state, self.world, watch=watch, flights=self._in_flight())

    def _in_flight(self) -> Any:  # noqa: ANN401 -- the flights of the running loop, of one of two classes
        if self._flights is None and _under_trio():
            from sso_adapters.drive.on_trio import Flights  # noqa: PLC0415 -- trio is an extra

            self._flights = Flights()
        elif self._flights is None:
            self._flights = AsyncioFlights()
        return self._flights

    async def _request(self, scope: Scope, receive: Receive) -> Request:
        headers = _headers(scope)
        path = _below(scope["path"], scope.get("root_path", ""))
        query = scope.get("query_string", b"").decode("latin-1")
        return Request(scope["method"], path, query, headers, await _body(headers, receive), _peer(scope))


class _ClientLeftError(Exception):
    """The client left before its body was complete: half a form is no form, and nobody waits for an answer."""


def _below(path: str, mount: str) -> str:
    """Return the path below a mount. Servers differ in whether `path` begins with `root_path`."""
    mount = mount.rstrip("/")
    return path[len(mount) :] or "/" if path == mount or path.startswith(mount + "/") else path


def _peer(scope: Scope) -> str:
    """Return the address that the server says the connection comes from; there is none on a socket of the machine."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _headers(scope: Scope) -> Headers:
    """Return the headers. One whose name has an underscore is left out: many read it as a hyphen."""
    named = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in named)


async def _body(headers: Headers, receive: Receive) -> bytes | None:
    if not fits(headers):
        return None
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeftError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            return None
    return body


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _under_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_run()
