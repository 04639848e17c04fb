"""ASGI 3, the lifespan scope: one task of the application that spans the serving."""

from __future__ import annotations

import logging
from typing import Any

import anyio

from sso_adapters.server.asgi import ASGIApplication, Message

logger = logging.getLogger("sso_adapters.server")


class LifespanError(RuntimeError):
    """The application said that it could not start, or could not end."""


class Lifespan:
    """The application's own beginning and end.

    An application that raises or returns before it has answered `lifespan.startup` does not support the scope, and is
    served without it, as ASGI has it.
    """

    def __init__(self, app: ASGIApplication) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._scope = anyio.CancelScope(shield=True)
        self._asked = False
        self._supported = False
        self._failure: LifespanError | None = None
        self._started = anyio.Event()
        self._stopping = anyio.Event()
        self._stopped = anyio.Event()

    async def run(self) -> None:
        """Be the application's task. It is shielded: it ends by itself or by `cancel`."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        with self._scope:
            try:
                await self._app(scope, self._receive, self._send)
            except Exception as error:
                if self._failure is not None:
                    self._failure.__cause__ = error
                elif self._supported:
                    logger.exception("the application's lifespan broke")
                    self._failure = LifespanError("the lifespan broke")
                    self._failure.__cause__ = error
                else:
                    logger.info("the application has no lifespan: %s", type(error).__name__)
            finally:
                self._started.set()
                self._stopped.set()

    async def startup(self) -> None:
        """Let the application begin. Raises `LifespanError` when it says that it cannot."""
        await self._started.wait()
        self._judge()

    async def shutdown(self) -> None:
        """Let the application end. Raises `LifespanError` when it says that it cannot."""
        self._stopping.set()
        await self._stopped.wait()
        self._judge()

    def cancel(self) -> None:
        """Wait no longer."""
        self._scope.cancel()

    def _judge(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        await self._stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        match message["type"]:
            case "lifespan.startup.complete":
                self._supported = True
                self._started.set()
            case "lifespan.shutdown.complete":
                self._stopped.set()
            case "lifespan.startup.failed" | "lifespan.shutdown.failed":
                self._failure = LifespanError(message.get("message", ""))
                self._started.set()
                self._stopped.set()
            case unexpected:
                raise LifespanError(f"{unexpected!r} is no message of the lifespan")
