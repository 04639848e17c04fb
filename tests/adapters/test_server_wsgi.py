"""What PEP 3333 promises an application."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

import httpx
import pytest
from served_applications import (
    PATIENCE,
    Application,
    get,
    served_wsgi,
    until,
)

from sso_adapters.server import ApplicationError, Limits, ThreadedServer


@contextmanager
def serving(app: WSGIApplication) -> Iterator[tuple[str, int]]:
    server = ThreadedServer(app, host="127.0.0.1", port=0)
    yield server.start()
    server.close(PATIENCE)


def test_the_environ_is_what_pep_3333_says() -> None:
    app = Application()
    with served_wsgi(app, Limits(), PATIENCE) as served:
        headers = [("X-One", "1"), ("X-One", "2"), ("X_One", "3"), ("Cookie", "a=1"), ("Cookie", "b=2")]
        httpx.post(f"{served.url}/caf%C3%A9?a=%20", headers=headers, content=iter([b"chunked"]))
        environ = app.seen
    assert environ["PATH_INFO"] == "/café".encode().decode("latin-1")
    assert environ["QUERY_STRING"] == "a=%20"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["HTTP_X_ONE"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_LENGTH"] == "7"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (served.address[0], str(served.address[1]))


def test_the_write_callable_and_the_pieces_are_sent_in_order_and_the_pieces_closed() -> None:
    closed = threading.Event()

    def app(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        start("500 Oops", [])
        try:
            int("no number")
        except ValueError:
            start("201 Created", [], sys.exc_info())(b"one ")
        return pieces()

    def pieces() -> Iterator[bytes]:
        try:
            yield b""
            yield b"two"
        finally:
            closed.set()

    with serving(app) as address:
        reply = httpx.get(f"http://127.0.0.1:{address[1]}/")
    assert (reply.status_code, reply.text) == (201, "one two")
    assert closed.is_set()


def test_an_endless_response_ends_when_its_client_leaves() -> None:
    closed = threading.Event()

    def endless(environ: dict[str, Any], start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            while True:
                yield b"again " * 1000
        finally:
            closed.set()

    with serving(endless) as address:
        with socket.create_connection(address, timeout=PATIENCE) as client:
            client.sendall(get("/"))
            until(client, b"again ")
        assert closed.wait(PATIENCE)


def test_a_worker_that_outlasts_the_grace_is_left_to_itself() -> None:
    begun, release, closed = threading.Event(), threading.Event(), threading.Event()

    def stuck(environ: dict[str, Any], start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            begun.set()
            release.wait(PATIENCE)
            yield b"too late"
        finally:
            closed.set()

    server = ThreadedServer(stuck, host="127.0.0.1", port=0)
    with socket.create_connection(server.start(), timeout=PATIENCE) as client:
        client.sendall(get("/"))
        assert begun.wait(PATIENCE)
        server.close(grace=0.1)
        release.set()
        assert closed.wait(PATIENCE)


def test_a_second_start_raises_and_a_second_close_does_nothing() -> None:
    app = Application()
    server = ThreadedServer(app.wsgi, host="127.0.0.1", port=0)
    server.start()
    with pytest.raises(RuntimeError):
        server.start()
    server.close()
    server.close()


def twice(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [])
    start("201 Created", [])
    return []


def without_a_head(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    return [b"body"]


def without_a_number(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    start("OK", [])
    return []


@pytest.mark.parametrize("app", [twice, without_a_head, without_a_number])
def test_an_application_that_breaks_wsgi_is_answered_500(
    app: WSGIApplication, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(app) as address:
        assert httpx.get(f"http://127.0.0.1:{address[1]}/").status_code == 500
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ApplicationError


def test_a_change_of_mind_after_the_first_byte_raises_what_it_was_for(caplog: pytest.LogCaptureFixture) -> None:
    def late(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [])(b"begun")
        try:
            int("no number")
        except ValueError:
            start("500 Oops", [], sys.exc_info())
        return []

    with serving(late) as address, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{address[1]}/")
    assert "no number" in caplog.text
