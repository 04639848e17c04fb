"""A provider as a child process: told its part in one line, ready when it says so, ended with whoever started it.

The protocol is the same for every provider. The child reads one line of JSON from its standard input, binds a free port
of its own choice on the loopback interface (so no port can be lost between choosing and binding), prints one line
`ready ISSUER`, and ends on SIGTERM or when its standard input does, so a killed test run leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from parts.workshop import PartError, last_words

_LONGEST_START = 60
"""Seconds until a start counts as failed; the slowest provider takes 2 on an idle machine."""


@contextmanager
def running(command: Sequence[str], part: Mapping[str, object], env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a provider for as long as the context lasts, and yield its issuer.

    The provider's working directory is its own and is thrown away. Raises PartError with its last output when it ends
    or stays silent instead of getting ready.
    """
    with tempfile.TemporaryDirectory(prefix="sso-core-part-") as folder:
        said = Path(folder) / "stderr.log"
        with (
            said.open("wb") as log,
            subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Unbuffered: what a child that died did not read is not written once more when its pipe is closed.
                bufsize=0,
            ) as process,
        ):
            try:
                yield _issuer(process, json.dumps(part), said)
            finally:
                _end(process)


def _issuer(process: subprocess.Popen[bytes], part: str, said: Path) -> str:
    assert process.stdin
    assert process.stdout
    alarm = Timer(_LONGEST_START, process.kill)
    alarm.start()
    try:
        process.stdin.write(f"{part}\n".encode())
        word, _, issuer = process.stdout.readline().decode().strip().partition(" ")
    except BrokenPipeError:
        word, issuer = "", ""
    finally:
        alarm.cancel()
    if word != "ready":
        _end(process)
        raise PartError(
            f"{process.args!r} ended with {process.returncode} before it was ready:\n{last_words(said.read_bytes())}"
        )
    return issuer


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
