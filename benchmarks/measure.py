"""Interleaved rounds: in each, every contestant does a batch of logins, so that all of them see the same machine.

CPU time of the process is counted, and only inside of `begin` and `finish`; the person's visit at the provider, where
tokens are signed, lies between them with the clock stopped. Ratios are taken round by round, then their median.
"""

# ruff: noqa: ANN401 -- what passes between begin and finish is each contestant's own

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from time import process_time_ns
from typing import Any, NamedTuple, Protocol

from benchmarks.fixture import Provider

Clock = Callable[[], int]
"""Tells nanoseconds."""


class Contestant(Protocol):
    """One way to do logins. `begin` and `finish` are measured, whole batches at a time; the others are not."""

    def begin(self, count: int) -> list[Any]:
        """Begin so many logins, up to the redirect."""
        ...

    def location(self, begun: Any) -> str:
        """Return where a begun login sends the browser."""
        ...

    def comes_back(self, begun: Any, query: str) -> Any:
        """Return what `finish` takes: the browser's request at the redirect URI."""
        ...

    def finish(self, back: list[Any]) -> None:
        """Finish the logins; raises if one of them does not succeed."""
        ...


class Entry(NamedTuple):
    """A contestant and how many logins it does in a round: few where each takes long."""

    contestant: Contestant
    batch: int


class Spread(NamedTuple):
    """A median, and the middle half around it."""

    middle: float
    low: float
    high: float


class Sample:
    """Microseconds per login, one value a round."""

    def __init__(self) -> None:
        self.begin: list[float] = []
        self.finish: list[float] = []

    @property
    def total(self) -> list[float]:
        """Begin and finish together."""
        return [sum(both) for both in zip(self.begin, self.finish, strict=True)]


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return Spread(median(values), low, high)


def ratio(values: Sequence[float], others: Sequence[float]) -> Spread:
    """Return the spread of the ratios, round by round."""
    return spread([value / other for value, other in zip(values, others, strict=True)])


def timed(work: Callable[[], Any], clock: Clock = process_time_ns) -> tuple[Any, float]:
    """Return what the work returns and its time in microseconds: that of the CPU, or of another clock."""
    began = clock()
    result = work()
    return result, (clock() - began) / 1000


def measure(
    entries: Mapping[str, Entry], provider: Provider, rounds: int, clock: Clock = process_time_ns
) -> dict[str, Sample]:
    """Let all contestants do their logins, `rounds` times after one round to warm up."""
    samples = {name: Sample() for name in entries}
    for entry in entries.values():
        _round(entry, provider, Sample(), clock)
    gc.collect()
    gc.freeze()  # what is imported is nobody's garbage: without this a large import makes everyone's collections slow
    try:
        for number in range(rounds):
            for name in _rotated(list(entries), number):
                _round(entries[name], provider, samples[name], clock)
    finally:
        gc.unfreeze()
    return samples


def measure_repeated(
    works: Mapping[str, Callable[[int], None]], rounds: int, batch: int, clock: Clock = process_time_ns
) -> dict[str, list[float]]:
    """Measure simple works: each is called with how often to do its thing. Microseconds each, one value a round."""
    samples: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work(batch)
    for number in range(rounds):
        for name in _rotated(list(works), number):
            work = works[name]
            samples[name].append(timed(lambda work=work: work(batch), clock)[1] / batch)  # type: ignore[misc] # called at once
    return samples


def _rotated(names: list[str], number: int) -> list[str]:
    cut = number % len(names)
    return names[cut:] + names[:cut]


def _round(entry: Entry, provider: Provider, sample: Sample, clock: Clock) -> None:
    contestant, batch = entry
    provider.answers.clear()
    gc.collect()
    begun, begin = timed(lambda: contestant.begin(batch), clock)
    back = [contestant.comes_back(login, provider.visit(contestant.location(login))[1]) for login in begun]
    gc.collect()
    _, finish = timed(lambda: contestant.finish(back), clock)
    sample.begin.append(begin / batch)
    sample.finish.append(finish / batch)
