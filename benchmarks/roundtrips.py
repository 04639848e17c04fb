"""Requests, connections, and what is built for them: two logins, the first one cold, over real sockets."""

# ruff: noqa: ANN401 -- what passes between begin and finish is each contestant's own

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol
from unittest.mock import patch

import httpx
from starlette.requests import Request as StarletteRequest

from benchmarks.fixture import CLIENT_ID, CLIENT_SECRET, SCOPE, SUBJECT
from benchmarks.floor import FloorOverHttpx
from benchmarks.loopback import Loopback, Seen, depth, loopback
from benchmarks.ours import Accounts, answer_async, cookies_of, location_of, settings_for
from benchmarks.peers_authlib import OAuth, scope
from benchmarks.peers_fastapi_sso import cookies, generic_provider
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld
from sso_core.web.answers import START
from sso_core.web.messages import Request
from sso_core.web.site import Site

APPLICATION = "http://127.0.0.1:4000"
REDIRECT_URI = APPLICATION + "/sso/callback"
CROWD = 20


class Built:
    """How many were built."""

    contexts = 0
    clients = 0

    def take(self) -> tuple[int, int]:
        """Return the numbers since the last call."""
        taken = self.contexts, self.clients
        self.contexts = self.clients = 0
        return taken


class Walker(Protocol):
    """One way to log in over a real socket."""

    async def begin(self) -> tuple[str, Any]:
        """Begin; return where to go and what the browser holds."""
        ...

    async def meanwhile(self) -> None:
        """Do what is done while the person is at the provider."""
        ...

    async def finish(self, query: str, browser: Any) -> None:
        """Finish; raises unless it succeeds."""
        ...


class Phase(NamedTuple):
    """What one step of a login did."""

    seen: list[Seen]
    contexts: int
    clients: int

    @property
    def requests(self) -> str:
        """The last segments of the paths."""
        return ", ".join(request.path.rpartition("/")[2].removeprefix("openid-") for request in self.seen) or "none"

    @property
    def trips(self) -> int:
        """Sequential round trips, with those of new connections."""
        return depth(self.seen)


class Login(NamedTuple):
    """The three steps of a login."""

    begin: Phase
    meanwhile: Phase
    finish: Phase


class Crowd(NamedTuple):
    """What so many cold logins at once asked for."""

    logins: int
    discoveries: int
    key_sets: int
    tokens: int


