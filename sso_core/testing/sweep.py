"""Every fault in every place: what it looks like to a flow as an event, and all the places where it may strike.

    for fault, event in faults_of(effect): ...
    for spoiled in swept(state, MATERIAL):            # each fault at each effect, beside whatever else is answered
        advance_any(state, spoiled.answers, now=NOW)

Nothing here knows a flow or an effect. What may come of a question is what its effect declares, so that a new state is
swept as soon as it can be reached, and a new effect as soon as it is declared. That somebody is cancelled is no event:
a driver has to play it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import product

import attrs

from sso_core.effects import Effect
from sso_core.events import (
    AlreadyTaken,
    DirectoryUnreachable,
    Event,
    Found,
    HostFailed,
    HttpResponse,
    Occupied,
    OutcomeUnknown,
    StoreUnreachable,
    Taken,
    Unavailable,
    Unreachable,
)
from sso_core.failures import Failure, Reason
from sso_core.machine import Working
from sso_core.testing.exploration import DAMAGED, JSON, JWT, Answers, Material, samples


class Fault(Enum):
    """What may happen to a question on its way, or to its answer."""

    REFUSED = "refused"
    """Nobody is there: certainly nothing was done."""
    HANGING = "hanging"
    """No answer before the deadline: it may have been done."""
    RESET = "reset"
    """The connection broke: it may have been done."""
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    OVERSIZE = "oversize"
    """More than whoever asks lets in, which comes to nothing."""
    REDIRECT = "3xx"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"


ELSEWHERE = (("location", "https://elsewhere.example/"), *JSON)
ERRORS = (b"{}", b"<html>", b'{"error": "invalid_grant"}', b'{"error": "invalid_client"}')
PARTS = (b'{"access_token": "', b'{"sub": "alice", "na', b'[2,"generic","https', b"eyJhbGciOiJFZERTQSJ9.e30")
"""Beginnings of what would have been an answer, or a stored value."""


def _statuses(*statuses: int) -> tuple[HttpResponse, ...]:
    return tuple(HttpResponse(status, body, ELSEWHERE) for status in statuses for body in ERRORS)


def _contents(*contents: bytes) -> Answers:
    answers = tuple(HttpResponse(200, content, kind) for content in contents for kind in (JSON, JWT))
    values = [content for content in contents if content != b"0"]  # the mark of a revocation is a number
    return (*answers, *(kind(value) for kind in (Found, Taken, AlreadyTaken, Occupied) for value in values))


def _silence(why: str, *, sent: bool) -> Answers:
    unavailable = (
        Unavailable(Failure(reason, why)) for reason in (Reason.METADATA_UNREACHABLE, Reason.KEYS_UNREACHABLE)
    )
    maybe = (OutcomeUnknown(),) if sent else ()
    return (
        Unreachable(sent, why),
        *unavailable,
        StoreUnreachable(why),
        DirectoryUnreachable(why),
        HostFailed(why),
        *maybe,
    )


def _documents(why: str) -> Answers:
    reasons = Reason.BAD_METADATA, Reason.ISSUER_MISMATCH, Reason.BAD_KEYS
    return tuple(Unavailable(Failure(reason, why)) for reason in reasons)


EVENTS: Mapping[Fault, Answers] = {
    Fault.REFUSED: _silence("no connection", sent=False),
    Fault.HANGING: _silence("no complete answer in time", sent=True),
    Fault.RESET: _silence("the connection broke", sent=True),
    Fault.TRUNCATED: (
        Unreachable(sent=True, why="the answer is incomplete"),
        *_documents("the document is incomplete"),
        *_contents(*PARTS),
    ),
    Fault.GARBAGE: (
        Unreachable(sent=True, why="the answer is not HTTP"),
        *_documents("the document is none"),
        *_contents(*DAMAGED),
    ),
    Fault.OVERSIZE: (Unreachable(sent=True, why="the answer is too large"), *_documents("the document is too large")),
    Fault.REDIRECT: (*_statuses(301, 302, 303, 307, 308), *_documents("the document is elsewhere")),
    Fault.CLIENT_ERROR: (*_statuses(400, 401, 403, 404, 408, 429), *_documents("the document is refused")),
    Fault.SERVER_ERROR: (*_statuses(500, 502, 503, 504), *_silence("the server is in trouble", sent=True)[1:3]),
}
"""What each fault may look like, to questions of every kind."""


def faults_of(effect: Effect) -> tuple[tuple[Fault, Event], ...]:
    """Return the faults that an effect may meet, each as the answers that it may come to."""
    return _among(effect.answers)


@cache
def _among(answers: frozenset[type]) -> tuple[tuple[Fault, Event], ...]:
    return tuple((fault, event) for fault, events in EVENTS.items() for event in events if type(event) in answers)


@attrs.frozen
class Spoiled:
    """The answers to all questions of a state, one of which met a fault."""

    fault: Fault
    position: int
    answers: Answers


def swept(state: Working, material: Material) -> Iterator[Spoiled]:
    """Return each fault at each question of a state, beside each answer that the others may have got."""
    known = samples(material)
    usual = [[event for kind in effect.answers for event in known[kind]] for effect in state.awaits]
    for position, effect in enumerate(state.awaits):
        before, after = usual[:position], usual[position + 1 :]
        for fault, event in faults_of(effect):
            for answers in product(*before, (event,), *after):
                yield Spoiled(fault, position, answers)
