"""The `sso-core` command as a process of its own, and a browser before what it serves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

import attrs
import httpx
import pytest

# A test run in the background of a shell ignores interrupts, and so would what it starts; at a terminal nothing does.
_HEEDS_INTERRUPTS = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = (sys.executable, "-c", f"{_HEEDS_INTERRUPTS}; from sso_adapters.cli.main import main; sys.exit(main())")
ROOT = Path(__file__).parents[2]
PROMPTLY = 5.0
PATIENCE = 30.0


def environment(**more: str) -> dict[str, str]:
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "GENERIC_", "PROXY_", "REDIS_", "SSO_")) and "proxy" not in name.lower()
    }
    # A wheel under test is what the command runs from; else it is this tree.
    tree = [str(path) for path in (ROOT, ROOT / "adapters") if str(path) in sys.path]
    return {**bare, "PYTHONPATH": os.pathsep.join(tree), "PYTHONWARNINGS": "error", **more}


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now. They are asked for together, or one might be given twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


@attrs.frozen
class Served:
    process: subprocess.Popen[str]
    address: str
    said: tuple[str, ...]
    _complaints: TextIO

    def interrupt(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str, float]:
        """Press Ctrl-C, or send another signal; return the exit status, what stood on stderr, and the seconds taken."""
        began = time.monotonic()
        self.process.send_signal(by)
        self.process.communicate(timeout=PATIENCE)
        took = time.monotonic() - began
        self._complaints.seek(0)
        return self.process.returncode, self._complaints.read(), took


@contextmanager
def running(*arguments: str, env: Mapping[str, str], cwd: Path) -> Iterator[Served]:
    # Complaints go to a file: a pipe that nobody reads is full after some hundred lines, and then the service waits.
    with (
        TemporaryFile("w+") as complaints,
        subprocess.Popen(
            (*COMMAND, *arguments), env=dict(env), cwd=cwd, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process,
    ):
        try:
            said = _said_until_ready(process, complaints)
            yield Served(process, said[-1].removeprefix("Ready: "), said, complaints)
        finally:
            process.kill()


def _said_until_ready(process: subprocess.Popen[str], complaints: TextIO) -> tuple[str, ...]:
    assert process.stdout is not None
    said: list[str] = []
    while not said or not said[-1].startswith("Ready: "):
        line = process.stdout.readline()
        if not line:
            complaints.seek(0)
            pytest.fail(f"not ready: {said} {complaints.read()}")
        said.append(line.strip())
    return tuple(said)


@contextmanager
def demo(tmp_path: Path, **more: str) -> Iterator[Served]:
    port, provider_port = free_ports(2)
    arguments = ("demo", "--no-open", "--port", str(port), "--provider-port", str(provider_port))
    with running(*arguments, env=environment(**more), cwd=tmp_path) as served:
        assert served.address == f"http://127.0.0.1:{port}"
        yield served


def browser() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=10)


def at_the_provider(client: httpx.Client, address: str) -> str:
    begun = client.get(f"{address}/sso/key/generate")
    assert begun.status_code == 303
    form = client.get(begun.headers["location"])
    assert form.status_code == 200
    assert 'name="password"' in form.text
    return str(form.url)


def sign_in(client: httpx.Client, address: str, name: str = "alice") -> httpx.Response:
    there = at_the_provider(client, address)
    consented = client.post(there, data={"username": name, "password": name})
    assert consented.status_code == 303
    return client.get(consented.headers["location"])


def run_to_its_end(*arguments: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, *arguments), env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
