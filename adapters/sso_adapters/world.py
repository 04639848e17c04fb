"""The world as a flow sees it: each kind of effect goes to the one who performs it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import ClassVar, Protocol, TypeVar, assert_never

import anyio.to_thread
import attrs

from sso_adapters.http.library import AsyncLibrary, AsyncSender, Library, Sender
from sso_core.effects import (
    AskHost,
    Count,
    DirectoryEffect,
    Drop,
    Effect,
    HttpRequest,
    Keep,
    Peek,
    ReadAccount,
    ReadKey,
    ReadKeys,
    ReadMetadata,
    Renew,
    StoreEffect,
    Take,
    WriteAccount,
)
from sso_core.events import DirectoryUnreachable, Event, HostAnswered, HostFailed, StoreUnreachable
from sso_core.facts import Warm
from sso_core.hosts import HostAnswer, HostQuestion, answers_to
from sso_core.providers.kinds import Provider
from sso_core.web.routing import WarmFacts

Clock = Callable[[], float]
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


class Doubt:
    """Whether the store and the directory work, by their last answers; before the first ones nobody knows."""

    def __init__(self) -> None:
        self._of_store = self._of_directory = True

    def __bool__(self) -> bool:
        return self._of_store or self._of_directory

    def told_with(self, warm: WarmFacts) -> WarmFacts:
        """Return what `warm` tells of a provider, and the doubt with it, for the start of a login."""

        def told(provider: Provider) -> Warm:
            return attrs.evolve(warm(provider), backends_in_doubt=True) if self else warm(provider)

        return told

    def of_store(self, answer: Event) -> Event:
        """Note an answer of the store, and hand it on."""
        self._of_store = isinstance(answer, StoreUnreachable)
        return answer

    def of_directory(self, answer: Event) -> Event:
        """Note an answer of the directory, and hand it on."""
        self._of_directory = isinstance(answer, DirectoryUnreachable)
        return answer


class BlockingWorld:
    """Performs effects in the thread that asks. The host's function is a plain one.

    `doubt` is true while the last answer of the store or of the directory was that it cannot be reached.
    """

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
        self.doubt = Doubt()

    def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return self._library.read(effect)
            case Keep() | Take() | Peek() | Drop() | Renew() | Count():
                return self.doubt.of_store(self._store.perform(effect))
            case ReadAccount() | ReadKey() | WriteAccount():
                return self.doubt.of_directory(self._directory.perform(effect))
            case AskHost(question):
                return _NOBODY_TO_ASK if self._host is None else _asked(self._host, question)
            case _:
                assert_never(effect)


class AsyncWorld:
    """Performs effects for asyncio and trio; what may wait for a disk waits in a worker thread.

    So does a plain function of the host; an async one is awaited. `doubt` is as in `BlockingWorld`.
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
        self.doubt = Doubt()

    async def perform(self, effect: Effect) -> Event:
        """Return exactly one of the effect's answers."""
        match effect:
            case HttpRequest():
                return await self._sender.send(effect)
            case ReadMetadata() | ReadKeys():
                return await self._library.read(effect)
            case Keep() | Take() | Peek() | Drop() | Renew() | Count():
                store = self._store
                return self.doubt.of_store(
                    store.perform(effect) if store.in_memory else await _in_thread(store.perform, effect)
                )
            case ReadAccount() | ReadKey() | WriteAccount():
                directory = self._directory
                return self.doubt.of_directory(
                    directory.perform(effect) if directory.in_memory else await _in_thread(directory.perform, effect)
                )
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
