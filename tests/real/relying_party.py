"""A whole relying party on each driver, before a real provider: real sockets, the system's clock, one browser."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from anyio.from_thread import BlockingPortal, start_blocking_portal
from parts.person import Callback
from parts.real_provider import RealClient, RealProvider

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import Flights as AsyncioFlights
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import Flights as TrioFlights
from sso_adapters.drive.on_trio import run_trio
from sso_adapters.http.library import AsyncLibrary, Library
from sso_adapters.http.senders import AsyncHttpxSender, HttpxSender
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld, BlockingWorld
from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse, Unreachable
from sso_core.facts import Warm
from sso_core.machine import Resting, Working
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.kinds import OpenIdProvider, ResponseMode, UserinfoPolicy
from sso_core.secret import ENTROPY_SIZE, Entropy, Secret
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.messages import Request, Response
from sso_core.web.site import Site

DRIVERS = ("threads", "asyncio", "trio")
FORM = (("content-type", "application/x-www-form-urlencoded"),)


class Counting:
    """A real sender that remembers what each request was for."""

    def __init__(self, sender: HttpxSender, sent: list[Purpose]) -> None:
        self._sender, self._sent = sender, sent

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        self._sent.append(request.purpose)
        return self._sender.send(request)


class AsyncCounting:
    """The same, awaited."""

    def __init__(self, sender: AsyncHttpxSender, sent: list[Purpose]) -> None:
        self._sender, self._sent = sender, sent

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        self._sent.append(request.purpose)
        return await self._sender.send(request)


class Driver(Protocol):
    """Runs flows to their ends, and tells what is known already."""

    def play(self, state: Working | Resting, trail: list[str]) -> Resting: ...

    def warm(self, issuer: str) -> Warm: ...


class OnThreads:
    def __init__(self, counting: Counting, store: MemoryStore, directory: SqlDirectory) -> None:
        self.library = Library(counting)
        self.world = BlockingWorld(counting, self.library, store, directory)

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        return run(state, self.world, watch=lambda state: trail.append(type(state).__name__))

    def warm(self, issuer: str) -> Warm:
        return self.library.warm(issuer)


class InLoop:
    """An event loop in a thread of its own, as long as the service lives: connections outlast a request."""

    def __init__(self, portal: BlockingPortal, world: AsyncWorld, library: AsyncLibrary, *, on_trio: bool) -> None:
        self.portal, self.world, self.library, self.on_trio = portal, world, library, on_trio

    def play(self, state: Working | Resting, trail: list[str]) -> Resting:
        async def flow() -> Resting:
            watch = lambda state: trail.append(type(state).__name__)  # noqa: E731 -- a watch is a function
            if self.on_trio:
                return await run_trio(state, self.world, watch=watch, flights=TrioFlights())
            return await run_asyncio(state, self.world, watch=watch, flights=AsyncioFlights())

        return self.portal.call(flow)

    def warm(self, issuer: str) -> Warm:
        return self.portal.call(partial(self.library.warm, issuer))


@contextmanager
def driver(name: str, sent: list[Purpose]) -> Iterator[Driver]:
    """Build everything that one process of a service holds, and end it in order."""
    with ExitStack() as stack:
        store, directory = MemoryStore(), open_directory("sqlite://")
        stack.callback(directory.close)
        if name == "threads":
            sender = HttpxSender()
            stack.callback(sender.close)
            yield OnThreads(Counting(sender, sent), store, directory)
            return
        portal = stack.enter_context(start_blocking_portal(name))
        # Made and closed within its loop, as it asks for.
        async_sender = portal.call(AsyncHttpxSender)
        stack.callback(portal.call, async_sender.aclose)
        counting = AsyncCounting(async_sender, sent)
        library = portal.call(AsyncLibrary, counting)
        world = AsyncWorld(counting, library, store, directory)
        yield InLoop(portal, world, library, on_trio=name == "trio")


class Browser:
    """Keeps the cookies of one service as a browser would, values and deletions."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def header(self) -> tuple[str, str]:
        return ("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))

    def remember(self, response: Response) -> None:
        for header in (value for name, value in response.headers if name == "set-cookie"):
            name, _, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]


class RelyingParty:
    """One service with one client of a provider, and one browser before it; `trail` is that of the last request."""

    def __init__(self, provider: RealProvider, settings: SignInSettings, playing: Driver, sent: list[Purpose]) -> None:
        self.provider, self.site, self.playing, self.sent = provider, Site(settings), playing, sent
        self.browser = Browser()
        self.trail: list[str] = []

    def send(self, request: Request) -> Response:
        headers = (*request.headers, self.browser.header())
        response = self.take(Request(request.method, request.path, request.query, headers, request.body))
        self.browser.remember(response)
        return response

    def take(self, request: Request) -> Response:
        """Answer a request as it is, of a browser or of a provider."""
        visit = self.site.visit(
            request,
            entropy=Entropy(secrets.token_bytes(ENTROPY_SIZE)),
            now=time.time(),
            warm=lambda _provider: self.playing.warm(self.provider.issuer),
        )
        self.trail = []
        ending = self.playing.play(visit.state, self.trail)
        return visit.respond(ending, trail=tuple(self.trail))

    def begin(self, return_to: str = "/") -> str:
        """Start a login and return where the browser is sent."""
        response = self.send(Request("GET", "/sso/key/generate", urlencode({"return_to": return_to})))
        assert response.status == 303, response.failure
        return dict(response.headers)["location"]

    def arrive(self, callback: Callback) -> Response:
        """Make the request that the provider's answer makes the browser make."""
        address = urlsplit(callback.url)
        body = urlencode(callback.form).encode()
        return self.send(Request(callback.method, address.path, address.query, FORM if callback.form else (), body))

    def login(self, username: str = "alice", *, agree: bool = True) -> Response:
        return self.arrive(self.provider.sign_in(self.begin(), username, agree=agree))

    def session(self) -> Response:
        return self.send(Request("GET", "/sso/session"))

    @property
    def token_requests(self) -> int:
        return self.sent.count(Purpose.TOKEN)


@contextmanager
def relying_party(
    provider: RealProvider,
    client: RealClient,
    driver_name: str,
    *,
    secret: str | None = None,
    sealing_keys: SealingKeys | None = None,
    logout_at_provider: bool = False,
) -> Iterator[RelyingParty]:
    """Open a service as that client; `secret` is for one that has a wrong one.

    Userinfo is required: a preferred one that cannot be had would let a login through and hide why.
    """
    known = client.client_secret if secret is None else secret
    registration = Client(
        client.client_id, None if known is None else Secret(known), AuthenticationMethod(client.auth_method)
    )
    openid = OpenIdProvider(
        provider.issuer,
        registration,
        response_mode=ResponseMode(client.response_mode or "query"),
        userinfo=UserinfoPolicy.REQUIRED,
        userinfo_signed=client.userinfo_alg is not None,
        logout_at_provider=logout_at_provider,
    )
    # Nobody listens there: the person hands the callback over without requesting it.
    origin = Origin(provider.redirect_uri.removesuffix("/sso/callback"))
    sent: list[Purpose] = []
    with driver(driver_name, sent) as playing:
        yield RelyingParty(provider, SignInSettings(origin, (openid,), sealing_keys=sealing_keys), playing, sent)
