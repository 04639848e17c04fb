"""The suite on each directory that needs no server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from at_once import perform_at_once

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_core.events import Conflict, Event, Written
from sso_core.testing.directory_scenes import RACERS, Directory, DirectoryEffect, account, creation, person
from sso_core.testing.directory_suite import DirectorySuite


class OnThreads(DirectorySuite):
    def perform_at_once(self, directory: Directory, effects: Sequence[DirectoryEffect]) -> list[Event]:
        return perform_at_once([directory], effects)


class TestMemory(OnThreads):
    def open(self) -> MemoryDirectory:
        return MemoryDirectory()


class TestSqlite(OnThreads):
    @pytest.fixture(autouse=True)
    def _file(self, address: str) -> Iterator[None]:
        self.directory = open_directory(address)
        yield
        self.directory.close()

    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/directory.sqlite3"

    def open(self) -> SqlDirectory:
        return self.directory


class TestSqliteInMemory(TestSqlite):
    @pytest.fixture
    def address(self) -> str:
        return "sqlite://"


def test_several_processes_of_one_machine_agree_on_one_account(tmp_path: Path) -> None:
    directories = [open_directory(f"sqlite:///{tmp_path}/directory.sqlite3") for _ in range(4)]
    answers = perform_at_once(directories, [creation(person("alice", str(number))) for number in range(RACERS)])
    assert answers.count(Written()) == 1
    assert answers.count(Conflict()) == RACERS - 1
    assert len({account(directory) for directory in directories}) == 1
    for directory in directories:
        directory.close()
