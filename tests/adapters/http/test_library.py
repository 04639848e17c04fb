from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event, Thread, active_count
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest
from hostile_servers import read_request, serving

from sso_adapters.http import AsyncHttpxSender, AsyncLibrary, HttpxSender, Library, Terms
from sso_adapters.http.library import request_of
from sso_adapters.http.shelf import Answer
from sso_core.effects import HttpRequest, Kind, Peek, ReadKeys, ReadMetadata
from sso_core.events import HttpResponse, KeysRead, MetadataRead, Unavailable, Unreachable
from sso_core.facts import Warm
from sso_core.failures import MisuseError, Reason

ISSUER = "https://idp.example"
URI = f"{ISSUER}/keys"
ASK_METADATA = ReadMetadata(ISSUER)
ASK_KEYS = ReadKeys(ISSUER, URI)
DOWN = Unreachable(sent=False, why="no connection")

DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": URI,
}
METADATA = HttpResponse(200, json.dumps(DOCUMENT).encode(), (("content-type", "application/json"),))
# The public keys of RFC 8037 A.2 and of RFC 8032 7.1, test 2.
POINTS = {
    "a": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "b": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
}


def key_set(*kids: str) -> HttpResponse:
    entries = [{"kty": "OKP", "crv": "Ed25519", "x": POINTS[kid], "kid": kid} for kid in kids]
    return HttpResponse(200, json.dumps({"keys": entries}).encode(), (("content-type", "application/json"),))


def kids(answer: Answer) -> list[str | None]:
    assert isinstance(answer, KeysRead)
    return [key.kid for key in answer.keys.keys]


def reason(answer: Answer) -> Reason:
    assert isinstance(answer, Unavailable)
    return answer.failure.reason


@attrs.define(eq=False)
class Provider:
    """Answers by address; what is not published is unreachable. Counts, and moves the clock if told so."""

    pages: dict[str, HttpResponse | Unreachable | list[HttpResponse | Unreachable]] = attrs.field(factory=dict)
    requests: list[HttpRequest] = attrs.field(factory=list)
    now: float = 1e9
    takes: float = 0.0

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        self.requests.append(request)
        self.now += self.takes
        page = self.pages.get(request.url, DOWN)
        return page.pop(0) if isinstance(page, list) else page

    def clock(self) -> float:
        return self.now


@attrs.define(eq=False)
class AsyncProvider:
    """The same, awaited."""

    provider: Provider

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        await anyio.lowlevel.checkpoint()
        return self.provider.send(request)


Read = Callable[[ReadMetadata | ReadKeys], Awaitable[Answer]]
Scene = Callable[[Provider, Any, Read], Awaitable[None]]


def play(way: str, scene: Scene, provider: Provider | None = None, **options: Any) -> None:
    """Play a scene with a library of either kind, whose `read` is awaited in both cases."""
    world = provider or published()
    terms = Terms(**options)

    async def main() -> None:
        if way == "sync":
            library = Library(world, terms=terms, clock=world.clock)

            async def read(question: ReadMetadata | ReadKeys) -> Answer:
                return library.read(question)

            await scene(world, library, read)
        else:
            twin = AsyncLibrary(AsyncProvider(world), terms=terms, clock=world.clock)
            await scene(world, twin, twin.read)

    anyio.run(main, backend="asyncio" if way == "sync" else way)


def published() -> Provider:
    return Provider({f"{ISSUER}/.well-known/openid-configuration": METADATA, URI: key_set("a")})


each_way = pytest.mark.parametrize("way", ["sync", "asyncio", "trio"])


