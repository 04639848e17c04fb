"""Each effect reaches the one who performs it, and nobody else; what may wait leaves the loop free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, get_args

import anyio
import anyio.lowlevel
import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sql import open_directory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, BlockingWorld, Doubt
from sso_core.effects import (
    AskHost,
    Count,
    Drop,
    Effect,
    HttpRequest,
    Keep,
    Kind,
    Peek,
    Purpose,
    ReadAccount,
    ReadKey,
    ReadKeys,
    ReadMetadata,
    Renew,
    Take,
    WriteAccount,
)
from sso_core.events import (
    AccountFacts,
    Conflict,
    Counted,
    DirectoryUnreachable,
    Dropped,
    Event,
    Found,
    HostAnswered,
    HostFailed,
    Kept,
    KeyFacts,
    Missing,
    StoreUnreachable,
    Unavailable,
    Unreachable,
    Written,
)
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.hosts import AfterLogin, Declined, HostAnswer, HostQuestion, Person, Vouched, Wishes
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.records import Account, CreateAccount
from sso_core.secret import Secret

ISSUER = "https://op.example"
PROVIDER = OpenIdProvider(ISSUER, Client("client", Secret("secret")))
NOT_THERE = Unavailable(Failure(Reason.METADATA_UNREACHABLE))
QUESTION = AfterLogin(Person(ISSUER, "alice"), None)
SCRIPT: list[tuple[Effect, Event]] = [
    (HttpRequest(Purpose.TOKEN, f"{ISSUER}/token", body=b""), Unreachable(sent=False)),
    (ReadMetadata(ISSUER), NOT_THERE),
    (ReadKeys(ISSUER, f"{ISSUER}/keys"), NOT_THERE),
    (Keep(Kind.LOGIN, "key", b"value", 60), Kept()),
    (Peek(Kind.LOGIN, "key"), Found(b"value")),
    (Renew(Kind.LOGIN, "key", b"value", 60), Kept()),
    (Drop(Kind.LOGIN, "key"), Dropped()),
    (Take(Kind.LOGIN, "key", b"mark", 60), Missing()),
    (Count(Kind.TRIES, "key", 60), Counted(1, 60)),
    (WriteAccount((CreateAccount(Account("id", "", 1, ((ISSUER, "alice"),))),), ()), Written()),
    (ReadAccount(ISSUER, "nobody"), AccountFacts(None)),
    (ReadKey("hash"), KeyFacts(None, None)),
    (AskHost(QUESTION), HostAnswered(Declined("not today"))),
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


def decline(_question: HostQuestion) -> HostAnswer:
    return Declined("not today")


async def decline_later(question: HostQuestion) -> HostAnswer:
    await anyio.lowlevel.checkpoint()
    return decline(question)


class DeclineLater:
    """An object with an async call: no function that says so beforehand."""

    async def __call__(self, question: HostQuestion) -> HostAnswer:
        return await decline_later(question)


def break_down(_question: HostQuestion) -> HostAnswer:
    raise LookupError("canary")


async def break_down_later(question: HostQuestion) -> HostAnswer:
    await anyio.lowlevel.checkpoint()
    return break_down(question)


def blocking_world(store: Any, directory: Any, host: Any = decline) -> BlockingWorld:
    offline: Any = Offline()
    return BlockingWorld(offline, offline, store, directory, host=host, clock=lambda: 7.0)


def async_world(store: Any, directory: Any, host: Any = decline) -> AsyncWorld:
    offline: Any = AsyncOffline(Offline())
    return AsyncWorld(offline, offline, store, directory, host=host, clock=lambda: 7.0)


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


def test_a_doubt_lasts_from_a_failure_to_the_next_answer() -> None:
    doubt, peeked, read = Doubt(), Missing(), AccountFacts(None)
    warm = doubt.told_with(lambda _provider: Warm())
    seen = []
    for note, answer in (
        (doubt.of_store, peeked),
        (doubt.of_directory, read),
        (doubt.of_directory, DirectoryUnreachable()),
        (doubt.of_store, peeked),
        (doubt.of_directory, Conflict()),
        (doubt.of_store, StoreUnreachable()),
        (doubt.of_directory, read),
        (doubt.of_store, peeked),
    ):
        seen.append(warm(PROVIDER) == Warm(backends_in_doubt=True))
        assert note(answer) is answer
    assert [*seen, bool(doubt)] == [True, True, False, True, True, False, True, True, False]


class Down:
    """A store or a directory that cannot be reached."""

    in_memory = True

    def perform(self, effect: Any) -> Event:
        (answer,) = effect.answers & {StoreUnreachable, DirectoryUnreachable}
        return cast("Event", answer("down"))


BACKED = [effect for effect, _ in SCRIPT if effect.answers & {StoreUnreachable, DirectoryUnreachable}]


@pytest.mark.parametrize("effect", BACKED, ids=lambda effect: type(effect).__name__)
def test_whatever_a_backend_is_asked_it_is_in_doubt_once_it_fails(effect: Effect) -> None:
    blocking, awaited = blocking_world(Down(), Down()), async_world(Down(), Down())
    for world in (blocking, awaited):
        world.doubt.of_store(Missing())
        world.doubt.of_directory(AccountFacts(None))
    blocking.perform(effect)
    anyio.run(awaited.perform, effect)
    assert (bool(blocking.doubt), bool(awaited.doubt)) == (True, True)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_worlds_note_what_the_backends_answer(loop: str) -> None:
    blocking = blocking_world(MemoryStore(), MemoryDirectory())
    awaited = async_world(MemoryStore(), MemoryDirectory())
    assert (bool(blocking.doubt), bool(awaited.doubt)) == (True, True)
    for effect, _ in SCRIPT:
        blocking.perform(effect)
    play(awaited, loop)
    assert (bool(blocking.doubt), bool(awaited.doubt)) == (False, False)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_disk_is_waited_for_in_another_thread(loop: str, tmp_path: Path) -> None:
    files = SqliteStore(tmp_path / "store"), open_directory(f"sqlite:///{tmp_path}/directory")
    store, directory = map(Noting, files)
    assert play(async_world(store, directory), loop) == [event for _, event in SCRIPT]
    assert len(store.threads) == 6
    assert len(directory.threads) == 3
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


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        (None, HostFailed("no host function")),
        (decline, HostAnswered(Declined("not today"))),
        (lambda _question: Wishes(role="admin"), HostAnswered(Wishes(role="admin"))),
        (lambda _question: None, HostFailed("answered NoneType")),
        (lambda _question: Vouched(Person(ISSUER, "mallory")), HostFailed("answered Vouched")),
        (break_down, HostFailed("LookupError")),
    ],
)
@pytest.mark.parametrize("loop", ["threads", "asyncio", "trio"])
def test_a_host_is_asked_and_what_it_raises_is_an_event(host: Any, answer: Event, loop: str) -> None:
    assert ask(host, loop) == answer


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_an_async_function_of_the_host_is_awaited(loop: str) -> None:
    for host in (decline_later, DeclineLater()):
        assert ask(host, loop) == HostAnswered(Declined("not today"))
    assert ask(break_down_later, loop) == HostFailed("LookupError")


def test_an_async_function_of_the_host_is_no_answer_on_threads() -> None:
    assert ask(decline_later, "threads") == HostFailed("answered coroutine")


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_plain_function_of_the_host_is_called_in_another_thread(loop: str) -> None:
    threads: list[int] = []

    def note(question: HostQuestion) -> HostAnswer:
        threads.append(threading.get_ident())
        return decline(question)

    ask(note, loop)
    assert threads != [threading.get_ident()]


def ask(host: Any, loop: str) -> Event:
    effect = AskHost(QUESTION)
    if loop == "threads":
        return blocking_world(MemoryStore(), MemoryDirectory(), host).perform(effect)
    return anyio.run(async_world(MemoryStore(), MemoryDirectory(), host).perform, effect, backend=loop)


def test_the_time_is_that_of_the_clock() -> None:
    assert async_world(MemoryStore(), MemoryDirectory()).now() == 7.0


def play(world: AsyncWorld, loop: str) -> list[Event]:
    async def main() -> list[Event]:
        return [await world.perform(effect) for effect, _ in SCRIPT]

    return anyio.run(main, backend=loop)
