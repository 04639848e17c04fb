"""The routes of a service, and the one way through them.

visit = site.visit(request, entropy=..., now=..., warm=...)
ending = run(visit.state, world)              # or await run_asyncio(...), await run_trio(...)
response = visit.respond(ending, trail=...)   # trail: names of the states gone through
"""

from __future__ import annotations

import re

from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.machine import Failed
from sso_core.secret import Entropy
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import REFUSED, SECURITY_HEADERS, STYLE, leaving, page, refusal, refused_page
from sso_core.web.cli import CLI_ROUTES
from sso_core.web.cookies import Cookies
from sso_core.web.debug import debug_routes
from sso_core.web.key_routes import KEY_ROUTES
from sso_core.web.logins import login_routes
from sso_core.web.logout import logout_routes
from sso_core.web.messages import Answered, Request, Response
from sso_core.web.operations import OPERATIONS_ROUTES
from sso_core.web.pages import StyleSheet, UiDisabledPage
from sso_core.web.password import password_routes
from sso_core.web.people import PEOPLE_ROUTES, home_routes
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, WarmFacts, no_ending, query_of, refuse_with_page

METHOD_SHOWN = 32
"""Characters of a method that the log tells of; real ones are shorter."""
_REFERENCE = re.compile(r"[0-9a-f]{1,16}", re.ASCII)


class Site:
    """The routes of sign-in for one set of settings, without any I/O. Safe to share between threads and tasks."""

    def __init__(self, settings: SignInSettings, *, home: bool = True) -> None:
        self.settings = settings
        self.cookies = Cookies(settings)
        sign_in: Routes = {
            **login_routes(settings),
            **home_routes(home=home),
            **CLI_ROUTES,
            **password_routes(settings),
            **debug_routes(settings),
        }
        if settings.ui_disabled:
            sign_in = dict.fromkeys(sign_in, DISABLED)
        out = logout_routes(settings)
        self.routes: Routes = {**sign_in, **PEOPLE_ROUTES, **out, **KEY_ROUTES, **OPERATIONS_ROUTES, **PLAIN_ROUTES}
        self.paths = frozenset(path for _, path in self.routes)

    def visit(self, request: Request, *, entropy: Entropy, now: float, warm: WarmFacts) -> Visit:
        """Open the flow of a request; `now` is in seconds since the epoch."""
        door = Door(self, request, entropy, now, warm)
        route = self.routes.get((request.method, self.pattern(request.path)), NOWHERE)
        try:
            state = route.open(door)
        except Refusal as refusal_:
            state = Failed(refusal_.failure)
        return Visit(self, route, request, entropy.reference, now, state)

    def pattern(self, path: str) -> str:
        """Return the path of a route: itself, or with a star for its last segment."""
        if path in self.paths:
            return path
        return path[: path.rfind("/") + 1] + "*"


def _open_nowhere(door: Door) -> Opened:
    if door.site.pattern(door.request.path) in door.site.paths:
        method = door.request.method[:METHOD_SHOWN]
        refuse(Reason.METHOD_NOT_ALLOWED, f"{method!r} is not for this address")
    refuse(Reason.NOT_FOUND, "no such path")


def _refuse_nowhere(visit: Visit, failure: Failure) -> Response:
    """Refuse, and leave an address that may hold a code: a provider can be made to answer in another way."""
    return refusal(visit.site.settings, failure, visit.reference, leave=bool(visit.request.query))


NOWHERE = Route(_open_nowhere, no_ending, _refuse_nowhere)


def _open_refused(door: Door) -> Opened:
    """Show a refusal once more, under an address that holds nothing: the code names the sentence, no more."""
    query = query_of(door.request)
    known = {reason.code: reason for reason in Reason}
    reason = known.get(query.get("code", ""), Reason.NOT_FOUND)
    said = query.get("reference", "")
    reference = said if _REFERENCE.fullmatch(said) else ""
    return Answered(page(refused_page(door.site.settings, Failure(reason), reference), reason.status))


def _open_style(_door: Door) -> Opened:
    return Answered(Response(200, STYLE_HEADERS, StyleSheet()))


def _open_disabled(_door: Door) -> Opened:
    refuse(Reason.UI_DISABLED, "nobody signs in here, as the operator wishes")


def _refuse_disabled(visit: Visit, failure: Failure) -> Response:
    settings = visit.site.settings
    body = UiDisabledPage(failure.reason.sentence, settings.origin.path(STYLE))
    leave = leaving(settings, failure, visit.reference) if visit.request.query else ()
    return Response(failure.reason.status, (*SECURITY_HEADERS, *leave), body, failure, visit.reference)


DISABLED = Route(_open_disabled, no_ending, _refuse_disabled)
"""What stands for every way to sign in where the operator has closed them, before anything else is looked at."""

STYLE_HEADERS = (("cache-control", "public, max-age=3600"), ("x-content-type-options", "nosniff"))

PLAIN_ROUTES: Routes = {
    ("GET", REFUSED): Route(_open_refused, no_ending, refuse_with_page),
    ("GET", STYLE): Route(_open_style, no_ending, refuse_with_page),
}
