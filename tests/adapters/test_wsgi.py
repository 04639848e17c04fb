from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote_plus, urlsplit

import attrs
import pytest
from rehearsal import Clock

from sso_adapters.directories.sql import open_directory
from sso_adapters.http.library import Library
from sso_adapters.pages import Pages
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import BlockingWorld
from sso_adapters.wsgi import WsgiSignIn
from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.facts import Warm
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.kinds import OpenIdProvider, Provider, ResponseMode
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.web.messages import BODY_LIMIT, Request
from sso_core.web.site import Site


@attrs.frozen
class Sender:
    op: FakeProvider
    clock: Clock

    def send(self, request: HttpRequest) -> HttpResponse:
        return self.op.answer(request, self.clock())


class Play:
    """A browser before the application, one environ after the other."""

    def __init__(self, mode: ResponseMode) -> None:
        self.op, self.clock = FakeProvider(), Clock()
        client, issuer = self.op.state.clients[0], self.op.state.issuer
        method = AuthenticationMethod(client.auth_method)
        provider = OpenIdProvider(issuer, Client(client.client_id, client.client_secret, method), response_mode=mode)
        sender = Sender(self.op, self.clock)
        library = Library(sender, clock=self.clock)
        self.directory = open_directory("sqlite://")
        world = BlockingWorld(sender, library, MemoryStore(clock=self.clock), self.directory, clock=self.clock)

        def warm(_provider: Provider) -> Warm:
            return library.warm(issuer)

        site = Site(SignInSettings(Origin("https://app.example"), (provider,)))
        self.app = WsgiSignIn(site, world, warm=warm, render=Pages())
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, target: str, *, body: bytes = b"", length: str | None = None, **more: str
    ) -> tuple[str, Any, bytes]:
        parts = urlsplit(target)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if method == "POST" else "",
            "CONTENT_LENGTH": str(len(body) or "") if length is None else length,
            "wsgi.input": BytesIO(body),
            **more,
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        written = b"".join(self.app(environ, lambda status, headers: started.append((status, headers))))
        ((status, headers),) = started
        for header in (value for name, value in headers if name == "set-cookie"):
            name, _, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]
        return status, dict(headers), written

    def consent(self) -> bytes | str:
        status, headers, _ = self.ask("GET", "/sso/key/generate")
        assert status == "303 See Other"
        redirect = self.op.authorize(headers["location"], "alice", self.clock())
        if redirect.method == "POST":
            return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in redirect.fields).encode()
        return "/sso/callback?" + urlsplit(redirect.url).query


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Iterator[Play]:
    made = Play(getattr(request, "param", ResponseMode.QUERY))
    yield made
    made.directory.close()


by_form = pytest.mark.parametrize("play", [ResponseMode.FORM_POST], indirect=True)


def test_a_person_signs_in_and_out(play: Play) -> None:
    assert play.ask("GET", "/sso/session")[0] == "401 Unauthorized"
    there = play.consent()
    assert isinstance(there, str)
    status, headers, _ = play.ask("GET", there)
    assert (status, headers["location"]) == ("303 See Other", "/")
    status, headers, body = play.ask("GET", "/sso/session")
    assert (status, int(headers["content-length"])) == ("200 OK", len(body))
    assert b'"subject": "alice"' in body
    assert b"<h1>Alice" in play.ask("GET", "/")[2]
    assert play.ask("POST", "/sso/sign-out")[0] == "303 See Other"
    assert play.ask("GET", "/sso/session")[0] == "401 Unauthorized"


@by_form
def test_a_person_signs_in_by_a_form(play: Play) -> None:
    form = play.consent()
    assert isinstance(form, bytes)
    assert play.ask("POST", "/sso/callback", body=form)[0] == "303 See Other"
    assert play.ask("GET", "/sso/session")[0] == "200 OK"


@by_form
@pytest.mark.parametrize("length", [str(BODY_LIMIT + 1), "9" * 5000, "-1", "many", "400"])
def test_a_form_of_another_length_than_a_usable_one_is_refused(play: Play, length: str) -> None:
    form = play.consent()
    assert isinstance(form, bytes)
    assert len(form) < 400
    assert play.ask("POST", "/sso/callback", body=form, length=length)[0].startswith("4")
    assert play.op.state.count("token") == 0
    assert play.ask("GET", "/sso/session")[0] == "401 Unauthorized"


def test_an_unknown_path_is_told_as_such(play: Play) -> None:
    assert play.ask("GET", "/n\xc3\xb6where")[0] == "404 Not Found"
    assert play.ask("GET", "/n\xffwhere")[0] == "404 Not Found"
    assert play.ask("DELETE", "/sso/session")[0] == "405 Method Not Allowed"


def test_an_empty_path_is_the_root_of_a_mount(play: Play) -> None:
    assert play.ask("GET", "")[0] == "200 OK"


def test_no_header_says_where_the_service_is_or_where_a_connection_comes_from(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Request] = []
    visit = play.app.site.visit

    def watched(request: Request, **rest: Any) -> Any:
        seen.append(request)
        return visit(request, **rest)

    monkeypatch.setattr(play.app.site, "visit", watched)
    spoofed: dict[str, Any] = {
        "HTTP_HOST": "evil.example",
        "HTTP_X_FORWARDED_FOR": "10.0.0.1",
        "HTTP_X_FORWARDED_PROTO": "http",
    }
    _, headers, _ = play.ask("GET", "/sso/key/generate", REMOTE_ADDR="192.0.2.7", **spoofed)
    play.ask("GET", "/sso/liveness", **spoofed)
    assert "redirect_uri=https%3A%2F%2Fapp.example%2Fsso%2Fcallback" in headers["location"]
    assert [request.peer for request in seen] == ["192.0.2.7", ""]
