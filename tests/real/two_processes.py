"""Two processes of `sso-core serve` behind one address, and people whose every request goes to either of them."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import attrs
import httpx
from commands import environment, free_ports, running
from rehearsal import Clock, published

from sso_core.secret import Secret
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Person, ProviderState, RegisteredClient
from sso_core.testing.signing_keys import signing_key
from sso_core.wire import b64url_encode

PEOPLE = tuple(f"person-{number}" for number in range(10))
AT_ONCE = 8
"""People who sign in at the same time."""
REMEMBERED = 50
"""Grants that the provider keeps in mind: more than there are logins at once."""
KEY = b64url_encode(b"a key of the tests and of nobody")
CLIENT_ID = "two-processes"


class SystemClock(Clock):
    """The time of the machine, which the processes go by."""

    def __call__(self) -> float:
        return time.time()


class Balancer(httpx.BaseTransport):
    """Takes a request for the one address to a process: the one that it names, by its port."""

    def __init__(self, ports: tuple[int, int]) -> None:
        self._ports = ports
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # The Host header was set before, and stays that of the one address.
        request.url = request.url.copy_with(port=self._ports[request.extensions["process"]])
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


@attrs.frozen
class Pair:
    """Two processes that share one database, and perhaps one store."""

    address: str
    ports: tuple[int, int]
    op: FakeProvider

    def login(self, number: int) -> str:
        """Play the login of this number; return what came of it, `ok` where everything did."""
        chance = Random(number)
        with httpx.Client(base_url=self.address, transport=Balancer(self.ports), timeout=30) as client:
            visitor = Visitor(self, client, chance, chance.choice(PEOPLE))
            try:
                return visitor.sign_in_terminal() if number % 4 == 3 else visitor.sign_in()
            except httpx.HTTPError as error:
                return type(error).__name__

    def logins(self, count: int) -> Counter[str]:
        """Play so many logins, several at once; return how often which came of them."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return Counter(threads.map(self.login, range(count)))


@attrs.frozen
class Visitor:
    """A person before a browser, and perhaps a terminal."""

    pair: Pair
    client: httpx.Client
    chance: Random
    name: str

    def ask(self, method: str, path: str, process: int | None = None, **how: object) -> httpx.Response:
        """Ask this process, or either of them."""
        chosen = self.chance.randrange(2) if process is None else process
        request = self.client.build_request(method, path, **how)  # type: ignore[arg-type] # passed on as they came
        request.extensions["process"] = chosen
        return self.client.send(request)

    def sign_in(self) -> str:
        """Begin at one process, come back to the other, be known to both and signed out of both."""
        first = self.chance.randrange(2)
        begun = self.ask("GET", "/sso/key/generate", first)
        if begun.status_code != 303:
            return f"start {begun.status_code}"
        arrived = self.come_back(begun.headers["location"], 1 - first)
        if arrived.status_code != 303:
            return f"callback {arrived.status_code}"
        for process in (first, 1 - first):
            told = self.ask("GET", "/sso/session", process)
            if told.status_code != 200 or told.json()["subject"] != self.name:
                return f"session {told.status_code}"
        self.ask("POST", "/sso/sign-out", headers={"origin": self.pair.address})
        after = [self.ask("GET", "/sso/session", process).status_code for process in (0, 1)]
        return "ok" if after == [401, 401] else f"after sign-out {after}"

    def sign_in_terminal(self) -> str:
        """Start, look, confirm, come back and poll, each at either process; the token is good at both."""
        started = self.ask("POST", "/sso/cli/start", json={"client": "two-processes"})
        if started.status_code != 200:
            return f"cli start {started.status_code}"
        said = started.json()
        path = said["verification_uri"].removeprefix(self.pair.address)
        shown = self.ask("GET", path)
        action = re.search(r'action="([^"]+)"', shown.text)
        if action is None:
            return f"cli page {shown.status_code}"
        form = {"login": said["login_id"], "code": said["user_code"]}
        first = self.chance.randrange(2)
        confirmed = self.ask("POST", action[1], first, data=form, headers={"origin": self.pair.address})
        if confirmed.status_code != 200:
            return f"cli confirm {confirmed.status_code}"
        approved = self.come_back(confirmed.headers["refresh"].partition("url=")[2], 1 - first)
        if approved.status_code != 200:
            return f"cli callback {approved.status_code}"
        secret = {"authorization": f"Bearer {said['poll_secret']}"}
        polled = self.ask("GET", f"/sso/cli/poll/{said['login_id']}", headers=secret).json()
        if "key" not in polled:
            return f"cli poll {polled}"
        token = {"authorization": f"Bearer {polled['key']}"}
        known = [self.ask("GET", "/sso/session", process, headers=token).status_code for process in (0, 1)]
        return "ok" if known == [200, 200] else f"cli session {known}"

    def come_back(self, location: str, process: int) -> httpx.Response:
        """Sign in at the provider, and bring back its code."""
        redirect = self.pair.op.authorize(location, self.name, time.time())
        arrived = self.ask("GET", redirect.url.removeprefix(self.pair.address), process)
        self.pair.op.change(_without_its_past)
        return arrived


def _without_its_past(state: ProviderState) -> ProviderState:
    return attrs.evolve(state, log=(), requests=(), grants=state.grants[-REMEMBERED:])


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Pair]:
    """Serve by two processes against a provider of our own, for as long as the context lasts."""
    *ports, shared = free_ports(3)
    address = f"http://127.0.0.1:{shared}"  # where nobody listens: a balancer would
    secret = Secret("a-secret-of-the-tests")
    client = RegisteredClient(CLIENT_ID, secret, redirect_uris=(f"{address}/sso/callback",))
    people = tuple(Person(name, (("email", f"{name}@example.com"), ("email_verified", True))) for name in PEOPLE)
    op = FakeProvider(ProviderState("http://localhost", (client,), people, (signing_key(),)))
    with ExitStack() as opened:
        issuer = opened.enter_context(published(op, SystemClock()))
        op.change(lambda state: attrs.evolve(state, issuer=issuer))
        env = environment(
            GENERIC_ISSUER=issuer,
            GENERIC_CLIENT_ID=CLIENT_ID,
            GENERIC_CLIENT_SECRET=secret.reveal(),
            PROXY_BASE_URL=address,
            SSO_SESSION_KEYS=KEY,
            SSO_INSTANCES="2",
            SSO_LIMIT_CLI_STARTS_PER_ADDRESS="100000",
            SSO_LIMIT_CLI_CODES_PER_ADDRESS="100000",
            **settings,
        )
        for port in ports:
            opened.enter_context(running("serve", "--port", str(port), env=env, cwd=folder))
        yield Pair(address, (ports[0], ports[1]), op)
