"""A whole relying party on each driver, store and sender, before a fake provider: a browser's view of all of it.

What is new is one line in `STAGES`, `STORES` or `SENDERS`, and plays in every suite.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit
from wsgiref.types import StartResponse

import attrs
from anyio.from_thread import start_blocking_portal

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import Flights as AsyncioFlights
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import Flights as TrioFlights
from sso_adapters.drive.on_trio import run_trio
from sso_adapters.http.library import AsyncLibrary, AsyncSender, Library, Sender
from sso_adapters.http.senders import AsyncHttpxSender, HttpxSender
from sso_adapters.server import ThreadedServer
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, BlockingWorld, Store
from sso_core.effects import Effect, HttpRequest, Purpose
from sso_core.events import HttpResponse
from sso_core.facts import Warm
from sso_core.machine import Resting, Working
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.providers.kinds import OpenIdProvider, ResponseMode
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.mischief import Arrangement
from sso_core.testing.provider_state import Redirect
from sso_core.web.messages import Request, Response
from sso_core.web.site import Site

NOW = 1_800_000_000.5


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


# Stores


@contextmanager
def _in_memory(_folder: Path, clock: Clock) -> Iterator[Store]:
    yield MemoryStore(clock=clock)


@contextmanager
def _in_a_file(folder: Path, clock: Clock) -> Iterator[Store]:
    store = SqliteStore(folder / "short_lived.sqlite3", clock=clock)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _in_the_directorys_database(folder: Path, clock: Clock) -> Iterator[Store]:
    directory = open_directory(f"sqlite:///{folder}/directory.sqlite3")
    try:
        yield SqlStore(directory.engine, clock=clock)
    finally:
        directory.close()


STORES = {"memory": _in_memory, "sqlite": _in_a_file, "sql": _in_the_directorys_database}


# Senders


class CalledSender:
    def __init__(self, op: FakeProvider, clock: Clock) -> None:
        self._op, self._clock = op, clock

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._op.answer(request, self._clock())


class _AsyncSender(CalledSender):
    async def send(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override] # the same, awaited
        return super().send(request)


@attrs.frozen
class Senders:
    """How requests reach the provider: senders of both kinds, and a place where it can be reached by them."""

    blocking: Callable[[FakeProvider, Clock], Sender]
    awaited: Callable[[FakeProvider, Clock], AsyncSender]
    published: bool


SENDERS: Mapping[str, Senders] = {
    "called": Senders(CalledSender, _AsyncSender, published=False),
    "sockets": Senders(lambda _op, _clock: HttpxSender(), lambda _op, _clock: AsyncHttpxSender(), published=True),
}


@contextmanager
def published(op: FakeProvider, clock: Clock) -> Iterator[str]:
    """Serve the provider on the loopback, and yield its address."""

    def application(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        headers = [(name[5:].replace("_", "-").lower(), environ[name]) for name in environ if name.startswith("HTTP_")]
        headers += [("content-type", environ["CONTENT_TYPE"])] if "CONTENT_TYPE" in environ else []
        posted = environ["REQUEST_METHOD"] == "POST"
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])) if posted else None
        url = op.state.issuer + environ["PATH_INFO"]
        answer = op.answer(HttpRequest(Purpose.TOKEN, url, tuple(headers), body), clock())
        status = HTTPStatus(answer.status)
        start(f"{status} {status.phrase}", [*answer.headers, ("content-length", str(len(answer.body)))])
        return [answer.body]

    server = ThreadedServer(application, host="127.0.0.1", port=0)
    _, port = server.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.close()


# Drivers


class Stage:
    """What a driver plays on: `play` runs a flow, `perform` one effect, `warm` tells what is known."""

    def __init__(
        self,
        op: FakeProvider,
        store: Store,
        directory: SqlDirectory,
        clock: Clock,
        senders: Senders,
        opened: ExitStack,
    ) -> None:
        raise NotImplementedError

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        raise NotImplementedError

    def perform(self, effect: Effect) -> object:
        raise NotImplementedError

    def warm(self, issuer: str) -> Warm:
        raise NotImplementedError


class OnThreads(Stage):
    def __init__(
        self,
        op: FakeProvider,
        store: Store,
        directory: SqlDirectory,
        clock: Clock,
        senders: Senders,
        opened: ExitStack,
    ) -> None:
        sender = senders.blocking(op, clock)
        if isinstance(sender, HttpxSender):
            opened.callback(sender.close)
        self.library = Library(sender, clock=clock)
        self.world = BlockingWorld(sender, self.library, store, directory, clock=clock)

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        return run(state, self.world, watch=lambda state: trail.append(type(state).__name__))

    def perform(self, effect: Effect) -> object:
        return self.world.perform(effect)

    def warm(self, issuer: str) -> Warm:
        return self.library.warm(issuer)


class _InLoop(Stage):
    """An event loop in a thread of its own, as long as the service lives: connections outlast a request."""

    backend: str

    def __init__(
        self,
        op: FakeProvider,
        store: Store,
        directory: SqlDirectory,
        clock: Clock,
        senders: Senders,
        opened: ExitStack,
    ) -> None:
        self.portal = opened.enter_context(start_blocking_portal(self.backend))
        # Made and closed within its loop, as it asks for.
        sender = self.portal.call(senders.awaited, op, clock)
        if isinstance(sender, AsyncHttpxSender):
            opened.callback(self.portal.call, sender.aclose)
        self.library = AsyncLibrary(sender, clock=clock)
        self.world = AsyncWorld(sender, self.library, store, directory, clock=clock)

    async def flow(self, state: Working | Resting, trail: list[str]) -> Resting:
        raise NotImplementedError

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        return self.portal.call(self.flow, state, trail)

    def perform(self, effect: Effect) -> object:
        return self.portal.call(self.world.perform, effect)

    def warm(self, issuer: str) -> Warm:
        return self.portal.call(self.library.warm, issuer)


class OnAsyncio(_InLoop):
    backend = "asyncio"

    async def flow(self, state: Working | Resting, trail: list[str]) -> Resting:
        watch = lambda state: trail.append(type(state).__name__)  # noqa: E731 -- a watch is a function
        return await run_asyncio(state, self.world, watch=watch, flights=AsyncioFlights())


class OnTrio(_InLoop):
    backend = "trio"

    async def flow(self, state: Working | Resting, trail: list[str]) -> Resting:
        watch = lambda state: trail.append(type(state).__name__)  # noqa: E731 -- a watch is a function
        return await run_trio(state, self.world, watch=watch, flights=TrioFlights())


STAGES: dict[str, type[Stage]] = {"threads": OnThreads, "asyncio": OnAsyncio, "trio": OnTrio}


class Rehearsal:
    """One browser before one service: `login` goes all the way, or as far as it is let."""

    def __init__(
        self,
        op: FakeProvider,
        driver: str,
        arrangement: Arrangement | None = None,
        *,
        store: str = "memory",
        sender: str = "called",
        folder: Path = Path(),
    ) -> None:
        self.op, self.clock = op, Clock()
        self.cookies: dict[str, str] = {}
        self.trail: list[str] = []
        self.seen: list[Response] = []
        with ExitStack() as opened:
            senders = SENDERS[sender]
            if senders.published:
                issuer = opened.enter_context(published(op, self.clock))
                op.change(lambda state: attrs.evolve(state, issuer=issuer))
            self.site = Site(_settings(op, arrangement or Arrangement()))
            kept = opened.enter_context(STORES[store](folder, self.clock))
            self.directory = directory = open_directory("sqlite://")
            opened.callback(directory.close)
            self.stage = STAGES[driver](op, kept, directory, self.clock, senders, opened)
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()

    def send(self, request: Request) -> Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = Request(
            request.method, request.path, request.query, (*request.headers, ("cookie", cookies)), request.body
        )
        warm = self.stage.warm(self.op.state.issuer)
        entropy = Entropy(secrets.token_bytes(ENTROPY_SIZE))
        visit = self.site.visit(request, entropy=entropy, now=self.clock(), warm=lambda _provider: warm)
        self.trail = []
        ending = self.stage.play(visit.state, self.trail)
        response = visit.respond(ending, trail=tuple(self.trail))
        self.seen.append(response)
        self._remember(response)
        for effect in response.afterwards:
            self.stage.perform(effect)
        return response

    def _remember(self, response: Response) -> None:
        for header in (value for name, value in response.headers if name == "set-cookie"):
            name, _, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]

    def begin(self, return_to: str = "/") -> Response:
        return self.send(Request("GET", "/sso/key/generate", f"return_to={return_to}"))

    def callback(self, redirect: Redirect) -> Response:
        if redirect.method == "POST":
            form = (("content-type", "application/x-www-form-urlencoded"),)
            body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in redirect.fields)
            return self.send(Request("POST", "/sso/callback", "", form, body.encode()))
        return self.send(Request("GET", "/sso/callback", urlsplit(redirect.url).query))

    def login(self, person: str = "alice", arrive: Callable[[Redirect], Redirect] = lambda value: value) -> Response:
        begun = self.begin()
        if begun.status != 303:
            return begun
        return self.callback(arrive(self.op.authorize(dict(begun.headers)["location"], person, self.clock())))

    def sign_out(self) -> Response:
        return self.send(Request("POST", "/sso/sign-out", "", (("sec-fetch-site", "same-origin"),)))

    @property
    def signed_in(self) -> bool:
        return self.send(Request("GET", "/sso/session")).status == 200

    @property
    def sessions(self) -> int:
        return sum(cookie.startswith("__Host-sso-session") for cookie in self.cookies)


def _settings(op: FakeProvider, arrangement: Arrangement) -> SignInSettings:
    client = op.state.clients[0]
    only = arrangement.id_token_alg if arrangement.only_registered_alg else None
    provider = OpenIdProvider(
        op.state.issuer,
        Client(client.client_id, client.client_secret, AuthenticationMethod(client.auth_method)),
        scope=arrangement.scope,
        response_mode=ResponseMode(arrangement.response_mode),
        algorithms=(only,) if only else ALGORITHMS,
        userinfo_signed=arrangement.userinfo_alg is not None,
        max_age=arrangement.max_age,
    )
    return SignInSettings(Origin("https://app.example"), (provider,))
