"""The world as a flow sees it: each kind of effect goes to the one who performs it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import ClassVar, Protocol, TypeVar, assert_never

import anyio.to_thread

from sso_adapters.http.library import AsyncLibrary, AsyncSender, Library, Sender
from sso_core.effects import (
    AskHost,
    Count,
    Drop,
    Effect,
    HttpRequest,
    Keep,
    Peek,
    ReadAccount,
    ReadKey,
    ReadKeys,
    ReadMetadata,
    Take,
    WriteAccount,
)
from sso_core.events import Event, HostAnswered, HostFailed
from sso_core.hosts import HostAnswer, HostQuestion, answers_to

Clock = Callable[[], float]
StoreEffect = Keep | Take | Peek | Drop | Count
DirectoryEffect = ReadAccount | ReadKey | WriteAccount
Host = Callable[[HostQuestion], HostAnswer | Awaitable[HostAnswer]]
"""The host's own function. Raising is a failure that the flow judges."""
E = TypeVar("E")

_NOBODY_TO_ASK = HostFailed("no host function")


class Store(Protocol):
    """Performs the effects of the short-lived store; `in_memory` says that it never waits."""

    in_memory: ClassVar[bool]

    def perform(self, effect: StoreEffect) -> Event:
        """Return one of the effect's answers."""
        ...


class Directory(Protocol):
    """Performs the effects of the directory; `in_memory` says that it never waits."""

    in_memory: ClassVar[bool]

    def perform(self, effect: DirectoryEffect) -> Event:
        """Return one of the effect's answers."""
        ...


class BlockingWorld:
    """Performs effects in the thread that asks. The host's function is a plain one."""

    def __init__(
        self,
        sender: Sender,
        library: Library,
        store: Store,
        directory: Directory,
        *,
        host: Callable[[HostQuestion], HostAnswer] | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._sender, self._library, self._store, self._directory = sender, library, store, directory
        self._host = host
        self.now = clock

    def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return self._library.read(effect)
            case Keep() | Take() | Peek() | Drop() | Count():
                return self._store.perform(effect)
            case ReadAccount() | ReadKey() | WriteAccount():
                return self._directory.perform(effect)
            case AskHost(question):
                return _NOBODY_TO_ASK if self._host is None else _asked(self._host, question)
            case _:
                assert_never(effect)


class AsyncWorld:
    """Performs effects for asyncio and trio; what may wait for a disk waits in a worker thread.

    So does a plain function of the host; an async one is awaited.
    """

    def __init__(
        self,
        sender: AsyncSender,
        library: AsyncLibrary,
        store: Store,
        directory: Directory,
        *,
        host: Host | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._sender, self._library, self._store, self._directory = sender, library, store, directory
        self._host = host
        self.now = clock

    async def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return await self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return await self._library.read(effect)
            case Keep() | Take() | Peek() | Drop() | Count():
                store = self._store
                return store.perform(effect) if store.in_memory else await _in_thread(store.perform, effect)
            case ReadAccount() | ReadKey() | WriteAccount():
                directory = self._directory
                return directory.perform(effect) if directory.in_memory else await _in_thread(directory.perform, effect)
            case AskHost(question):
                return _NOBODY_TO_ASK if self._host is None else await _asked_async(self._host, question)
            case _:
                assert_never(effect)


async def _in_thread(perform: Callable[[E], Event], effect: E) -> Event:
    return await anyio.to_thread.run_sync(perform, effect)


def _asked(host: Callable[[HostQuestion], HostAnswer], question: HostQuestion) -> HostAnswered | HostFailed:
    try:
        return _heard(question, host(question))
    except Exception as error:  # noqa: BLE001 -- whatever the host's own code raises is an event
        return HostFailed(type(error).__name__)


async def _asked_async(host: Host, question: HostQuestion) -> HostAnswered | HostFailed:
    try:
        # In a tuple, since trio lets no coroutine out of a thread, and only the call shows that a host is async.
        (answer,) = await anyio.to_thread.run_sync(lambda: (host(question),))
        return _heard(question, await answer if isawaitable(answer) else answer)
    except Exception as error:  # noqa: BLE001 -- as above
        return HostFailed(type(error).__name__)


def _heard(question: HostQuestion, answer: object) -> HostAnswered | HostFailed:
    if isinstance(answer, answers_to(question)):
        return HostAnswered(answer)
    if isinstance(answer, Coroutine):
        answer.close()
    return HostFailed(f"answered {type(answer).__name__}")
