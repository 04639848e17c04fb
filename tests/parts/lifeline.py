"""The child's half of the protocol in `parts.process`, for the providers that are WSGI applications.

Standard library only: it is loaded in the providers' environments, which hold none of the tests' packages.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TypedDict
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication


class Client(TypedDict):
    """A client to be registered, see `parts.real_provider.RealClient`."""

    client_id: str
    client_secret: str | None
    auth_method: str
    id_token_alg: str
    userinfo_alg: str | None
    backchannel_logout_uri: str | None
    backchannel_logout_session_required: bool


class Part(TypedDict):
    """What the provider is told."""

    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    clients: list[Client]
    people: list[str]
    password: str


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a request: a browser opens connections ahead of its requests, and they would block a single thread."""

    daemon_threads = True


def play(provider: Callable[[Part, str], WSGIApplication], issuer_path: str = "") -> None:
    """Read the part, build the provider for its origin, say that it is ready, and serve until the parent is gone."""
    part: Part = json.loads(sys.stdin.readline())
    with _Server(("127.0.0.1", 0), WSGIRequestHandler) as server:
        origin = f"http://localhost:{server.server_port}"
        server.set_app(provider(part, origin))
        Thread(target=_end_with_the_parent, daemon=True).start()
        print("ready", origin + issuer_path, flush=True)  # noqa: T201 -- the protocol's one line
        server.serve_forever()


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)
