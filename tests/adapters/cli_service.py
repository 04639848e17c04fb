"""A service on the loopback for terminals to sign in at, with a provider behind it, and people who act in browsers."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from wsgiref.types import StartResponse

import attrs
import httpx
from commands import COMMAND, PATIENCE, environment
from rehearsal import Clock, published

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.http.library import Library
from sso_adapters.http.senders import HttpxSender
from sso_adapters.pages import Pages
from sso_adapters.server import ThreadedServer
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import BlockingWorld
from sso_adapters.wsgi import WsgiSignIn
from sso_core.effects import Keep, Kind, Take
from sso_core.events import Taken
from sso_core.facts import Warm
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.sessions.cli_entry import cli_login_key, decode_cli_login, encode_cli_login
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.web.site import Site


@attrs.frozen
class Service:
    """What a test holds of the service."""

    address: str
    clock: Clock
    store: MemoryStore
    op: FakeProvider

    def join_teams(self, address: str, *teams: str) -> None:
        """Put the person who approved the login of this address into teams, as their account would."""
        key = cli_login_key(login_id(address))
        taken = self.store.perform(Take(Kind.CLI_LOGIN, key, b"busy", 9.0))
        assert isinstance(taken, Taken)
        login = decode_cli_login(taken.value)
        assert login.session is not None
        session = attrs.evolve(login.session, team_ids=teams)
        aliases = tuple((team, team.capitalize()) for team in teams[:1])
        changed = attrs.evolve(login, session=session, aliases=aliases)
        self.store.perform(Keep(Kind.CLI_LOGIN, key, encode_cli_login(changed), 60.0))


def login_id(address: str) -> str:
    return address.partition("login=")[2]


@contextmanager
def serving(op: FakeProvider, **changes: Any) -> Iterator[Service]:
    """Serve sign-in against the provider; changes are those of the settings."""
    with ExitStack() as opened:
        clock = Clock()
        issuer = opened.enter_context(published(op, clock))
        op.change(lambda state: attrs.evolve(state, issuer=issuer))
        holder: list[WsgiSignIn] = []

        def application(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
            return holder[0](environ, start)  # made once the address is known

        server = ThreadedServer(application, host="127.0.0.1", port=0)
        address = "http://127.0.0.1:{1}".format(*server.start())
        opened.callback(server.close)
        registered = op.state.clients[0]
        client = Client(registered.client_id, registered.client_secret)
        uris = (f"{address}/sso/callback",)
        op.change(lambda state: attrs.evolve(state, clients=(attrs.evolve(registered, redirect_uris=uris),)))
        settings = SignInSettings(Origin(address), (OpenIdProvider(issuer, client),), **changes)
        sender = HttpxSender()
        opened.callback(sender.close)
        store = MemoryStore(clock=clock)
        world = BlockingWorld(sender, Library(sender, clock=clock), store, MemoryDirectory(), clock=clock)
        holder.append(WsgiSignIn(Site(settings), world, warm=lambda _provider: Warm(), render=Pages()))
        yield Service(address, clock, store, op)


# The person


class Browser:
    """A browser with a cookie jar of its own, and the person before it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.client = httpx.Client(trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def confirm(self, address: str, code: str = "") -> httpx.Response:
        """Look at the page, type the code, press the button."""
        page = self.client.get(address)
        assert page.status_code == 200, page.text
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None
        assert code == "" or code not in page.text
        return self.client.post(f"{self._service.address}{action[1]}", data={"login": login_id(address), "code": code})

    def approve(self, address: str, code: str = "", name: str = "alice") -> httpx.Response:
        """Confirm, and sign in at the provider; return what the service answers then."""
        sent = self.confirm(address, code)
        redirect = self._service.op.authorize(_left_for(sent), name, self._service.clock())
        return self.client.get(redirect.url)

    def decline(self, address: str, code: str = "") -> httpx.Response:
        """Confirm, and decline at the provider."""
        sent = self.confirm(address, code)
        return self.client.get(self._service.op.deny(_left_for(sent)).url)


def _left_for(sent: httpx.Response) -> str:
    """Return where a page sends the browser on to."""
    assert sent.status_code == 200, sent.text
    return str(sent.headers["refresh"]).partition("url=")[2]


# The terminal


class Terminal:
    """A terminal in a home of its own; `said` and `complained` hold all that it ever showed."""

    def __init__(self, home: Path, **more: str) -> None:
        home_of_its_own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
        self.environment = environment(**home_of_its_own, TZ="UTC", BROWSER="false", SSH_CONNECTION="somewhere", **more)
        self.file = home / "config" / "sso-core" / "credentials.json"
        self.said = ""
        self.complained = ""

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        with subprocess.Popen(
            (*COMMAND, *arguments),
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            running = Running(self, process)
            try:
                yield running
            finally:
                process.kill()

    def run(self, *arguments: str, typed: str = "") -> int:
        """Run a command to its end; return its exit status."""
        with self.running(*arguments) as running:
            return running.end(typed)

    @property
    def token(self) -> str:
        """The token that is kept, or the empty text."""
        kept = re.search(r'"token": "([^"]+)"', self.file.read_text()) if self.file.exists() else None
        return kept[1] if kept else ""


class Running:
    """A command that runs in a terminal."""

    def __init__(self, terminal: Terminal, process: subprocess.Popen[str]) -> None:
        self._terminal = terminal
        self._process = process

    def line(self) -> str:
        """Return the next line that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._terminal.said += line
        if not line:
            raise AssertionError(f"it ended: {self.end()} {self._terminal.complained}")
        return line.rstrip("\n")

    def invited(self) -> tuple[str, str]:
        """Return the address and the code that it shows."""
        address = self.line().removeprefix("Open ")
        return address, self.line().removeprefix("and type ").removesuffix(" if it asks")

    def waits(self) -> None:
        """Read on until it says what it waits for: an interrupt before that may hit Python where it goes unnoticed."""
        assert self._process.stderr is not None
        self._terminal.complained += self._process.stderr.readline()

    def interrupt(self) -> int:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self, typed: str = "") -> int:
        """Wait for its end; return its exit status."""
        said, complained = self._process.communicate(typed, timeout=PATIENCE)
        self._terminal.said += said
        self._terminal.complained += complained
        return self._process.returncode


def mode(path: Path) -> int:
    """Return the permission bits."""
    return path.stat().st_mode & 0o777
