from __future__ import annotations

from typing import Any

import pytest
from browsing import FORM, Browser, location, refused
from scenes import settings

from sso_core.failures import Reason
from sso_core.hosts import CheckPassword, Declined, Person, Vouched
from sso_core.secret import Secret
from sso_core.web.messages import Response
from sso_core.web.pages import PasswordPage, RefusedPage
from sso_core.web.password import password_page, password_routes
from sso_core.web.site import Site

ALICE = Vouched(Person("host", "alice", "Alice", handle="alice"))
WRONG = "That name and password do not belong together."
STYLE = "/sso/style.css"


def browser(answer: Any = ALICE, **changes: Any) -> Browser:
    person = Browser(Site(settings(password_sign_in=True, **changes)))
    person.host_answer = answer
    return person


def typed(person: Browser, body: bytes = b"username=alice&password=canary&return_to=/back", **headers: str) -> Response:
    return person.send("POST", "/sso/password", "", body, content_type=FORM, **headers)


def test_there_is_a_form_where_the_host_checks_passwords() -> None:
    shown = browser().send("GET", "/sso/password", "return_to=/back")
    assert shown.body == PasswordPage(True, "/sso/password", "/back", "", STYLE)
    assert password_routes(settings()) == {}
    assert not password_page(settings(), "/").offered


def test_the_form_leads_nowhere_else() -> None:
    shown = browser().send("GET", "/sso/password", "return_to=//evil.example").body
    assert isinstance(shown, PasswordPage)
    assert shown.return_to == "/"


def test_whom_the_host_knows_is_signed_in() -> None:
    person = browser()
    assert location(typed(person, sec_fetch_site="same-origin")) == "/back"
    assert person.asked == [CheckPassword("alice", Secret("canary"))]
    assert "canary" not in repr(person.asked)
    assert person.send("GET", "/sso/session").status == 200


def test_a_target_that_leads_elsewhere_leads_home() -> None:
    assert location(typed(browser(), b"username=a&password=b&return_to=//evil.example")) == "/"


def test_a_wrong_password_gets_the_form_again_and_says_nothing_of_which_was_wrong() -> None:
    response = typed(browser(Declined("no such person")))
    assert refused(response) is Reason.WRONG_PASSWORD
    assert response.body == PasswordPage(True, "/sso/password", "/back", WRONG, STYLE)
    assert "no such person" not in repr(response.body)
    assert "content-security-policy" in dict(response.headers)


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({"sec_fetch_site": "cross-site"}, b"", Reason.CROSS_SITE_REQUEST),
        ({"origin": "https://evil.example"}, b"", Reason.CROSS_SITE_REQUEST),
        ({}, b"username=a&username=b", Reason.MALFORMED_CALLBACK),
        ({}, None, Reason.REQUEST_TOO_LARGE),
    ],
)
def test_no_other_site_and_no_other_form_signs_anybody_in(
    headers: dict[str, str], body: bytes | None, reason: Reason
) -> None:
    person = browser()
    response = person.send("POST", "/sso/password", "", body, content_type=FORM, **headers)
    assert refused(response) is reason
    assert isinstance(response.body, RefusedPage)
    assert person.asked == []
