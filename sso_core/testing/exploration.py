"""Every state of a flow, found by answering: from the doors on, each state is given a sample of each answer.

    found = explored(STARTS, MATERIAL, now=NOW)
    found[ExchangingCode]                          # states of this class, one for each start that leads to it
    for kinds in combinations(state):              # (HttpResponse,), (Unreachable,)
        for answers in answered(kinds, MATERIAL):  # a good one, garbage, a refusal, a breakdown...
            advance_any(state, answers, now=NOW)

Nothing here knows a flow: a new state is found as soon as the samples lead to it, and with it its answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product

import attrs

from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Conflict,
    Counted,
    DirectoryUnreachable,
    Dropped,
    Event,
    Found,
    HostAnswered,
    HostFailed,
    HttpResponse,
    Kept,
    KeyFacts,
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
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure, Reason
from sso_core.hosts import Declined, HostAnswer, Wishes
from sso_core.machine import Resting, Working, advance_any
from sso_core.records import Account, ApiKey

DAMAGED = (b"", b"null", b"{}", b"[]", b"0", b'""', b"{", b"\xff\xfe", b'{"error": "invalid_grant"}', b"<html>")
TROUBLE = (204, 301, 400, 401, 403, 404, 429, 500, 503)
"""Statuses other than 200 that a provider's endpoint is known to answer."""
JSON = (("content-type", "application/json"),)
JWT = (("content-type", "application/jwt"),)

Answers = tuple[Event, ...]


@attrs.frozen
class Material:
    """What answers are made of: the valid, which leads on, beside the damaged that is added to it."""

    bodies: tuple[bytes, ...] = ()
    """Of answers over HTTP."""
    values: tuple[bytes, ...] = ()
    """Of the short-lived store."""
    keys: tuple[KeySet, ...] = (KeySet(()),)
    metadata: tuple[ProviderMetadata, ...] = ()
    accounts: tuple[Account | None, ...] = (None,)
    facts: tuple[AccountFacts, ...] = ()
    """What a directory may say beyond whether there is an account."""
    api_keys: tuple[ApiKey, ...] = ()
    host_answers: tuple[HostAnswer, ...] = (Wishes(), Declined())


@cache
def samples(material: Material) -> Mapping[type, Answers]:
    """Return telling values of each kind of event; of `MetadataRead` there are none without metadata."""
    values = (*material.values, *DAMAGED)
    failures = (Failure(Reason.METADATA_UNREACHABLE), Failure(Reason.KEYS_UNREACHABLE))
    bodies = (*material.bodies, *DAMAGED)
    good = tuple(HttpResponse(200, body, kind) for body in bodies for kind in (JSON, JWT))
    bad = tuple(HttpResponse(status, body, JSON) for status in TROUBLE for body in bodies[:1] + DAMAGED[-2:])
    return {
        HttpResponse: good + bad,
        Unreachable: (Unreachable(sent=False), Unreachable(sent=True)),
        MetadataRead: tuple(map(MetadataRead, material.metadata)),
        KeysRead: tuple(map(KeysRead, material.keys)),
        Unavailable: tuple(map(Unavailable, failures)),
        Kept: (Kept(),),
        Occupied: tuple(map(Occupied, values)),
        Taken: tuple(map(Taken, values)),
        AlreadyTaken: tuple(map(AlreadyTaken, values)),
        Found: tuple(map(Found, values)),
        Missing: (Missing(),),
        Dropped: (Dropped(),),
        Counted: (Counted(1, 60.0), Counted(1_000_000, 60.0)),
        StoreUnreachable: (StoreUnreachable(),),
        AccountFacts: (*map(AccountFacts, material.accounts), *material.facts),
        Written: (Written(),),
        Conflict: (Conflict(),),
        OutcomeUnknown: (OutcomeUnknown(),),
        DirectoryUnreachable: (DirectoryUnreachable(),),
        KeyFacts: tuple(KeyFacts(key, account) for key in (None, *material.api_keys) for account in material.accounts),
        HostAnswered: tuple(map(HostAnswered, material.host_answers)),
        HostFailed: (HostFailed(),),
    }


def by_name(kinds: Iterable[type]) -> tuple[type, ...]:
    """Return classes in an order that does not change from run to run."""
    return tuple(sorted(kinds, key=lambda kind: kind.__name__))


def combinations(state: Working) -> tuple[tuple[type, ...], ...]:
    """Return every combination of kinds of answers that the effects of a state declare."""
    return tuple(product(*(by_name(effect.answers) for effect in state.awaits)))


def answered(kinds: tuple[type, ...], material: Material) -> Iterable[Answers]:
    """Return every combination of the samples of these kinds, one for each effect."""
    known = samples(material)
    return product(*(known[kind] for kind in kinds))


def explored(
    starts: Iterable[Working | Resting], material: Material, *, now: float
) -> Mapping[type[Working], tuple[Working, ...]]:
    """Return the states that the samples lead to: of each class the first one that each start comes to."""
    found: dict[type[Working], list[Working]] = {}
    for start in starts:
        for state in _reached(start, material, now):
            found.setdefault(type(state), []).append(state)
    return {kind: tuple(states) for kind, states in found.items()}


def _reached(start: Working | Resting, material: Material, now: float) -> Iterable[Working]:
    waiting, seen = deque([start]), {type(start)}
    while waiting:
        state = waiting.popleft()
        if not isinstance(state, Working):
            continue
        yield state
        for kinds in combinations(state):
            for answers in answered(kinds, material):
                after = advance_any(state, answers, now=now)
                if type(after) not in seen:
                    seen.add(type(after))
                    waiting.append(after)
