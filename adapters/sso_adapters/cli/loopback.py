"""Where the browser brings the code of a terminal's sign-in: a port of this machine, for one request (RFC 8252 7.3)."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event, Lock
from types import TracebackType
from typing import Any, Self
from wsgiref.types import StartResponse

from sso_adapters.server import ThreadedServer
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import LOOPBACK_PATH
from sso_core.wire import WireError, parse_form

HOST = "127.0.0.1"
GRACE = 2.0
"""Seconds for the last page to reach the browser."""
HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><h1>{title}</h1><p>{sentence}</p></body></html>
"""


class Listener:
    """Listens while it is open, and takes the one code that comes for `expected`, the id of the login."""

    def __init__(self) -> None:
        self.arrived = Event()
        self.code = Secret("")
        self.expected = ""
        """Empty until the service has said it: nothing is taken before."""
        self.redirect_uri = ""
        self._lock = Lock()
        self._server = ThreadedServer(self._answer, host=HOST, port=0, workers=2)

    def __enter__(self) -> Self:
        """Open a port that the system chooses; it closes once the browser has its page, however the login ends."""
        _, port = self._server.start()
        self.redirect_uri = f"http://{HOST}:{port}{LOOPBACK_PATH}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close(GRACE if self.arrived.is_set() else 0.0)

    def _answer(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or environ["PATH_INFO"] != LOOPBACK_PATH:
            return _page(start, "404 Not Found", "Nothing here", "This address is a terminal's, for its sign-in only.")
        if not self._takes(environ["QUERY_STRING"]):
            return _page(start, "400 Bad Request", "Not this one", "This belongs to no sign-in that is waiting here.")
        self.arrived.set()
        return _page(start, "200 OK", "Back to your terminal", "You can close this page.")

    def _takes(self, query: str) -> bool:
        """Whether this is the one: its login is ours, and no other came before."""
        try:
            said = parse_form(query)
        except WireError:
            return False
        code = said.get("code", "")
        with self._lock:
            if not code or not self.expected or said.get("login") != self.expected or self.code:
                return False
            self.code = Secret(code)
            return True


def _page(start: StartResponse, status: str, title: str, sentence: str) -> list[bytes]:
    body = PAGE.format(title=title, sentence=sentence).encode()
    start(status, [*HEADERS, ("content-length", str(len(body)))])
    return [body]
