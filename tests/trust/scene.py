"""A whole service before honest and hostile providers, any number of browsers, and whatever befalls it in between.

    with Scene() as scene:                       # or Scene(HostileProvider(...)), Scene(op, other_op, session_ttl=60)
        alice = scene.browser()
        response = alice.login("alice")          # or a step at a time: begin(), authorize(), arrive()
        assert alice.person == "alice"

Settings, routes, flows, driver, library, store and directory are those that serve people; between the service and the
providers is a function call instead of a socket, and time moves by `scene.clock.now += 1`.

- `scene.second` is another process of the same service: a library of its own, the same store and directory.
- `scene.between = lambda effect, perform: ...` stands between the service and all that it asks: answer in place of the
  world, perform and then answer otherwise, or raise `Killed`.
- `scene.network = lambda request, send: ...` stands the same way between the processes and the providers; what a
  library reads comes past it too.
- `scene.asked` is all that was asked, `scene.told` what came of it, `scene.responses` all that any browser was told. At
  the end of a scene none of these may show a secret, or break a header or a line of the log.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import attrs

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.drive.blocking import run
from sso_adapters.http.library import Library
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import BlockingWorld, Directory, Store
from sso_core.effects import Effect, HttpRequest, ReadAccount
from sso_core.events import AccountFacts, Event, Headers, HttpResponse, Unreachable
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.hosts import HostAnswer, HostQuestion
from sso_core.machine import Resting
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.providers.kinds import OpenIdProvider, Provider, ResponseMode
from sso_core.records import Account
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.mischief import Arrangement, HostileProvider
from sso_core.testing.provider_state import Redirect
from sso_core.web.messages import Request, Response
from sso_core.web.routing import Visit
from sso_core.web.site import Site
from trust.leaks import breaks, leaks

NOW = 1_800_000_000.5
ORIGIN = "https://app.example"
FORM = ("content-type", "application/x-www-form-urlencoded")
Perform = Callable[[Effect], Event]
Send = Callable[[HttpRequest], HttpResponse | Unreachable]


class Killed(BaseException):
    """The process died at this moment."""


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Scene:
    """One service, as one or several processes."""

    def __init__(
        self,
        *ops: FakeProvider,
        store: Store | None = None,
        directory: Directory | None = None,
        host: Callable[[HostQuestion], HostAnswer] | None = None,
        providers: tuple[Provider, ...] | None = None,
        origin: str = ORIGIN,
        **settings: Any,
    ) -> None:
        self.clock = Clock()
        self.ops: tuple[FakeProvider, ...] = ops or (FakeProvider(),)
        self.op = self.ops[0]
        if providers is None:
            providers = tuple(provider_of(op, number) for number, op in enumerate(self.ops))
        self.settings = SignInSettings(Origin(origin), providers, **settings)
        self.store = MemoryStore(clock=self.clock) if store is None else store  # an empty one is false
        self.directory = MemoryDirectory() if directory is None else directory
        self.host = host
        self.asked: list[Effect] = []
        self.told: list[Event] = []
        self.responses: list[Response] = []
        self.between: Callable[[Effect, Perform], Event] = lambda effect, perform: perform(effect)
        self.draw: Callable[[], bytes] = lambda: secrets.token_bytes(ENTROPY_SIZE)
        self.network: Callable[[HttpRequest, Send], HttpResponse | Unreachable] = lambda request, send: send(request)
        self.first = Process(self)
        self.second = Process(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # what has failed already says more
            return
        for op in self.ops:
            assert op.state.surprises == (), "the service asked what no sound relying party asks"
        assert leaks(self) == breaks(self) == []

    def browser(self, peer: str = "192.0.2.1") -> Browser:
        """Return a browser without cookies, before the first process."""
        return Browser(self, peer)

    def tokens_sent(self, op: FakeProvider | None = None) -> int:
        """Return how many token requests a provider has seen."""
        return (op or self.op).state.count("token")

    def account(self, subject: str, op: FakeProvider | None = None) -> Account | None:
        """Return the account of a person, as the directory has it."""
        return self._facts((op or self.op).state.issuer, subject).account

    @property
    def accounts(self) -> int:
        """How many accounts the directory has."""
        return self._facts("", "").seats_taken or 0

    def _facts(self, issuer: str, subject: str) -> AccountFacts:
        facts = self.directory.perform(ReadAccount(issuer, subject, count_seats=True))
        assert isinstance(facts, AccountFacts)
        return facts

    def sent(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Carry a request to the provider that it is for; nobody lives at any other address."""
        for op in self.ops:
            if request.url.startswith(op.state.issuer.rstrip("/") + "/"):
                return op.answer(request, self.clock())
        return Unreachable(sent=False)