class Core:
    """The core with its httpx adapter."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._site = Site(settings_for(issuer, APPLICATION))
        sender = AsyncHttpxSender()
        self._library = AsyncLibrary(sender)
        self._world = AsyncWorld(sender, self._library, MemoryStore(), Accounts())
        self._later: list[Any] = []

    async def begin(self) -> tuple[str, Any]:
        """Ask for the start page."""
        response = await self._answer(Request("GET", START))
        self._later += response.afterwards
        return location_of(response), cookies_of(response)

    async def meanwhile(self) -> None:
        """Perform the effects that nobody waits for."""
        later, self._later = self._later, []
        await asyncio.gather(*(self._world.perform(effect) for effect in later))

    async def finish(self, query: str, browser: Any) -> None:
        """Come back."""
        response = await self._answer(Request("GET", "/sso/callback", query, (("cookie", browser),)))
        assert response.status == 303

    async def _answer(self, request: Request) -> Any:
        return await answer_async(self._site, self._world, self._library.warm(self._issuer), request)


class FloorWalker:
    """The floor over a shared httpx client, everything warm from the start."""

    def __init__(self, provider: Any) -> None:
        self._floor = FloorOverHttpx(provider, httpx.AsyncClient())

    async def begin(self) -> tuple[str, Any]:
        """Redirect."""
        return self._floor.begin(1)[0], None

    async def meanwhile(self) -> None:
        """Do nothing."""

    async def finish(self, query: str, browser: Any) -> None:
        """Exchange and verify."""
        del browser
        await self._floor.finish_one(query)


class AuthlibWalker:
    """Authlib as its documentation sets it up, or with a context that all its clients share."""

    def __init__(self, issuer: str, context: ssl.SSLContext | None = None) -> None:
        shared = {} if context is None else {"verify": context}
        oauth = OAuth()
        oauth.register(
            "idp",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            server_metadata_url=issuer + "/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"} | shared,
        )
        self._client: Any = oauth.idp

    async def begin(self) -> tuple[str, Any]:
        """Redirect."""
        session: dict[str, Any] = {}
        request = StarletteRequest(scope("/login") | {"session": session})
        response: Any = await self._client.authorize_redirect(request, REDIRECT_URI)
        return str(response.headers["location"]), session

    async def meanwhile(self) -> None:
        """Do nothing."""

    async def finish(self, query: str, browser: Any) -> None:
        """Exchange and verify."""
        request = StarletteRequest(scope("/sso/callback", query) | {"session": browser})
        token = await self._client.authorize_access_token(request)
        assert token["userinfo"]["sub"] == SUBJECT


class FastapiSsoWalker:
    """fastapi-sso with its endpoints by hand, as its documentation has them for a generic provider."""

    def __init__(self, provider: Any) -> None:
        self._sso = generic_provider(provider, REDIRECT_URI, allow_insecure_http=True)

    async def begin(self) -> tuple[str, Any]:
        """Redirect."""
        async with self._sso:
            response = await self._sso.get_login_redirect()
        return str(response.headers["location"]), cookies(response)

    async def meanwhile(self) -> None:
        """Do nothing."""

    async def finish(self, query: str, browser: Any) -> None:
        """Exchange and ask userinfo."""
        request = StarletteRequest(scope("/sso/callback", query, [(b"cookie", browser.encode())]))
        async with self._sso:
            person = await self._sso.verify_and_process(request)
        assert person.id == SUBJECT


def walk() -> tuple[dict[str, tuple[Login, Login]], Crowd]:
    """Let everybody log in twice; then let a crowd log in at once, cold, with the core."""
    with loopback() as provider, counted() as built, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issuer = provider.provider.issuer
        walkers: dict[str, Callable[[], Walker]] = {
            "core": lambda: Core(issuer),
            "Authlib, as shipped": lambda: AuthlibWalker(issuer),
            "fastapi-sso, as shipped": lambda: FastapiSsoWalker(provider.provider),
        }
        logins = {}
        for name, make in walkers.items():
            walker = make()
            built.take()
            logins[name] = asyncio.run(_twice(walker, provider, built))
        return logins, asyncio.run(_crowd(Core(issuer), provider))


async def _twice(walker: Walker, provider: Loopback, built: Built) -> tuple[Login, Login]:
    return await _login(walker, provider, built), await _login(walker, provider, built)


async def _login(walker: Walker, provider: Loopback, built: Built) -> Login:
    location, browser = await walker.begin()
    begin = Phase(provider.take(), *built.take())
    await walker.meanwhile()
    meanwhile = Phase(provider.take(), *built.take())
    query = provider.visit(location)
    await walker.finish(query, browser)
    return Login(begin, meanwhile, Phase(provider.take(), *built.take()))


async def _crowd(walker: Walker, provider: Loopback) -> Crowd:
    begun = await asyncio.gather(*(walker.begin() for _ in range(CROWD)))
    await walker.meanwhile()
    back = [(provider.visit(location), browser) for location, browser in begun]
    await asyncio.gather(*(walker.finish(query, browser) for query, browser in back))
    paths = [request.path for request in provider.take()]
    return Crowd(CROWD, sum("well-known" in path for path in paths), paths.count("/jwks"), paths.count("/token"))


@contextmanager
def counted() -> Iterator[Built]:
    """Count the SSL contexts and HTTP clients that are built."""
    built = Built()
    new = ssl.SSLContext.__new__

    def context(cls: Any, *args: Any, **kwargs: Any) -> Any:
        built.contexts += 1
        return new(cls, *args, **kwargs)

    def client(kind: type[Any]) -> Any:
        init = kind.__init__

        def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
            built.clients += 1
            init(self, *args, **kwargs)

        return patch.object(kind, "__init__", initialise)

    with patch.object(ssl.SSLContext, "__new__", context), client(httpx.Client), client(httpx.AsyncClient):
        yield built
