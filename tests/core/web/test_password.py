from __future__ import annotations

from typing import Any

import pytest
from browsing import FORM, Browser, location, refused
from scenes import settings

from sso_core.failures import Reason
from sso_core.hosts import CheckPassword, Declined, Person, Vouched
from sso_core.secret import Secret
from sso_core.sessions.limits import Limits
from sso_core.web.messages import Response
from sso_core.web.pages import PasswordPage, RefusedPage
from sso_core.web.password import password_page, password_routes
from sso_core.web.site import Site

ALICE = Vouched(Person("host", "alice", "Alice", handle="alice"))
WRONG = "That name and password do not belong together."
STYLE = "/sso/style.css"


def browser(answer: Any = ALICE, **changes: Any) -> Browser:
    person = Browser(Site(settings(password_sign_in=True, **changes)), peer="192.0.2.7")
    person.host_answer = answer
    return person


def failures(person: Browser, times: int, body: bytes = b"username=alice&password=guess", **headers: str) -> int:
    """Return how many tries the host has seen after so many."""
    for _ in range(times):
        typed(person, body, **headers)
    return len(person.asked)


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


def test_one_try_too_many_is_not_shown_to_the_host_and_told_when_to_come_again() -> None:
    person = browser(Declined())
    assert failures(person, 10) == 10
    response = typed(person)
    assert refused(response) is Reason.TOO_MANY_REQUESTS
    assert (response.status, response.header("retry-after")) == (429, "300")
    assert isinstance(response.body, RefusedPage)
    assert len(person.asked) == 10


def test_the_same_person_comes_in_from_elsewhere_meanwhile() -> None:
    person = browser(Declined())
    assert failures(person, 1000) == 10
    person.peer, person.host_answer = "198.51.100.9", ALICE
    assert location(typed(person)) == "/back"


def test_other_names_have_tries_of_their_own_until_the_address_has_none() -> None:
    person = browser(Declined(), limits=Limits(passwords=3, passwords_per_address=5))
    assert failures(person, 3) == failures(person, 1) == 3
    assert failures(person, 9, b"username=bob&password=guess") == 4


def test_a_name_that_is_tried_from_everywhere_has_an_end_too() -> None:
    person = browser(Declined(), limits=Limits(passwords=1, passwords_per_name=2))
    for number in range(5):
        person.peer = f"2001:db8:0:{number}::1"
        failures(person, 1, b"username=ALICE&password=guess")
    assert len(person.asked) == 2


def test_behind_a_named_proxy_everybody_has_an_address_of_their_own() -> None:
    person = browser(Declined(), address_proxies=("192.0.2.0/24",))
    assert failures(person, 20, x_forwarded_for="198.51.100.1") == 10
    assert failures(person, 1, x_forwarded_for="198.51.100.1, 198.51.100.2") == 11


def test_nobody_gets_more_tries_by_a_header() -> None:
    person = browser(Declined())
    for number in range(20):
        failures(person, 1, x_forwarded_for=f"198.51.100.{number}")
    assert len(person.asked) == 10


def test_where_tries_cannot_be_counted_nobody_is_let_through() -> None:
    person = browser()
    person.down = True
    assert refused(typed(person)) is Reason.STORE_UNREACHABLE
    assert person.asked == []
