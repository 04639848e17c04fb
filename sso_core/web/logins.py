"""The routes of a login: to the provider, and back.

GET  /sso/key/generate      begins one (`return_to`, `provider`)
GET  /sso/callback[/{id}]   finishes one; POST where the provider answers by form_post
"""

from __future__ import annotations

from functools import partial

from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.enter import SignedIn
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin, finish_login
from sso_core.machine import Resting
from sso_core.oauth.authorization import AuthorizationResponse, parse_authorization_response
from sso_core.providers.kinds import Provider, ResponseMode
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import START, STYLE, page, redirect, refusal
from sso_core.web.messages import BODY_LIMIT, Answered, Request, Response
from sso_core.web.pages import CliApprovedPage, ConfirmStartPage
from sso_core.web.return_to import safe_return_target
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, query_of, refuse_with_page
from sso_core.wire import WireError, encode_form, parse_form

# Starting a login


def _open_start(door: Door) -> Opened:
    query = query_of(door.request)
    settings = door.site.settings
    return_to = safe_return_target(query.get("return_to", ""), settings.origin)
    if door.request.header("sec-fetch-site") == "cross-site":
        pairs = [("return_to", return_to)] + ([("provider", query["provider"])] if "provider" in query else [])
        address = settings.origin.path(START) + "?" + encode_form(pairs)
        return Answered(page(ConfirmStartPage(address, settings.origin.path(STYLE))))
    provider = chosen_provider(settings, query.get("provider"))
    warm = door.warm(provider)
    return begin_login(settings, provider, return_to=return_to, entropy=door.entropy, now=door.now, warm=warm)


def chosen_provider(settings: SignInSettings, provider_id: str | None) -> Provider:
    """Return the provider that a start names; the first one where it names none. Refuses with UNKNOWN_PROVIDER."""
    if not settings.providers:
        refuse(Reason.NO_PROVIDER, "no provider is set up")
    if provider_id is None:
        return settings.providers[0]
    known = {provider.provider_id: provider for provider in settings.providers}
    if provider_id not in known:
        refuse(Reason.UNKNOWN_PROVIDER, "the start names a provider that is not set up")
    return known[provider_id]


def send_to_provider_response(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    """Send the browser to the provider, with the cookie that binds the login to it."""
    assert isinstance(ending, SentToProvider)
    cookies = visit.site.cookies
    surplus = [cookies.clear_login(name) for name in cookies.surplus_logins(visit.request)]
    binding = cookies.set_login(ending.state, ending.cookie, ending.lifetime, ending.response_mode)
    return redirect(ending.location, (*surplus, binding), ending.afterwards)


# Finishing a login


def _authorization_response(request: Request) -> AuthorizationResponse:
    return parse_authorization_response(query_of(request) if request.method == "GET" else form_of(request))


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, each once; refuses with REQUEST_TOO_LARGE or MALFORMED_CALLBACK."""
    if request.body is None:
        refuse(Reason.REQUEST_TOO_LARGE, f"the form is larger than {BODY_LIMIT} bytes")
    content_type = request.header("content-type").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        refuse(Reason.MALFORMED_CALLBACK, "the body is no form")
    try:
        return parse_form(request.body, limit=BODY_LIMIT)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the form cannot be read: {error}")


def _open_callback(provider: Provider, door: Door) -> Opened:
    response, cookies = _authorization_response(door.request), door.site.cookies
    cookie = cookies.read_login(door.request, response.state)
    if cookie is not None:
        cookie = cookie.leading_to(safe_return_target(cookie.return_to, door.site.settings.origin))
    return finish_login(
        door.site.settings,
        provider,
        response=response,
        cookie=cookie,
        former_session=cookies.read_session(door.request),
        entropy=door.entropy,
        warm=door.warm(provider),
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


def _sign_in(provider: Provider, visit: Visit, ending: Resting, trail: tuple[str, ...]) -> Response:
    if isinstance(ending, Repeated):
        return redirect(ending.return_to)
    spent = _spent_login(provider, visit)
    if isinstance(ending, CliApproved):
        return _approved(visit, ending, spent)
    assert isinstance(ending, SignedIn)
    site = visit.site
    cookies = [site.cookies.set_session(ending.session_id, site.settings.session_ttl), *spent]
    if trail:
        cookies.append(site.cookies.set_trail(trail))
    return redirect(ending.return_to, tuple(cookies))


def _spent_login(provider: Provider, visit: Visit) -> tuple[str, ...]:
    """Return the cookie that remembers where the login went, and is good for nothing else."""
    login = _login_of(visit)
    if login is None:
        return ()
    state, cookie = login
    site = visit.site
    return (site.cookies.set_login(state, cookie.spent(), site.settings.login_ttl, provider.response_mode),)


def _approved(visit: Visit, ending: CliApproved, cookies: tuple[str, ...]) -> Response:
    """Send the person back to the terminal: the command line is signed in, and this browser is not."""
    if ending.location is not None:
        return redirect(ending.location, cookies)
    style_path = visit.site.settings.origin.path(STYLE)
    return page(CliApprovedPage(ending.client, ending.session.display_name, style_path), cookies=cookies)


def _refuse_callback(visit: Visit, failure: Failure) -> Response:
    """Refuse, leave the address that holds the code, and unbind the login unless the same callback may come again."""
    login = None if failure.reason.resumable else _login_of(visit)
    dropped = () if login is None else (visit.site.cookies.drop_login(login[0]),)
    return refusal(visit.site.settings, failure, visit.reference, dropped, leave=True)


def login_routes(settings: SignInSettings) -> Routes:
    """Return the start, and a callback for each provider: a code comes back where its own provider sends it."""
    routes = {("GET", START): Route(_open_start, send_to_provider_response, refuse_with_page)}
    for provider in settings.providers:
        method = "POST" if provider.response_mode is ResponseMode.FORM_POST else "GET"
        callback = Route(partial(_open_callback, provider), partial(_sign_in, provider), _refuse_callback)
        routes[method, settings.callback_path(provider)] = callback
    return routes
