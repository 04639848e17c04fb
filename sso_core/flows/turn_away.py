"""What happens to a person who proved who they are, and may not come in.

EndingFormerSession -> Failed

Whoever sits at the browser now is not the one who signed in there before, or is not welcome any longer: the session
that the browser held ends. A provider that is down, or that misbehaves, signs nobody out.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Drop, Effect, Kind
from sso_core.events import Dropped, StoreUnreachable
from sso_core.failures import Failure, Family, Refusal
from sso_core.flows.arrival import Arrival
from sso_core.flows.attempt import Finishing
from sso_core.machine import Failed
from sso_core.sessions.pending_login import LoginPurpose


def turn_away(arrival: Arrival, refusal: Refusal) -> EndingFormerSession:
    """End the browser's former session before the refusal is told.

    Raises the refusal again where there is no such session, where it is no judgement of the person, and where the
    login only wants to know: it signs nobody in, nor out.
    """
    judged = refusal.failure.reason.family is Family.NOT_ALLOWED and arrival.purpose is not LoginPurpose.DEBUG
    if not judged or arrival.former_session is None:
        raise refusal
    return EndingFormerSession(arrival.former_session, refusal.failure)


@attrs.frozen
class EndingFormerSession(Finishing):
    """Waits until the session that this browser held is gone."""

    key: str
    failure: Failure

    def asks(self) -> tuple[Effect, ...]:
        """Drop it."""
        return (Drop(Kind.SESSION, self.key),)

    def receive(self, answer: Dropped | StoreUnreachable, *, now: float) -> Failed:
        """Refuse, and tell operators of a session that may have outlived this."""
        del now
        if isinstance(answer, Dropped):
            return Failed(self.failure)
        hint = f"the browser's former session may not have ended: {answer.why}"
        return Failed(attrs.evolve(self.failure, hint="; ".join(part for part in (self.failure.hint, hint) if part)))
