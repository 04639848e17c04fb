"""Each target under a run of nearly valid inputs, the same ones each time; `tox -e fuzz` looks further."""

from __future__ import annotations

import time
import tracemalloc
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.mutations import mutated, swollen
from fuzz.promise import Target
from fuzz.targets import TARGETS

EXAMPLES = 40
BATCH = 4
"""Inputs of one example: drawing costs more than most parsers do."""
SECONDS = 2.0
"""Of the processor's time for one input of the largest size, so that a busy machine fails nothing."""
LARGE = 1 << 14
"""Bytes of inputs in which one thing comes again and again: enough for what is quadratic to be seen."""
MEMORY = 64
"""Bytes for each byte of the input, and as many for the smallest one as a page takes."""
PAGE = 1 << 22

every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
alike = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@every_target
def test_what_was_found_before_keeps_the_promise(target: Target) -> None:
    for data in (*target.seeds, *target.corpus()):
        target(data)


@every_target
@alike
@given(start=st.integers(0, 1 << 32), raw=st.binary(max_size=200))
def test_only_the_documented_failure_comes_out(target: Target, start: int, raw: bytes) -> None:
    target(raw)
    chance = Random(start)
    pool = (*target.seeds, *target.corpus())
    for _ in range(BATCH):
        target(mutated(chance.choice(pool), (*pool, *target.words), chance, most=target.most))


@every_target
def test_the_largest_inputs_cost_no_more_than_their_size(target: Target) -> None:
    largest = target.seeds[0] * (target.most // len(target.seeds[0]))
    for data in (largest, *swollen(target.seeds, target.words, min(target.most, LARGE))):
        began = time.thread_time()
        target(data)
        assert time.thread_time() - began < SECONDS, data[:80]


@every_target
def test_and_no_more_memory(target: Target) -> None:
    data = target.seeds[0] * (min(target.most, LARGE) // len(target.seeds[0]))
    tracemalloc.start()
    try:
        target(data)
        assert tracemalloc.get_traced_memory()[1] < MEMORY * len(data) + PAGE
    finally:
        tracemalloc.stop()
