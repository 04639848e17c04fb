"""The server over real sockets: one suite for ASGI under asyncio, ASGI under trio, and WSGI on threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import httpx
import pytest
from served_applications import (
    PATIENCE,
    Application,
    Served,
    get,
    run,
    served_asgi,
    served_wsgi,
    until,
    until_closed,
)

from sso_adapters.server import Limits, ThreadedServer, serve_asgi
from sso_adapters.server.exchange import Target

KINDS = ("asyncio", "trio", "threads")


Serve = Callable[..., Served]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def serve(kind: str, app: Application) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(grace: float = PATIENCE, **limits: float) -> Served:
            bounds = Limits(**limits)  # type: ignore[arg-type] # each test gives what its bound takes
            served: AbstractContextManager[Served] = (
                served_wsgi(app, bounds, grace) if kind == "threads" else served_asgi(app.asgi, kind, bounds, grace)
            )
            return stack.enter_context(served)

        yield start
        app.release.set()


# Requests


def test_a_request_reaches_the_application_whole(serve: Serve) -> None:
    url = serve().url
    reply = httpx.post(f"{url}/a%20b?code=x%2Fy&state=z", content=b"a body")
    assert reply.status_code == 200
    assert reply.json() == ["POST", "/a b", "code=x%2Fy&state=z", "a body"]
    assert "date" in reply.headers


def test_a_chunked_body_is_joined(serve: Serve) -> None:
    reply = httpx.post(serve().url, content=iter([b"one ", b"two ", b"three"]))
    assert reply.json()[3] == "one two three"


def test_two_requests_use_one_connection(serve: Serve) -> None:
    with serve().connect() as client:
        for path in ("/first", "/second"):
            client.sendall(get(path))
            assert b"200 OK" in until(client, b"\r\n\r\n")
            assert path.encode() in until(client, b"]")


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    said = serve().converse(get("/first") + get("/second", "Connection: close"))
    assert 0 < said.index(b"/first") < said.index(b"/second")


def test_what_follows_a_request_and_is_none_is_answered_400(serve: Serve) -> None:
    said = serve().converse(get("/fine") + b"\x16\x03\x01 what?\r\n\r\n")
    assert b"/fine" in said
    assert b"HTTP/1.1 400 " in said


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    said = serve().converse(b"HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"content-length: 22" in head.lower()
    assert body == b""


def test_http_1_0_is_answered_and_closed(serve: Serve) -> None:
    said = serve().converse(b"GET /old HTTP/1.0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert said.endswith(b'"/old", "", ""]')


def test_a_client_that_expects_it_is_told_to_continue(serve: Serve) -> None:
    with serve().connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        client.sendall(b"body")
        assert until(client, b"]").endswith(b'"body"]')


def test_a_body_that_the_application_leaves_is_read_for_the_next_request(serve: Serve) -> None:
    with serve().connect() as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo")
        client.sendall(b"dy" + get("/next", "Connection: close"))
        said = until_closed(client)
    assert b"not read" in said
    assert b"/next" in said


def test_twenty_clients_are_served_at_the_same_time(serve: Serve) -> None:
    url = serve().url
    with httpx.Client() as client, ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda n: client.get(f"{url}/{n}").json()[1], range(20)))
    assert replies == [f"/{n}" for n in range(20)]


# Refusals


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"what is this\r\n\r\n", 400, id="no request line"),
        pytest.param(b"\x16\x03\x01\x02\x00", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, id="another version"),
        pytest.param(b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501, id="a tunnel"),
        pytest.param(get("/%ff"), 400, id="a path that is not UTF-8"),
        pytest.param(get("nowhere"), 400, id="no path"),
        pytest.param(get("/x", "A: " + "a" * 600), 431, id="long headers at once"),
        pytest.param(get("/x", "A: " + "a" * 40_000), 431, id="long headers in pieces"),
        pytest.param(get("/x", "Content-Length: 101"), 413, id="a long body, declared"),
        pytest.param(get("/x", "Content-Length: 101", "Expect: 100-continue"), 413, id="a long body, expected"),
        pytest.param(get("/x", "Content-Length: x"), 400, id="no length"),
        pytest.param(
            get("/x", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(
            get("/x", "Transfer-Encoding: chunked") + b"65\r\n" + b"a" * 101 + b"\r\n0\r\n\r\n", 413, id="a long stream"
        ),
        pytest.param(get("/x", "Transfer-Encoding: chunked") + b"zz\r\n", 400, id="no chunk"),
    ],
)
def test_a_wrong_request_is_refused_and_the_connection_closed(serve: Serve, request_bytes: bytes, status: int) -> None:
    said = serve(header_bytes=512, body_bytes=100).converse(request_bytes)
    assert said.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in said.lower()
    assert said.count(b"HTTP/1.1") == 1


def test_headers_that_do_not_end_in_time_are_answered_408(serve: Serve) -> None:
    assert serve(header_seconds=0.2).converse(b"GET / HTTP/1.1\r\nHost").startswith(b"HTTP/1.1 408 ")


def test_a_body_that_does_not_end_in_time_is_answered_408(serve: Serve) -> None:
    said = serve(body_seconds=0.2).converse(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_says_nothing_is_closed_without_a_word(serve: Serve) -> None:
    assert serve(header_seconds=0.2).converse() == b""


def test_an_idle_connection_is_closed(serve: Serve) -> None:
    assert serve(idle_seconds=0.2).converse(get("/once")).count(b"HTTP/1.1") == 1


def test_one_connection_too_many_is_answered_503(serve: Serve) -> None:
    served = serve(connections=1)
    with served.connect() as first:
        first.sendall(get("/first"))
        until(first, b"]")
        assert served.converse().startswith(b"HTTP/1.1 503 ")


# The application's failures


def test_a_failing_application_is_answered_500_and_logged_without_the_query(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    said = serve().converse(get("/boom?code=secret", "Cookie: secret"))
    assert said.startswith(b"HTTP/1.1 500 ")
    assert said.endswith(b"\r\n\r\nInternal Server Error")
    (record,) = caplog.records
    assert record.name == "sso_adapters.server"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)
    assert "GET /boom" in record.getMessage()
    assert "secret" not in caplog.text


def test_a_failure_after_the_beginning_cuts_the_response(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    said = serve().converse(get("/late-boom"))
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"begun\r\n")
    assert "late boom" in caplog.text


def test_a_header_with_a_line_break_is_refused(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    said = serve().converse(get("/split"))
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"b: c" not in said
    assert "ApplicationError" in caplog.text


# The end


def test_a_graceful_stop_finishes_the_request_in_flight(serve: Serve, app: Application) -> None:
    served = serve()
    with served.connect() as idle, served.connect() as client, ThreadPoolExecutor(1) as pool:
        idle.sendall(get("/idle"))
        until(idle, b"]")
        client.sendall(get("/hold"))
        app.held.wait()
        closing = pool.submit(served.close)
        assert until_closed(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            served.connect()
        assert not closing.done()
        app.release.set()
        said = until_closed(client)
        closing.result(PATIENCE)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in said.lower()


def test_an_address_in_use_raises(serve: Serve, kind: str, app: Application) -> None:
    host, port = serve().address
    if kind == "threads":
        server = ThreadedServer(app.wsgi, host=host, port=port)
        with pytest.raises(OSError, match="in use"):
            server.start()
    else:
        ready: list[object] = []
        with pytest.raises(OSError, match="in use"):
            run(kind, lambda: serve_asgi(app.asgi, host=host, port=port, on_ready=ready.append))
        assert ready == []


# Values


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a%2Fb?c", b"/a/b"),
        (b"http://elsewhere/a?b", b"/a"),
        (b"HTTP://elsewhere?b", b"/"),
        (b"//elsewhere/a", b"//elsewhere/a"),
        (b"/a?next=http://elsewhere/", b"/a"),
        (b"*", b"*"),
        (b"elsewhere:80", None),
        (b"/a#b", None),
        (b"/%ff", None),
    ],
)
def test_a_target_is_read_as_rfc_9112_has_it(target: bytes, path: bytes | None) -> None:
    parsed = Target.parse(target)
    assert (parsed and parsed.path) == path


def test_a_bound_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError):
        Limits(header_seconds=0)


def test_the_query_is_not_in_the_repr_of_a_target() -> None:
    assert "secret" not in repr(Target.parse(b"/?code=secret"))
