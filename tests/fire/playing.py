"""Plays scenes, and holds what came of them against what is promised."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from fire.browsers import Crowd
from fire.canaries import Scan, scan
from fire.outcomes import Fate, Outcome
from fire.place import FRAIL, PROCESSES, Place, place
from fire.processes import Size
from fire.scenes import Deed, Scene, Victim

AT_ONCE = 6
"""People who sign in at the same time."""
BEFORE, AFTER = 2.0, 2.0
"""Seconds of peace before a scene, and after everybody has recovered."""
LONGEST_RECOVERY = 30.0
"""Seconds after which a service counts as one that has to be started again."""
MOST_FILES = 120
"""Open files of a process: its connections to the store and the database, each at their most, to the provider and to
browsers, and its own.
"""
_STEP = 0.05


@attrs.frozen
class Played:
    """A scene, what came of every login that began in it, and what broke of the promise."""

    scene: Scene
    outcomes: tuple[Outcome, ...]
    recovery: float | None
    """Seconds from the end of the fault until each process that had it has signed somebody in again."""
    twice: int
    """Codes that were sent twice."""

    @property
    def fates(self) -> Counter[Fate]:
        return Counter(outcome.fate for outcome in self.outcomes)

    @property
    def longest(self) -> float:
        return max((outcome.longest for outcome in self.outcomes), default=0.0)

    def told(self, fate: Fate) -> Counter[str]:
        """Return how often which refusal was told."""
        return Counter(outcome.why for outcome in self.outcomes if outcome.fate is fate)

    def broken(self) -> list[str]:
        """Say what is not as promised."""
        broken = [f"{count} x {why}" for why, count in self.told(Fate.WRONG).items()]
        broken += [f"{count} x {why}" for why, count in self.told(Fate.REFUSED).items() if why not in self.scene.may]
        if self.twice:
            broken.append(f"{self.twice} codes were sent twice")
        if self.longest > self.scene.deadline:
            broken.append(f"an answer took {self.longest:.1f} s")
        if self.recovery is None:
            broken.append(f"no recovery within {LONGEST_RECOVERY:.0f} s")
        if self.fates[Fate.NO_ANSWER] and not self.scene.unanswered:
            broken += [f"{count} without an answer: {why}" for why, count in self.told(Fate.NO_ANSWER).items()]
        if self.scene.deed is Deed.NOTHING and len(self.outcomes) != self.fates[Fate.IN]:
            broken.append("not everybody came in although nothing happened")
        return broken


@attrs.frozen
class Run:
    """All that a run has shown."""

    scenes: tuple[Played, ...]
    halves: int
    """Accounts without an identity, or with several; identities of several accounts."""
    accounts: int
    codes: int
    looked: Scan
    sizes: tuple[tuple[Size, Size], ...]
    """What the processes that were never started again took, after the first scene and after the last."""
    seconds: float

    def broken(self) -> list[str]:
        """Say what is not as promised, everywhere."""
        broken = [f"{played.scene.name}: {what}" for played in self.scenes for what in played.broken()]
        if any(last.files > MOST_FILES for _first, last in self.sizes):
            broken.append(f"a process holds more than {MOST_FILES} files open")
        if self.halves:
            broken.append(f"{self.halves} half accounts")
        return broken + [f"{count} x {find}" for find, count in Counter(self.looked.finds).items()]


def run(scenes: Sequence[Scene], folder: Path, *, tell: Callable[[Played], object], seed: int = 0) -> Run:
    """Play the scenes one after the other at one place. Raises PartError."""
    begun = time.monotonic()
    with place(folder) as here, Crowd(here.site, AT_ONCE, seed) as crowd:
        entries: list[Mapping[bytes, bytes]] = []
        played: list[Played] = []
        sizes: list[tuple[Size, ...]] = []
        for scene in scenes:
            played.append(_play(scene, here, crowd, entries))
            sizes.append(tuple(service.size() for service in here.services[FRAIL + 1 :]))
            tell(played[-1])
        rows = here.rows()
        halves = half_accounts(rows)
        known = {str(row["subject"]) for row in rows["sso_identities"]}
        came = {outcome.person for one in played for outcome in one.outcomes if outcome.fate in _CAME_IN}
        looked = scan(here, crowd.said, crowd.located, entries)
        return Run(
            tuple(played),
            halves + len(came - known),
            len(rows["sso_accounts"]),
            len(here.token_requests()),
            looked,
            tuple(zip(sizes[0], sizes[-1], strict=True)),
            time.monotonic() - begun,
        )


_CAME_IN = frozenset({Fate.IN, Fate.IN_LATER})


def _play(scene: Scene, here: Place, crowd: Crowd, entries: list[Mapping[bytes, bytes]]) -> Played:
    before = _twice(here)
    crowd.begin()
    time.sleep(BEFORE)
    for _time in range(scene.times):
        with scene.played(here):
            time.sleep(scene.lasts)
    ended = time.monotonic()
    recovery = _recovery(scene, crowd, ended)
    entries.append(here.entries())  # while logins are under way
    time.sleep(AFTER)
    outcomes = crowd.finish()
    entries.append(here.entries())
    return Played(scene, outcomes, recovery, _twice(here) - before)


def _twice(here: Place) -> int:
    return sum(count > 1 for count in here.token_requests().values())


def _recovery(scene: Scene, crowd: Crowd, ended: float) -> float | None:
    """Wait until every process that had the fault has signed somebody in."""
    waiting = {FRAIL} if scene.victim is Victim.SERVICE else set(range(PROCESSES))
    while time.monotonic() < ended + LONGEST_RECOVERY:
        seen = first_logins(crowd.outcomes, after=ended)
        if waiting <= seen.keys():
            return max(seen[process] for process in waiting) - ended
        time.sleep(_STEP)
    return None


def first_logins(outcomes: Iterable[Outcome], *, after: float) -> dict[int, float]:
    """Return when each process first signed somebody in after a moment."""
    first: dict[int, float] = {}
    for outcome in tuple(outcomes):
        if outcome.fate in _CAME_IN and outcome.ended_at > after:
            first.setdefault(outcome.process, outcome.ended_at)
    return first


def half_accounts(rows: Mapping[str, list[dict[str, object]]]) -> int:
    """Count accounts that are not somebody's, and identities that are several people's."""
    accounts = [str(row["account_id"]) for row in rows["sso_accounts"]]
    owners = Counter(str(row["account_id"]) for row in rows["sso_identities"])
    subjects = Counter(str(row["subject"]) for row in rows["sso_identities"])
    return sum(owners[account] != 1 for account in accounts) + sum(count > 1 for count in subjects.values())
