"""CPU per login: everybody on the same work, in one interleaved run for each signature algorithm."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import session_check
from benchmarks.bare_http import BareHttp
from benchmarks.fixture import ALGORITHMS, Provider
from benchmarks.floor import Floor, FloorOverHttpx
from benchmarks.measure import Entry, Sample, measure, measure_repeated, ratio, spread
from benchmarks.ours import OverHttpx, UpToIdentity, WholeVisit
from benchmarks.peers_authlib import Authlib
from benchmarks.peers_fastapi_sso import FastapiSso
from benchmarks.plain import Plain
from benchmarks.report import Goal, print_table, shown
from sso_adapters.directories.sql import open_directory
from sso_adapters.stores.sqlite import SqliteStore

NOTES = """\
  The floor is written by hand, has all checks, and nothing else. Peers run over a mock transport, warm.
  Authlib and fastapi-sso as shipped build an HTTP client and an SSL context per login (Authlib twice). Passing
  Authlib a shared context (`client_kwargs={"verify": context}`) removes most of it: quote both rows or neither.
  fastapi-sso verifies no ID token and asks userinfo instead. Authlib's session is a plain dict here.
"""


def entries(provider: Provider, folder: Path) -> dict[str, Entry]:
    """Return everybody; files of SQLite lie in `folder`."""
    accounts = f"sqlite:///{folder}/accounts"
    return {
        "floor": Entry(Floor(provider), 100),
        "core, to a verified identity": Entry(UpToIdentity(provider), 100),
        "the same, SQLite store": Entry(UpToIdentity(provider, SqliteStore(folder / "store")), 100),
        "the same without states": Entry(Plain(provider), 100),
        "core, whole visit": Entry(WholeVisit(provider), 100),
        "core, whole visit, SQLite accounts": Entry(WholeVisit(provider, open_directory(accounts)), 100),
        "floor over httpx": Entry(FloorOverHttpx(provider), 50),
        "core, to a verified identity, over httpx": Entry(OverHttpx(provider), 50),
        "1 bare call, httpx": Entry(BareHttp(provider, 1), 50),
        "2 bare calls, httpx": Entry(BareHttp(provider, 2), 50),
        "Authlib, transport injected": Entry(Authlib(provider, shipped=False), 30),
        "Authlib, as shipped": Entry(Authlib(provider, shipped=True), 2),
        "fastapi-sso, transport injected": Entry(FastapiSso(provider, shipped=False), 30),
        "fastapi-sso, as shipped": Entry(FastapiSso(provider, shipped=True), 2),
    }


def run(rounds: int) -> list[Goal]:
    """Measure, print, and return the goals."""
    goals: list[Goal] = []
    for algorithm in ALGORITHMS:
        provider = Provider(algorithm)
        with TemporaryDirectory() as folder:
            samples = measure(entries(provider, Path(folder)), provider, rounds)
        _print(algorithm, samples)
        goals += _goals(algorithm, samples)
    print("\n" + NOTES)
    return [*goals, *_sessions(rounds)]


def _print(algorithm: str, samples: dict[str, Sample]) -> None:
    floor = samples["floor"].total
    rows = [
        (
            name,
            "",
            f"{spread(sample.begin).middle:.0f}",
            f"{spread(sample.finish).middle:.0f}",
            f"{spread(sample.total).middle:.0f}",
            shown(ratio(sample.total, floor)),
        )
        for name, sample in samples.items()
    ]
    heads = ("", "", "begin", "finish", "total", "x floor")
    print_table(f"CPU per login, {algorithm} (microseconds, medians of {len(floor)} rounds)", heads, rows)


def _goals(algorithm: str, samples: dict[str, Sample]) -> list[Goal]:
    total = {name: sample.total for name, sample in samples.items()}
    floor, identity = total["floor"], total["core, to a verified identity"]
    over_httpx, one_call = total["core, to a verified identity, over httpx"], total["1 bare call, httpx"]
    states = [whole - plain for whole, plain in zip(identity, total["the same without states"], strict=True)]
    rsa = algorithm == "RS256"
    goals = [
        Goal("P1", f"{algorithm}: begin to verified identity / floor", 2.0 if rsa else 1.7, ratio(identity, floor)),
        Goal("P1b", f"{algorithm}: whole visit / floor", 2.5 if rsa else 2.1, ratio(total["core, whole visit"], floor)),
    ]
    if not rsa:
        return goals
    return [
        *goals,
        Goal("P2", "P1 with the SQLite store / floor", 3, ratio(total["the same, SQLite store"], floor)),
        Goal("P3", "price of states / floor", 0.25, ratio(states, floor)),
        _own("P4", "Authlib's own CPU / core's", 4, total["Authlib, transport injected"], one_call, identity),
        _own(
            "P4",
            "fastapi-sso's own CPU / core's",
            2,
            total["fastapi-sso, transport injected"],
            total["2 bare calls, httpx"],
            identity,
        ),
        Goal("P5", "core over httpx / floor over httpx", 1.4, ratio(over_httpx, total["floor over httpx"])),
        *(
            Goal("P5", f"{peer} / core over httpx", bound, ratio(total[peer], over_httpx), at_least=True)
            for peer, bound in (
                ("Authlib, transport injected", 2.8),
                ("Authlib, as shipped", 100),
                ("fastapi-sso, as shipped", 50),
            )
        ),
    ]


def _own(name: str, what: str, bound: float, peer: list[float], calls: list[float], core: list[float]) -> Goal:
    own = [whole - bare for whole, bare in zip(peer, calls, strict=True)]
    return Goal(name, what, bound, ratio(own, core), at_least=True)


def _sessions(rounds: int) -> list[Goal]:
    samples = measure_repeated(session_check.works(), rounds, 500)
    by_hand = samples["by hand"]
    rows = [
        (name, "", f"{spread(sample).middle:.1f}", shown(ratio(sample, by_hand))) for name, sample in samples.items()
    ]
    print_table("CPU per check of a session (microseconds)", ("", "", "each", "x by hand"), rows)
    return [
        Goal("P10", "session check / HS256 verified by hand", 2, ratio(samples["core"], by_hand)),
        Goal("P10", "PyJWT's decode / session check", 3, ratio(samples["PyJWT"], samples["core"]), at_least=True),
    ]
