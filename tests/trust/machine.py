"""Plays the attacker model by Hypothesis: `python -m trust.machine stored 35000` says what it finds first.

A rule plays some moves of a mood; what they are is drawn as bytes, since a rule for each move would cost more than the
move.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from trust.arrangement import VARIANTS, Variant
from trust.drama import ATTACK, QUIET, STORM, Play
from trust.witness import ViolationError

MOVES = st.binary(min_size=24, max_size=72)
ROUND = settings(
    max_examples=20,
    stateful_step_count=12,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
)
"""Of a few runs only, since Hypothesis remembers every choice of a round."""


class Machine(RuleBasedStateMachine):
    """One town, for as long as a run lasts."""

    variant: ClassVar[Variant]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.drama = Play(self.variant)

    @rule(moves=MOVES)
    def people_go_about_their_business(self, moves: bytes) -> None:
        self.drama.play(QUIET, moves)

    @rule(moves=MOVES)
    def the_attacker_is_at_work(self, moves: bytes) -> None:
        self.drama.play(ATTACK, moves)

    @rule(moves=MOVES)
    def everything_breaks(self, moves: bytes) -> None:
        self.drama.play(STORM, moves)

    def teardown(self) -> None:
        type(self).steps += self.drama.town.steps


def play(variant: Variant, steps: int, *, first_seed: int = 0, each: settings = ROUND) -> int:
    """Play rounds of that many steps at least, and return how many there were. Raises `ViolationError`."""
    played = 0
    for number in count(first_seed):

        class Round(Machine):
            pass

        Round.variant = variant
        run_state_machine_as_test(seed(number)(Round), settings=each)
        played += Round.steps
        if played >= steps:
            return played
    raise AssertionError("rounds do not end")


def main(name: str, steps: str) -> int:
    """Play; return 1 where something happened that must not, and say what. Nothing is shrunk."""
    try:
        play(VARIANTS[name], int(steps), each=settings(ROUND, phases=[Phase.generate], report_multiple_bugs=False))
    except ViolationError as violation:
        sys.stdout.write(f"found: {violation}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
