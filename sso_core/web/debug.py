"""The routes of the debug page, which is off unless the operator wants it.

GET /sso/debug/login            begins a login to look at (`provider`), for administrators who are signed in
GET /sso/debug/callback[/{id}]  shows what came of it; POST where the provider answers by form_post
"""

from __future__ import annotations

import re
from functools import partial

import attrs

from sso_core.accounts.decision import Decision
from sso_core.failures import Failure
from sso_core.flows.debug_login import (
    Inspection,
    InspectionRefused,
    Passed,
    begin_debug_login,
    finish_debug_login,
)
from sso_core.flows.finish_login import Repeated
from sso_core.flows.inspect_login import Inspected
from sso_core.identity.identity import ShownClaim
from sso_core.machine import Resting
from sso_core.providers.kinds import Provider
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import STYLE, page, redirect
from sso_core.web.callback import authorization_response, callback_method, login_cookie, refuse_callback, spent_login
from sso_core.web.logins import chosen_provider, send_to_provider_response
from sso_core.web.messages import Response
from sso_core.web.pages import DebugPage
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, query_of, refuse_with_page

DEBUG_LOGIN = "/sso/debug/login"
LEFT_OUT = "left out, as it may be a secret"

_SECRET = re.compile(r"token|secret|password|credential|authorization|api_?key|cookie", re.IGNORECASE)
_NAME = re.compile(r'"([^"]*)" ?:')
"""A member's name within a claim that is an object, in JSON text."""


def _open_debug_login(door: Door) -> Opened:
    settings = door.site.settings
    provider = chosen_provider(settings, query_of(door.request).get("provider"))
    return begin_debug_login(
        settings,
        provider,
        session_id=door.site.cookies.read_session(door.request),
        entropy=door.entropy,
        now=door.now,
        warm=door.warm(provider),
    )


def _open_debug_callback(provider: Provider, door: Door) -> Opened:
    response = authorization_response(door.request)
    return finish_debug_login(
        door.site.settings,
        provider,
        response=response,
        cookie=login_cookie(door, response),
        entropy=door.entropy,
        warm=door.warm(provider),
    )


def _show(provider: Provider, visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    if isinstance(ending, Repeated):
        return redirect(visit.site.settings.origin.path(DEBUG_LOGIN))
    assert isinstance(ending, Inspection | InspectionRefused)
    inspected = ending.inspected if isinstance(ending, Inspection) else ending.failure
    body = debug_page(visit.site.settings, provider.provider_id, inspected, ending.timeline)
    shown = page(body, 200 if body.failure is None else body.failure.reason.status, spent_login(provider, visit))
    return attrs.evolve(shown, failure=body.failure, reference=visit.reference)


def debug_page(
    settings: SignInSettings, provider_id: str, inspected: Inspected | Failure, timeline: tuple[Passed, ...]
) -> DebugPage:
    """Return the page that tells of a login that was looked at."""
    path = settings.origin.path
    base = DebugPage(
        provider=provider_id,
        person=(),
        claims=(),
        steps=(),
        changes=(),
        notes=(),
        failure=inspected if isinstance(inspected, Failure) else None,
        timeline=timeline,
        again_path=f"{path(DEBUG_LOGIN)}?provider={provider_id}",
        style_path=path(STYLE),
    )
    if isinstance(inspected, Failure):
        return base
    identity, verdict = inspected.identity, inspected.verdict
    found = attrs.evolve(
        base,
        claims=tuple(redacted(claim) for claim in identity.claims),
        steps=identity.explanation,
        notes=identity.notes,
    )
    person = (
        ("Issuer", identity.issuer),
        ("Subject", identity.subject),
        ("Handle", identity.handle or ""),
        ("E-mail", identity.email or ""),
    )
    if isinstance(verdict, Failure):
        return attrs.evolve(found, person=person, failure=verdict)
    return attrs.evolve(
        found,
        person=(*person, *_account(verdict)),
        steps=verdict.explanation,
        changes=tuple(type(change).__name__ for change in verdict.changes),
    )


def _account(decision: Decision) -> tuple[tuple[str, str], ...]:
    account = decision.account
    return (("Account", account.account_id), ("Role", account.role or ""), ("Teams", ", ".join(account.team_ids)))


def redacted(claim: ShownClaim) -> ShownClaim:
    """Return a claim without its value where its name, or a name within it, says that the value is a secret."""
    names = (claim.name, *_NAME.findall(claim.value))
    return attrs.evolve(claim, value=LEFT_OUT) if any(map(_SECRET.search, names)) else claim


def debug_routes(settings: SignInSettings) -> Routes:
    """Return the routes, where the operator has the page."""
    if not settings.debug_page:
        return {}
    start = Route(_open_debug_login, send_to_provider_response, refuse_with_page, begins_login=True)
    routes = {("GET", DEBUG_LOGIN): start}
    for provider in settings.providers:
        open_, show = partial(_open_debug_callback, provider), partial(_show, provider)
        callback = Route(open_, show, refuse_callback, provider.provider_id)
        routes[callback_method(provider), settings.debug_callback_path(provider)] = callback
    return routes
