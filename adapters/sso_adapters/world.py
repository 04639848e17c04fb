"""The world as a flow sees it: each kind of effect goes to the one who performs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Protocol, TypeVar, assert_never

import anyio.to_thread

from sso_adapters.http.library import AsyncLibrary, AsyncSender, Library, Sender
from sso_core.effects import (
    Drop,
    Effect,
    Event,
    HttpRequest,
    Keep,
    Peek,
    ReadAccount,
    ReadKeys,
    ReadMetadata,
    Take,
    WriteAccount,
)

Clock = Callable[[], float]
StoreEffect = Keep | Take | Peek | Drop
DirectoryEffect = ReadAccount | WriteAccount
E = TypeVar("E")


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
    """Performs effects in the thread that asks."""

    def __init__(
        self, sender: Sender, library: Library, store: Store, directory: Directory, *, clock: Clock = time.time
    ) -> None:
        self._sender, self._library, self._store, self._directory = sender, library, store, directory
        self.now = clock

    def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return self._library.read(effect)
            case Keep() | Take() | Peek() | Drop():
                return self._store.perform(effect)
            case ReadAccount() | WriteAccount():
                return self._directory.perform(effect)
            case _:
                assert_never(effect)


class AsyncWorld:
    """Performs effects for asyncio and trio; what may wait for a disk waits in a worker thread."""

    def __init__(
        self,
        sender: AsyncSender,
        library: AsyncLibrary,
        store: Store,
        directory: Directory,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._sender, self._library, self._store, self._directory = sender, library, store, directory
        self.now = clock

    async def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return await self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return await self._library.read(effect)
            case Keep() | Take() | Peek() | Drop():
                store = self._store
                return store.perform(effect) if store.in_memory else await _in_thread(store.perform, effect)
            case ReadAccount() | WriteAccount():
                directory = self._directory
                return directory.perform(effect) if directory.in_memory else await _in_thread(directory.perform, effect)
            case _:
                assert_never(effect)


async def _in_thread(perform: Callable[[E], Event], effect: E) -> Event:
    return await anyio.to_thread.run_sync(perform, effect)
