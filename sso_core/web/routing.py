"""What a route is: a request opens a flow, and the flow's ending makes the response; and how its words are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, refuse
from sso_core.machine import Failed, Resting, Working
from sso_core.providers.kinds import Provider
from sso_core.secret import Entropy
from sso_core.web.answers import json_answer, refusal
from sso_core.web.audited import audited
from sso_core.web.messages import BODY_LIMIT, Answered, Request, Response
from sso_core.wire import WireError, parse_form, parse_json_object

if TYPE_CHECKING:
    from sso_core.web.site import Site

QUERY_LIMIT = 8192
"""Characters; what servers allow a request line."""

Opened = Working | Resting
WarmFacts = Callable[[Provider], Warm]
"""What is known of a provider without asking."""


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
                response = self.route.refused(self, failure)
            case _:
                response = self.route.ended(self, ending, trail)
        return audited(self, ending, response)


@attrs.frozen
class Route:
    """How the flow of a method and a path opens, and what its endings mean."""

    open: Callable[[Door], Opened]
    ended: Callable[[Visit, Resting, tuple[str, ...]], Response]
    refused: Callable[[Visit, Failure], Response]
    provider_id: str = ""
    """The provider that sends people there."""
    begins_login: bool = False
    """Whether the query, or the form, says which provider people want to go to."""


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


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, each once; refuses with REQUEST_TOO_LARGE or MALFORMED_CALLBACK."""
    body = _body_of(request, "application/x-www-form-urlencoded")
    try:
        return parse_form(body, limit=BODY_LIMIT)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the form cannot be read: {error}")


def json_of(request: Request) -> dict[str, Any]:
    """Return the members of a JSON object, each once; refuses as `form_of` does."""
    body = _body_of(request, "application/json")
    try:
        return parse_json_object(body, limit=BODY_LIMIT)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the body cannot be read: {error}")


def _body_of(request: Request, media_type: str) -> bytes:
    if request.body is None:
        refuse(Reason.REQUEST_TOO_LARGE, f"the body is larger than {BODY_LIMIT} bytes")
    if request.header("content-type").partition(";")[0].strip().lower() != media_type:
        refuse(Reason.MALFORMED_CALLBACK, f"the body is not {media_type}")
    return request.body