@each_way
def test_documents_are_read_once_and_then_known(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        assert library.warm(ISSUER) == Warm()
        first = await read(ASK_METADATA)
        assert isinstance(first, MetadataRead)
        assert first.metadata.jwks_uri == URI
        assert kids(await read(ASK_KEYS)) == ["a"]
        assert await read(ASK_METADATA) == first
        assert kids(await read(ASK_KEYS)) == ["a"]
        assert len(provider.requests) == 2
        assert library.warm(ISSUER).metadata == first.metadata
        assert library.warm(ISSUER).keys is not None
        provider.now += 3600
        assert library.warm(ISSUER) == Warm()
        await read(ASK_METADATA)
        assert len(provider.requests) == 3

    play(way, scene)


@each_way
def test_metadata_is_looked_for_in_the_second_place_too(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        provider.pages[f"{ISSUER}/.well-known/openid-configuration"] = HttpResponse(404, b"")
        provider.pages[f"{ISSUER}/.well-known/oauth-authorization-server"] = METADATA
        assert isinstance(await read(ASK_METADATA), MetadataRead)

    play(way, scene)


@each_way
def test_a_request_that_fails_fast_is_sent_once_more(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        provider.pages[URI] = [DOWN, key_set("a")]
        assert kids(await read(ASK_KEYS)) == ["a"]
        assert len(provider.requests) == 2

    play(way, scene)


@each_way
def test_a_request_that_took_its_time_to_fail_is_not_sent_again(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        provider.takes = 5.0
        provider.pages[URI] = [DOWN, key_set("a")]
        assert reason(await read(ASK_KEYS)) is Reason.KEYS_UNREACHABLE
        assert len(provider.requests) == 1

    play(way, scene)


@each_way
def test_a_failure_is_not_kept_but_its_repetition_is_bounded(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        provider.pages.clear()
        for _ in range(10):
            assert reason(await read(ASK_METADATA)) is Reason.METADATA_UNREACHABLE
        assert len(provider.requests) == 3 * 2
        provider.pages = published().pages
        provider.now += 15
        assert isinstance(await read(ASK_METADATA), MetadataRead)

    play(way, scene)


@each_way
def test_a_document_that_is_refused_is_refused_with_its_own_reason(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        provider.pages[URI] = HttpResponse(200, b"no JSON", (("content-type", "application/json"),))
        assert reason(await read(ASK_KEYS)) is Reason.BAD_KEYS
        assert reason(await read(ReadMetadata("no address"))) is Reason.BAD_METADATA

    play(way, scene)


@each_way
def test_the_old_copy_outlives_an_outage(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_KEYS)
        provider.pages.clear()
        provider.now += 23 * 3600
        assert kids(await read(ASK_KEYS)) == ["a"]
        provider.now += 3600
        assert reason(await read(ASK_KEYS)) is Reason.KEYS_UNREACHABLE

    play(way, scene)


@each_way
def test_a_new_key_is_fetched_when_a_token_asks_for_it_and_not_twice(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_KEYS)
        provider.pages[URI] = key_set("a", "b")
        assert kids(await read(ReadKeys(ISSUER, URI, lacks="b"))) == ["a", "b"]
        assert kids(await read(ReadKeys(ISSUER, URI, lacks="b"))) == ["a", "b"]
        assert len(provider.requests) == 2

    play(way, scene)


@each_way
def test_made_up_keys_cannot_be_used_to_flood_the_provider(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_KEYS)
        for number in range(50):
            assert kids(await read(ReadKeys(ISSUER, URI, lacks=f"made-up-{number}"))) == ["a"]
        assert len(provider.requests) == 3

    play(way, scene)


@each_way
def test_a_forced_refresh_that_fails_is_told_and_takes_nothing_away(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_KEYS)
        provider.pages.clear()
        assert reason(await read(ReadKeys(ISSUER, URI, lacks="b"))) is Reason.KEYS_UNREACHABLE
        assert kids(await read(ASK_KEYS)) == ["a"]

    play(way, scene)


# Refreshing ahead


async def refresh(library: Any) -> None:
    """Have a library of either kind fetch what is due."""
    going_on = library.refresh()
    if going_on is not None:
        await going_on


@each_way
def test_a_tended_library_lets_nobody_wait_however_many_hours_pass(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_METADATA)
        await read(ASK_KEYS)
        for _ in range(20):
            provider.now += 2700
            await refresh(library)
            await refresh(library)
            asked = len(provider.requests)
            assert library.warm(ISSUER).metadata is not None
            assert kids(await read(ASK_KEYS)) == ["a"]
            assert isinstance(await read(ASK_METADATA), MetadataRead)
            assert len(provider.requests) == asked
        assert len(provider.requests) == 2 * 21

    play(way, scene)


@each_way
def test_nothing_is_fetched_before_it_is_due_or_was_ever_asked_for(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await refresh(library)
        assert provider.requests == []
        await read(ASK_METADATA)
        provider.now += 2699
        await refresh(library)
        assert len(provider.requests) == 1

    play(way, scene)


@each_way
def test_a_refresh_ahead_that_fails_keeps_the_copy_and_heals_alone(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_METADATA)
        await read(ASK_KEYS)
        pages, provider.pages = provider.pages, {}
        provider.now += 2700
        await refresh(library)
        assert library.warm(ISSUER).keys is not None
        provider.now += 20 * 3600
        await refresh(library)
        assert kids(await read(ASK_KEYS)) == ["a"]
        provider.pages = pages
        provider.now += 30
        await refresh(library)
        assert library.warm(ISSUER).keys is not None

    play(way, scene)


@each_way
def test_refreshes_ahead_stop_where_nobody_would_be_given_the_copy(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_METADATA)
        provider.now += 24 * 3600
        await refresh(library)
        assert len(provider.requests) == 1

    play(way, scene)


@each_way
def test_refreshes_ahead_cost_tokens_like_any_fetch(way: str) -> None:
    async def scene(provider: Provider, library: Any, read: Read) -> None:
        await read(ASK_METADATA)
        provider.pages.clear()
        provider.takes = 0.001
        provider.now += 2700
        before = len(provider.requests)
        for _ in range(10):
            await refresh(library)
        assert len(provider.requests) == before + 3 * 2

    play(way, scene)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_while_a_task_refreshes_ahead_everybody_is_given_the_old_copy(backend: str) -> None:
    provider = published()

    async def main() -> None:
        gate = Gate(provider)
        gate.opened.set()
        library = AsyncLibrary(gate, clock=provider.clock)
        await library.read(ASK_METADATA)
        await library.read(ASK_KEYS)
        gate.arrived, gate.opened = anyio.Event(), anyio.Event()
        provider.now += 2700
        async with anyio.create_task_group() as group:
            group.start_soon(library.refresh)
            await gate.arrived.wait()
            for wait in (0, 900):
                provider.now += wait
                assert isinstance(await library.read(ASK_METADATA), MetadataRead)
            gate.opened.set()
        assert library._flights == {}

    anyio.run(main, backend=backend)
    assert len(provider.requests) == 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_tends_refreshes_until_it_is_cancelled_and_leaves_no_flight(backend: str) -> None:
    provider = published()

    async def main() -> None:
        gate = Gate(provider)
        gate.opened.set()
        library = AsyncLibrary(gate, clock=provider.clock)
        await library.read(ASK_METADATA)
        gate.arrived, gate.opened = anyio.Event(), anyio.Event()
        provider.now += 2700
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(partial(library.tend, look=0.001))
                await gate.arrived.wait()
                group.cancel_scope.cancel()
        assert library._flights == {}

    anyio.run(main, backend=backend)
    assert len(provider.requests) == 2


def test_a_thread_that_tends_refreshes_until_the_context_ends() -> None:
    slow = SlowProvider(published())
    slow.opened.set()
    library = Library(slow, clock=slow.provider.clock)
    library.read(ASK_METADATA)
    slow.arrived.clear()
    slow.opened.clear()
    slow.provider.now += 2700
    before = active_count()
    with library.tended(look=0.001):
        assert slow.arrived.wait(10)
        assert active_count() == before + 1
        assert isinstance(library.read(ASK_METADATA), MetadataRead)
        slow.opened.set()
    assert active_count() == before
    assert library._flights == {}
    assert library.warm(ISSUER).metadata is not None
    assert library._shelf.due(slow.provider.now) == ()


@pytest.mark.parametrize("way", ["sync", "asyncio", "trio"])
def test_documents_of_a_real_server_are_read_through_a_real_sender(way: str) -> None:
    def publishing(connection: Any, server: Any) -> None:
        issuer = server.url(host="localhost")[:-1]
        document = DOCUMENT | {"issuer": issuer}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            document[name] = f"{issuer}/{name}"
        while asked := read_request(connection, server):
            body = key_set("a").body if b"GET /jwks_uri " in asked else json.dumps(document).encode()
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            connection.sendall(head % len(body) + body)

    with serving(publishing) as server:
        issuer = server.url(host="localhost")[:-1]
        questions = (ReadMetadata(issuer), ReadKeys(issuer, f"{issuer}/jwks_uri"))
        if way == "sync":
            sender = HttpxSender()
            library = Library(sender)
            metadata, keys = (library.read(question) for question in questions)
            sender.close()
        else:

            async def main() -> list[Answer]:
                sender = AsyncHttpxSender()
                library = AsyncLibrary(sender)
                answers = [await library.read(question) for question in questions]
                await sender.aclose()
                return answers

            metadata, keys = anyio.run(main, backend=way)
        assert isinstance(metadata, MetadataRead)
        assert kids(keys) == ["a"]
        assert server.connections == 1


# Many askers


@attrs.define(eq=False)
class Gate:
    """A provider behind a gate: each request waits in front of it."""

    provider: Provider
    arrived: anyio.Event = attrs.field(factory=anyio.Event)
    opened: anyio.Event = attrs.field(factory=anyio.Event)

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        event = self.provider.send(request)
        self.arrived.set()
        await self.opened.wait()
        return event


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("up", [True, False])
def test_f11_many_tasks_that_ask_at_once_share_one_fetch(backend: str, *, up: bool) -> None:
    provider = published() if up else Provider(takes=2.0)
    answers: list[Answer] = []

    async def main() -> None:
        gate = Gate(provider)
        library = AsyncLibrary(gate, clock=provider.clock)

        async def ask() -> None:
            answers.append(await library.read(ASK_KEYS))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)
            await gate.arrived.wait()
            await anyio.wait_all_tasks_blocked()
            gate.opened.set()
        assert library._flights == {}

    anyio.run(main, backend=backend)
    assert len(provider.requests) == 1
    assert [type(answer) for answer in answers] == [KeysRead if up else Unavailable] * 20


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_f11_when_the_first_task_is_cancelled_the_next_takes_over(backend: str) -> None:
    provider = published()
    answers: list[Answer] = []

    async def main() -> None:
        gate = Gate(provider)
        library = AsyncLibrary(gate, terms=Terms(burst=1), clock=provider.clock)
        first = anyio.CancelScope()

        async def ask_first() -> None:
            with first:
                await library.read(ASK_KEYS)

        async def ask() -> None:
            answers.append(await library.read(ASK_KEYS))

        async with anyio.create_task_group() as group:
            group.start_soon(ask_first)
            await gate.arrived.wait()
            for _ in range(5):
                group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            gate.opened.set()

    anyio.run(main, backend=backend)
    assert [kids(answer) for answer in answers] == [["a"]] * 5
    assert len(provider.requests) == 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_when_the_only_task_is_cancelled_the_next_asker_pays_for_a_fetch_of_its_own(backend: str) -> None:
    provider = published()

    async def main() -> None:
        gate = Gate(provider)
        library = AsyncLibrary(gate, terms=Terms(burst=1), clock=provider.clock)
        async with anyio.create_task_group() as group:
            group.start_soon(library.read, ASK_KEYS)
            await gate.arrived.wait()
            group.cancel_scope.cancel()
        assert library._flights == {}
        assert reason(await library.read(ASK_KEYS)) is Reason.KEYS_UNREACHABLE

    anyio.run(main, backend=backend)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_f11_a_task_with_an_old_copy_does_not_wait_for_the_refresh_of_another(backend: str) -> None:
    provider = published()

    async def main() -> None:
        gate = Gate(provider)
        gate.opened.set()
        library = AsyncLibrary(gate, clock=provider.clock)
        await library.read(ASK_KEYS)
        gate.arrived, gate.opened = anyio.Event(), anyio.Event()
        provider.now += 3600
        async with anyio.create_task_group() as group:
            group.start_soon(library.read, ASK_KEYS)
            await gate.arrived.wait()
            assert kids(await library.read(ASK_KEYS)) == ["a"]
            gate.opened.set()

    anyio.run(main, backend=backend)
    assert len(provider.requests) == 2


@attrs.define(eq=False)
class SlowProvider:
    """A provider for threads that answers when told so, and the first time with a bug of ours if told so."""

    provider: Provider
    bug: bool = False
    arrived: Event = attrs.field(factory=Event)
    opened: Event = attrs.field(factory=Event)

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        first = not self.arrived.is_set()
        event = self.provider.send(request)
        self.arrived.set()
        self.opened.wait(10)
        if first and self.bug:
            raise MisuseError("a bug")
        return event


@pytest.mark.parametrize("bug", [True, False])
def test_many_threads_that_ask_at_once_share_one_fetch_and_outlive_a_bug_of_the_first(*, bug: bool) -> None:
    slow = SlowProvider(published(), bug)
    library = Library(slow, terms=Terms(burst=1), clock=slow.provider.clock)
    answers: list[Answer | str] = []

    def ask() -> None:
        try:
            answers.append(library.read(ASK_KEYS))
        except MisuseError:
            answers.append("a bug")

    threads = [Thread(target=ask) for _ in range(8)]
    threads[0].start()
    slow.arrived.wait(10)
    for thread in threads[1:]:
        thread.start()
    while library._flights[ISSUER, URI].askers < len(threads):
        threads[0].join(0.01)
    slow.opened.set()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, KeysRead) for answer in answers) == 8 - bug
    assert len(slow.provider.requests) == 1 + bug
    assert library._flights == {}


def test_a_fetch_asks_for_nothing_but_http() -> None:
    with pytest.raises(MisuseError):
        request_of(Peek(Kind.LOGIN, "key"))
