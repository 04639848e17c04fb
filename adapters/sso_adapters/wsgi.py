"""Sign-in as a WSGI application, in plain synchronous code: translation only, decisions are the core's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from sso_adapters.drive import World
from sso_adapters.drive.blocking import run
from sso_adapters.observe.logs import Observe, log_event
from sso_adapters.translate import Renderer, draw, finished, fits
from sso_core.events import Headers
from sso_core.web.messages import Request
from sso_core.web.routing import WarmFacts
from sso_core.web.site import Site

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class WsgiSignIn:
    """A WSGI application that serves the routes of `site`; `warm` returns what is known of a provider already.

    `observe` hears of each event.
    """

    def __init__(
        self, site: Site, world: World, *, warm: WarmFacts, render: Renderer, observe: Observe = log_event
    ) -> None:
        self.site = site
        self.world = world
        self._warm = warm
        self._render = render
        self._observe = observe

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = _request(environ)
        visit = self.site.visit(request, entropy=draw(), now=self.world.now(), warm=self._warm)
        trail: list[str] = []
        ending = run(visit.state, self.world, watch=lambda state: trail.append(type(state).__name__))
        response = visit.respond(ending, trail=tuple(trail))
        status, headers, body = finished(response, self._render, self._observe)
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers))
        yield body
        for effect in response.afterwards:
            self.world.perform(effect)


def _request(environ: Environ) -> Request:
    headers = _headers(environ)
    body = _body(environ) if fits(headers) else None
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace") or "/"
    query, peer = environ.get("QUERY_STRING", ""), environ.get("REMOTE_ADDR", "")
    return Request(environ["REQUEST_METHOD"], path, query, headers, body, peer)


def _body(environ: Environ) -> bytes | None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    # Of a client that left in the middle, half a form is no form.
    return body if len(body) == length else None


def _headers(environ: Environ) -> Headers:
    named = [(name[5:].replace("_", "-").lower(), value) for name, value in environ.items() if name.startswith("HTTP_")]
    plain = [
        (name.replace("_", "-").lower(), environ[name])
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(name)
    ]
    return (*plain, *named)
