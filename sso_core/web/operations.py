"""The routes for those who run the service, and for a user interface beside it.

GET /sso/liveness          whether the process answers
GET /sso/readiness         whether people can sign in; more for whoever is signed in or presents a key
GET /sso/get/ui_settings   what a user interface is told; needs a session or a key
"""

from __future__ import annotations

from sso_core.failures import Reason
from sso_core.flows.readiness import Readiness, check_readiness
from sso_core.flows.sessions import NoSession, ReadingKey, ReadingSession, SessionFound
from sso_core.machine import Resting
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.answers import UNAVAILABLE, json_answer
from sso_core.web.messages import Answered, Response
from sso_core.web.people import who_is_it
from sso_core.web.routing import Door, Opened, Route, Routes, Visit, no_ending, refuse_with_json

LIVENESS = "/sso/liveness"
READINESS = "/sso/readiness"
UI_SETTINGS = "/sso/get/ui_settings"


def _open_liveness(_door: Door) -> Opened:
    return Answered(json_answer(200, {"status": "alive"}))


def _open_readiness(door: Door) -> Opened:
    reading = who_is_it(door.site, door.request)
    session = reading.key if isinstance(reading, ReadingSession) else None
    return check_readiness(session, reading.key_hash if isinstance(reading, ReadingKey) else None)


def _tell_readiness(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    assert isinstance(ending, Readiness)
    told: dict[str, object] = {"status": "healthy" if ending.is_ready else "unhealthy"}
    if ending.known:
        providers = [provider.provider_id for provider in visit.site.settings.providers]
        told |= {
            "sso_configured": bool(providers),
            "provider": providers[0] if providers else None,
            "providers": providers,
            "store": ending.store,
            "directory": ending.directory,
        }
    return json_answer(200 if ending.is_ready else UNAVAILABLE, told)


def _open_ui_settings(door: Door) -> Opened:
    return who_is_it(door.site, door.request)


def _tell_ui_settings(visit: Visit, ending: Resting, _trail: tuple[str, ...]) -> Response:
    if isinstance(ending, NoSession):
        return json_answer(Reason.NOT_SIGNED_IN.status, {"error": Reason.NOT_SIGNED_IN.code})
    assert isinstance(ending, SessionFound)
    return json_answer(200, ui_settings(visit.site.settings))


def ui_settings(settings: SignInSettings) -> dict[str, object]:
    """Return the values under the names by which the reference's interface asks for them."""
    ui = settings.ui
    return {
        "PROXY_BASE_URL": ui.proxy_base_url or settings.origin.base,
        "PROXY_LOGOUT_URL": ui.logout_url,
        "LITELLM_UI_API_DOC_BASE_URL": ui.api_doc_base_url,
        "DEFAULT_TEAM_DISABLED": ui.default_team_disabled,
        "SSO_ENABLED": bool(settings.providers),
        "NUM_SPEND_LOGS_ROWS": ui.log_rows,
        "DISABLE_EXPENSIVE_DB_QUERIES": ui.log_rows is not None and ui.log_rows > ui.log_rows_limit,
    }


OPERATIONS_ROUTES: Routes = {
    ("GET", LIVENESS): Route(_open_liveness, no_ending, refuse_with_json),
    ("GET", READINESS): Route(_open_readiness, _tell_readiness, refuse_with_json),
    ("GET", UI_SETTINGS): Route(_open_ui_settings, _tell_ui_settings, refuse_with_json),
}
