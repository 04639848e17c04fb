"""Each effect reaches the one who performs it, and nobody else; what may wait leaves the loop free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import anyio
import anyio.lowlevel
import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sqlite import SqliteDirectory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, BlockingWorld
from sso_core.effects import (
    AccountFacts,
    Drop,
    Dropped,
    Effect,
    Event,
    Found,
    HttpRequest,
    Keep,
    Kept,
    Kind,
    Missing,
    Peek,
    Purpose,
    ReadAccount,
    ReadKeys,
    ReadMetadata,
    Take,
    Unavailable,
    Unreachable,
    WriteAccount,
    Written,
)
from sso_core.facts import CreateAccount, Warm
from sso_core.failures import Failure, Reason

ISSUER = "https://op.example"
NOT_THERE = Unavailable(Failure(Reason.METADATA_UNREACHABLE))
SCRIPT: list[tuple[Effect, Event]] = [
    (HttpRequest(Purpose.TOKEN, f"{ISSUER}/token", body=b""), Unreachable(sent=False)),
    (ReadMetadata(ISSUER), NOT_THERE),
    (ReadKeys(ISSUER, f"{ISSUER}/keys"), NOT_THERE),
    (Keep(Kind.LOGIN, "key", b"value", 60), Kept()),
    (Peek(Kind.LOGIN, "key"), Found(b"value")),
    (Drop(Kind.LOGIN, "key"), Dropped()),
    (Take(Kind.LOGIN, "key", b"mark", 60), Missing()),
    (WriteAccount((CreateAccount("id", ISSUER, "alice", ""),), ()), Written()),
    (ReadAccount(ISSUER, "nobody"), AccountFacts(None)),
]


class Offline:
    """A sender and a library without a network."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def send(self, request: HttpRequest) -> Unreachable:
        assert isinstance(request, HttpRequest)
        self.threads.append(threading.get_ident())
        return Unreachable(sent=False)

    def read(self, effect: ReadMetadata | ReadKeys) -> Unavailable:
        assert isinstance(effect, ReadMetadata | ReadKeys)
        self.threads.append(threading.get_ident())
        return NOT_THERE

    def warm(self, _issuer: str) -> Warm:
        return Warm()


class AsyncOffline:
    def __init__(self, offline: Offline) -> None:
        self._offline = offline

    async def send(self, request: HttpRequest) -> Unreachable:
        await anyio.lowlevel.checkpoint()
        return self._offline.send(request)

    async def read(self, effect: ReadMetadata | ReadKeys) -> Unavailable:
        await anyio.lowlevel.checkpoint()
        return self._offline.read(effect)


class Noting:
    """A store or a directory that notes which thread it is called in."""

    def __init__(self, inner: Any) -> None:
        self._perform: Callable[[Any], Event] = inner.perform
        self.in_memory: bool = inner.in_memory
        self.threads: list[int] = []

    def perform(self, effect: Any) -> Event:
        self.threads.append(threading.get_ident())
        return self._perform(effect)


def blocking_world(store: Any, directory: Any) -> BlockingWorld:
    offline: Any = Offline()
    return BlockingWorld(offline, offline, store, directory, clock=lambda: 7.0)


def async_world(store: Any, directory: Any) -> AsyncWorld:
    offline: Any = AsyncOffline(Offline())
    return AsyncWorld(offline, offline, store, directory, clock=lambda: 7.0)


def test_the_script_has_every_effect() -> None:
    assert {type(effect) for effect, _ in SCRIPT} == set(get_args(Effect))


def test_each_effect_is_performed_by_its_performer_on_threads() -> None:
    world = blocking_world(MemoryStore(), MemoryDirectory())
    assert [world.perform(effect) for effect, _ in SCRIPT] == [event for _, event in SCRIPT]
    assert world.now() == 7.0


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_in_memory_everything_is_performed_where_it_is_asked(loop: str) -> None:
    store, directory = Noting(MemoryStore()), Noting(MemoryDirectory())
    assert play(async_world(store, directory), loop) == [event for _, event in SCRIPT]
    assert set(store.threads) | set(directory.threads) == {threading.get_ident()}


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_disk_is_waited_for_in_another_thread(loop: str, tmp_path: Path) -> None:
    files = SqliteStore(tmp_path / "store"), SqliteDirectory(tmp_path / "directory")
    store, directory = map(Noting, files)
    assert play(async_world(store, directory), loop) == [event for _, event in SCRIPT]
    assert len(store.threads) == 4
    assert len(directory.threads) == 2
    assert threading.get_ident() not in {*store.threads, *directory.threads}
    for file in files:
        file.close()


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_the_loop_goes_on_while_a_disk_is_waited_for(loop: str) -> None:
    """The disk answers only once the loop has done something else: a loop that waited would wait for ever."""
    go_on = threading.Event()

    class Slow:
        in_memory = False

        def perform(self, _effect: Any) -> Event:
            assert go_on.wait(20)
            return Dropped()

    async def main() -> list[Event]:
        world = async_world(Slow(), MemoryDirectory())
        answers: list[Event] = []

        async def drop() -> None:
            answers.append(await world.perform(Drop(Kind.LOGIN, "key")))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drop)
            tasks.start_soon(anyio.to_thread.run_sync, go_on.set)
        return answers

    assert anyio.run(main, backend=loop) == [Dropped()]


def test_the_time_is_that_of_the_clock() -> None:
    assert async_world(MemoryStore(), MemoryDirectory()).now() == 7.0


def play(world: AsyncWorld, loop: str) -> list[Event]:
    async def main() -> list[Event]:
        return [await world.perform(effect) for effect, _ in SCRIPT]

    return anyio.run(main, backend=loop)
