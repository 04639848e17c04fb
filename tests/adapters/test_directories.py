"""What every directory promises, played on each of them; what is special to SQLite has a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sqlite import SqliteDirectory
from sso_core.effects import Event
from sso_core.testing.directory_suite import Directory, DirectoryEffect, DirectorySuite


class OnThreads(DirectorySuite):
    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> list[Event]:
        """Each effect from a thread of its own, none before all threads are there."""
        start = Barrier(len(effects))

        def perform(effect: DirectoryEffect) -> Event:
            start.wait()
            return directory.perform(effect)

        with ThreadPoolExecutor(len(effects)) as threads:
            return list(threads.map(perform, effects))


class TestMemory(OnThreads):
    def open(self) -> MemoryDirectory:
        return MemoryDirectory()


class TestSqlite(OnThreads):
    @pytest.fixture(autouse=True)
    def _file(self, path: Path) -> Iterator[None]:
        self.directory = SqliteDirectory(path)
        yield
        self.directory.close()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "directory.sqlite3"

    def open(self) -> SqliteDirectory:
        return self.directory


class TestSqliteInMemory(TestSqlite):
    @pytest.fixture
    def path(self) -> str:
        return ":memory:"
