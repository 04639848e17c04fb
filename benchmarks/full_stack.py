"""Whole logins through a server: every application in a process of its own, behind the same server, over loopback.

This process is the provider and the browsers. Both are as light as they can be, yet they take a core of their own:
where they have to share one with the server, logins per second say less than the server's CPU per login.
"""

# ruff: noqa: ANN401 -- applications are of several frameworks, and a pipe carries anything

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import anyio

from benchmarks import applications
from benchmarks.fixture import Provider
from sso_adapters.server import serve_asgi

BROWSERS = 8
"""At once, each with a connection that it keeps."""
APPLICATIONS: dict[str, tuple[Callable[[Provider], Any], int]] = {
    "by hand": (applications.by_hand, 160),
    "core": (applications.core, 160),
    "Authlib, one SSL context for all": (applications.authlib, 160),
    "Authlib, as shipped": (applications.authlib_as_shipped, 16),
}
"""How each is made, and how many logins a round has."""
ROUNDS = 5


class Rate(NamedTuple):
    """One value a round."""

    logins_per_second: list[float]
    milliseconds: list[float]
    """CPU of the server's process per login."""


def measure_stacks() -> dict[str, Rate]:
    """Start all applications, then let the browsers log in at each in turn."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    provider = Provider("ES256", f"http://127.0.0.1:{listener.getsockname()[1]}")
    processes = multiprocessing.get_context("fork")  # before there is a loop: the provider's keys go along
    started = {}
    for name, (make, _) in APPLICATIONS.items():
        ours, theirs = processes.Pipe()
        process = processes.Process(target=_serve, args=(make, provider, theirs), daemon=True)
        process.start()
        started[name] = process, ours
    try:
        return asyncio.run(_rounds(provider, listener, {name: pipe for name, (_, pipe) in started.items()}))
    finally:
        for process, pipe in started.values():
            pipe.close()
            process.join(5)
            if process.is_alive():
                process.kill()


def _serve(make: Callable[[Provider], Any], provider: Provider, pipe: Any) -> None:
    """Serve until the other end of the pipe is closed; each word that comes is answered by the CPU spent so far."""

    async def serve() -> None:
        stop = anyio.Event()

        def heard() -> None:
            try:
                pipe.recv()
            except EOFError:
                asyncio.get_running_loop().remove_reader(pipe.fileno())
                stop.set()
            else:
                pipe.send(time.process_time())

        asyncio.get_running_loop().add_reader(pipe.fileno(), heard)
        await serve_asgi(make(provider), host="127.0.0.1", port=0, on_ready=pipe.send, stop=stop, grace=1)

    asyncio.run(serve())


async def _rounds(provider: Provider, listener: socket.socket, pipes: dict[str, Any]) -> dict[str, Rate]:
    rates = {name: Rate([], []) for name in pipes}
    answers: dict[str, bytes] = {}
    async with _provider(answers, listener):
        ports = {name: pipe.recv()[1] for name, pipe in pipes.items()}
        for number in range(ROUNDS + 1):
            for name, pipe in pipes.items():
                logins = APPLICATIONS[name][1]
                pipe.send("cpu")
                cpu, began = pipe.recv(), time.perf_counter()
                await asyncio.gather(
                    *(_browse(provider, answers, ports[name], logins // BROWSERS) for _ in range(BROWSERS))
                )
                took = time.perf_counter() - began
                pipe.send("cpu")
                if number:  # the first warms up
                    rates[name].logins_per_second.append(logins / took)
                    rates[name].milliseconds.append((pipe.recv() - cpu) / logins * 1000)
                else:
                    pipe.recv()
    return rates


@asynccontextmanager
async def _provider(answers: dict[str, bytes], listener: socket.socket) -> AsyncIterator[None]:
    """Answer token requests, on connections that stay open."""
    connections: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[asyncio.current_task()] = writer
        try:
            while True:
                _, headers = await _head(reader)
                form = await reader.readexactly(int(dict(headers)["content-length"]))
                body = answers.pop(parse_qs(form.decode())["code"][0])
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
        except asyncio.IncompleteReadError:
            writer.close()  # the client has left, or the last round is over

    server = await asyncio.start_server(connected, sock=listener)
    try:
        yield
    finally:
        server.close()
        for writer in connections.values():
            writer.close()
        await asyncio.gather(*(task for task in connections if task is not None))


async def _browse(provider: Provider, answers: dict[str, bytes], port: int, logins: int) -> None:
    """Log in so many times; raises unless each login ends with a session."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(logins):
        headers = await _get(reader, writer, applications.START, "")
        code, query = provider.visit(dict(headers)["location"])
        answers[code] = provider.answers.pop()
        headers = await _get(reader, writer, f"{applications.CALLBACK}?{query}", _cookies(headers))
        assert "session" in _cookies(headers), headers
    writer.close()


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, cookies: str
) -> list[tuple[str, str]]:
    cookie = f"cookie: {cookies}\r\n" if cookies else ""
    writer.write(f"GET {target} HTTP/1.1\r\nhost: app.example\r\n{cookie}\r\n".encode())
    status, headers = await _head(reader)
    await reader.readexactly(int(dict(headers).get("content-length", 0)))
    assert " 30" in status, status
    return headers


async def _head(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    return first, [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def _cookies(headers: list[tuple[str, str]]) -> str:
    return "; ".join(value.partition(";")[0] for name, value in headers if name == "set-cookie")
