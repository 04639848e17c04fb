"""The rooms of the house: what may stand in each, and which way its doors open."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sso_core

CORE = Path(sso_core.__file__).parent
LADDER = (
    {"wire", "secret", "failures", "facts", "records", "hosts", "events", "effects", "machine", "bucket"},
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


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py") if parts else "__init__"


def floor(name: str) -> int:
    return next((level for level, rooms in enumerate(LADDER) if name in rooms), -1)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_has_no_io_and_no_stranger(path: Path) -> None:
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & FORBIDDEN
    import sys  # noqa: PLC0415 -- here only

    strangers = {name for name in names if name not in sys.stdlib_module_names} - ALLOWED
    assert strangers <= ({"hypothesis"} if path.name == "strategies.py" else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_imports_point_one_way(path: Path) -> None:
    here = floor(room(path.relative_to(CORE).parts))
    for name in imports(path):
        if name.startswith("sso_core."):
            assert floor(room(tuple(name.split(".")[1:]))) <= here, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_has_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 320


def test_every_room_is_on_a_floor() -> None:
    assert all(floor(room(path.relative_to(CORE).parts)) >= 0 for path in MODULES if path.parent != CORE)