class Process:
    """One process of the service: what it knows of providers is its own."""

    def __init__(self, scene: Scene, store: Store | None = None) -> None:
        self.scene = scene
        self.site = Site(scene.settings)
        self.library = Library(self, clock=scene.clock)
        self._world = BlockingWorld(
            self, self.library, store or scene.store, scene.directory, host=scene.host, clock=scene.clock
        )
        self.now = scene.clock

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Send for the library, and for flows."""
        return self.scene.network(request, self.scene.sent)

    def perform(self, effect: Effect) -> Event:
        """Perform an effect, unless something comes between."""
        self.scene.asked.append(effect)
        event = self.scene.between(effect, self._world.perform)
        self.scene.told.append(event)
        return event

    def warm(self, provider: Provider) -> Warm:
        """Tell what is known of a provider without asking."""
        return self.library.warm(provider.issuer) if isinstance(provider, OpenIdProvider) else Warm()

    def open(self, request: Request) -> Visit:
        """Open the flow of a request."""
        return self.site.visit(request, entropy=Entropy(self.scene.draw()), now=self.now(), warm=self.warm)

    def answer(self, request: Request) -> Response:
        """Answer a request, and do afterwards what may be lost."""
        visit = self.open(request)
        trail: list[str] = []
        ending = run(visit.state, self, watch=lambda state: trail.append(type(state).__name__))
        return self.close(visit, ending, trail)

    def close(self, visit: Visit, ending: Resting, trail: Sequence[str] = ()) -> Response:
        """Make the response of a flow that has ended, and do afterwards what may be lost."""
        response = visit.respond(ending, trail=tuple(trail))
        self.scene.responses.append(response)
        for effect in response.afterwards:
            self.perform(effect)
        return response


class Browser:
    """Cookies as a browser keeps them, for one origin."""

    def __init__(self, scene: Scene, peer: str) -> None:
        self.scene, self.peer = scene, peer
        self.process = scene.first
        self.cookies: dict[str, str] = {}

    def send(
        self, method: str, path: str, query: str = "", body: bytes | None = b"", headers: Headers = ()
    ) -> Response:
        """Send a request with the cookies, and keep those that come back."""
        response = self.process.answer(self.request(method, path, query, body, headers))
        self.receive(response)
        return response

    def request(
        self, method: str, path: str, query: str = "", body: bytes | None = b"", headers: Headers = ()
    ) -> Request:
        """Return a request with the cookies."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = (*headers, ("cookie", cookies)) if cookies else headers
        return Request(method, path, query, sent, body, self.peer)

    def receive(self, response: Response) -> None:
        """Keep the cookies that come back."""
        for header in cookies_set(response):
            name, _, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]

    def get(self, path: str, query: str = "", headers: Headers = ()) -> Response:
        """Follow a link of our own pages."""
        return self.send("GET", path, query, b"", headers)

    def post(self, path: str, fields: Mapping[str, str] | None = None, headers: Headers = ()) -> Response:
        """Send a form of our own pages."""
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in (fields or {}).items())
        return self.send("POST", path, "", body.encode(), (FORM, ("sec-fetch-site", "same-origin"), *headers))

    def begin(self, return_to: str = "/", provider: str | None = None) -> Response:
        """Begin a login: 303 to the provider, if all is well."""
        named = f"&provider={provider}" if provider is not None else ""
        return self.get("/sso/key/generate", f"return_to={quote(return_to)}{named}")

    def authorize(self, begun: Response, person: str = "alice", op: FakeProvider | None = None) -> Redirect:
        """Follow the redirect of a begun login to the provider, where the person signs in and consents."""
        return (op or self.scene.op).authorize(location(begun), person, self.scene.clock())

    def arrive(self, redirect: Redirect) -> Response:
        """Come back from the provider."""
        address = urlsplit(redirect.url)
        if redirect.method == "POST":
            body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in redirect.fields)
            return self.send("POST", address.path, "", body.encode(), (FORM, ("sec-fetch-site", "cross-site")))
        return self.get(address.path, address.query)

    def login(self, person: str = "alice", provider: str | None = None, op: FakeProvider | None = None) -> Response:
        """Sign in all the way, or as far as it goes."""
        begun = self.begin(provider=provider)
        return self.arrive(self.authorize(begun, person, op)) if begun.status == 303 else begun

    def sign_out(self) -> Response:
        """End the session, as the button does."""
        return self.post("/sso/sign-out")

    @property
    def session(self) -> dict[str, Any] | None:
        """What the service says of who is signed in; None for nobody."""
        response = self.get("/sso/session")
        assert response.status in (200, 401), response
        assert isinstance(response.body, bytes)
        return json.loads(response.body) if response.status == 200 else None

    @property
    def person(self) -> str | None:
        """The subject of who is signed in; None for nobody."""
        session = self.session
        return None if session is None else str(session["subject"])

    @property
    def login_cookies(self) -> dict[str, str]:
        """The cookies that bind logins under way, or spent, to this browser."""
        return {name: value for name, value in self.cookies.items() if "session" not in name}

    @property
    def session_cookies(self) -> dict[str, str]:
        """The session cookies: one at most."""
        return {name: value for name, value in self.cookies.items() if "session" in name}


