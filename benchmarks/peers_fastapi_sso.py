"""fastapi-sso's generic provider with PKCE: authorize, exchange, userinfo.

Fair play: it takes the identity from userinfo alone and verifies no ID token, so its CPU is the price of less checking
and of one call more. `as shipped` builds an HTTP client with its SSL context once a login, and offers no way to pass
one. So read it beside `transport injected`, which is not to be had without a patch.
"""

# ruff: noqa: ANN401 -- what passes between begin and finish is each contestant's own

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
from fastapi_sso.sso import base
from fastapi_sso.sso.generic import create_provider
from starlette.requests import Request

from benchmarks.bare_http import mock_transport
from benchmarks.fixture import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE, SUBJECT, Provider
from benchmarks.peers_authlib import scope


class FastapiSso:
    """fastapi-sso with a mock transport, in place of the client's own (`shipped=False`) or of the one it has built."""

    def __init__(self, provider: Provider, *, shipped: bool) -> None:
        transport = mock_transport(provider)
        self._httpx = SimpleNamespace(**vars(httpx))
        self._httpx.AsyncClient = _shipped(transport) if shipped else lambda: httpx.AsyncClient(transport=transport)
        self._sso = generic_provider(provider)
        self._runner = asyncio.Runner()

    def begin(self, count: int) -> list[Any]:
        """Begin logins; return the responses."""
        return self._runner.run(self._begin(count))

    def location(self, begun: Any) -> str:
        """Return where the response leads."""
        return str(begun.headers["location"])

    def comes_back(self, begun: Any, query: str) -> dict[str, Any]:
        """Return the callback, with the cookies of its beginning."""
        return scope("/sso/callback", query, [(b"cookie", cookies(begun).encode())])

    def finish(self, back: list[dict[str, Any]]) -> None:
        """Finish logins."""
        with patch.object(base, "httpx", self._httpx):
            self._runner.run(self._finish(back))

    async def _begin(self, count: int) -> list[Any]:
        begun = []
        for _ in range(count):
            async with self._sso:
                begun.append(await self._sso.get_login_redirect())
        return begun

    async def _finish(self, back: list[dict[str, Any]]) -> None:
        for callback in back:
            async with self._sso:
                person = await self._sso.verify_and_process(Request(callback))
            assert person.id == SUBJECT


def generic_provider(provider: Provider, redirect_uri: str = REDIRECT_URI, *, allow_insecure_http: bool = False) -> Any:
    """Return fastapi-sso set up for the provider of the benchmarks."""
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
    generic = create_provider(
        name="idp",
        default_scope=[*map(str, SCOPE.split())],
        discovery_document={name: provider.metadata[name] for name in names},  # type: ignore[arg-type,unused-ignore] # its shape
        response_convertor=_person,
    )
    sso = generic(CLIENT_ID, CLIENT_SECRET, redirect_uri, allow_insecure_http)
    sso.uses_pkce = True
    return sso


def cookies(response: Any) -> str:
    """Return the Cookie header of a browser that got this response."""
    jar: SimpleCookie = SimpleCookie()
    for header in response.headers.getlist("set-cookie"):
        jar.load(header)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


def _person(claims: dict[str, Any], _session: Any) -> base.OpenID:
    return base.OpenID(id=claims["sub"], email=claims.get("email"), display_name=claims.get("name"), provider="idp")


def _shipped(transport: httpx.MockTransport) -> Callable[[], httpx.AsyncClient]:
    class Client(httpx.AsyncClient):
        def _init_transport(self, *args: Any, **kwargs: Any) -> Any:
            super()._init_transport(*args, **kwargs)
            return transport

    return Client
