"""Whole applications for a server: the core's, one by hand over the floor, and one with Authlib."""

# ruff: noqa: ANN401 -- applications are of several frameworks

from __future__ import annotations

import ssl
import time
import warnings
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from benchmarks.fixture import APPLICATION, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE, SUBJECT, Provider
from benchmarks.floor import FloorOverHttpx
from benchmarks.ours import Accounts, settings_for, warm_facts
from benchmarks.peers_authlib import OAuth
from sso_adapters.asgi import AsgiSignIn
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.pages import Pages
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld
from sso_core.web.site import Site

START, CALLBACK = "/sso/key/generate", "/sso/callback"


def core(provider: Provider) -> Any:
    """The core's ASGI application; store and accounts in memory."""
    sender, warm = AsyncHttpxSender(), warm_facts(provider)
    world = AsyncWorld(sender, AsyncLibrary(sender), MemoryStore(), Accounts())
    site = Site(settings_for(provider.issuer, APPLICATION))
    return AsgiSignIn(site, world, warm=lambda _provider: warm, render=Pages(), closed=sender.aclose)


def by_hand(provider: Provider) -> Any:
    """The floor behind two routes of Starlette, over one httpx client."""
    floor = FloorOverHttpx(provider, httpx.AsyncClient())

    async def start(_request: Request) -> Response:
        return RedirectResponse(floor.begin(1)[0], 303)

    async def callback(request: Request) -> Response:
        response = RedirectResponse("/", 303)
        response.set_cookie("session", await floor.finish_one(request.url.query), httponly=True, secure=True)
        return response

    return Starlette(routes=[Route(START, start), Route(CALLBACK, callback)])


def authlib(provider: Provider) -> Any:
    """Authlib behind two routes of Starlette, with its session cookie, and one SSL context for all of its clients."""
    return _authlib(provider, {"verify": ssl.create_default_context()})


def authlib_as_shipped(provider: Provider) -> Any:
    """The same without the context."""
    return _authlib(provider, {})


def _authlib(provider: Provider, client: dict[str, Any]) -> Any:
    warnings.simplefilter("ignore")
    oauth = OAuth()
    oauth.register(
        "idp",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"} | client,
        **provider.metadata,
        jwks=provider.jwks,
        _loaded_at=time.time(),
    )

    async def start(request: Request) -> Response:
        answer: Response = await oauth.idp.authorize_redirect(request, REDIRECT_URI)
        return answer

    async def callback(request: Request) -> Response:
        token = await oauth.idp.authorize_access_token(request)
        assert token["userinfo"]["sub"] == SUBJECT
        request.session["user"] = dict(token["userinfo"])
        return RedirectResponse("/", 303)

    app = Starlette(routes=[Route(START, start), Route(CALLBACK, callback)])
    app.add_middleware(SessionMiddleware, secret_key="of the benchmarks", https_only=True)
    return app
