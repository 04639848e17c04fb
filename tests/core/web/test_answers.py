from __future__ import annotations

from scenes import settings

from sso_core.failures import Failure, Reason
from sso_core.web.answers import SECURITY_HEADERS, json_answer, onward, page, redirect, refusal
from sso_core.web.pages import LeavingPage, RefusedPage, StyleSheet


def test_every_answer_carries_the_security_headers() -> None:
    failure = Failure(Reason.NO_CODE)
    for response in (page(StyleSheet()), redirect("/"), json_answer(200, {}), refusal(settings(), failure, "r")):
        assert set(SECURITY_HEADERS) <= set(response.headers)


def test_a_redirect_is_a_get_whatever_came_before() -> None:
    response = redirect("/a", ("c=1",))
    assert response.status == 303
    assert response.headers[-2:] == (("location", "/a"), ("set-cookie", "c=1"))


def test_a_refusal_leaves_the_address_that_holds_the_code() -> None:
    response = refusal(settings(), Failure(Reason.NO_CODE, "detail-canary", "hint-canary"), "abc", leave=True)
    assert dict(response.headers)["refresh"] == "0;url=/sso/refused?code=no_code&reference=abc"
    assert isinstance(response.body, RefusedPage)
    assert "canary" not in repr(response.body)


def test_a_refusal_that_ends_by_itself_says_when() -> None:
    failure = Failure(Reason.TOO_MANY_REQUESTS, wait=299.2)
    for response in (refusal(settings(), failure, "abc"), json_answer(429, {}, failure)):
        assert (response.status, response.header("retry-after")) == (429, "300")
    body = refusal(settings(), failure, "abc").body
    assert isinstance(body, RefusedPage)
    assert body.sentence.endswith("You can try again in 5 minutes.")
    assert refusal(settings(), Failure(Reason.TOO_MANY_REQUESTS), "abc").header("retry-after") == ""
    assert json_answer(503, {}).header("retry-after") == "2"


def test_a_refusal_that_may_be_repeated_stays_where_it_is() -> None:
    response = refusal(settings(), Failure(Reason.STORE_UNREACHABLE), "abc", leave=True)
    headers = dict(response.headers)
    assert "refresh" not in headers
    assert (response.status, headers["retry-after"]) == (503, "2")
    assert isinstance(response.body, RefusedPage)
    assert response.body.again_path == ""


def test_a_browser_that_came_with_a_form_goes_on_by_a_page() -> None:
    response = onward(settings(), redirect("https://idp.example/out", ("c=1",)))
    headers = dict(response.headers)
    assert (response.status, headers["refresh"]) == (200, "0;url=https://idp.example/out")
    assert "location" not in headers
    assert headers["set-cookie"] == "c=1"
    assert response.body == LeavingPage("https://idp.example/out", "/sso/style.css")
