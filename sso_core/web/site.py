"""The routes: a request opens a flow, and the flow's ending makes the response.

visit = site.visit(request, entropy=..., now=..., warm=...)
ending = run(visit.state, world)              # or await run_asyncio(...), await run_trio(...)
response = visit.respond(ending, trail=...)   # trail: names of the states gone through
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.enter import SignedIn
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin, finish_login
from sso_core.flows.sessions import NoSession, SessionFound, SignedOut, read_session, sign_out
from sso_core.machine import Failed, Resting, Working
from sso_core.oauth.authorization import AuthorizationResponse, parse_authorization_response
from sso_core.providers.kinds import ResponseMode
from sso_core.secret import Entropy
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.settings.sign_in import CALLBACK, SignInSettings
from sso_core.web.answers import REFUSED, START, STYLE, json_answer, page, redirect, refusal, refused_page
from sso_core.web.cookies import Cookies
from sso_core.web.messages import BODY_LIMIT, Answered, Request, Response
from sso_core.web.pages import ConfirmStartPage, HomePage, StyleSheet
from sso_core.web.return_to import safe_return_target
from sso_core.wire import WireError, encode_form, parse_form

SESSION = "/sso/session"
SIGN_OUT = "/sso/sign-out"
HOME = "/"
QUERY_LIMIT = 8192

_REFERENCE = re.compile(r"[0-9a-f]{1,16}", re.ASCII)


Opened = Working | Resting


@attrs.frozen
class Visit:
    """One request and its flow. What the flow's ending means is told by the route."""

    site: Site
    route: Route
    request: Request
    reference: str
    """What a person may quote when they ask why."""
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
class Door:
    """What a route may use to open its flow."""

    site: Site
    request: Request
    entropy: Entropy
    now: float
    warm: Warm


@attrs.frozen
class Route:
    """A method and a path, how its flow opens, and what its endings mean."""

    open: Callable[[Door], Opened]
    ended: Callable[[Visit, Resting, tuple[str, ...]], Response]
    refused: Callable[[Visit, Failure], Response]


class Site:
    """The routes of sign-in for one set of settings, without any I/O. Safe to share between threads and tasks."""

    def __init__(self, settings: SignInSettings, *, home: bool = True) -> None:
        self.settings = settings
        self.cookies = Cookies(settings)
        self.routes = dict(ROUTES)
        if home:
            self.routes["GET", HOME] = Route(_open_session, _show_home, _refuse)
        if settings.provider.response_mode is ResponseMode.FORM_POST:
            self.routes["POST", CALLBACK] = self.routes.pop(("GET", CALLBACK))
        self.paths = frozenset(path for _, path in self.routes)

    def visit(self, request: Request, *, entropy: Entropy, now: float, warm: Warm) -> Visit:
        """Open the flow of a request; `now` is in seconds since the epoch."""
        door = Door(self, request, entropy, now, warm)
        route = self.routes.get((request.method, request.path), NOWHERE)
        try:
            state = route.open(door)
        except Refusal as refusal_:
            state = Failed(refusal_.failure)
        return Visit(self, route, request, entropy.reference, state)


# Any route


def _refuse(visit: Visit, failure: Failure) -> Response:
    return refusal(visit.site.settings, failure, visit.reference)


