"""What comes over sockets: an answer's bytes at the sender, a request's at the server, a service's at the terminal."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from io import StringIO
from typing import Any
from unittest.mock import patch

import h11
import httpcore
import httpx
from anyio import EndOfStream
from trust.scene import Process

from fuzz.of_web import FORM, service
from fuzz.promise import CANARY, Target, hides, promise
from sso_adapters.asgi import AsgiSignIn
from sso_adapters.cli.credentials import Credential
from sso_adapters.cli.login import Started, choose_team, read_start, read_token
from sso_adapters.cli.remote import Service, ServiceRefusedError, ServiceUnreachableError
from sso_adapters.cli.terminal import CommandError, moment, printable
from sso_adapters.http.senders import HttpxSender
from sso_adapters.http.transports import Transport
from sso_adapters.pages import Pages
from sso_adapters.server.asgi import asgi
from sso_adapters.server.connection import Connection
from sso_adapters.server.limits import Limits
from sso_adapters.stores.redis_address import Address
from sso_core.effects import Effect, HttpRequest, Purpose
from sso_core.events import Event, HttpResponse, Unreachable
from sso_core.facts import Warm

LIMIT = 4096


@cache
def _sender() -> HttpxSender:
    return HttpxSender()


class Answering(Transport):
    """A transport whose connections say these bytes, whatever they are asked."""

    def __init__(self, data: bytes) -> None:
        pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
        self._pools = {}
        self._open = partial(httpcore.ConnectionPool, network_backend=httpcore.MockBackend(pieces))


def _answer(data: bytes) -> object:
    sender = _sender()
    with httpx.Client(transport=Answering(data), trust_env=False) as client, patch.object(sender, "_client", client):
        event = sender.send(HttpRequest(Purpose.TOKEN, "http://127.0.0.1/token", (), b"a=b", limit=LIMIT))
    if isinstance(event, Unreachable):
        promise(event.why.isprintable() and CANARY not in event.why, "the event quotes what came")
        return event
    promise(len(event.body) <= LIMIT, "an answer is larger than was asked for")
    promise(all(name.islower() for name, _ in event.headers), "a header has no name in lower case")
    return event


class Stream:
    """The client's half of a connection, which it has said already."""

    def __init__(self, data: bytes) -> None:
        self.rest = [data[at : at + 700] for at in range(0, len(data), 700)]
        self.said = bytearray()

    async def receive(self, _most: int) -> bytes:
        if not self.rest:
            raise EndOfStream
        return self.rest.pop(0)

    async def send(self, data: bytes) -> None:
        self.said += data

    async def send_eof(self) -> None:
        self.rest.clear()

    async def aclose(self) -> None:
        self.rest.clear()

    def extra(self, _which: object, default: object) -> object:
        return default


class World:
    """A process of a service, for an asynchronous application."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.now = process.now

    async def perform(self, effect: Effect) -> Event:
        return self._process.perform(effect)


_PAGES = Pages()
_LIMITS = Limits(header_bytes=8192, body_bytes=1 << 17)


def _served(data: bytes) -> object:
    """Play the bytes as all that a client says on one connection, and read what the server answers."""
    process = service().first
    world: Any = World(process)
    application = AsgiSignIn(
        process.site, world, warm=lambda _provider: Warm(), render=_PAGES, observe=lambda _event: None
    )
    stream: Any = Stream(data)

    async def serve() -> None:
        await Connection(stream, asgi(application, {}), _LIMITS).serve()

    asyncio.run(serve())
    heads = list(_responses(bytes(stream.said), data))
    for status, headers in heads:
        promise(status != 500, "the service failed")
        promise(all(b"session=" not in value or b"Max-Age=0" in value for value in headers), "somebody is signed in")
    return [status for status, _ in heads]


def _responses(said: bytes, asked: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Read responses as a strict client: all of them, and nothing beside them."""
    client = h11.Connection(h11.CLIENT)
    if asked[:5].upper() == b"HEAD ":
        client.send(h11.Request(method="HEAD", target="/", headers=[("host", "app.example")]))
        client.send(h11.EndOfMessage())
    client.receive_data(said)
    client.receive_data(b"")
    while True:
        event = client.next_event()
        match event:
            case h11.Response():
                yield event.status_code, [value for name, value in event.headers if name == b"set-cookie"]
            case h11.EndOfMessage():
                # What follows answers another request, whose method nobody here knows.
                return
            case h11.ConnectionClosed() | h11.NEED_DATA | h11.PAUSED:
                promise(not said, "a response is cut")
                return


@cache
def _asked() -> Service:
    return Service("https://app.example")


@contextmanager
def _typing(text: str) -> Iterator[StringIO]:
    """Stand for a person at a terminal."""
    shown = StringIO()
    with patch("sys.stdin", StringIO(text)), patch("sys.stdout", shown):
        yield shown


