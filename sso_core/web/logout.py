"""The routes by which a provider signs people out, and sends back those who signed out there.

POST /sso/logout/backchannel[/{id}]  takes a logout token (OIDC Back-Channel Logout 2.5), from the provider itself
GET  /sso/logout/return              where the browser comes back to from a sign-out at the provider

There is no front-channel logout (OIDC Front-Channel Logout 1.0): a page of the provider would load ours in a frame, to
which browsers bring no cookie of ours across sites, so that it would end nothing and could not say so.
"""

from __future__ import annotations

from functools import partial

from sso_core.failures import Failure, Reason, refuse
from sso_core.flows.backchannel_logout import backchannel_logout
from sso_core.flows.end_sessions import LoggedOut
from sso_core.flows.sessions import SessionFound, read_session
from sso_core.machine import Resting
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.sign_in import LOGOUT_RETURN, SignInSettings
from sso_core.web.answers import SECURITY_HEADERS, STYLE, UNAVAILABLE, json_answer, page, redirect
from sso_core.web.messages import Response
from sso_core.web.pages import SignedOutPage
from sso_core.web.people import sign_in_choices
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, form_of, refuse_with_page

BAD_REQUEST = 400
OURS = 500


def _open_backchannel(provider: OpenIdProvider, door: Door) -> Opened:
    token = form_of(door.request).get("logout_token")
    if not token:
        refuse(Reason.BAD_LOGOUT_TOKEN, "the form has no logout_token")
    return backchannel_logout(door.site.settings, provider, token=Secret(token), warm=door.warm(provider), now=door.now)


def _logged_out(_visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    """Say that it is done (2.8): nothing to read, and nothing to cache."""
    assert isinstance(ending, LoggedOut)
    return Response(200, SECURITY_HEADERS)


def _refuse_logout(visit: Visit, failure: Failure) -> Response:
    """Tell the provider whether to come again: 400 where the token is at fault (2.8), 503 where it is not."""
    ours = failure.reason.status >= OURS
    told = {
        "error": "temporarily_unavailable" if ours else "invalid_request",
        "error_description": f"{failure.reason.code} (reference {visit.reference})",
    }
    return json_answer(UNAVAILABLE if ours else BAD_REQUEST, told, failure, visit.reference)


def _open_return(door: Door) -> Opened:
    """Look at the browser alone: what the provider, or anybody, writes into the address decides nothing."""
    presented = door.site.cookies.read_session(door.request)
    return read_session(presented, check_interval=door.site.settings.account_check_interval)


def _returned(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    """Tell the person that they are out; whoever never was, or is in again, is told no such thing."""
    settings = visit.site.settings
    if isinstance(ending, SessionFound):
        return redirect(settings.landing)
    return page(SignedOutPage(sign_in_choices(settings, settings.landing), settings.origin.path(STYLE)))


def logout_routes(settings: SignInSettings) -> Routes:
    """Return the way back, and for each provider that signs its word a path for its logout tokens."""
    routes: Routes = {("GET", LOGOUT_RETURN): Route(_open_return, _returned, refuse_with_page)}
    for provider in settings.providers:
        if isinstance(provider, OpenIdProvider):
            backchannel = Route(partial(_open_backchannel, provider), _logged_out, _refuse_logout, provider.provider_id)
            routes["POST", settings.backchannel_logout_path(provider)] = backchannel
    return routes
