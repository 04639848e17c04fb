"""What came of logins."""

from __future__ import annotations

from enum import Enum

import attrs


class Fate(Enum):
    """How a login ended."""

    IN = "in"
    """The person has a session, and it is this person's."""
    IN_LATER = "in, second try"
    """The same after the address was asked for again, for want of an answer or after a 503."""
    REFUSED = "refused"
    UNAVAILABLE = "503"
    NO_ANSWER = "no answer"
    """The connection ended without one: what a reverse proxy makes a 502 of."""
    AT_PROVIDER = "at provider"
    """The provider's own pages led nowhere."""
    WRONG = "WRONG"
    """A session of somebody else, one after a refusal, or an answer that nothing allows."""


@attrs.frozen
class Outcome:
    """What came of one login, where, and when, in seconds of the monotonic clock."""

    fate: Fate
    why: str
    """The code of a refusal, with the step at which it came; else what happened."""
    person: str
    process: int
    """That which let the person in, else the last one that the person came to."""
    ended_at: float
    longest: float
    """Seconds that the slowest answer of the service took."""


@attrs.frozen
class Said:
    """One answer of the service: all of it that a browser sees."""

    asked: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
