"""The process in which atheris plays one target, until its time is over or something is found."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from random import Random

import atheris  # pyright: ignore[reportMissingModuleSource] # comes with `tox -e fuzz` alone

# Branches are counted in what is imported here for the first time. Doing so takes longer than a short run of a target,
# so that it is done once, and each target gets a copy of this process.
instrumented = atheris.instrument_imports  # pyright: ignore[reportAttributeAccessIssue] -- it has no types
with redirect_stderr(io.StringIO()), instrumented(include=["sso_core", "sso_adapters"]):
    import fuzz.targets  # noqa: F401 -- with all that they play
    from fuzz.mutations import mutated
    from fuzz.promise import Target

BLIND = 0.3
"""How often libFuzzer makes the change itself, which knows no format and misses none."""


def play(target: Target, options: Sequence[str], log: Path) -> int:
    """Play a target with libFuzzer's options in a copy of this process; write to `log`, and return its exit status."""
    child = os.fork()
    if child == 0:
        _play(target, options, log)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _play(target: Target, options: Sequence[str], log: Path) -> None:
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    pool = (*target.seeds, *target.corpus(), *target.words)

    def change(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < BLIND:
            return bytes(atheris.Mutate(data, most))
        return mutated(data, pool, chance, most=most)

    atheris.Setup([sys.argv[0], *options], target, custom_mutator=change)
    atheris.Fuzz()
    os._exit(0)
