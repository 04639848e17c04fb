"""How the commands that serve run: until Ctrl-C, and with a sentence where they cannot start."""

from __future__ import annotations

import errno
import signal
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

import anyio

from sso_adapters.cli.terminal import CommandError
from sso_adapters.server import LifespanError

LOOPBACK = "127.0.0.1"

Program = Callable[[anyio.Event], Coroutine[object, object, None]]


def serve_until_interrupted(program: Program) -> None:
    """Run a program that serves until the event it is given is set; SIGINT and SIGTERM set it.

    Raises CommandError where it cannot start.
    """
    try:
        _run(program)
    except (OSError, sqlite3.Error, LifespanError) as error:
        raise CommandError(f"the service cannot start: {error}") from None


def _run(program: Program) -> None:
    async def watched() -> None:
        stop = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_interrupted, stop)
            await program(stop)
            tasks.cancel_scope.cancel()

    try:
        anyio.run(watched)
    except BaseExceptionGroup as group:
        raise _innermost(group) from None


async def _until_interrupted(stop: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _signal in signals:
            stop.set()
            return


def _innermost(error: BaseException) -> BaseException:
    """Return what task groups wrapped, where it is one exception."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@contextmanager
def listening_at(host: str, port: int, option: str = "--port") -> Iterator[None]:
    """Say which address is taken, and by which option another one is chosen."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise CommandError(
            f"the address {host}:{port} is in use: end what listens there, or choose another with {option}"
        ) from None