def provider_of(op: FakeProvider, number: int = 0) -> OpenIdProvider:
    """Return the settings of a provider; the first one owns the plain callback."""
    arrangement = op.mischief.arrangement if isinstance(op, HostileProvider) else Arrangement()
    registered = op.state.clients[0]
    only = arrangement.id_token_alg if arrangement.only_registered_alg else None
    return OpenIdProvider(
        op.state.issuer,
        Client(registered.client_id, registered.client_secret, AuthenticationMethod(registered.auth_method)),
        provider_id="generic" if number == 0 else f"other{number}",
        scope=arrangement.scope,
        response_mode=ResponseMode(arrangement.response_mode),
        algorithms=(only,) if only else ALGORITHMS,
        userinfo_signed=arrangement.userinfo_alg is not None,
        max_age=arrangement.max_age,
    )


def location(response: Response) -> str:
    """Return where a browser is sent."""
    assert response.status == 303, response
    return response.header("location")


def parameters(url: str) -> dict[str, str]:
    """Return the query of an address, where each name comes once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def cookies_set(response: Response) -> list[str]:
    """Return the cookies that a response sets, by their headers."""
    return [value for name, value in response.headers if name == "set-cookie"]


def refusal(response: Response) -> Reason:
    """Return why somebody was refused, and see that the answer says it and gives no session."""
    assert response.failure is not None, response
    assert response.status == response.failure.reason.status
    assert not any("session" in header and "Max-Age=0" not in header for header in cookies_set(response))
    return response.failure.reason


def altered(redirect: Redirect, **changes: str | None) -> Redirect:
    """Return a redirect of the provider with parameters put in place of its own, or left out where None."""
    fields = {**dict(redirect.fields), **changes}
    kept = tuple((name, value) for name, value in fields.items() if value is not None)
    if redirect.method == "POST":
        return attrs.evolve(redirect, fields=kept)
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in kept)
    return attrs.evolve(redirect, url=f"{redirect.url.partition('?')[0]}?{query}", fields=kept)
