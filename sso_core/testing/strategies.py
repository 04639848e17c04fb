"""Hypothesis strategies: what the world may answer, and whole walks through a flow.

    @given(walks(TakingLogin(attempt), Material(bodies=(token_answer, userinfo_answer)), times=(NOW,)))
    def test_every_walk_ends(walk): ...

A walk knows nothing of the flow: it reads what a state asks and draws any answer that the effect allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import attrs
from hypothesis import strategies as st

from sso_core.effects import Effect
from sso_core.events import AlreadyTaken, Event, Found, HttpResponse, Occupied, Taken
from sso_core.machine import Resting, Working, advance_any
from sso_core.testing.exploration import DAMAGED, Material, by_name, samples

STATUSES = (200, 200, 200, 204, 301, 302, 400, 401, 403, 404, 429, 500, 503)
CONTENT_TYPES = ("application/json", "application/jwt", "text/html", "")


@attrs.frozen
class Walk:
    """The states that a walk went through, the last one at rest, and the answers that led from one to the next."""

    states: tuple[Working | Resting, ...]
    answers: tuple[tuple[Event, ...], ...]


@cache
def events(material: Material) -> Mapping[type, st.SearchStrategy[Event]]:
    """Return a strategy for each kind of event: its samples, and for bodies and values any bytes beside them."""
    known = {kind: st.sampled_from(some) if some else st.nothing() for kind, some in samples(material).items()}
    content_types = st.sampled_from(CONTENT_TYPES).map(lambda name: (("content-type", name),) if name else ())
    bodies = st.sampled_from((*material.bodies, *DAMAGED)) | st.binary(max_size=64)
    values = st.sampled_from((*material.values, *DAMAGED)) | st.binary(max_size=64)
    drawn: dict[type, st.SearchStrategy[Event]] = {
        HttpResponse: st.builds(HttpResponse, st.sampled_from(STATUSES), bodies, content_types),
        **{kind: values.map(kind) for kind in (Occupied, Taken, AlreadyTaken, Found)},
    }
    return known | drawn


def answers_to(effect: Effect, material: Material) -> st.SearchStrategy[Event]:
    """Return a strategy for the answers that an effect declares."""
    return _any_of(effect.answers, material)


@cache
def _any_of(answers: frozenset[type], material: Material) -> st.SearchStrategy[Event]:
    kinds = events(material)
    return st.one_of([kinds[kind] for kind in by_name(answers)])


@st.composite
def walks(draw: st.DrawFn, start: Working | Resting, material: Material, times: Sequence[float]) -> Walk:
    """Draw a walk from `start` to its end; each step happens at one of `times`, in seconds since the epoch."""
    state, states, answers = start, [start], []
    while isinstance(state, Working):
        drawn = tuple(draw(answers_to(effect, material)) for effect in state.awaits)
        state = advance_any(state, drawn, now=draw(st.sampled_from(times)))
        states.append(state)
        answers.append(drawn)
    return Walk(tuple(states), tuple(answers))
