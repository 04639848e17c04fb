"""Processes that are killed, stopped and started again, always at the same port: services, and a provider."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer

import attrs
from parts.workshop import PartError, last_words

_LONGEST_START = 60
"""Seconds until a start counts as failed."""
PATIENCE = 30.0
"""Seconds until a process that was asked to end counts as stuck."""


@attrs.frozen
class Size:
    """What a process takes of the machine: open files, and memory in MiB."""

    files: int
    memory: int


class Mortal:
    """A process that can be started any number of times; whatever it writes to its standard error is kept."""

    def __init__(
        self, command: Sequence[str], *, said: Path, env: Mapping[str, str], told: Mapping[str, object] | None = None
    ) -> None:
        self._command = command
        self._env = env
        self._told = told
        self._process: subprocess.Popen[bytes] | None = None
        self.said = said

    def start(self) -> None:
        """Start it, and return when it says that it is ready. Raises PartError with its last words."""
        with self.said.open("ab") as log:
            process = subprocess.Popen(
                self._command,
                env=dict(self._env),
                cwd=self.said.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )
        self._process = process
        assert process.stdin
        assert process.stdout
        if self._told is not None:
            process.stdin.write(f"{json.dumps(self._told)}\n".encode())
        alarm = Timer(_LONGEST_START, process.kill)
        alarm.start()
        try:
            while not (line := process.stdout.readline()).lower().startswith(b"ready"):
                if not line:
                    self.kill()
                    raise PartError(f"{self._command} did not start:\n{last_words(self.said.read_bytes())}")
        finally:
            alarm.cancel()

    def kill(self) -> None:
        """Kill it, if it runs; nothing in it is told."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def terminate(self) -> None:
        """Ask it to end, as an operator does. Raises PartError where it does not, or not in order."""
        process, self._process = self._process, None
        assert process is not None
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise PartError(f"{self._command} did not end within {PATIENCE} s") from None
        if process.returncode:
            raise PartError(f"{self._command} ended with {process.returncode}")

    def pause(self) -> None:
        """Let it stand still, its sockets open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def size(self) -> Size:
        """Return what it takes of the machine now, as Linux tells it."""
        assert self._process is not None
        about = Path("/proc") / str(self._process.pid)
        status = dict(line.split(":", 1) for line in (about / "status").read_text().splitlines())
        return Size(len(list((about / "fd").iterdir())), int(status["VmRSS"].split()[0]) // 1024)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)
