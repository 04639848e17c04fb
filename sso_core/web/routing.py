"""What a route is: a request opens a flow, and the flow's ending makes the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, refuse
from sso_core.machine import Failed, Resting, Working
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy
from sso_core.web.answers import json_answer, refusal
from sso_core.web.messages import Answered, Request, Response
from sso_core.wire import WireError, parse_form

if TYPE_CHECKING:
    from sso_core.web.site import Site

QUERY_LIMIT = 8192
"""Characters; what servers allow a request line."""

Opened = Working | Resting
WarmFacts = Callable[[Provider], Warm]
"""What is known of a provider without asking."""


def nothing_warm(_provider: Provider) -> Warm:
    """Know nothing, so that everything is read."""
    return Warm()


@attrs.frozen
class Door:
    """What a route may use to open its flow."""

    site: Site
    request: Request
    entropy: Entropy
    now: float
    warm: WarmFacts


@attrs.frozen
class Visit:
    """One request and its flow. What the flow's ending means is told by the route."""

    site: Site
    route: Route
    request: Request
    reference: str
    """What a person may quote when they ask why."""
    now: float
    """Seconds since the epoch."""
    state: Opened

    def respond(self, ending: Resting, *, trail: tuple[str, ...] = ()) -> Response:
        """Make the response; `trail` names the states that the flow went through."""
        match ending:
            case Answered(response):
                return response
            case Failed(failure):
                return self.route.refused(self, failure)
            case _:
                return self.route.ended(self, ending, trail)


@attrs.frozen
class Route:
    """How the flow of a method and a path opens, and what its endings mean."""

    open: Callable[[Door], Opened]
    ended: Callable[[Visit, Resting, tuple[str, ...]], Response]
    refused: Callable[[Visit, Failure], Response]


Routes = dict[tuple[str, str], Route]
"""By method and path below the mount."""


def refuse_with_page(visit: Visit, failure: Failure) -> Response:
    """Tell a person."""
    return refusal(visit.site.settings, failure, visit.reference)


def refuse_with_json(visit: Visit, failure: Failure) -> Response:
    """Tell a program."""
    told = {"error": failure.reason.code, "reference": visit.reference}
    return json_answer(failure.reason.status, told, failure, visit.reference)


def no_ending(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    """Stand for the endings of a route that opens no flow."""
    raise AssertionError(f"this route does not end in {type(ending).__name__}")


def query_of(request: Request) -> dict[str, str]:
    """Return the parameters of the query, each once; refuses with MALFORMED_CALLBACK."""
    try:
        return parse_form(request.query, limit=QUERY_LIMIT)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the query cannot be read: {error}")
