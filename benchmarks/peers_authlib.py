"""Authlib's Starlette client on the same work: authorize with PKCE and nonce, exchange, verify the ID token.

Fair play: its session is a plain dict here, so the signing of Starlette's session cookie is not counted; metadata and
key set are warm. `as shipped` builds an HTTP client with its SSL context twice a login; an operator who passes a
shared context as `client_kwargs={"verify": context}` is rid of most of it. So read it beside `transport injected`.
"""

# ruff: noqa: ANN401 -- what passes between begin and finish is each contestant's own

from __future__ import annotations

import asyncio
import time
import warnings
from typing import Any

import httpx
from starlette.requests import Request

from benchmarks.bare_http import mock_transport
from benchmarks.fixture import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE, SUBJECT, Provider

with warnings.catch_warnings(record=True):  # it would rather have another HTTP library, and says so always
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped,import-not-found,unused-ignore] # has no types
    from authlib.integrations.starlette_client import (  # type: ignore[import-untyped,import-not-found,unused-ignore] # has no types
        OAuth,
        StarletteOAuth2App,
    )

__all__ = ["Authlib", "OAuth", "scope"]


class Authlib:
    """Authlib with a mock transport, handed in (`shipped=False`) or put in place of the one that it has built."""

    def __init__(self, provider: Provider, *, shipped: bool) -> None:
        transport = mock_transport(provider)
        oauth = OAuth()
        oauth.register(
            "idp",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            client_cls=_shipped(transport) if shipped else StarletteOAuth2App,
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"}
            | ({} if shipped else {"transport": transport}),
            **provider.metadata,
            jwks=provider.jwks,
            _loaded_at=time.time(),
        )
        self._client: Any = oauth.idp
        self._runner = asyncio.Runner()

    def begin(self, count: int) -> list[tuple[dict[str, Any], Any]]:
        """Begin logins; return the sessions and the responses."""
        return self._runner.run(self._begin(count))

    def location(self, begun: tuple[dict[str, Any], Any]) -> str:
        """Return where the response leads."""
        return str(begun[1].headers["location"])

    def comes_back(self, begun: tuple[dict[str, Any], Any], query: str) -> dict[str, Any]:
        """Return the callback, with the session of its beginning."""
        return scope("/sso/callback", query) | {"session": begun[0]}

    def finish(self, back: list[dict[str, Any]]) -> None:
        """Finish logins."""
        self._runner.run(self._finish(back))

    async def _begin(self, count: int) -> list[tuple[dict[str, Any], Any]]:
        begun = []
        for _ in range(count):
            session: dict[str, Any] = {}
            request = Request(scope("/sso/key/generate") | {"session": session})
            begun.append((session, await self._client.authorize_redirect(request, REDIRECT_URI)))
        return begun

    async def _finish(self, back: list[dict[str, Any]]) -> None:
        for callback in back:
            token = await self._client.authorize_access_token(Request(callback))
            assert token["userinfo"]["sub"] == SUBJECT


def scope(path: str, query: str = "", headers: list[tuple[bytes, bytes]] | None = None) -> dict[str, Any]:
    """Return the ASGI scope of a request to the application."""
    return {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "server": ("app.example", 443),
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"app.example"), *(headers or [])],
    }


def _shipped(transport: httpx.MockTransport) -> type[Any]:
    """Return an application whose clients build all that they build in the wild, and then use the mock."""

    class Client(AsyncOAuth2Client):  # type: ignore[misc,unused-ignore] # without types
        def _init_transport(self, *args: Any, **kwargs: Any) -> Any:
            super()._init_transport(*args, **kwargs)  # pyright: ignore[reportAttributeAccessIssue] -- without types
            return transport

    class App(StarletteOAuth2App):  # type: ignore[misc,unused-ignore] # without types
        client_cls = Client

    return App
