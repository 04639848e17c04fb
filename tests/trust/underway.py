"""A request in the middle of being answered: one await at a time, and whatever may befall each."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import assert_never

from sso_core.effects import (
    AskHost,
    Count,
    Drop,
    Effect,
    HttpRequest,
    Keep,
    Kind,
    Peek,
    Purpose,
    ReadAccount,
    ReadKey,
    ReadKeys,
    ReadMetadata,
    Renew,
    Take,
    WriteAccount,
)
from sso_core.events import (
    DirectoryUnreachable,
    Event,
    HostFailed,
    HttpResponse,
    OutcomeUnknown,
    StoreUnreachable,
    Taken,
    Unavailable,
    Unreachable,
)
from sso_core.failures import Failure, Reason
from sso_core.machine import Resting, Working, advance_any
from sso_core.testing.documents import json_answer
from sso_core.web.messages import Request, Response
from trust.scene import Process


class Fate(Enum):
    """What becomes of a question to the world."""

    WELL = "it is answered"
    LOST = "it is carried out, and the answer is lost"
    UNREACHED = "nobody hears it"
    ECHOED = "the provider refuses, and repeats what it was told"
    DAMAGED = "what the store kept of the login is damaged"


def unanswered(effect: Effect, *, heard: bool) -> Event:  # noqa: PLR0911 -- one for each kind of effect
    """Return what a state is told of a question without an answer."""
    match effect:
        case HttpRequest():
            return Unreachable(sent=heard)
        case Keep() | Take() | Peek() | Drop() | Renew() | Count():
            return StoreUnreachable()
        case WriteAccount():
            return OutcomeUnknown() if heard else DirectoryUnreachable()
        case ReadAccount() | ReadKey():
            return DirectoryUnreachable()
        case ReadMetadata():
            return Unavailable(Failure(Reason.METADATA_UNREACHABLE))
        case ReadKeys():
            return Unavailable(Failure(Reason.KEYS_UNREACHABLE))
        case AskHost():
            return HostFailed()
        case _:
            assert_never(effect)


def echo(request: HttpRequest) -> HttpResponse:
    """Return a refusal that repeats the request, as careless providers do."""
    said = (request.body or b"").decode()
    return json_answer({"error": "invalid_request", "error_description": said[:400], "request": said}, status=400)


DAMAGE = b'{"code_verifier":'


def damaged(value: bytes) -> bytes:
    """Return what an older service would have kept of this login: a verifier, and neither nonce nor browser."""
    return DAMAGE + b'"%s"}' % value[-43:].hex().encode()


Look = Callable[["Underway", Effect, bool, Event], None]
"""Told of each question: whether it was carried out, and what was answered."""


class Underway:
    """A request that a process is answering for somebody."""

    def __init__(self, who: str, process: Process, request: Request, look: Look) -> None:
        self.who, self.process, self.request = who, process, request
        self._look = look
        self._visit = process.open(request)
        self.state = self._visit.state

    @property
    def done(self) -> bool:
        """Whether all that is left is to respond."""
        return isinstance(self.state, Resting)

    def step(self, fate: Fate = Fate.WELL) -> None:
        """Ask what the state asks; the first question meets its fate."""
        state = self.state
        if isinstance(state, Working):
            events = [self._ask(effect, fate if first == 0 else Fate.WELL) for first, effect in enumerate(state.awaits)]
            self.state = advance_any(state, events, now=self.process.now())

    def _ask(self, effect: Effect, fate: Fate) -> Event:
        heard = fate is not Fate.UNREACHED
        event: Event
        match fate, effect:
            case Fate.ECHOED, HttpRequest(purpose=Purpose.TOKEN):
                event = echo(effect)
            case Fate.UNREACHED, _:
                event = unanswered(effect, heard=False)
            case _:
                event = self.process.perform(effect)
        if fate is Fate.LOST:
            event = unanswered(effect, heard=True)
        if fate is Fate.DAMAGED and isinstance(event, Taken) and isinstance(effect, Take) and effect.kind is Kind.LOGIN:
            event = Taken(damaged(event.value))
        self._look(self, effect, heard, event)
        return event

    def respond(self) -> Response:
        """Return the response of a request that is done."""
        assert isinstance(self.state, Resting)
        return self.process.close(self._visit, self.state)
