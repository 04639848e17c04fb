"""Whole logouts at a real provider: a person signs out here and there, and the provider tells over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from parts.providers import BACKCHANNEL_LOGOUT
from parts.real_provider import RealProvider
from real.relying_party import DRIVERS, RelyingParty, relying_party

from sso_core.web.messages import Request, Response
from sso_core.web.pages import LeavingPage, SignedOutPage

pytestmark = pytest.mark.real


@contextmanager
def listening(service: RelyingParty) -> Iterator[list[Response]]:
    """Take what the provider posts, as the service does; yields the answers."""
    answers: list[Response] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            body = self.rfile.read(int(self.headers["content-length"]))
            response = service.take(Request("POST", self.path, "", headers, body))
            answers.append(response)
            self.send_response(response.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """Say nothing."""

    address = urlsplit(BACKCHANNEL_LOGOUT)
    with HTTPServer((address.hostname or "", address.port or 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield answers
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["logout_of_person", "logout_of_session"])
def test_a_person_who_signs_out_at_the_provider_is_signed_out_here(
    oidc_provider: RealProvider, kind: str, driver: str
) -> None:
    client = oidc_provider.clients[kind]
    end_session = f"{oidc_provider.issuer}/session/end"
    with (
        relying_party(oidc_provider, client, driver) as service,
        listening(service) as answers,
        closing(oidc_provider.person("alice")) as alice,
    ):
        assert service.arrive(alice.visit(service.begin())).failure is None
        assert service.session().status == 200

        back = oidc_provider.post_logout_redirect_uris[0]
        asked = f"{end_session}?client_id={client.client_id}&post_logout_redirect_uri={back}"
        assert alice.sign_out(asked, (back,)) == back

        assert [(answer.status, answer.failure) for answer in answers] == [(200, None)]
        assert service.session().status == 401
        assert service.arrive(oidc_provider.sign_in(service.begin(), "alice")).failure is None
        assert service.session().status == 200


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_person_signs_out_here_and_then_at_the_provider_and_comes_back(
    oidc_provider: RealProvider, driver: str
) -> None:
    client = oidc_provider.clients["logout_of_session"]
    with (
        relying_party(oidc_provider, client, driver, logout_at_provider=True) as service,
        listening(service) as answers,
        closing(oidc_provider.person("alice")) as alice,
    ):
        assert service.arrive(alice.visit(service.begin())).failure is None
        leaving = service.send(Request("POST", "/sso/sign-out", "", (("sec-fetch-site", "same-origin"),)))

        assert isinstance(leaving.body, LeavingPage)
        assert service.session().status == 401
        back = urlsplit(alice.sign_out(leaving.body.location, oidc_provider.post_logout_redirect_uris))

        assert back.path == "/sso/logout/return"
        assert back.query.startswith("state=")
        returned = service.send(Request("GET", back.path, back.query))
        assert isinstance(returned.body, SignedOutPage)
        assert [(answer.status, answer.failure) for answer in answers] == [(200, None)]
