from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from browsing import Browser, refused, told
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, settings

from sso_core.failures import Reason
from sso_core.records import ApiKey, Membership
from sso_core.secret import Secret
from sso_core.sessions.session import session_of
from sso_core.sessions.tokens import api_key, api_key_hash
from sso_core.settings.sign_in import KeyHolders
from sso_core.web.messages import Response
from sso_core.web.site import Site

SESSION = attrs.evolve(
    session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9), team_ids=("blue",)
)
OPEN = settings(key_holders=KeyHolders.EVERYBODY, key_ttl=100)
SECRET = api_key(ENTROPY.api_key)


def signed_in(site: Site | None = None) -> Browser:
    browser = Browser(site or Site(OPEN), account=ACCOUNT)
    browser.holds(SESSION)
    return browser


def post(browser: Browser, path: str, document: object, **headers: str) -> Response:
    return browser.send("POST", path, "", json.dumps(document).encode(), content_type="application/json", **headers)


def test_a_key_is_shown_once_works_and_ends() -> None:
    browser = signed_in()
    asked = {"name": "ci", "expires_in": 60, "team_id": "blue"}
    document = told(post(browser, "/sso/keys", asked, sec_fetch_site="same-origin"))
    assert document == {
        "key": SECRET.reveal(),
        "key_id": api_key_hash(SECRET),
        "name": "ci",
        "expires_at": NOW + 60,
        "team_id": "blue",
    }
    program = Browser(browser.site, account=attrs.evolve(ACCOUNT, memberships=(Membership("blue"),)))
    program.keys = browser.keys
    bearer = f"Bearer {document['key']}"
    assert told(program.send("GET", "/sso/session", authorization=bearer))["team_id"] == "blue"
    assert told(post(browser, "/sso/keys/revoke", {"key_id": document["key_id"]})) == {"revoked": True}
    assert program.send("GET", "/sso/session", authorization=bearer).status == 401


def test_a_key_is_revoked_by_itself_too_and_only_by_its_person() -> None:
    browser = signed_in()
    post(browser, "/sso/keys", {})
    other = api_key(Secret("o" * 43))
    browser.keys[api_key_hash(other)] = ApiKey(api_key_hash(other), "a2", "theirs", created_at=NOW)
    assert refused(post(browser, "/sso/keys/revoke", {"key": other.reveal()})) is Reason.NOT_FOUND
    assert told(post(browser, "/sso/keys/revoke", {"key": SECRET.reveal()})) == {"revoked": True}
    assert list(browser.keys) == [api_key_hash(other)]


@pytest.mark.parametrize("path", ["/sso/keys", "/sso/keys/revoke"])
def test_another_site_and_whoever_is_not_signed_in_get_nothing(path: str) -> None:
    said = {"key_id": "hash"} if path.endswith("revoke") else {}
    assert refused(post(signed_in(), path, said, sec_fetch_site="cross-site")) is Reason.CROSS_SITE_REQUEST
    assert refused(post(Browser(Site(OPEN)), path, said)) is Reason.NOT_SIGNED_IN
    form = signed_in().send("POST", path, "", b"name=ci", content_type="application/x-www-form-urlencoded")
    assert refused(form) is Reason.MALFORMED_CALLBACK


def test_a_key_begets_no_key() -> None:
    browser = signed_in()
    post(browser, "/sso/keys", {})
    browser.cookies = {}
    response = post(browser, "/sso/keys", {}, authorization=f"Bearer {SECRET.reveal()}")
    assert refused(response) is Reason.NOT_SIGNED_IN


def test_nobody_gets_a_key_unless_the_operator_says_so() -> None:
    assert refused(post(signed_in(Site(settings())), "/sso/keys", {})) is Reason.SWITCHED_OFF


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/sso/keys", {"name": 5}),
        ("/sso/keys", {"team_id": ["blue"]}),
        ("/sso/keys", {"expires_in": 0}),
        ("/sso/keys", {"expires_in": -1}),
        ("/sso/keys", {"expires_in": True}),
        ("/sso/keys", {"expires_in": "60"}),
        ("/sso/keys/revoke", {}),
        ("/sso/keys/revoke", {"key": "a", "key_id": "b"}),
        ("/sso/keys/revoke", {"key": 5}),
    ],
)
def test_what_makes_no_sense_is_refused(path: str, document: dict[str, Any]) -> None:
    response = post(signed_in(), path, document)
    assert refused(response) is Reason.MALFORMED_CALLBACK
    assert told(response)["error"] == "malformed_callback"
