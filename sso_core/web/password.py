"""The routes of a name and a password, which a function of the host checks.

GET  /sso/password   the form (`return_to`)
POST /sso/password   signs in (`username`, `password`, `return_to`); only from a page of this service
"""

from __future__ import annotations

from sso_core.failures import Failure, Reason
from sso_core.flows.host_login import sign_in_with_password
from sso_core.secret import Secret
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import PASSWORD, STYLE, page, refusal, with_cookies
from sso_core.web.messages import Answered, Response
from sso_core.web.pages import PasswordPage
from sso_core.web.people import check_same_origin
from sso_core.web.proxies import client_address
from sso_core.web.return_to import safe_return_target
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, form_of, no_ending, query_of, refuse_with_page
from sso_core.web.signing_in import signed_in, turned_away


def password_page(settings: SignInSettings, return_to: str, sentence: str = "") -> PasswordPage:
    """Return the form."""
    path = settings.origin.path
    return PasswordPage(settings.password_sign_in, path(PASSWORD), return_to, sentence, path(STYLE))


def _open_form(door: Door) -> Opened:
    settings = door.site.settings
    return_to = safe_return_target(query_of(door.request).get("return_to", ""), settings.origin, settings.landing)
    return Answered(page(password_page(settings, return_to)))


def _open_password(door: Door) -> Opened:
    settings = door.site.settings
    check_same_origin(door.request, settings)
    form = form_of(door.request)
    return sign_in_with_password(
        settings,
        username=form.get("username", ""),
        password=Secret(form.get("password", "")),
        address=client_address(door.request, settings.address_networks),
        return_to=safe_return_target(form.get("return_to", ""), settings.origin, settings.landing),
        former_session=door.site.cookies.read_session(door.request),
        entropy=door.entropy,
    )


def _refuse_password(visit: Visit, failure: Failure) -> Response:
    """Show the form again where the name and the password do not belong together; nothing else is worth a new try."""
    settings, cookies = visit.site.settings, turned_away(visit, failure)
    if failure.reason is not Reason.WRONG_PASSWORD:
        return refusal(settings, failure, visit.reference, cookies)
    return_to = safe_return_target(form_of(visit.request).get("return_to", ""), settings.origin, settings.landing)
    again = page(password_page(settings, return_to, failure.reason.sentence), failure.reason.status)
    return Response(again.status, with_cookies(again.headers, cookies), again.body, failure, visit.reference)


def password_routes(settings: SignInSettings) -> Routes:
    """Return the routes, where the host checks passwords."""
    if not settings.password_sign_in:
        return {}
    return {
        ("GET", PASSWORD): Route(_open_form, no_ending, refuse_with_page),
        ("POST", PASSWORD): Route(_open_password, signed_in, _refuse_password),
    }
