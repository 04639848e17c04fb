"""The figures of a run, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from fire.canaries import MAY_BE
from fire.outcomes import Fate
from fire.playing import Played, Run

_FATES = (Fate.IN, Fate.IN_LATER, Fate.UNAVAILABLE, Fate.REFUSED, Fate.AT_PROVIDER, Fate.NO_ANSWER, Fate.WRONG)


def head() -> Iterator[str]:
    """Say what the columns are."""
    yield f"| scene | {' | '.join(fate.value for fate in _FATES)} | longest | recovery |"
    yield f"| --- | {' | '.join('---:' for _fate in _FATES)} | ---: | ---: |"


def row(played: Played) -> str:
    """Return the figures of one scene, seconds with one digit."""
    counts = " | ".join(str(played.fates[fate]) for fate in _FATES)
    recovery = "none" if played.recovery is None else f"{played.recovery:.1f} s"
    return f"| {played.scene.name} | {counts} | {played.longest:.1f} s | {recovery} |"


def reasons(played: Played) -> Iterator[str]:
    """Say what people were told, and how often."""
    for fate in (Fate.UNAVAILABLE, Fate.REFUSED, Fate.AT_PROVIDER, Fate.NO_ANSWER, Fate.WRONG):
        for why, count in played.told(fate).most_common():
            yield f"    {count} x {fate.value}, {why}"


def summary(run: Run) -> Iterator[str]:
    """Say what was found beyond the scenes, and what broke."""
    logins = sum(len(played.outcomes) for played in run.scenes)
    yield f"{logins} logins in {run.seconds:.0f} s; {run.codes} codes, none twice" + (
        "" if not any(played.twice for played in run.scenes) else ": NOT SO"
    )
    yield f"{run.accounts} accounts, {run.halves} of them not whole"
    for first, last in run.sizes:
        yield f"a process: {first.files} open files, later {last.files}; {first.memory} MiB, later {last.memory}"
    yield f"canary scan for {run.looked.canaries} forms of secrets, in characters of texts, each counted once:"
    for where, size in run.looked.looked_at.items():
        may = ", ".join(sorted(sort.value for sort in MAY_BE[where])) or "nothing"
        yield f"    {where.value}: {size} (may have: {may})"
    broken = run.broken()
    yield f"{len(broken)} promises broken" if broken else "everything as promised"
    yield from (f"    BROKEN: {what}" for what in broken)
