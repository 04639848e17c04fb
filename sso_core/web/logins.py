"""The routes of a login: to the provider, and back.

GET  /sso/key/generate      begins one (`return_to`, `provider`), or asks which one
GET  /sso/callback[/{id}]   finishes one; POST where the provider answers by form_post
"""

from __future__ import annotations

from functools import partial

from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.finish_login import Repeated, finish_login
from sso_core.flows.host_login import sign_in_by_headers
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import SignedIn
from sso_core.machine import Resting
from sso_core.providers.kinds import Provider
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import START, STYLE, page, redirect, refusal
from sso_core.web.callback import authorization_response, callback_method, login_cookie, refuse_callback, spent_login
from sso_core.web.messages import Answered, Response
from sso_core.web.pages import ChoicePage, CliApprovedPage, ConfirmStartPage
from sso_core.web.password import password_page
from sso_core.web.people import sign_in_choices
from sso_core.web.proxies import is_trusted_proxy, vouching_headers
from sso_core.web.return_to import safe_return_target
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, query_of
from sso_core.web.signing_in import signed_in, turned_away
from sso_core.wire import encode_form

# Starting a login


def _open_start(door: Door) -> Opened:
    query = query_of(door.request)
    settings = door.site.settings
    return_to = safe_return_target(query.get("return_to", ""), settings.origin, settings.landing)
    if door.request.header("sec-fetch-site") == "cross-site":
        pairs = [("return_to", return_to)] + ([("provider", query["provider"])] if "provider" in query else [])
        address = settings.origin.path(START) + "?" + encode_form(pairs)
        return Answered(page(ConfirmStartPage(address, settings.origin.path(STYLE))))
    named = query.get("provider")
    if named is None and is_trusted_proxy(door.request.peer, settings.proxy_networks):
        return _open_by_headers(door, return_to)
    if named is None and not settings.providers:
        return Answered(page(password_page(settings, return_to)))
    if named is None and len(settings.providers) > 1:
        return Answered(page(ChoicePage(sign_in_choices(settings, return_to), settings.origin.path(STYLE))))
    provider = chosen_provider(settings, named)
    warm = door.warm(provider)
    return begin_login(settings, provider, return_to=return_to, entropy=door.entropy, now=door.now, warm=warm)


def _open_by_headers(door: Door, return_to: str) -> Opened:
    """Let the host say for whom its own proxy vouches."""
    return sign_in_by_headers(
        door.site.settings,
        headers=vouching_headers(door.request.headers),
        return_to=return_to,
        former_session=door.site.cookies.read_session(door.request),
        entropy=door.entropy,
    )


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


def _started(visit: Visit, ending: Resting, trail: tuple[str, ...]) -> Response:
    if isinstance(ending, SignedIn):
        return signed_in(visit, ending, trail)
    return send_to_provider_response(visit, ending, trail)


def _refuse_start(visit: Visit, failure: Failure) -> Response:
    return refusal(visit.site.settings, failure, visit.reference, turned_away(visit, failure))


def send_to_provider_response(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    """Send the browser to the provider, with the cookie that binds the login to it."""
    assert isinstance(ending, SentToProvider)
    cookies = visit.site.cookies
    surplus = [cookies.clear_login(name) for name in cookies.surplus_logins(visit.request)]
    binding = cookies.set_login(ending.state, ending.cookie, ending.lifetime, ending.response_mode)
    return redirect(ending.location, (*surplus, binding), ending.afterwards)


# Finishing a login


def _open_callback(provider: Provider, door: Door) -> Opened:
    response = authorization_response(door.request)
    return finish_login(
        door.site.settings,
        provider,
        response=response,
        cookie=login_cookie(door, response),
        former_session=door.site.cookies.read_session(door.request),
        entropy=door.entropy,
        warm=door.warm(provider),
    )


def _finished(provider: Provider, visit: Visit, ending: Resting, trail: tuple[str, ...]) -> Response:
    match ending:
        case Repeated(return_to):
            return redirect(return_to)
        case CliApproved():
            return _back_to_terminal(visit, ending, spent_login(provider, visit))
        case Inspected():
            return _refused(visit, Failure(Reason.NO_PENDING_LOGIN, "the login was begun on the debug page"))
        case _:
            return signed_in(visit, ending, trail, *spent_login(provider, visit))


def _back_to_terminal(visit: Visit, ending: CliApproved, cookies: tuple[str, ...]) -> Response:
    """Send the person back to the command line; this browser is not signed in by it."""
    if ending.location is not None:
        return redirect(ending.location, cookies)
    name = ending.session.display_name
    return page(CliApprovedPage(ending.client, name, visit.site.settings.origin.path(STYLE)), cookies=cookies)


def _refused(visit: Visit, failure: Failure) -> Response:
    return refuse_callback(visit, failure, *turned_away(visit, failure))


def login_routes(settings: SignInSettings) -> Routes:
    """Return the start, and a callback for each provider: a code comes back where its own provider sends it."""
    routes = {("GET", START): Route(_open_start, _started, _refuse_start, begins_login=True)}
    for provider in settings.providers:
        open_, finished = partial(_open_callback, provider), partial(_finished, provider)
        callback = Route(open_, finished, _refused, provider.provider_id)
        routes[callback_method(provider), settings.callback_path(provider)] = callback
    return routes
