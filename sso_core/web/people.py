"""The routes of people who have signed in: who they are, and out again.

GET  /              who you are, or the way to sign in
GET  /sso/session   the same for programs, which may present a bearer token instead of a cookie
POST /sso/sign-out  ends the session, or all of the account (`everywhere=1`); a command line's by its bearer token.
                    Where the operator wishes, the browser goes on to sign out at the provider
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.provider_logout import SentToSignOut, SignOut, providers_to_leave, sign_out_at_provider
from sso_core.flows.sessions import NoSession, ReadingKey, ReadingSession, SessionFound, read_bearer, read_session
from sso_core.flows.sign_out import SignedOut, sign_out, sign_out_everywhere
from sso_core.machine import Resting
from sso_core.secret import Secret
from sso_core.sessions.tokens import cli_session_id
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import PASSWORD, START, STYLE, json_answer, onward, page, redirect
from sso_core.web.messages import Request, Response
from sso_core.web.pages import HomePage, SignInChoice
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, query_of, refuse_with_json, refuse_with_page
from sso_core.wire import encode_form

if TYPE_CHECKING:
    from sso_core.web.site import Site

SESSION = "/sso/session"
SIGN_OUT = "/sso/sign-out"
HOME = "/"
EVERYWHERE = SIGN_OUT + "?everywhere=1"


def who_is_it(site: Site, request: Request) -> ReadingSession | ReadingKey | NoSession:
    """Begin to find out who is behind a request.

    Whoever presents a bearer token is known by it or not at all: a cookie that came along is not looked at.
    """
    tokens = _bearer_tokens(request)
    settings = site.settings
    if not tokens:
        return read_session(site.cookies.read_session(request), check_interval=settings.account_check_interval)
    if len(tokens) > 1:
        return NoSession()
    return read_bearer(settings.session_keys, tokens[0], check_interval=settings.account_check_interval)


def _bearer_tokens(request: Request) -> list[Secret]:
    presented = (value.partition(" ") for value in request.all_headers("authorization"))
    return [Secret(token) for scheme, _, token in presented if scheme.lower() == "bearer"]


def _open_session(door: Door) -> Opened:
    return who_is_it(door.site, door.request)


def _open_home(door: Door) -> Opened:
    presented = door.site.cookies.read_session(door.request)
    return read_session(presented, check_interval=door.site.settings.account_check_interval)


def _show_home(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, SessionFound | NoSession)
    session = ending.session if isinstance(ending, SessionFound) else None
    trail = visit.site.cookies.read_trail(visit.request) if session else ()
    settings = visit.site.settings
    path = settings.origin.path
    choices = sign_in_choices(settings, settings.landing)
    return page(HomePage(session, trail, choices, path(SIGN_OUT), path(EVERYWHERE), path(STYLE)))


def sign_in_choices(settings: SignInSettings, return_to: str) -> tuple[SignInChoice, ...]:
    """Return the ways to sign in that lead to `return_to`: one for each provider, by its label, and the password."""
    providers = settings.providers
    if len(providers) == 1:
        choices = [SignInChoice(providers[0].label, _way(settings, START, return_to))]
    else:
        choices = [
            SignInChoice(
                each.label or each.provider_id, _way(settings, START, return_to, ("provider", each.provider_id))
            )
            for each in providers
        ]
    if settings.password_sign_in:
        choices.append(SignInChoice("a password", _way(settings, PASSWORD, return_to)))
    return tuple(choices)


def _way(settings: SignInSettings, path: str, return_to: str, *pairs: tuple[str, str]) -> str:
    target = () if return_to == settings.landing else (("return_to", return_to),)
    query = encode_form([*pairs, *target])
    return settings.origin.path(path) + (f"?{query}" if query else "")


def _tell_session(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    if isinstance(ending, NoSession):
        reason = Reason.INVALID_KEY if _bearer_tokens(visit.request) else Reason.NOT_SIGNED_IN
        return json_answer(reason.status, {"signed_in": False, "error": reason.code})
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
        "handle": session.handle,
        "role": session.role,
        "teams": list(session.team_ids),
        "team_id": session.team_id,
        "kind": session.kind.value,
        "signed_in_at": session.signed_in_at,
        "expires_at": session.expires_at if isfinite(session.expires_at) else None,
    }
    return json_answer(200, person)


def _open_sign_out(door: Door) -> Opened:
    settings, tokens = door.site.settings, _bearer_tokens(door.request)
    if tokens:
        # A token is nothing that a browser adds by itself, so no other site can make it do this.
        token_id = cli_session_id(settings.session_keys, tokens[0]) if len(tokens) == 1 else None
        if token_id is None:
            refuse(Reason.INVALID_KEY, "the token is no command line's; a personal key is revoked instead")
        return sign_out(token_id)
    check_same_origin(door.request, settings)
    session_id = door.site.cookies.read_session(door.request)
    everywhere = query_of(door.request).get("everywhere", "") == "1"
    to_leave = tuple((provider, door.warm(provider).metadata) for provider in providers_to_leave(settings))
    if to_leave:
        return sign_out_at_provider(SignOut(settings, door.entropy.state, everywhere, to_leave), session_id)
    if everywhere:
        return sign_out_everywhere(session_id, longest=settings.longest_session)
    return sign_out(session_id)


def check_same_origin(request: Request, settings: SignInSettings) -> None:
    """Refuse a change that another site asks for: by `Sec-Fetch-Site`, and by `Origin` where a browser lacks it.

    A request with neither comes from no browser of this decade; SameSite=Lax then keeps the session cookie from it.
    """
    site, origin = request.header("sec-fetch-site"), request.header("origin")
    if site not in ("", "same-origin", "none") or (not site and origin not in ("", settings.origin.origin)):
        refuse(Reason.CROSS_SITE_REQUEST, "the request does not come from a page of this service")


def _signed_out(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, SignedOut | SentToSignOut)
    if _bearer_tokens(visit.request):
        return json_answer(200, {"signed_in": False})
    settings, cookies = visit.site.settings, visit.site.cookies.clear_person()
    if isinstance(ending, SentToSignOut):
        return onward(settings, redirect(ending.location, cookies))
    return redirect(settings.origin.path(HOME), cookies)


def _not_signed_out(visit: Visit, failure: Failure) -> Response:
    return (refuse_with_json if _bearer_tokens(visit.request) else refuse_with_page)(visit, failure)


PEOPLE_ROUTES: Routes = {
    ("GET", SESSION): Route(_open_session, _tell_session, refuse_with_json),
    ("POST", SIGN_OUT): Route(_open_sign_out, _signed_out, _not_signed_out),
}


def home_routes(*, home: bool) -> Routes:
    """Return the page at `/`; a host that has one of its own leaves ours out."""
    return {("GET", HOME): Route(_open_home, _show_home, refuse_with_page)} if home else {}
