"""Whole logins at Entra and Graph over real sockets: their addresses, their pages, what goes over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, ClassVar
from wsgiref.types import StartResponse

import attrs
import pytest

from sso_adapters.drive.blocking import run
from sso_adapters.drive.on_asyncio import Flights, run_asyncio
from sso_adapters.http.library import AsyncLibrary, Library
from sso_adapters.http.senders import AsyncHttpxSender, HttpxSender
from sso_adapters.server import ThreadedServer
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.translate import draw
from sso_adapters.world import AsyncWorld, BlockingWorld
from sso_core.effects import Effect, HttpRequest, Purpose, ReadAccount
from sso_core.events import AccountFacts, Event, Written
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.finish_login import finish_login
from sso_core.flows.keep_session import SignedIn
from sso_core.identity.gathered import Gathered
from sso_core.machine import Failed, Resting, Working
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.oauth.client import Client
from sso_core.providers.graph import GraphGroups
from sso_core.providers.kinds import OpenIdProvider
from sso_core.providers.microsoft import microsoft
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_entra import ADA, GRAPH, HOME, MALLORY, FakeEntra, entra_provider

Run = Callable[[Working | Resting, Callable[[Any], None]], Resting]


class Nobody:
    """A directory without accounts, which takes any."""

    in_memory: ClassVar[bool] = True

    def perform(self, effect: Effect) -> Event:
        return AccountFacts(None) if isinstance(effect, ReadAccount) else Written()


@pytest.fixture
def entra() -> Iterator[FakeEntra]:
    holder: list[FakeEntra] = []

    def application(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        headers = [(name[5:].replace("_", "-").lower(), environ[name]) for name in environ if name.startswith("HTTP_")]
        headers += [("content-type", environ["CONTENT_TYPE"])] if "CONTENT_TYPE" in environ else []
        posted = environ["REQUEST_METHOD"] == "POST"
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])) if posted else None
        query = environ.get("QUERY_STRING", "")
        url = f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}" + (f"?{query}" if query else "")
        answer = holder[0].answer(HttpRequest(Purpose.TOKEN, url, tuple(headers), body), time.time())
        status = HTTPStatus(answer.status)
        start(f"{status} {status.phrase}", [*answer.headers, ("content-length", str(len(answer.body)))])
        return [answer.body]

    server = ThreadedServer(application, host="127.0.0.1", port=0)
    _, port = server.start()
    here = f"http://localhost:{port}"
    holder.append(FakeEntra(entra_provider(login=here), attrs.evolve(GRAPH, base=f"{here}/graph/v1.0")))
    try:
        yield holder[0]
    finally:
        server.close()


def on_threads(state: Working | Resting, watch: Callable[[Any], None]) -> Resting:
    sender = HttpxSender()
    try:
        return run(state, BlockingWorld(sender, Library(sender), STORE, Nobody()), watch=watch)
    finally:
        sender.close()


def on_asyncio(state: Working | Resting, watch: Callable[[Any], None]) -> Resting:
    async def flow() -> Resting:
        sender = AsyncHttpxSender()
        try:
            world = AsyncWorld(sender, AsyncLibrary(sender), STORE, Nobody())
            return await run_asyncio(state, world, watch=watch, flights=Flights())
        finally:
            await sender.aclose()

    return asyncio.run(flow())


STORE = MemoryStore()


def provider(op: FakeEntra) -> OpenIdProvider:
    registered = op.state.clients[0]
    return microsoft(
        Client(registered.client_id, registered.client_secret),
        "common",
        tenants=(HOME,),
        login=op.state.issuer.removesuffix("/common/v2.0"),
        graph=op.graph.base,
        groups=GraphGroups(service_principal_id="sp-1"),
    )


def log_in(op: FakeEntra, person: str, play: Run) -> tuple[Resting, list[Gathered]]:
    chosen, found = provider(op), list[Gathered]()
    settings = SignInSettings(Origin("https://app.example"), (chosen,))

    def watch(state: object) -> None:
        if isinstance(state, ReadingAccount):
            found.append(state.gathered)

    begun = begin_login(settings, chosen, return_to="/", entropy=draw(), now=time.time(), warm=Warm())
    sent = play(begun, watch)
    assert isinstance(sent, SentToProvider), sent
    redirect = op.authorize(sent.location, person, time.time())
    taking = finish_login(
        settings,
        chosen,
        response=parse_authorization_response(dict(redirect.fields)),
        cookie=sent.cookie,
        former_session=None,
        entropy=draw(),
        warm=Warm(),
    )
    return play(taking, watch), found


@pytest.mark.parametrize("play", [on_threads, on_asyncio])
def test_a_person_signs_in_with_profile_and_groups(entra: FakeEntra, play: Run) -> None:
    ending, found = log_in(entra, ADA.subject, play)
    assert isinstance(ending, SignedIn), ending
    assert ending.notes == ()
    (gathered,) = found
    assert gathered.claims.claims.get("displayName") == "Ada Example"
    assert gathered.listing is not None
    assert (gathered.listing.groups, gathered.listing.complete) == (("g1", "g4"), True)
    assert entra.state.surprises == ()
    asked = [request.url.removeprefix(entra.graph.base) for request in entra.state.requests if "/graph/" in request.url]
    assert len(asked) == 5, asked


@pytest.mark.parametrize("play", [on_threads, on_asyncio])
def test_a_person_of_another_tenant_does_not(entra: FakeEntra, play: Run) -> None:
    ending, _ = log_in(entra, MALLORY.subject, play)
    assert isinstance(ending, Failed), ending
    assert ending.failure.reason is Reason.TENANT_REFUSED
    assert entra.state.count("graph") == 0
