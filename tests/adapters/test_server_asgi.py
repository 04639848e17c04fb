"""What ASGI 3 promises an application, under asyncio and under trio."""

from __future__ import annotations

import logging
import socket
import threading

import anyio
import httpx
import pytest
from served_applications import (
    PATIENCE,
    Application,
    answer,
    get,
    run,
    served_asgi,
    until_closed,
    well_behaved_lifespan,
)

from sso_adapters.server import LifespanError, Limits, serve_asgi
from sso_adapters.server.asgi import Message, Receive, Scope, Send


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_scope_is_what_asgi_says(backend: str) -> None:
    app = Application()
    with served_asgi(app.asgi, backend, Limits(), PATIENCE) as served:
        httpx.get(f"{served.url}/caf%C3%A9?a=%20", headers={"X-One": "1"})
        scope = app.seen
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/café", b"/caf%C3%A9", b"a=%20")
    assert (scope["type"], scope["scheme"], scope["http_version"], scope["root_path"]) == ("http", "http", "1.1", "")
    assert (b"x-one", b"1") in scope["headers"]
    assert scope["client"][0] == "127.0.0.1"
    assert scope["server"] == served.address


@pytest.mark.parametrize(
    ("rest", "headers"),
    [
        pytest.param(b"zz\r\n", "Transfer-Encoding: chunked", id="malformed"),
        pytest.param(b"65\r\n" + b"a" * 101, "Transfer-Encoding: chunked", id="too long"),
        pytest.param(b"", "Content-Length: 1", id="missing"),
    ],
)
def test_a_body_that_the_application_leaves_and_nobody_can_read_ends_the_connection(
    backend: str, rest: bytes, headers: str
) -> None:
    limits = Limits(body_bytes=100, linger_seconds=0.2)
    with served_asgi(Application().asgi, backend, limits, PATIENCE) as served:
        said = served.converse(get("/unread", headers) + rest)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"not read")


def test_a_client_that_leaves_is_seen_and_its_application_not_cancelled(backend: str) -> None:
    received, seen, answered = threading.Event(), threading.Event(), threading.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await receive()
        received.set()
        assert (await receive())["type"] == "http.disconnect"
        seen.set()
        await answer(send, b"to nobody")
        answered.set()

    with served_asgi(waits, backend, Limits(), PATIENCE) as served:
        with served.connect() as client:
            client.sendall(get("/"))
            assert received.wait(PATIENCE)
        assert seen.wait(PATIENCE)
        assert answered.wait(PATIENCE)


def test_a_client_that_leaves_in_its_body_is_seen(backend: str) -> None:
    app = Application()
    with served_asgi(app.asgi, backend, Limits(), PATIENCE) as served:
        with served.connect() as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
        assert app.gone.wait(PATIENCE)


def test_an_application_need_not_answer_a_client_that_left_in_its_body(
    backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def leaves(scope: Scope, receive: Receive, send: Send) -> None:
        while scope["type"] == "http" and (await receive())["type"] != "http.disconnect":
            pass

    with served_asgi(leaves, backend, Limits(), PATIENCE) as served, served.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
        client.shutdown(socket.SHUT_WR)
        assert until_closed(client).startswith(b"HTTP/1.1 400 ")
    assert caplog.records == []


def test_an_application_that_listens_for_the_end_hears_it_once_it_has_answered(backend: str) -> None:
    heard: list[Message] = []

    async def listens(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await receive()

        async def listen() -> None:
            heard.append(await receive())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await answer(send, b"done")

    with served_asgi(listens, backend, Limits(), PATIENCE) as served, httpx.Client() as client:
        assert [client.get(served.url).text for _ in range(2)] == ["done", "done"]
    assert [message["type"] for message in heard] == ["http.disconnect"] * 2


def test_a_client_that_does_not_take_its_response_counts_as_gone(backend: str) -> None:
    told = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await receive()
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                assert (await receive())["type"] == "http.disconnect"
                told.set()
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"again " * 10_000, "more_body": True})

    with served_asgi(endless, backend, Limits(write_seconds=0.2), PATIENCE) as served, served.connect() as client:
        client.sendall(get("/"))
        assert told.wait(PATIENCE)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.body", "body": b"early"}],
        [{"type": "http.response.pathsend"}],
        [{"type": "http.response.start", "status": 204, "headers": [(b"content-length", b"x")]}],
    ],
)
def test_an_application_that_breaks_asgi_is_answered_500(
    backend: str, messages: list[Message], caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages if scope["type"] == "http" else ():
            await send(message)

    with served_asgi(breaks, backend, Limits(), PATIENCE) as served:
        assert served.converse(get("/")).startswith(b"HTTP/1.1 500 ")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_lifespan_that_cannot_start_raises_and_nothing_is_bound(backend: str) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        raise ValueError("the cause")

    ready: list[object] = []
    with pytest.raises(LifespanError, match="no database") as caught:
        run(backend, lambda: serve_asgi(fails, host="127.0.0.1", port=0, on_ready=ready.append))
    assert isinstance(caught.value.__cause__, ValueError)
    assert ready == []


def test_a_lifespan_that_cannot_end_raises(backend: str) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "still writing"})

    async def serve_and_stop() -> None:
        stop = anyio.Event()
        await serve_asgi(fails, host="127.0.0.1", port=0, on_ready=lambda _: stop.set(), stop=stop)

    with pytest.raises(LifespanError, match="still writing"):
        run(backend, serve_and_stop)


