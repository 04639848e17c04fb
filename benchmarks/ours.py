"""The core on the same work, in three sizes: to a verified identity, the same over httpx, and the whole visit."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import ClassVar

from benchmarks.bare_http import mock_transport
from benchmarks.fixture import APPLICATION, CLIENT_ID, CLIENT_SECRET, ISSUER, SCOPE, SUBJECT, Provider
from sso_adapters.directories.sql import SqlDirectory
from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, Store
from sso_core.effects import Effect, HttpRequest, Keep, Kind, ReadAccount, Take, WriteAccount
from sso_core.events import AccountFacts, Event, HttpResponse, Written
from sso_core.facts import Warm
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.finish_login import finish_login
from sso_core.machine import Resting, Working, advance_any
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.oauth.client import Client
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.metadata import parse_metadata
from sso_core.providers.kinds import OpenIdProvider, UserinfoPolicy
from sso_core.records import Account, UpdateAccount
from sso_core.secret import ENTROPY_SIZE, Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import START
from sso_core.web.messages import Request, Response
from sso_core.web.site import Site
from sso_core.wire import parse_form

JSON = (("content-type", "application/json"),)


def settings_for(issuer: str = ISSUER, application: str = APPLICATION) -> SignInSettings:
    """Return settings under which the ID token alone tells who it is, as for the floor."""
    client = Client(CLIENT_ID, Secret(CLIENT_SECRET))
    provider = OpenIdProvider(issuer, client, scope=SCOPE, userinfo=UserinfoPolicy.UNUSED)
    return SignInSettings(Origin(application), (provider,))


def warm_facts(provider: Provider) -> Warm:
    """Return metadata and keys, read as a login would have them read before."""
    metadata = parse_metadata(HttpResponse(200, json.dumps(provider.metadata).encode()), provider.issuer)
    return Warm(metadata, parse_key_set(json.dumps(provider.jwks).encode()))


def entropy() -> Entropy:
    """Draw a block, as adapters do at each door."""
    return Entropy(os.urandom(ENTROPY_SIZE))


class Accounts:
    """The least that can be a directory: one person, who has been here before.

    The first login writes what the claims say beyond the name; the others find it so, as nearly all logins do.
    """

    in_memory: ClassVar[bool] = True

    def __init__(self) -> None:
        self._account = Account("a" * 32, "Jane Doe", 1, ((ISSUER, SUBJECT),))

    def perform(self, effect: ReadAccount | WriteAccount) -> AccountFacts | Written:
        """Answer."""
        if isinstance(effect, ReadAccount):
            return AccountFacts(self._account)
        for change in effect.changes:
            assert isinstance(change, UpdateAccount)
            self._account = change.account
        return Written()


class UpToIdentity:
    """From `begin_login` to the first state that knows a verified identity. The store is in memory by default."""

    def __init__(self, provider: Provider, store: MemoryStore | SqliteStore | None = None) -> None:
        self._provider = provider
        self._settings = settings_for()
        self._warm = warm_facts(provider)
        self._store = MemoryStore() if store is None else store

    def begin(self, count: int) -> list[SentToProvider]:
        """Begin logins."""
        return [self._begin() for _ in range(count)]

    def location(self, begun: SentToProvider) -> str:
        """Return where it goes."""
        return begun.location

    def comes_back(self, begun: SentToProvider, query: str) -> tuple[str, LoginCookie]:
        """Return the query and the cookie."""
        return query, begun.cookie

    def finish(self, back: list[tuple[str, LoginCookie]]) -> None:
        """Finish logins, up to the identity."""
        for query, cookie in back:
            assert self._finish(query, cookie).identity.subject == SUBJECT

    def _begin(self) -> SentToProvider:
        state: Working | Resting = begin_login(
            self._settings,
            self._settings.providers[0],
            return_to="/",
            entropy=entropy(),
            now=time.time(),
            warm=self._warm,
        )
        while not isinstance(state, Resting):
            state = advance_any(state, [self._perform(effect) for effect in state.awaits], now=time.time())
        assert isinstance(state, SentToProvider)
        return state

    def _finish(self, query: str, cookie: LoginCookie) -> ReadingAccount:
        state = self._come_back(query, cookie)
        while not isinstance(state, ReadingAccount):
            assert not isinstance(state, Resting), state
            state = advance_any(state, [self._perform(effect) for effect in state.awaits], now=time.time())
        return state

    def _come_back(self, query: str, cookie: LoginCookie) -> Working | Resting:
        response = parse_authorization_response(parse_form(query))
        return finish_login(
            self._settings,
            self._settings.providers[0],
            response=response,
            cookie=cookie,
            former_session=None,
            entropy=entropy(),
            warm=self._warm,
        )

    def _perform(self, effect: Effect) -> Event:
        if isinstance(effect, HttpRequest):
            return HttpResponse(200, self._provider.answers.popleft(), JSON)
        assert isinstance(effect, (Keep, Take))
        return self._store.perform(effect)


class WholeVisit:
    """Both requests of a browser, answered by the routes: cookies, account, session and responses included."""

    def __init__(
        self, provider: Provider, directory: Accounts | SqlDirectory | None = None, store: Store | None = None
    ) -> None:
        self._provider = provider
        self._site = Site(settings_for())
        self._warm = warm_facts(provider)
        self._store = MemoryStore() if store is None else store
        self._directory = directory or Accounts()
        self.now: Callable[[], float] = time.time

    def begin(self, count: int) -> list[Response]:
        """Begin logins; return the responses."""
        return [self._answer(Request("GET", START)) for _ in range(count)]

    def location(self, begun: Response) -> str:
        """Return where the response leads."""
        return location_of(begun)

    def comes_back(self, begun: Response, query: str) -> Request:
        """Return the callback, with the cookies of its beginning."""
        return Request("GET", "/sso/callback", query, (("cookie", cookies_of(begun)),))

    def finish(self, back: list[Request]) -> None:
        """Finish logins."""
        for request in back:
            assert self._answer(request).status == 303

    def _answer(self, request: Request) -> Response:
        visit = self._site.visit(request, entropy=entropy(), now=time.time(), warm=lambda _provider: self._warm)
        trail: list[str] = []
        ending = run(visit.state, self, watch=lambda state: trail.append(type(state).__name__))
        response = visit.respond(ending, trail=tuple(trail))
        assert response.failure is None, response.failure
        return response

    def perform(self, effect: Effect) -> Event:
        """Perform an effect, as `World` has it."""
        match effect:
            case ReadAccount() | WriteAccount():
                return self._directory.perform(effect)
            case HttpRequest():
                return HttpResponse(200, self._provider.answers.popleft(), JSON)
            case Keep(kind=Kind()) | Take():
                return self._store.perform(effect)
            case _:
                raise AssertionError(f"a warm login asks for no {type(effect).__name__}")


class OverHttpx(UpToIdentity):
    """To a verified identity under asyncio, the token request through the httpx adapter and a mock transport."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self._sender = AsyncHttpxSender()
        # The mock takes the place of the pool below the client, as it does for the peers; all else is as shipped.
        self._sender._client._transport = mock_transport(provider)  # noqa: SLF001 -- there is no public way, by intent
        self._runner = asyncio.Runner()

    def finish(self, back: list[tuple[str, LoginCookie]]) -> None:
        """Finish logins, up to the identity."""
        self._runner.run(self._finish_all(back))

    async def _finish_all(self, back: list[tuple[str, LoginCookie]]) -> None:
        for query, cookie in back:
            state = self._come_back(query, cookie)
            while not isinstance(state, ReadingAccount):
                assert not isinstance(state, Resting), state
                events = [await self._perform_async(effect) for effect in state.awaits]
                state = advance_any(state, events, now=time.time())
            assert state.identity.subject == SUBJECT

    async def _perform_async(self, effect: Effect) -> Event:
        return await self._sender.send(effect) if isinstance(effect, HttpRequest) else self._perform(effect)


async def answer_async(site: Site, world: AsyncWorld, warm: Warm, request: Request) -> Response:
    """Answer one request under asyncio, as the ASGI adapter does."""
    visit = site.visit(request, entropy=entropy(), now=world.now(), warm=lambda _provider: warm)
    trail: list[str] = []
    ending = await run_asyncio(visit.state, world, watch=lambda state: trail.append(type(state).__name__))
    response = visit.respond(ending, trail=tuple(trail))
    assert response.failure is None, response.failure
    return response


def location_of(response: Response) -> str:
    """Return where a response leads."""
    return dict(response.headers)["location"]


def cookies_of(response: Response) -> str:
    """Return the Cookie header of a browser that got this response."""
    return "; ".join(value.partition(";")[0] for name, value in response.headers if name == "set-cookie")
