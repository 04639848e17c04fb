"""Every state with every combination of answers: the table is drawn from the map and from what effects declare.

A state that is new on the map is in the table by itself. What it needs is a start or an answer that leads to it.
"""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from scenes import NOW
from starts import MATERIAL, SECRETS, STARTS

from sso_core.events import Event, HttpResponse
from sso_core.failures import MisuseError
from sso_core.flow_map import DOORS, edges
from sso_core.machine import Failed, Working, advance_any, returns, transitions
from sso_core.testing.exploration import answered, by_name, combinations, explored, samples

ON_THE_MAP = by_name(
    {
        state
        for door in DOORS.values()
        for state in returns(door) | {state for edge in edges(door) for state in edge}
        if issubclass(state, Working)
    }
)
FOUND = explored(STARTS, MATERIAL, now=NOW)
PAIRS = [
    (kind, answers)
    for kind in ON_THE_MAP
    for answers in dict.fromkeys(answers for state in FOUND.get(kind, ()) for answers in combinations(state))
]


def named(kinds: type | tuple[type, ...]) -> str:
    return "+".join(kind.__name__ for kind in kinds) if isinstance(kinds, tuple) else kinds.__name__


def test_every_state_on_the_map_is_reached() -> None:
    assert [kind.__name__ for kind in ON_THE_MAP if kind not in FOUND] == [], (
        "nothing leads to these states, so no table holds them: add the doors of their flows to STARTS in "
        "tests/core/starts.py, or the answers that lead to them to MATERIAL"
    )


def test_every_kind_of_answer_has_samples() -> None:
    assert [kind for kind in get_args(Event) if not samples(MATERIAL)[kind]] == [], (
        "there are no samples of these: add some to sso_core/testing/exploration.py"
    )


def test_the_samples_of_an_answer_over_http_are_good_damaged_refused_and_broken() -> None:
    sampled = [event for event in samples(MATERIAL)[HttpResponse] if isinstance(event, HttpResponse)]
    assert {event.status // 100 for event in sampled} == {2, 3, 4, 5}
    assert {b"", b"{", b"\xff\xfe"} <= {event.body for event in sampled if event.status == 200}


@pytest.mark.parametrize(("kind", "kinds"), PAIRS, ids=named)
def test_every_pair_leads_along_the_map_and_shows_no_secret(kind: type[Working], kinds: tuple[type, ...]) -> None:
    for state in FOUND[kind]:
        assert not [secret for secret in SECRETS if secret in repr(state)]
        if kinds not in combinations(state):  # it asks more, or less, than others of its class
            continue
        for answers in answered(kinds, MATERIAL):
            after = advance_any(state, answers, now=NOW)
            assert type(after) in transitions(kind)
            told = repr(after) + (f"{after.failure.detail} {after.failure.hint}" if isinstance(after, Failed) else "")
            assert not [secret for secret in SECRETS if secret in told], answers


@pytest.mark.parametrize("kind", ON_THE_MAP, ids=named)
def test_any_other_answer_is_misuse(kind: type[Working]) -> None:
    state = FOUND[kind][0]
    some = {event: sampled[0] for event, sampled in samples(MATERIAL).items()}
    right, known = set(combinations(state)), by_name(some)
    for kinds in set(product(known, repeat=len(state.awaits))) - right:
        with pytest.raises(MisuseError) as caught:
            advance_any(state, [some[event] for event in kinds], now=NOW)
        assert "is no answer to" in str(caught.value)


@pytest.mark.parametrize("kind", ON_THE_MAP, ids=named)
def test_too_few_or_too_many_answers_are_misuse(kind: type[Working]) -> None:
    state = FOUND[kind][0]
    answers = next(iter(answered(combinations(state)[0], MATERIAL)))
    for wrong in (answers[:-1], (*answers, answers[0])):
        with pytest.raises(MisuseError, match="answers"):
            advance_any(state, wrong, now=NOW)
