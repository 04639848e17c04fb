"""What happens to the session that a browser held before a login that fails there.

EndingFormerSession -> Failed

Whoever sits at the browser now did not show that they are the one who signed in there before, or is not welcome any
longer: the session that the browser held ends. An outage, or a mistake in the settings, is no verdict and signs nobody
out; nor does an answer that the browser has no login for, which anybody can send it to.
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

VERDICTS = frozenset(
    {Family.NOT_ALLOWED, Family.DECLINED, Family.EXPIRED, Family.NOT_YOURS, Family.PROVIDER_MISBEHAVED}
)
"""Kinds of refusal after which a login is over, and somebody is at the browser who is not known."""


def ends_session(failure: Failure) -> bool:
    """Whether a login of this browser that fails so ends the session that the browser held until then."""
    return failure.reason.family in VERDICTS


def turn_away(arrival: Arrival, refusal: Refusal) -> EndingFormerSession:
    """End the browser's former session before the refusal is told.

    Raises the refusal again where there is no such session, where it is no verdict, and where the login only wants to
    know: it signs nobody in, nor out.
    """
    return end_former_session(None if arrival.purpose is LoginPurpose.DEBUG else arrival.former_session, refusal)


def end_former_session(former_session: str | None, refusal: Refusal) -> EndingFormerSession:
    """Do the same for a login of which nothing more is known."""
    if former_session is None or not ends_session(refusal.failure):
        raise refusal
    return EndingFormerSession(former_session, refusal.failure)


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
