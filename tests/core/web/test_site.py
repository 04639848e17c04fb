from __future__ import annotations

from typing import Any

import attrs
import pytest
from browsing import Browser, refused, warm_facts
from scenes import ENTROPY, NOW, OPENID, settings

from sso_core.failures import Reason
from sso_core.flows.sign_out import SignedOut
from sso_core.machine import Resting
from sso_core.web.messages import Request
from sso_core.web.pages import RefusedPage, StyleSheet, UiDisabledPage
from sso_core.web.routing import Visit
from sso_core.web.site import Site

EVERYTHING: dict[str, Any] = {"password_sign_in": True, "debug_page": True}


def test_what_is_not_there_and_what_is_not_offered() -> None:
    assert refused(Browser().send("GET", "/nothing")) is Reason.NOT_FOUND
    assert refused(Browser().send("HEAD", "/sso/callback")) is Reason.METHOD_NOT_ALLOWED
    assert refused(Browser(Site(settings(), home=False)).send("GET", "/")) is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/sso/callback"), ("GET", "/sso/callbacks"), ("PUT", "/sso/cli/poll/x")]
)
def test_an_address_that_may_hold_a_code_is_left(method: str, path: str) -> None:
    left = Browser().send(method, path, "code=c&state=s").header("refresh")
    assert left.startswith("0;url=/sso/refused?code=")
    assert Browser().send(method, path).header("refresh") == ""


def test_nothing_of_a_request_breaks_the_line_that_tells_of_it() -> None:
    failure = Browser().send("PUT\n", "/sso/cli/poll/a\nb").failure
    assert failure is not None
    assert str(failure) == r"method_not_allowed: 'PUT\n' is not for this address"


def test_a_method_of_any_length_is_told_in_a_short_line() -> None:
    failure = Browser().send("PUT" * 1000, "/sso/session").failure
    assert failure is not None
    assert failure.detail == f"'{('PUT' * 11)[:32]}' is not for this address"


@pytest.mark.parametrize("path", ["/sso/callback#x", "/sso/callback/", "//sso/callback", "/sso/callback?code=1"])
def test_only_the_path_itself_says_what_is_asked_for(path: str) -> None:
    assert refused(Browser().send("GET", path)) is Reason.NOT_FOUND


@pytest.mark.parametrize("path", ["/sso/password", "/sso/debug/login", "/sso/debug/callback"])
def test_what_the_operator_does_not_have_is_not_there(path: str) -> None:
    assert refused(Browser().send("GET", path)) is Reason.NOT_FOUND
    assert Browser(Site(settings(**EVERYTHING))).send("GET", path).status != 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/sso/key/generate"),
        ("GET", "/sso/callback"),
        ("GET", "/sso/callback/second"),
        ("GET", "/sso/cli/confirm"),
        ("POST", "/sso/cli/start"),
        ("GET", "/sso/password"),
        ("POST", "/sso/password"),
        ("GET", "/sso/debug/login"),
        ("GET", "/sso/debug/callback"),
    ],
)
def test_where_the_operator_has_closed_sign_in_nothing_else_is_looked_at(method: str, path: str) -> None:
    second = attrs.evolve(OPENID, provider_id="second")
    closed = settings(ui_disabled=True, providers=(OPENID, second), **EVERYTHING)
    response = Browser(Site(closed)).send(method, path, "state=%FF", b"{", sec_fetch_site="cross-site")
    assert refused(response) is Reason.UI_DISABLED
    assert isinstance(response.body, UiDisabledPage)
    assert response.header("refresh").startswith("0;url=/sso/refused?code=ui_disabled&reference=")
    assert Browser(Site(closed)).send(method, path).header("refresh") == ""
    assert "frame-ancestors 'none'" in dict(response.headers)["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/sso/liveness", 200), ("GET", "/sso/session", 401), ("POST", "/sso/sign-out", 303)],
)
def test_programs_and_whoever_wants_to_leave_are_served_all_the_same(method: str, path: str, status: int) -> None:
    assert Browser(Site(settings(ui_disabled=True))).send(method, path).status == status


@pytest.mark.parametrize(
    ("query", "code", "reference"),
    [
        ("code=wrong_nonce&reference=0a1b", "wrong_nonce", "0a1b"),
        ("code=nonsense&reference=<script>", "not_found", ""),
    ],
)
def test_a_refusal_is_shown_under_an_address_that_holds_nothing(query: str, code: str, reference: str) -> None:
    page = Browser().send("GET", "/sso/refused", query).body
    assert isinstance(page, RefusedPage)
    assert (page.code, page.reference) == (code, reference)


def test_the_style_sheet_may_be_cached() -> None:
    response = Browser().send("GET", "/sso/style.css")
    assert response.body == StyleSheet()
    assert "public" in dict(response.headers)["cache-control"]


def test_a_route_given_an_ending_of_another_is_a_bug() -> None:
    visit: Visit = Browser().site.visit(Request("GET", "/nothing"), entropy=ENTROPY, now=NOW, warm=warm_facts)
    ending: Resting = SignedOut()
    with pytest.raises(AssertionError, match="SignedOut"):
        visit.respond(ending)
