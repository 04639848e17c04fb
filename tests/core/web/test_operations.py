from __future__ import annotations

from typing import Any

import pytest
from browsing import Browser, told
from scenes import ACCOUNT, IDENTITY, NOW, settings

from sso_core.effects import Effect, ReadKey
from sso_core.events import DirectoryUnreachable, Event
from sso_core.records import ApiKey
from sso_core.secret import Secret
from sso_core.sessions.session import session_of
from sso_core.sessions.tokens import api_key, api_key_hash
from sso_core.settings.ui import UiSettings
from sso_core.web.operations import ui_settings
from sso_core.web.site import Site

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
KEY = api_key(Secret("k" * 43))


class WithoutDirectory(Browser):
    def perform(self, effect: Effect) -> Event:
        return DirectoryUnreachable("down") if isinstance(effect, ReadKey) else super().perform(effect)


def keyed(browser: Browser) -> dict[str, Any]:
    browser.account = ACCOUNT
    browser.keys[api_key_hash(KEY)] = ApiKey(api_key_hash(KEY), "a1", "ci", created_at=NOW)
    return {"authorization": f"Bearer {KEY.reveal()}"}


def test_a_process_that_answers_is_alive() -> None:
    response = Browser().send("GET", "/sso/liveness")
    assert (response.status, told(response)) == (200, {"status": "alive"})
    assert dict(response.headers)["content-type"] == "application/json"


def test_anybody_may_ask_whether_people_can_sign_in() -> None:
    response = Browser().send("GET", "/sso/readiness")
    assert (response.status, told(response)) == (200, {"status": "healthy"})


def test_whoever_is_signed_in_or_has_a_key_is_told_more() -> None:
    expected = {
        "status": "healthy",
        "sso_configured": True,
        "provider": "generic",
        "providers": ["generic"],
        "store": True,
        "directory": True,
    }
    browser = Browser()
    browser.holds(SESSION)
    assert told(browser.send("GET", "/sso/readiness")) == expected
    program = Browser()
    headers = keyed(program)
    assert told(program.send("GET", "/sso/readiness", **headers)) == expected


def test_without_a_provider_all_is_well_and_nothing_is_configured() -> None:
    browser = Browser(Site(settings(providers=())))
    browser.holds(SESSION)
    response = browser.send("GET", "/sso/readiness")
    document = told(response)
    assert (response.status, document["sso_configured"], document["provider"]) == (200, False, None)


def test_where_something_is_down_nobody_is_sent_here() -> None:
    for down in (Browser(), WithoutDirectory()):
        down.down = not isinstance(down, WithoutDirectory)
        response = down.send("GET", "/sso/readiness")
        assert (response.status, told(response)) == (503, {"status": "unhealthy"})
        assert "retry-after" in dict(response.headers)
    known = WithoutDirectory()
    known.holds(SESSION)
    document = told(known.send("GET", "/sso/readiness"))
    assert (document["store"], document["directory"]) == (True, False)


def test_an_interface_is_told_its_settings_once_somebody_is_signed_in() -> None:
    browser = Browser()
    response = browser.send("GET", "/sso/get/ui_settings")
    assert (response.status, told(response)) == (401, {"error": "not_signed_in"})
    browser.holds(SESSION)
    assert told(browser.send("GET", "/sso/get/ui_settings"))["PROXY_BASE_URL"] == "https://app.example"
    program = Browser()
    headers = keyed(program)
    assert program.send("GET", "/sso/get/ui_settings", **headers).status == 200


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, "PROXY_BASE_URL", "https://app.example"),
        ({"ui": UiSettings(proxy_base_url="https://p.example")}, "PROXY_BASE_URL", "https://p.example"),
        ({"ui": UiSettings(logout_url="https://out.example")}, "PROXY_LOGOUT_URL", "https://out.example"),
        ({"ui": UiSettings(api_doc_base_url="https://d.example")}, "LITELLM_UI_API_DOC_BASE_URL", "https://d.example"),
        ({"ui": UiSettings(default_team_disabled=True)}, "DEFAULT_TEAM_DISABLED", True),
        ({}, "SSO_ENABLED", True),
        ({"providers": ()}, "SSO_ENABLED", False),
        ({"ui": UiSettings(log_rows=5)}, "NUM_SPEND_LOGS_ROWS", 5),
        ({}, "DISABLE_EXPENSIVE_DB_QUERIES", False),
        ({"ui": UiSettings(log_rows=5, log_rows_limit=5)}, "DISABLE_EXPENSIVE_DB_QUERIES", False),
        ({"ui": UiSettings(log_rows=6, log_rows_limit=5)}, "DISABLE_EXPENSIVE_DB_QUERIES", True),
    ],
)
def test_the_settings_are_those_of_the_reference(changes: dict[str, Any], name: str, expected: object) -> None:
    assert ui_settings(settings(**changes))[name] == expected
