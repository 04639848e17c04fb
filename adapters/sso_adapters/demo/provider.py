"""An OpenID provider on the loopback: the test kit's own, behind a login page. For looking and trying, nothing else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from typing import Any

import attrs
from jinja2 import Environment, PackageLoader

from sso_adapters.demo.people import PEOPLE
from sso_core.effects import HttpRequest, Purpose
from sso_core.secret import Secret
from sso_core.testing.authorization_endpoint import NoWayBackError
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import ProviderState, RegisteredClient
from sso_core.testing.signing_keys import signing_key
from sso_core.wire import WireError, parse_form

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CLIENT_ID = "sso-core-demo"
FORM_LIMIT = 16384
REMEMBERED = 50
"""Requests and grants that the demo's provider keeps in mind."""


class DemoProvider:
    """An ASGI application: a provider at `issuer` that knows one client."""

    def __init__(self, issuer: str, *, client_id: str, client_secret: Secret, redirect_uris: tuple[str, ...]) -> None:
        client = RegisteredClient(client_id, client_secret, redirect_uris=redirect_uris)
        state = ProviderState(
            issuer,
            (client,),
            PEOPLE,
            (signing_key("RS256", kid="rsa"), signing_key(kid="ed25519")),
            seed=secrets.token_hex(),
        )
        self._provider = FakeProvider(state)
        self._issuer = issuer
        self._page = Environment(loader=PackageLoader("sso_adapters", "demo/templates"), autoescape=True).get_template(
            "login.html"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await _accept_lifespan(receive, send)
            return
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        url = self._issuer + scope["path"] + (f"?{query}" if query else "")
        if scope["path"] == self._provider.state.paths.authorization:
            await self._authorize(scope["method"], url, body, send)
        else:
            await self._answer(scope, url, body, send)

    async def _authorize(self, method: str, url: str, body: bytes, send: Send) -> None:
        if method == "GET":
            await self._show(send, 200)
            return
        try:
            form = parse_form(body, limit=FORM_LIMIT)
        except WireError:
            form = {}
        name, password = form.get("username", ""), form.get("password", "")
        known = any(person.subject == name for person in PEOPLE)
        try:
            if "cancel" in form:
                redirect = self._provider.deny(url)
            elif known and compare_digest(name.encode(), password.encode()):
                redirect = self._provider.authorize(url, name, time.time())
            else:
                await self._show(send, 401, "That name and password do not belong together.")
                return
        except NoWayBackError as error:
            await self._show(send, 400, str(error))
            return
        await _respond(send, 303, (("location", redirect.url),), b"")

    async def _answer(self, scope: Scope, url: str, body: bytes, send: Send) -> None:
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        posted = body if scope["method"] == "POST" else None
        # What the request is for plays no part in the answer.
        request = HttpRequest(Purpose.METADATA, url, headers, posted)
        response = self._provider.answer(request, time.time())
        self._provider.change(_forget)
        await _respond(send, response.status, response.headers, response.body)

    async def _show(self, send: Send, status: int, problem: str = "") -> None:
        page = self._page.render(people=PEOPLE, problem=problem).encode()
        headers = (
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        )
        await _respond(send, status, headers, page)


def _forget(state: ProviderState) -> ProviderState:
    return attrs.evolve(state, requests=(), log=(), surprises=(), grants=state.grants[-REMEMBERED:])


async def _accept_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and len(body) <= FORM_LIMIT
    return body


async def _respond(send: Send, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if name != "content-length"]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
