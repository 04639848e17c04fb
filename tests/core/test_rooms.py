"""The rooms of the house: what may stand in each, and which way its doors open."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sso_core

CORE = Path(sso_core.__file__).parent
LADDER = (
    {"wire", "secret", "failures", "facts", "records", "hosts", "audit", "events", "effects", "machine", "bucket"},
    {"oauth"},
    {"providers", "identity"},
    {"accounts", "sessions"},
    {"settings"},
    {"flows", "flow_map"},
    {"web"},
    {"testing"},
)
"""The floors, lowest first: a room uses its own floor and those below."""

FORBIDDEN = {
    "anyio", "asyncio", "concurrent", "h11", "http", "httpx", "logging", "multiprocessing", "os", "pathlib", "queue",
    "random", "requests", "secrets", "select", "selectors", "socket", "sqlite3", "ssl", "subprocess", "threading",
    "time", "trio",
}  # fmt: skip
ALLOWED = {"attrs", "cryptography", "jwt", "sso_core"}
MODULES = sorted(CORE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


@cache
def imports(path: Path) -> frozenset[str]:
    return frozenset(imported(path))


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py") if parts else "__init__"


def floor(name: str) -> int:
    return next((level for level, rooms in enumerate(LADDER) if name in rooms), -1)


def test_no_module_of_the_core_has_io_or_a_stranger() -> None:
    def unwanted(path: Path) -> set[str]:
        names = {name.split(".")[0] for name in imports(path)}
        known = ALLOWED | ({"hypothesis"} if path.name == "strategies.py" else set())
        return (names & FORBIDDEN) | (names - sys.stdlib_module_names - known)

    assert [(path, unwanted(path)) for path in MODULES if unwanted(path)] == []


def test_imports_point_one_way() -> None:
    assert [
        (path, name)
        for path in MODULES
        for name in imports(path)
        if name.startswith("sso_core.")
        and floor(room(tuple(name.split(".")[1:]))) > floor(room(path.relative_to(CORE).parts))
    ] == []


def test_a_module_has_one_idea() -> None:
    assert [path for path in MODULES if len(path.read_text().splitlines()) > 320] == []


def test_every_room_is_on_a_floor() -> None:
    assert all(floor(room(path.relative_to(CORE).parts)) >= 0 for path in MODULES if path.parent != CORE)