def _judge(document: Mapping[str, Any], data: bytes) -> object:
    """Play a document as each of the answers that a terminal waits for."""
    found: list[object] = []
    for read in (read_start, read_token, choose_team):
        with _typing("0\n1\n") as shown:
            try:
                value = read(document)
            except CommandError as error:
                promise(str(error).isprintable(), "a sentence is not one printable line")
                found.append(str(error))
                continue
        promise(all(line.isprintable() for line in shown.getvalue().split("\n")), "a terminal is told to do something")
        match value:
            case Credential(token=token, expires_at=expires_at):
                hides(value, token.reveal(), data)
                promise(moment(expires_at).isprintable(), "a time is no time")
            case Started(poll_secret=secret, lifetime=lifetime, interval=interval):
                hides(value, secret.reveal(), data)
                promise(0 < lifetime < threading.TIMEOUT_MAX, "the terminal waits for ever, or not at all")
                promise(0 < interval < threading.TIMEOUT_MAX, "the terminal asks without a pause, or never")
        found.append(value)
    return found


def _terminal(data: bytes) -> object:
    """Play an answer of a service, its status before the first space."""
    status, _, body = data.partition(b" ")
    code = int(status) if status.isdigit() and len(status) == 3 else 200
    return _judge(_asked()._judged(HttpResponse(code, body)), data)


def _redis(data: bytes) -> object:
    address = Address.of(data.decode("utf-8", "surrogateescape"))
    if address.password is not None and b"%" not in data:
        hides(address, address.password.reveal(), data)
    return repr(address)


def _printable(data: bytes) -> object:
    text = printable(data.decode("utf-8", "surrogateescape"))
    promise(text.isprintable() and len(text) <= 200, "a terminal is told to do something")
    return text


def _http(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


CHUNKED = "transfer-encoding: chunked"
_TOKEN = json.dumps({"access_token": CANARY, "token_type": "Bearer"}).encode()
_START = {
    "login_id": "c" * 43,
    "poll_secret": CANARY,
    "user_code": "BCDF-GHJK",
    "verification_uri": "https://app.example/sso/cli/confirm?login=" + "c" * 43,
    "expires_in": 600,
    "interval": 2,
}
_READY = {
    "status": "ready",
    "key": CANARY,
    "user_id": "alice",
    "team_id": None,
    "expires_at": 1800000000.5,
    "team_details": [{"team_id": "a", "team_alias": "A"}, {"team_id": "b", "team_alias": None}],
}

TARGETS = (
    Target(
        name="answer",
        parse=_answer,
        covers=(HttpxSender.send,),
        seeds=(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(_TOKEN), _TOKEN),
            _http("HTTP/1.1 200 OK", CHUNKED, "set-cookie: a=b") + b"3;x=y\r\nabc\r\n0\r\nx: y\r\n\r\n",
            _http("HTTP/1.1 100 Continue") + _http("HTTP/1.0 302 Found", "location: http://evil.example") + b"abc",
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n",
        ),
        words=(
            b"\r\n",
            b"\r\n\r\n",
            b"content-length: ",
            b"transfer-encoding: chunked\r\n",
            b"HTTP/1.1 ",
            b"0\r\n\r\n",
        ),
        most=1 << 17,
    ),
    Target(
        name="server",
        parse=_served,
        covers=(Connection.serve,),
        seeds=(
            b"GET /sso/refused?code=no_code HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n",
            b"POST /sso/cli/start HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
            _http("POST /sso/password HTTP/1.1", "host: a", CHUNKED, FORM) + b"3\r\na=b\r\n0\r\n\r\n",
            b"HEAD / HTTP/1.0\r\ncookie: a=b\r\n\r\n",
            _http("GET /%C3%A9?a=%00 HTTP/1.1", "host: a", "expect: 100-continue", "x_y: z")
            + _http("GET / HTTP/1.1", "host: a"),
        ),
        words=(
            b"\r\n",
            b"\r\n\r\n",
            b"content-length: ",
            b"transfer-encoding: chunked\r\n",
            b" HTTP/1.1\r\n",
            b"0\r\n\r\n",
        ),
        most=1 << 14,
    ),
    Target(
        name="terminal",
        parse=_terminal,
        covers=(Service._judged, read_start, read_token, choose_team),
        seeds=(
            b"200 " + json.dumps(_START | _READY).encode(),
            b"200 " + json.dumps(_READY | {"requires_team_selection": True}).encode(),
            b'401 {"error": "not_signed_in", "reference": "0123abcd"}',
            b"503 <html>",
        ),
        fails=(CommandError, ServiceRefusedError, ServiceUnreachableError),
        secrets=(),  # what a service says is shown to whoever asked it
        words=(b"303 ", b"502 ", b'"team_details":', b'"interval":', b'"expires_in":', b'"expires_at":', b'"error":'),
    ),
    Target(
        name="redis-address",
        parse=_redis,
        covers=(Address.of,),
        seeds=(
            f"rediss://user:{CANARY}@redis.example:6380/2?ssl_ca_certs=/ca.pem".encode(),
            b"unix:///run/redis.sock?db=1",
        ),
        fails=(ValueError,),
        words=(b"redis://", b"@", b"?db=", b"&", b"[", b"%", b"/", "\u0663".encode(), b"#"),
        most=1 << 14,
    ),
    Target(
        name="printable",
        parse=_printable,
        covers=(printable,),
        seeds=(b"a team", "\u202e\x1b[2J".encode()),
        most=1 << 14,
    ),
)
