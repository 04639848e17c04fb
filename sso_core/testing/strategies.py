"""Hypothesis strategies: what the world may answer, and whole walks through a flow.

    @given(walks(TakingLogin(attempt), bodies=[token_answer, userinfo_answer]))
    def test_every_walk_ends(walk): ...

A walk knows nothing of the flow: it reads what a state asks and draws any answer that the effect allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import attrs
from hypothesis import strategies as st

from sso_core.effects import (
    AccountFacts,
    AlreadyTaken,
    Conflict,
    DirectoryUnreachable,
    Dropped,
    Effect,
    Event,
    Found,
    HttpResponse,
    Kept,
    KeysRead,
    MetadataRead,
    Missing,
    Occupied,
    OutcomeUnknown,
    StoreUnreachable,
    Taken,
    Unavailable,
    Unreachable,
    Written,
)
from sso_core.facts import Account, KeySet, ProviderMetadata
from sso_core.failures import Failure, Reason
from sso_core.machine import Resting, Working, advance_any

STATUSES = (200, 200, 200, 204, 301, 302, 400, 401, 403, 404, 429, 500, 503)
CONTENT_TYPES = ("application/json", "application/jwt", "text/html", "")
DAMAGED = (b"", b"null", b"{}", b"[]", b"0", b'""', b"{", b"\xff\xfe", b'{"error": "invalid_grant"}', b"<html>")


@attrs.frozen
class Material:
    """What answers are made of: the valid among the damaged, so that a walk gets anywhere."""

    bodies: tuple[bytes, ...] = ()
    """Of answers over HTTP."""
    values: tuple[bytes, ...] = ()
    """Of the short-lived store."""
    keys: tuple[KeySet, ...] = (KeySet(()),)
    metadata: tuple[ProviderMetadata, ...] = ()
    accounts: tuple[Account | None, ...] = (None,)


@attrs.frozen
class Walk:
    """The states that a walk went through, the last one at rest, and the answers that led from one to the next."""

    states: tuple[Working | Resting, ...]
    answers: tuple[tuple[Event, ...], ...]


@cache
def events(material: Material) -> Mapping[type, st.SearchStrategy[Event]]:
    """Return a strategy for each kind of event."""
    values = st.sampled_from((*material.values, *DAMAGED)) | st.binary(max_size=64)
    bodies = st.sampled_from((*material.bodies, *DAMAGED)) | st.binary(max_size=64)
    content_types = st.sampled_from(CONTENT_TYPES).map(lambda name: (("content-type", name),) if name else ())
    failures = st.sampled_from((Failure(Reason.METADATA_UNREACHABLE), Failure(Reason.KEYS_UNREACHABLE)))
    metadata = st.sampled_from(material.metadata) if material.metadata else st.nothing()
    return {
        HttpResponse: st.builds(HttpResponse, st.sampled_from(STATUSES), bodies, content_types),
        Unreachable: st.builds(Unreachable, sent=st.booleans()),
        MetadataRead: metadata.map(MetadataRead),
        KeysRead: st.sampled_from(material.keys).map(KeysRead),
        Unavailable: failures.map(Unavailable),
        Kept: st.just(Kept()),
        Occupied: values.map(Occupied),
        Taken: values.map(Taken),
        AlreadyTaken: values.map(AlreadyTaken),
        Found: values.map(Found),
        Missing: st.just(Missing()),
        Dropped: st.just(Dropped()),
        StoreUnreachable: st.just(StoreUnreachable()),
        AccountFacts: st.sampled_from(material.accounts).map(AccountFacts),
        Written: st.just(Written()),
        Conflict: st.just(Conflict()),
        OutcomeUnknown: st.just(OutcomeUnknown()),
        DirectoryUnreachable: st.just(DirectoryUnreachable()),
    }


def answers_to(effect: Effect, material: Material) -> st.SearchStrategy[Event]:
    """Return a strategy for the answers that an effect declares."""
    return _any_of(effect.answers, material)


@cache
def _any_of(answers: frozenset[type], material: Material) -> st.SearchStrategy[Event]:
    kinds = events(material)
    return st.one_of([kinds[kind] for kind in sorted(answers, key=lambda kind: kind.__name__)])


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
