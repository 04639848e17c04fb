"""Run the benchmarks: `python -m benchmarks [--rounds N] [--only logins,backends,trips,sections,memory,imports,stack]`.

Every number is printed beside what it is compared with, measured in the same run. Trust the ratios: microseconds are
those of this machine. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import platform
import ssl
from collections.abc import Callable
from importlib.metadata import version

from benchmarks import backends, full_stack, imports, logins, memory, roundtrips, sections
from benchmarks.fixture import Provider
from benchmarks.measure import ratio, spread
from benchmarks.report import Goal, exactly, print_goals, print_table, shown

PACKAGES = ("attrs", "cryptography", "PyJWT", "httpx", "Authlib", "fastapi-sso", "starlette")


def main() -> None:
    """Measure what was asked for, then print all goals in one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="CPU, round trips, memory and imports.")
    parser.add_argument("--rounds", type=int, default=31, help="interleaved rounds (default: 31)")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    options = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{platform.python_implementation()} {platform.python_version()}, {ssl.OPENSSL_VERSION}\n{versions}")
    goals = [goal for name in options.only.split(",") for goal in PARTS[name](options.rounds)]
    if goals:
        print_goals(sorted(goals, key=lambda goal: int("".join(filter(str.isdigit, goal.name)))))


def trips(_rounds: int) -> list[Goal]:
    """Count requests, round trips, SSL contexts and clients."""
    walked, crowd = roundtrips.walk()
    rows = []
    for name, both in walked.items():
        for warmth, login in zip(("cold", "warm"), both, strict=True):
            for step, phase in zip(login._fields, login, strict=True):
                rows.append(
                    (
                        name,
                        f"{warmth} {step}",
                        phase.requests,
                        f"{phase.trips}",
                        f"{phase.contexts}",
                        f"{phase.clients}",
                    )
                )
    heads = ("", "step", "requests", "round trips", "SSL contexts", "HTTP clients")
    print_table("Requests and round trips (a new connection counts two), and what is built on the way", heads, rows)
    print(f"\n  {crowd.logins} cold logins at once: {crowd.discoveries} discovery, {crowd.key_sets} key set")
    cold, warm = walked["core"]
    phases = (*cold, *warm)
    return [
        Goal("P6", "SSL contexts built in a login", 0, exactly(sum(phase.contexts for phase in phases))),
        Goal("P6", "HTTP clients built in a login", 0, exactly(sum(phase.clients for phase in phases))),
        Goal("P8", "requests of a warm callback", 1, exactly(len(warm.finish.seen))),
        Goal("P8", "requests of a warm start", 0, exactly(len(warm.begin.seen))),
        Goal("P9", "requests of a cold start, before the redirect", 1, exactly(len(cold.begin.seen))),
        Goal("P9", "requests of a cold callback", 1, exactly(len(cold.finish.seen))),
        Goal("P9", f"discoveries for {crowd.logins} cold logins at once", 1, exactly(crowd.discoveries)),
        Goal("P9", f"key sets for {crowd.logins} cold logins at once", 1, exactly(crowd.key_sets)),
    ]


def loop_sections(_rounds: int) -> list[Goal]:
    """Measure how long a login holds the event loop."""
    longest = sections.measure_sections()
    heads = ("", "", "start", "callback")
    print_table("Longest section on the event loop (microseconds of CPU, medians)", heads, sections.rows_of(longest))
    floor, core = longest["floor over httpx"], longest["core, whole visit"]
    return [
        Goal("P7", "longest section of a callback / floor over httpx", 2, ratio(core.finish, floor.finish)),
        Goal("P7", "longest section of a start / the floor's", 2, ratio(core.begin, floor.begin)),
    ]


def weights(_rounds: int) -> list[Goal]:
    """Weigh pending logins."""
    weight = memory.weigh(Provider("ES256"))
    rows = [
        ("attrs record of 8 fields in a dict", "", f"{weight.record:.0f}"),
        ("in the memory store", "", f"{weight.store:.0f}"),
        ("the encoded value alone", "", f"{weight.value:.0f}"),
        ("SQLite row of the 8 fields, vacuumed", "", f"{weight.columns_row:.0f}"),
        ("row of the SQLite store, indices included", "", f"{weight.value_row:.0f}"),
        ("cookie in the browser", "", f"{weight.cookie:.0f}"),
        ("sealed cookie, nothing on the server", "", f"{weight.sealed_cookie:.0f}"),
    ]
    print_table("Memory per pending login (bytes)", ("", "", "bytes"), rows)
    return [
        Goal("P11", "pending login in memory / attrs record in a dict", 1.2, exactly(weight.store / weight.record)),
    ]


def import_costs(rounds: int) -> list[Goal]:
    """Weigh imports in fresh processes."""
    weighed = imports.weigh(min(rounds, 15))
    rows = [
        (name, ", ".join(one.brought), f"{one.spread.middle:.0f}", f"{one.memory:.0f}", f"{one.modules}")
        for name, one in weighed.items()
    ]
    heads = ("", "brings along", "CPU ms", "MiB", "modules")
    print_table("Imports, in fresh processes, less a bare interpreter", heads, rows)
    core = weighed["core"].cpu
    return [
        Goal("P12", "import of the core / attrs, cryptography, stdlib", 1.5, ratio(core, weighed[imports.FLOOR].cpu)),
        Goal("P12", "import of Authlib / of the core", 2, ratio(weighed[imports.AUTHLIB].cpu, core), at_least=True),
    ]


def whole_stacks(_rounds: int) -> list[Goal]:
    """Let eight browsers log in at whole applications."""
    rates = full_stack.measure_stacks()
    rows = [
        (
            name,
            "",
            f"{spread(rate.logins_per_second).middle:.0f}",
            f"{spread(rate.milliseconds).middle:.2f}",
            shown(ratio(rate.milliseconds, rates["by hand"].milliseconds)),
        )
        for name, rate in rates.items()
    ]
    heads = ("", "", "logins/s", "server's CPU ms/login", "x by hand")
    print_table("Whole logins through our own server, ES256, 8 browsers, store in memory", heads, rows)
    core = rates["core"]
    return [
        Goal(
            "P13",
            f"core's logins/s / those of {name}",
            bound,
            ratio(core.logins_per_second, rates[name].logins_per_second),
            at_least=True,
        )
        for name, bound in (("by hand", 0.8), ("Authlib, one SSL context for all", 1.5), ("Authlib, as shipped", 15))
    ]


PARTS: dict[str, Callable[[int], list[Goal]]] = {
    "logins": logins.run,
    "backends": backends.run,
    "trips": trips,
    "sections": loop_sections,
    "memory": weights,
    "imports": import_costs,
    "stack": whole_stacks,
}

if __name__ == "__main__":
    main()
