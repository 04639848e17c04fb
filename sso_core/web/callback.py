"""What every callback shares: the provider's words, the login cookie that belongs to them, and what becomes of it."""

from __future__ import annotations

from sso_core.failures import Failure, Refusal
from sso_core.flows.finish_login import TakingLogin, TakingSealedLogin
from sso_core.oauth.authorization import AuthorizationResponse, parse_authorization_response
from sso_core.providers.kinds import Provider, ResponseMode
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.web.answers import refusal
from sso_core.web.messages import Request, Response
from sso_core.web.return_to import safe_return_target
from sso_core.web.routing import Door, Visit, form_of, query_of


def callback_method(provider: Provider) -> str:
    """Return the method by which the provider's answer comes."""
    return "POST" if provider.response_mode is ResponseMode.FORM_POST else "GET"


def authorization_response(request: Request) -> AuthorizationResponse:
    """Return what the provider says through the browser; refuses what cannot be read."""
    return parse_authorization_response(query_of(request) if request.method == "GET" else form_of(request))


def login_cookie(door: Door, response: AuthorizationResponse) -> LoginCookie | None:
    """Return the browser's cookie for the login that came back, its return target checked; None where it has none."""
    settings = door.site.settings
    cookie = door.site.cookies.read_login(door.request, response.state)
    if cookie is None:
        return None
    return cookie.leading_to(safe_return_target(cookie.return_to, settings.origin, settings.landing))


def bound_login(visit: Visit) -> tuple[str, LoginCookie] | None:
    """Return the state and the cookie of the login that came back, if the browser has its cookie."""
    if isinstance(visit.state, TakingLogin | TakingSealedLogin):
        attempt = visit.state.attempt
        return attempt.response.state.reveal(), attempt.cookie
    try:
        state = authorization_response(visit.request).state
        cookie = visit.site.cookies.read_login(visit.request, state)
    except Refusal:
        return None
    return None if cookie is None else (state.reveal(), cookie)


def spent_login(provider: Provider, visit: Visit) -> tuple[str, ...]:
    """Return the cookie that remembers of a login only where it went, so that a repeated callback finds the way."""
    login = bound_login(visit)
    if login is None:
        return ()
    state, cookie = login
    ttl = visit.site.settings.login_ttl
    return (visit.site.cookies.set_login(state, cookie.spent(), ttl, provider.response_mode),)


def refuse_callback(visit: Visit, failure: Failure, *others: str) -> Response:
    """Refuse, leave the address that holds the code, and unbind the login unless the same callback may come again."""
    login = None if failure.reason.resumable else bound_login(visit)
    dropped = () if login is None else (visit.site.cookies.drop_login(login[0]),)
    return refusal(visit.site.settings, failure, visit.reference, (*dropped, *others), leave=True)
