"""A whole relying party on each driver, before a fake provider: the routes, a store, a directory, a library."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from urllib.parse import quote_plus, urlsplit

import trio

from sso_adapters.directories.sqlite import SqliteDirectory
from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import Flights as AsyncioFlights
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import Flights as TrioFlights
from sso_adapters.drive.on_trio import run_trio
from sso_adapters.http.library import AsyncLibrary, Library
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld, BlockingWorld
from sso_core.effects import Effect, HttpRequest, HttpResponse
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


class _Sender:
    def __init__(self, op: FakeProvider, clock: Clock) -> None:
        self._op, self._clock = op, clock

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._op.answer(request, self._clock())


class _AsyncSender(_Sender):
    async def send(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override] # the same, awaited
        return super().send(request)


class Stage:
    """What a driver plays on: `play` runs a flow, `perform` one effect, `warm` tells what is known."""

    def __init__(self, op: FakeProvider, store: MemoryStore, directory: SqliteDirectory, clock: Clock) -> None:
        self.op, self.store, self.directory, self.clock = op, store, directory, clock
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        raise NotImplementedError

    def perform(self, effect: Effect) -> object:
        raise NotImplementedError

    def warm(self, issuer: str) -> Warm:
        raise NotImplementedError


class OnThreads(Stage):
    def open(self) -> None:
        sender = _Sender(self.op, self.clock)
        self.library = Library(sender, clock=self.clock)
        self.world = BlockingWorld(sender, self.library, self.store, self.directory, clock=self.clock)

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        return run(state, self.world, watch=lambda state: trail.append(type(state).__name__))

    def perform(self, effect: Effect) -> object:
        return self.world.perform(effect)

    def warm(self, issuer: str) -> Warm:
        return self.library.warm(issuer)


class _Async(Stage):
    def open(self) -> None:
        sender = _AsyncSender(self.op, self.clock)
        self.library = AsyncLibrary(sender, clock=self.clock)
        self.world = AsyncWorld(sender, self.library, self.store, self.directory, clock=self.clock)

    def warm(self, issuer: str) -> Warm:
        return self.library.warm(issuer)


class OnAsyncio(_Async):
    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        async def flow() -> Resting:
            watch = lambda state: trail.append(type(state).__name__)  # noqa: E731 -- a watch is a function
            return await run_asyncio(state, self.world, watch=watch, flights=AsyncioFlights())

        return asyncio.run(flow())

    def perform(self, effect: Effect) -> object:
        return asyncio.run(self.world.perform(effect))


class OnTrio(_Async):
    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        async def flow() -> Resting:
            watch = lambda state: trail.append(type(state).__name__)  # noqa: E731 -- a watch is a function
            return await run_trio(state, self.world, watch=watch, flights=TrioFlights())

        return trio.run(flow)

    def perform(self, effect: Effect) -> object:
        return trio.run(self.world.perform, effect)


STAGES: dict[str, type[Stage]] = {"threads": OnThreads, "asyncio": OnAsyncio, "trio": OnTrio}


class Rehearsal:
    """One browser before one service: `login` goes all the way, or as far as it is let."""

    def __init__(self, op: FakeProvider, driver: str, arrangement: Arrangement | None = None) -> None:
        arrangement = arrangement or Arrangement()
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
        self.op, self.clock = op, Clock()
        self.site = Site(SignInSettings(Origin("https://app.example"), (provider,)))
        self.store = MemoryStore(clock=self.clock)
        self.directory = SqliteDirectory(":memory:")
        self.stage = STAGES[driver](op, self.store, self.directory, self.clock)
        self.cookies: dict[str, str] = {}
        self.trail: list[str] = []
        self.seen: list[Response] = []

    def close(self) -> None:
        self.directory.close()

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

    @property
    def signed_in(self) -> bool:
        return self.send(Request("GET", "/sso/session")).status == 200

    @property
    def sessions(self) -> int:
        return sum(cookie.startswith("__Host-sso-session") for cookie in self.cookies)
