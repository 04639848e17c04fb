"""Whole visits over real stores and directories, as ratios to the core's login in memory.

A login waits for a database more than it works for it, so CPU and time by the wall are both shown. The servers are
those of the tests (`pip install --group parts`); what is not installed is named and left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns, process_time_ns

import attrs

from benchmarks import session_check
from benchmarks.fixture import Provider
from benchmarks.measure import Entry, Sample, measure, measure_repeated, ratio, spread
from benchmarks.ours import UpToIdentity, WholeVisit
from benchmarks.report import Goal, print_table, shown
from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import Store

CORE = "core, to a verified identity, in memory"
MEMORY = "whole visit, in memory"
SQLITE = "whole visit, SQLite"
POSTGRESQL = "whole visit, PostgreSQL"
VALKEY = "whole visit, SQLite and Valkey"
BOTH = "whole visit, PostgreSQL and Valkey"
PROCESS, WALL = "CPU", "wall"
CHECKS = 300


@attrs.frozen
class Backends:
    """What could be opened."""

    stores: Mapping[str, Store]
    directories: Mapping[str, SqlDirectory]
    missing: tuple[str, ...]

    def entries(self, provider: Provider) -> dict[str, Entry]:
        """Return the contestants that these make possible."""
        entries = {CORE: Entry(UpToIdentity(provider), 60), MEMORY: Entry(WholeVisit(provider), 60)}
        for name, directory, store in (
            (SQLITE, "SQLite", "SQLite"),
            (POSTGRESQL, "PostgreSQL", "PostgreSQL"),
            (VALKEY, "SQLite", "Valkey"),
            (BOTH, "PostgreSQL", "Valkey"),
        ):
            if directory in self.directories and store in self.stores:
                entries[name] = Entry(WholeVisit(provider, self.directories[directory], self.stores[store]), 20)
        return entries


@contextmanager
def opened() -> Iterator[Backends]:
    """Open what is installed, for as long as the context lasts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sso-core-bench-")))
        sqlite_store = SqliteStore(folder / "store")
        stack.callback(sqlite_store.close)
        stores: dict[str, Store] = {"memory": MemoryStore(), "SQLite": sqlite_store}
        directories = {"SQLite": _directory(f"sqlite:///{folder}/accounts", stack)}
        missing: list[str] = []
        sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the servers are parts of the tests
        for name, start in (("PostgreSQL", _start_postgresql), ("Valkey", _start_valkey)):
            try:
                start(stack, stores, directories)
            except (ImportError, OSError, RuntimeError) as error:
                missing.append(f"{name}: {str(error).splitlines()[0]}")
        yield Backends(stores, directories, tuple(missing))


def _directory(address: str, stack: ExitStack) -> SqlDirectory:
    directory = open_directory(address)
    stack.callback(directory.close)
    return directory


def _start_postgresql(stack: ExitStack, stores: dict[str, Store], directories: dict[str, SqlDirectory]) -> None:
    from parts import postgresql  # noqa: PLC0415 -- it may not be there

    server = stack.enter_context(postgresql.running())
    directories["PostgreSQL"] = _directory(server.address(), stack)
    stores["PostgreSQL"] = SqlStore(directories["PostgreSQL"].engine)


def _start_valkey(stack: ExitStack, stores: dict[str, Store], _directories: dict[str, SqlDirectory]) -> None:
    from parts.redis_server import redis_server  # noqa: PLC0415 -- it may not be there

    from sso_adapters.stores.redis import open_redis_store  # noqa: PLC0415 -- its client may not be there

    server = stack.enter_context(redis_server())
    store = open_redis_store(server.tcp_url)
    stack.callback(store.close)
    stores["Valkey"] = store


def run(rounds: int) -> list[Goal]:
    """Measure and print. There are no goals: what a database takes is mostly its own."""
    provider = Provider("RS256")
    with opened() as backends:
        samples = {
            PROCESS: measure(backends.entries(provider), provider, rounds, process_time_ns),
            WALL: measure(backends.entries(provider), provider, rounds, perf_counter_ns),
        }
        checks = measure_repeated(session_check.works(backends.stores), rounds, CHECKS, perf_counter_ns)
    _print(samples, rounds)
    _print_checks(checks)
    for sentence in backends.missing:
        print(f"\n  left out, since it could not be started: {sentence}")
    return []


def _print(samples: dict[str, dict[str, Sample]], rounds: int) -> None:
    rows = []
    for name in samples[PROCESS]:
        cpu, wall = (samples[clock][name].total for clock in (PROCESS, WALL))
        base = (samples[clock][CORE].total for clock in (PROCESS, WALL))
        ratios = (shown(ratio(mine, core)) for mine, core in zip((cpu, wall), base, strict=True))
        second = f"{1e6 / spread(wall).middle:.0f}"
        rows.append((name, "", f"{spread(cpu).middle:.0f}", f"{spread(wall).middle:.0f}", *ratios, second))
    heads = ("", "", "CPU", "wall", "x core, CPU", "x core, wall", "logins/s")
    print_table(f"A login over real backends, RS256, one at a time (microseconds, {rounds} rounds)", heads, rows)


def _print_checks(checks: dict[str, list[float]]) -> None:
    by_hand = checks["by hand"]
    rows = [(name, "", f"{spread(each).middle:.1f}", shown(ratio(each, by_hand))) for name, each in checks.items()]
    print_table("A check of a session over them, by the wall (microseconds)", ("", "", "each", "x by hand"), rows)