def test_an_application_without_a_lifespan_is_served(backend: str) -> None:
    async def only_http(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await answer(send, b"fine")

    with served_asgi(only_http, backend, Limits(), PATIENCE) as served:
        assert httpx.get(served.url).text == "fine"


def test_requests_share_what_the_lifespan_put_into_the_state(backend: str) -> None:
    async def stateful(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["pool"] = "a pool"
            await well_behaved_lifespan(receive, send)
        else:
            await answer(send, scope["state"]["pool"].encode())

    with served_asgi(stateful, backend, Limits(), PATIENCE) as served:
        assert httpx.get(served.url).text == "a pool"


def test_a_cancelled_server_gives_its_grace_and_ends_the_lifespan(backend: str) -> None:
    story: list[str] = []
    in_flight, finish = anyio.Event(), anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await well_behaved_lifespan(receive, send)
            story.append("lifespan over")
        else:
            in_flight.set()
            await finish.wait()
            await answer(send, b"done")
            story.append("answered")

    async def main() -> None:
        ports: list[tuple[str, int]] = []
        ready = anyio.Event()

        def on_ready(address: tuple[str, int]) -> None:
            ports.append(address)
            ready.set()

        async def serve() -> None:
            with scope:
                await serve_asgi(app, host="127.0.0.1", port=0, on_ready=on_ready, grace=PATIENCE)

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            await ready.wait()
            async with await anyio.connect_tcp(*ports[0]) as client:
                await client.send(get("/"))
                await in_flight.wait()
                scope.cancel()
                finish.set()
                assert (await client.receive()).startswith(b"HTTP/1.1 200 ")

    run(backend, main)
    assert story == ["answered", "lifespan over"]


def test_a_request_that_outlasts_the_grace_is_cancelled(backend: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    with served_asgi(stuck, backend, Limits(), 0.1) as served, served.connect() as client:
        client.sendall(get("/"))
        assert begun.wait(PATIENCE)
        served.close()
        assert ended.is_set()


def test_a_lifespan_that_breaks_while_serving_raises_at_the_end(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise ValueError("a background task")

    async def serve_and_stop() -> None:
        stop = anyio.Event()
        await serve_asgi(breaks, host="127.0.0.1", port=0, on_ready=lambda _: stop.set(), stop=stop)

    with pytest.raises(LifespanError):
        run(backend, serve_and_stop)
    assert "a background task" in caplog.text


def test_a_lifespan_that_does_not_end_in_time_is_cancelled(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    async def stays(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.complete"})
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async def serve_and_stop() -> None:
        stop = anyio.Event()
        await serve_asgi(stays, host="127.0.0.1", port=0, on_ready=lambda _: stop.set(), stop=stop, grace=0.1)

    run(backend, serve_and_stop)
    assert ended.is_set()
    assert "did not end in time" in caplog.text


def test_a_client_that_pipelines_much_does_not_count_as_gone(backend: str) -> None:
    calls: list[str] = []

    async def listens(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        calls.append(scope["path"])
        await receive()
        if scope["path"] == "/":
            with anyio.move_on_after(0.2) as waiting:
                await receive()
            assert waiting.cancelled_caught
        await answer(send, b"done")

    with served_asgi(listens, backend, Limits(header_bytes=512), PATIENCE) as served:
        said = served.converse(get("/") + get("/next") * 20 + get("/last", "Connection: close"))
    assert said.count(b"200 OK") == 22
    assert calls == ["/", *["/next"] * 20, "/last"]
