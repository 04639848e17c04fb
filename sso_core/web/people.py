"""The routes of people who have signed in: who they are, and out again.

GET  /              who you are, or the way to sign in
GET  /sso/session   the same for programs
POST /sso/sign-out  ends the session
"""

from __future__ import annotations

from sso_core.failures import Reason, refuse
from sso_core.flows.sessions import NoSession, SessionFound, SignedOut, read_session, sign_out
from sso_core.machine import Resting
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import START, STYLE, json_answer, page, redirect
from sso_core.web.messages import Request, Response
from sso_core.web.pages import HomePage, SignInChoice
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, refuse_with_json, refuse_with_page
from sso_core.wire import encode_form

SESSION = "/sso/session"
SIGN_OUT = "/sso/sign-out"
HOME = "/"


def _open_session(door: Door) -> Opened:
    return read_session(door.site.cookies.read_session(door.request))


def _show_home(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, SessionFound | NoSession)
    session = ending.session if isinstance(ending, SessionFound) else None
    trail = visit.site.cookies.read_trail(visit.request) if session else ()
    settings = visit.site.settings
    path = settings.origin.path
    return page(HomePage(session, trail, sign_in_choices(settings), path(SIGN_OUT), path(STYLE)))


def sign_in_choices(settings: SignInSettings) -> tuple[SignInChoice, ...]:
    """Return the ways to sign in: one for each provider, by its label."""
    start, providers = settings.origin.path(START), settings.providers
    if len(providers) == 1:
        return (SignInChoice(providers[0].label, start),)
    return tuple(
        SignInChoice(
            provider.label or provider.provider_id, f"{start}?{encode_form([('provider', provider.provider_id)])}"
        )
        for provider in providers
    )


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


def people_routes(*, home: bool) -> Routes:
    """Return the routes; a host that has a page of its own at `/` leaves ours out."""
    routes = {
        ("GET", SESSION): Route(_open_session, _tell_session, refuse_with_json),
        ("POST", SIGN_OUT): Route(_open_sign_out, _signed_out, refuse_with_page),
    }
    if home:
        routes["GET", HOME] = Route(_open_session, _show_home, refuse_with_page)
    return routes