def _only(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    raise AssertionError(f"this route does not end in {type(ending).__name__}")


def _open_nowhere(door: Door) -> Opened:
    if door.request.path in door.site.paths:
        refuse(Reason.METHOD_NOT_ALLOWED, f"{door.request.method} is not for {door.request.path}")
    refuse(Reason.NOT_FOUND, "no such path")


NOWHERE = Route(_open_nowhere, _only, _refuse)


def _query(request: Request) -> dict[str, str]:
    try:
        return parse_form(request.query, limit=QUERY_LIMIT)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the query cannot be read: {error}")


# Starting a login


def _open_start(door: Door) -> Opened:
    query = _query(door.request)
    settings = door.site.settings
    return_to = safe_return_target(query.get("return_to", ""), settings.origin)
    if door.request.header("sec-fetch-site") == "cross-site":
        address = settings.origin.path(START) + "?" + encode_form([("return_to", return_to)])
        return Answered(page(ConfirmStartPage(address, settings.origin.path(STYLE))))
    return begin_login(settings, return_to=return_to, entropy=door.entropy, now=door.now, warm=door.warm)


def _send_to_provider(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, SentToProvider)
    cookies = visit.site.cookies
    surplus = [cookies.clear_login(name) for name in cookies.surplus_logins(visit.request)]
    binding = cookies.set_login(ending.state, ending.cookie, ending.lifetime)
    return redirect(ending.location, (*surplus, binding), ending.afterwards)


# Finishing a login


def _authorization_response(request: Request) -> AuthorizationResponse:
    if request.method == "GET":
        return parse_authorization_response(_query(request))
    if request.body is None:
        refuse(Reason.REQUEST_TOO_LARGE, f"the callback's form is larger than {BODY_LIMIT} bytes")
    content_type = request.header("content-type").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        refuse(Reason.MALFORMED_CALLBACK, "the callback is no form")
    try:
        return parse_authorization_response(parse_form(request.body, limit=BODY_LIMIT))
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the form cannot be read: {error}")


def _open_callback(door: Door) -> Opened:
    response, cookies = _authorization_response(door.request), door.site.cookies
    cookie = cookies.read_login(door.request, response.state)
    if cookie is not None:
        cookie = cookie.leading_to(safe_return_target(cookie.return_to, door.site.settings.origin))
    return finish_login(
        door.site.settings,
        response=response,
        cookie=cookie,
        former_session=cookies.read_session(door.request),
        entropy=door.entropy,
        warm=door.warm,
    )


def _login_of(visit: Visit) -> tuple[str, LoginCookie] | None:
    """Return the state and the cookie of the login that came back, if the browser has its cookie."""
    if isinstance(visit.state, TakingLogin | TakingSealedLogin):
        attempt = visit.state.attempt
        return attempt.response.state.reveal(), attempt.cookie
    try:
        state = _authorization_response(visit.request).state
        cookie = visit.site.cookies.read_login(visit.request, state)
    except Refusal:
        return None
    return None if cookie is None else (state.reveal(), cookie)


def _sign_in(visit: Visit, ending: Resting, trail: tuple[str, ...]) -> Response:
    if isinstance(ending, Repeated):
        return redirect(ending.return_to)
    assert isinstance(ending, SignedIn)
    site, login = visit.site, _login_of(visit)
    cookies = [site.cookies.set_session(ending.session_id, site.settings.session_ttl)]
    if login is not None:
        state, cookie = login
        cookies.append(site.cookies.set_login(state, cookie.spent(), site.settings.login_ttl))
    if trail:
        cookies.append(site.cookies.set_trail(trail))
    return redirect(ending.return_to, tuple(cookies))


def _refuse_callback(visit: Visit, failure: Failure) -> Response:
    """Refuse, leave the address that holds the code, and unbind the login unless the same callback may come again."""
    login = None if failure.reason.resumable else _login_of(visit)
    dropped = () if login is None else (visit.site.cookies.drop_login(login[0]),)
    return refusal(visit.site.settings, failure, visit.reference, dropped, leave=True)


# After sign-in


def _open_session(door: Door) -> Opened:
    return read_session(door.site.cookies.read_session(door.request))


def _show_home(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, SessionFound | NoSession)
    session = ending.session if isinstance(ending, SessionFound) else None
    trail = visit.site.cookies.read_trail(visit.request) if session else ()
    path = visit.site.settings.origin.path
    return page(HomePage(session, trail, path(START), path(SIGN_OUT), path(STYLE)))


def _tell_session(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    if isinstance(ending, NoSession):
        return json_answer(401, {"signed_in": False, "error": Reason.NOT_SIGNED_IN.code})
    assert isinstance(ending, SessionFound)
    session = ending.session
    person = {
        "signed_in": True,
        "account_id": session.account_id,
        "provider": session.provider_id,
        "issuer": session.issuer,
        "subject": session.subject,
        "display_name": session.display_name,
        "email": session.email,
        "email_verified": session.email_verified,
        "signed_in_at": session.signed_in_at,
        "expires_at": session.expires_at,
    }
    return json_answer(200, person)


def _tell_refusal(visit: Visit, failure: Failure) -> Response:
    return json_answer(failure.reason.status, {"error": failure.reason.code, "reference": visit.reference}, failure)


def _open_sign_out(door: Door) -> Opened:
    check_same_origin(door.request, door.site.settings)
    return sign_out(door.site.cookies.read_session(door.request))


def check_same_origin(request: Request, settings: SignInSettings) -> None:
    """Refuse a change that another site asks for: by `Sec-Fetch-Site`, and by `Origin` where a browser lacks it.

    A request with neither comes from no browser of this decade; SameSite=Lax then keeps the session cookie from it.
    """
    site, origin = request.header("sec-fetch-site"), request.header("origin")
    if site not in ("", "same-origin", "none") or (not site and origin not in ("", settings.origin.origin)):
        refuse(Reason.CROSS_SITE_REQUEST, "the request does not come from a page of this service")


def _signed_out(visit: Visit, _ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(_ending, SignedOut)
    cookies = visit.site.cookies
    return redirect(visit.site.settings.origin.path(HOME), (cookies.clear_session(), cookies.clear_trail()))


# Pages without a flow


def _open_refused(door: Door) -> Opened:
    """Show a refusal once more, under an address that holds nothing: the code names the sentence, no more."""
    query = _query(door.request)
    known = {reason.code: reason for reason in Reason}
    reason = known.get(query.get("code", ""), Reason.NOT_FOUND)
    said = query.get("reference", "")
    reference = said if _REFERENCE.fullmatch(said) else ""
    return Answered(page(refused_page(door.site.settings, Failure(reason), reference), reason.status))


def _open_style(_door: Door) -> Opened:
    return Answered(Response(200, STYLE_HEADERS, StyleSheet()))


STYLE_HEADERS = (("cache-control", "public, max-age=3600"), ("x-content-type-options", "nosniff"))

ROUTES: dict[tuple[str, str], Route] = {
    ("GET", START): Route(_open_start, _send_to_provider, _refuse),
    ("GET", CALLBACK): Route(_open_callback, _sign_in, _refuse_callback),
    ("GET", SESSION): Route(_open_session, _tell_session, _tell_refusal),
    ("POST", SIGN_OUT): Route(_open_sign_out, _signed_out, _refuse),
    ("GET", REFUSED): Route(_open_refused, _only, _refuse),
    ("GET", STYLE): Route(_open_style, _only, _refuse),
}
