from __future__ import annotations

import attrs
import pytest
from browsing import FORM, Browser, cookies_set, refused, warm_facts
from scenes import ENTROPY, NOW, OPENID, settings

from sso_core.failures import Failure, Reason
from sso_core.flows.finish_login import TakingLogin
from sso_core.machine import Failed
from sso_core.oauth.authorization import CodeGranted
from sso_core.providers.kinds import ResponseMode
from sso_core.secret import Secret
from sso_core.web.callback import (
    authorization_response,
    bound_login,
    callback_method,
    login_cookie,
    refuse_callback,
    spent_login,
)
from sso_core.web.messages import Request
from sso_core.web.routing import Door, Visit
from sso_core.web.site import Site

POSTING = attrs.evolve(OPENID, response_mode=ResponseMode.FORM_POST)


def form_post() -> Browser:
    return Browser(Site(settings(POSTING)))


def visit_of(browser: Browser, query: str) -> Visit:
    cookies = tuple(("cookie", f"{name}={value}") for name, value in browser.cookies.items())
    request = Request("GET", "/sso/callback", query, cookies)
    return browser.site.visit(request, entropy=ENTROPY, now=NOW, warm=warm_facts)


def test_the_answer_comes_by_the_method_that_was_asked_for() -> None:
    assert callback_method(OPENID) == "GET"
    assert callback_method(POSTING) == "POST"
    granted = CodeGranted(Secret("s"), Secret("c"), None)
    assert authorization_response(Request("GET", "/", "state=s&code=c")) == granted
    form = (("content-type", FORM),)
    assert authorization_response(Request("POST", "/", "", form, b"state=s&code=c")) == granted


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Reason.NO_STATE),
        ("code=c", Reason.NO_STATE),
        ("state=a&state=b&code=c", Reason.MALFORMED_CALLBACK),
        ("state=%FF&code=c", Reason.MALFORMED_CALLBACK),
        ("state=" + "a" * 9000, Reason.MALFORMED_CALLBACK),
    ],
)
def test_a_callback_that_cannot_be_read_is_refused(query: str, expected: Reason) -> None:
    assert refused(Browser().send("GET", "/sso/callback", query)) is expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"state=a&code=c", "application/json", Reason.MALFORMED_CALLBACK),
        (None, FORM, Reason.REQUEST_TOO_LARGE),
        (b"state=a&state=b", FORM, Reason.MALFORMED_CALLBACK),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(body: bytes | None, content_type: str, expected: Reason) -> None:
    response = form_post().send("POST", "/sso/callback", body=body, content_type=content_type)
    assert refused(response) is expected


def test_a_return_target_in_the_cookie_is_checked_again() -> None:
    browser = Browser()
    query = browser.callback()
    browser.cookies = dict.fromkeys(browser.cookies, "1.secret.Ly9ldmls")
    visit = visit_of(browser, query)
    assert isinstance(visit.state, TakingLogin)
    assert visit.state.attempt.cookie.return_to == "/"


def test_without_a_cookie_there_is_no_login() -> None:
    site = Browser().site
    door = Door(site, Request("GET", "/"), ENTROPY, NOW, warm_facts)
    assert login_cookie(door, CodeGranted(Secret("s"), Secret("c"), None)) is None


def test_the_login_that_came_back_is_known_by_its_cookie() -> None:
    browser = Browser()
    query = browser.callback()
    visit = visit_of(browser, query)
    known = bound_login(visit)
    assert known is not None
    assert known[0] == ENTROPY.state
    late = attrs.evolve(visit, state=Failed(Failure(Reason.LOGIN_EXPIRED)))
    assert bound_login(late) == known
    (header,) = spent_login(OPENID, late)
    assert header.partition("=")[0] in browser.cookies
    assert ENTROPY.login_cookie.reveal() not in header


@pytest.mark.parametrize("query", ["state=other&code=c", "state=a&state=b"])
def test_another_login_is_not(query: str) -> None:
    visit = visit_of(Browser(), query)
    assert bound_login(visit) is None
    assert spent_login(OPENID, visit) == ()


@pytest.mark.parametrize(
    ("reason", "cookies", "leaves"), [(Reason.ACCESS_DENIED, 2, True), (Reason.STORE_UNREACHABLE, 1, False)]
)
def test_a_refused_login_is_unbound_unless_it_may_come_again(reason: Reason, cookies: int, leaves: bool) -> None:
    browser = Browser()
    response = refuse_callback(visit_of(browser, browser.callback()), Failure(reason), "other=; Max-Age=0")
    assert refused(response) is reason
    assert len(cookies_set(response)) == cookies
    assert ("refresh" in dict(response.headers)) is leaves


def test_a_login_that_may_be_resumed_stays_bound() -> None:
    browser = Browser()
    query = browser.callback()
    browser.down = True
    assert browser.send("GET", "/sso/callback", query).status == 503
    browser.down = False
    assert browser.send("GET", "/sso/callback", query).status == 303
