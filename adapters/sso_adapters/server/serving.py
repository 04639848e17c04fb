"""The two doors: an ASGI application in the caller's event loop, a WSGI application on threads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from wsgiref.types import WSGIApplication

import anyio
import attrs
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal

from sso_adapters.server.asgi import ASGIApplication, asgi
from sso_adapters.server.lifespan import Lifespan
from sso_adapters.server.limits import Limits
from sso_adapters.server.listening import Listening, listen
from sso_adapters.server.wsgi import wsgi

logger = logging.getLogger("sso_adapters.server")

DEFAULT_LIMITS = Limits()


async def serve_asgi(
    app: ASGIApplication,
    *,
    host: str,
    port: int,
    on_ready: Callable[[tuple[str, int]], None] | None = None,
    stop: anyio.Event | None = None,
    grace: float = 10.0,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Serve an ASGI 3 application over HTTP/1.1 until `stop` is set or the caller is cancelled.

    The lifespan starts, the port is bound (0 lets the system choose), `on_ready` is told the address. At the end no
    more is accepted, idle connections close, requests in flight have `grace` seconds before they are cancelled, and
    the lifespan shuts down, for which it has `grace` seconds too.

    Raises `LifespanError` when the application cannot start or end, and OSError when the port cannot be bound; then
    `on_ready` was not called.
    """
    failure: Exception | None = None
    lifespan = Lifespan(app)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lifespan.run)
        try:
            await lifespan.startup()
            try:
                async with listen(asgi(app, lifespan.state), host=host, port=port, limits=limits) as listening:
                    listening.grace = grace
                    if on_ready is not None:
                        on_ready(listening.address)
                    await listening.serve(stop)
            finally:
                with anyio.move_on_after(grace, shield=True) as patience:
                    await lifespan.shutdown()
                if patience.cancelled_caught:
                    logger.error("the application's lifespan did not end in time")
        except Exception as error:  # noqa: BLE001 -- raised below: out of the task group it would come wrapped
            failure = error
        finally:
            lifespan.cancel()
    if failure is not None:
        raise failure


@attrs.frozen
class _Running:
    """What a started server is made of."""

    portal: BlockingPortal
    listening: Listening
    stop: anyio.Event
    served: Future[None]
    loop: ExitStack


class ThreadedServer:
    """Serves a WSGI application: one thread for all connections, and at most `workers` for the application."""

    def __init__(
        self, app: WSGIApplication, *, host: str, port: int, limits: Limits = DEFAULT_LIMITS, workers: int = 16
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._limits = limits
        self._workers = workers
        self._running: _Running | None = None

    def start(self) -> tuple[str, int]:
        """Bind, serve in the background, and return the address. Raises OSError when it cannot be bound.

        Raises RuntimeError when the server runs already.
        """
        if self._running is not None:
            raise RuntimeError("the server runs already")
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            served, (listening, stop) = portal.start_task(self._serve)
            self._running = _Running(portal, listening, stop, served, stack.pop_all())
        return self._running.listening.address

    def close(self, grace: float = 10.0) -> None:
        """Accept nothing more, give requests in flight `grace` seconds, and end. A second call does nothing.

        A worker that is still busy then is left to itself: a thread cannot be ended from outside.
        """
        running, self._running = self._running, None
        if running is None:
            return
        with running.loop:
            running.portal.call(self._stop, running, grace)
            running.served.result()

    async def _serve(self, *, task_status: TaskStatus[tuple[Listening, anyio.Event]]) -> None:
        handle = wsgi(self._app, anyio.CapacityLimiter(self._workers))
        async with listen(handle, host=self._host, port=self._port, limits=self._limits) as listening:
            stop = anyio.Event()
            task_status.started((listening, stop))
            await listening.serve(stop)

    @staticmethod
    def _stop(running: _Running, grace: float) -> None:
        running.listening.grace = grace
        running.stop.set()
