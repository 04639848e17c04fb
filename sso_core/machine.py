"""The contract of the machine. Read this first; everything else in the core follows it.

    Working state:  .awaits                     what it asks of the world, all at once: a tuple of effects
                    .receive(*events, now=...)  one event for each effect -> the next state
    Resting state:  an ending, or what is stored until the browser comes back

Rules

- A state is a small frozen value whose fields are what is known by then. It holds no clock, no connection, no
  callback: it can be built in one line of a test, compared, hashed and printed.
- The return annotation of `receive` *is* the transition table. Type checkers hold the code to it, `transitions`
  reads it back, and `advance` refuses an edge that is not on it.
- The edge to `Failed` is implicit: a check may refuse anywhere, by raising `Refusal`.
- Events answer effects by position. An effect declares its answers; anything else is misuse.
- Time is an input of every step, in seconds since the epoch. Entropy and warm facts are inputs of the doors.
- `afterwards` of a resting state are effects that nobody waits for, and that may be lost. `deeds` are what an
  operator's log should say of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache, wraps
from types import UnionType
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from sso_core.audit import AuditEvent
from sso_core.effects import Effect
from sso_core.events import Event
from sso_core.failures import Failure, MisuseError, Refusal


@attrs.frozen
class Working(ABC):
    """A state that waits for the world."""

    uninterruptible: ClassVar[bool] = False
    """Whether a driver has to see the flow through from here, even if whoever started it has left."""

    awaits: tuple[Effect, ...] = attrs.field(init=False, eq=False, repr=False)
    """The effects whose answers the state waits for. Written by `asks`, once."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "awaits", self.asks())

    @abstractmethod
    def asks(self) -> tuple[Effect, ...]:
        """Say what the state asks of the world. It knows no time: a duration is a field."""


@attrs.frozen
class Resting:
    """A state that waits for nobody."""

    @property
    def awaits(self) -> tuple[()]:
        """Nothing."""
        return ()

    @property
    def afterwards(self) -> tuple[Effect, ...]:
        """Effects to perform later, if at all."""
        return ()

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """What was done, for the operator's log."""
        return ()


@attrs.frozen
class Failed(Resting):
    """The flow was refused. What was done before that stays done."""

    failure: Failure
    changed: tuple[AuditEvent, ...] = ()

    @property
    def deeds(self) -> tuple[AuditEvent, ...]:
        """What was done before."""
        return self.changed


S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")
P = ParamSpec("P")


class Receives(Protocol[S_co]):
    """What `advance` needs of a state, so that each call has the exact union of its next states."""

    @property
    def awaits(self) -> tuple[Effect, ...]:
        """What the state asks."""
        ...

    @property
    def receive(self) -> Callable[..., S_co]:
        """Takes the answers."""
        ...


def advance(state: Receives[S], events: Sequence[Event], *, now: float) -> S | Failed:
    """Give a working state the answers to what it asked, and return the next state.

    `now` is in seconds since the epoch. A refusal comes back as `Failed`. Raises `MisuseError` when the events do
    not answer the effects one by one, or when the state goes where its annotation does not lead.
    """
    asked = state.awaits
    if len(events) != len(asked):
        raise MisuseError(f"{type(state).__name__} asked {len(asked)} questions and got {len(events)} answers")
    for effect, event in zip(asked, events, strict=False):  # as many of the one as of the other: see above
        if type(event) not in effect.answers:
            raise MisuseError(f"{type(event).__name__} is no answer to {type(effect).__name__}")
    try:
        after = state.receive(*events, now=now)
    except Refusal as refusal:
        return Failed(refusal.failure)
    if type(after) not in transitions(type(state)):
        raise MisuseError(f"there is no way from {type(state).__name__} to {type(after).__name__}")
    return after


class AdvanceAny(Protocol):
    """What a driver needs, which runs any flow and knows no more of a state than its base."""

    def __call__(self, state: Working, events: Sequence[Event], *, now: float) -> Working | Resting:
        """Advance."""
        ...


advance_any = cast("AdvanceAny", advance)
"""`advance` itself, typed for a state of which only the base is known."""


def door(opening: Callable[P, S]) -> Callable[P, S | Failed]:
    """Make a function that opens a flow refuse the way `advance` does: by returning `Failed`."""

    @wraps(opening)
    def opened(*args: P.args, **kwargs: P.kwargs) -> S | Failed:
        try:
            return opening(*args, **kwargs)
        except Refusal as refusal:
            return Failed(refusal.failure)

    return opened


@cache
def transitions(state: type) -> frozenset[type]:
    """Return the states that may follow a working state, `Failed` always among them."""
    return returns(state.receive)  # type: ignore[attr-defined] # any class with a receive


def returns(function: Callable[..., Any]) -> frozenset[type]:
    """Return the classes in a function's return annotation, and `Failed`."""
    annotation = get_type_hints(function)["return"]
    union = get_origin(annotation) in (Union, UnionType)
    return frozenset(get_args(annotation) if union else (annotation,)) | {Failed}
