from __future__ import annotations

from typing import Any

import attrs
import pytest
from browsing import FORM, Browser, cookies_set, location, refused, warm_facts
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, OPENID, PLAIN, settings

from sso_core.accounts.policy import AccessPolicy
from sso_core.failures import Failure, Reason
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import SignedIn
from sso_core.hosts import CheckHeaders, Declined, Person, Vouched
from sso_core.providers.kinds import ResponseMode
from sso_core.sessions.session import session_of
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.web.messages import Request
from sso_core.web.pages import ChoicePage, CliApprovedPage, ConfirmStartPage, PasswordPage, SignInChoice
from sso_core.web.site import Site

SECOND = attrs.evolve(OPENID, provider_id="second", label="Second")
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 1)


def browser(**changes: Any) -> Browser:
    return Browser(Site(settings(**changes)))


# Starting a login


def test_a_person_goes_to_the_one_provider_there_is() -> None:
    assert location(Browser().send("GET", "/sso/key/generate")).startswith("https://idp.example/authorize?")


def test_where_there_are_several_providers_the_person_chooses() -> None:
    response = browser(providers=(OPENID, SECOND)).send("GET", "/sso/key/generate", "return_to=/back")
    choices = (
        SignInChoice("generic", "/sso/key/generate?provider=generic&return_to=%2Fback"),
        SignInChoice("Second", "/sso/key/generate?provider=second&return_to=%2Fback"),
    )
    assert (response.status, response.body) == (200, ChoicePage(choices, "/sso/style.css"))


def test_each_provider_sends_people_back_to_a_callback_of_its_own() -> None:
    several = browser(providers=(OPENID, SECOND))
    sent = location(several.send("GET", "/sso/key/generate", "provider=second"))
    assert "redirect_uri=https%3A%2F%2Fapp.example%2Fsso%2Fcallback%2Fsecond" in sent
    callback = several.callback(query="provider=second")
    assert refused(several.send("GET", "/sso/callback", callback)) is Reason.WRONG_PROVIDER


def test_a_provider_that_is_not_there_is_not_replaced_by_another() -> None:
    assert refused(Browser().send("GET", "/sso/key/generate", "provider=other")) is Reason.UNKNOWN_PROVIDER
    assert refused(browser(providers=()).send("GET", "/sso/key/generate", "provider=a")) is Reason.NO_PROVIDER


@pytest.mark.parametrize("offered", [True, False])
def test_without_a_provider_there_is_the_form_for_a_password(offered: bool) -> None:
    response = browser(providers=(), password_sign_in=offered).send("GET", "/sso/key/generate", "return_to=/back")
    assert (response.status, response.body) == (
        200,
        PasswordPage(offered, "/sso/password", "/back", "", "/sso/style.css"),
    )


@pytest.mark.parametrize(
    ("query", "kept"), [("return_to=/back", ""), ("return_to=/back&provider=second", "&provider=second")]
)
def test_a_start_from_another_site_asks_the_person_first(query: str, kept: str) -> None:
    response = browser(providers=(OPENID, SECOND)).send("GET", "/sso/key/generate", query, sec_fetch_site="cross-site")
    assert response.body == ConfirmStartPage(f"/sso/key/generate?return_to=%2Fback{kept}", "/sso/style.css")


def test_a_start_that_cannot_be_kept_sends_nobody_away() -> None:
    down = Browser()
    down.down = True
    assert refused(down.send("GET", "/sso/key/generate")) is Reason.STORE_UNREACHABLE


def test_old_logins_give_way_to_a_new_one() -> None:
    old = Browser()
    prefix = old.site.cookies.login_prefix
    old.cookies = {f"{prefix}{age}": f"{age}.s.Lw" for age in range(6)}
    old.send("GET", "/sso/key/generate")
    assert f"{prefix}0" not in old.cookies
    assert len(old.cookies) == 6


# A proxy that vouches for people

PROXIED: dict[str, Any] = {"header_proxies": ("10.0.0.0/8",)}


def behind(peer: str, **changes: Any) -> Browser:
    vouched = Browser(Site(settings(**PROXIED | changes)), peer=peer)
    vouched.host_answer = Vouched(Person("host", "alice", "Alice", handle="alice"))
    return vouched


def test_whom_a_named_proxy_vouches_for_is_signed_in_at_once() -> None:
    vouched = behind("10.1.2.3")
    response = vouched.send("GET", "/sso/key/generate", "return_to=/back", x_user="alice", authorization="Basic canary")
    assert location(response) == "/back"
    assert vouched.asked == [CheckHeaders((("x-user", "alice"),))]
    assert vouched.send("GET", "/sso/session").status == 200


def test_whom_the_host_declines_is_refused() -> None:
    vouched = behind("10.1.2.3")
    vouched.host_answer = Declined()
    response = vouched.send("GET", "/sso/key/generate", x_user="mallory")
    assert refused(response) is Reason.HOST_DECLINED


@pytest.mark.parametrize("peer", ["", "192.0.2.1", "::1", "nonsense"])
def test_nobody_else_vouches_for_anybody_whatever_the_headers_say(peer: str) -> None:
    stranger = behind(peer)
    spoofed: dict[str, Any] = {"x_forwarded_for": "10.1.2.3", "forwarded": "for=10.1.2.3", "x_real_ip": "10.1.2.3"}
    assert location(stranger.send("GET", "/sso/key/generate", x_user="alice", **spoofed)).startswith("https://idp")
    assert stranger.asked == []


def test_whoever_names_a_provider_goes_there_even_through_the_proxy() -> None:
    assert location(behind("10.1.2.3").send("GET", "/sso/key/generate", "provider=generic")).startswith("https://idp")


# Finishing a login


def test_a_person_is_signed_in_and_goes_where_they_were_going() -> None:
    person = Browser()
    assert location(person.sign_in()) == "/back"
    assert person.site.cookies.session in person.cookies


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "/"),
        ({"landing_path": "/ui/"}, "/ui/"),
        ({"landing_path": "/ui/", "announce_login": True}, "/ui/?login=success"),
        ({"landing_path": "/ui/", "origin": Origin("https://app.example/sub")}, "/sub/ui/"),
    ],
)
def test_who_was_on_the_way_to_nowhere_lands_where_the_operator_says(changes: dict[str, Any], expected: str) -> None:
    person = browser(**changes)
    callback = person.callback(query="")
    assert location(person.send("GET", "/sso/callback", callback)) == expected


def test_the_session_of_before_is_gone_and_the_identifier_is_new() -> None:
    person = Browser()
    person.cookies[person.site.cookies.session] = "known-to-an-attacker"
    person.sign_in()
    assert person.cookies[person.site.cookies.session] == ENTROPY.session_id.reveal()


def test_the_same_callback_again_gets_a_soft_answer_and_never_a_second_post() -> None:
    person = Browser()
    callback = person.callback()
    before = dict(person.cookies)
    person.send("GET", "/sso/callback", callback)
    session = dict(person.cookies)
    for cookies in (session, before):
        person.cookies = dict(cookies)
        assert location(person.send("GET", "/sso/callback", callback)) == "/back"
        assert person.cookies == cookies
    assert person.posts == 1


def test_another_browser_gets_nothing_and_uses_nothing_up() -> None:
    person, other = Browser(), Browser()
    callback = person.callback()
    other.store = person.store
    assert refused(other.send("GET", "/sso/callback", callback)) is Reason.LOGIN_OF_ANOTHER_BROWSER
    assert person.send("GET", "/sso/callback", callback).status == 303


def test_a_refused_login_is_unbound_so_that_a_reload_does_not_repeat_it() -> None:
    person = Browser()
    callback = person.callback(error="access_denied")
    response = person.send("GET", "/sso/callback", callback)
    assert refused(response) is Reason.ACCESS_DENIED
    assert "refresh" in dict(response.headers)
    assert person.cookies == {}
    assert refused(person.send("GET", "/sso/callback", callback)) is Reason.LOGIN_OF_ANOTHER_BROWSER


def test_who_may_not_come_in_leaves_nobody_signed_in() -> None:
    person = browser(policy=AccessPolicy(REFERENCE_LADDER, restricted_group="g"))
    person.holds(SESSION)
    assert refused(person.sign_in()) is Reason.NOT_IN_GROUP
    assert person.cookies == {}
    assert person.store == {}


def test_a_form_post_finishes_a_login_and_a_query_does_not() -> None:
    person = Browser(Site(settings(attrs.evolve(OPENID, response_mode=ResponseMode.FORM_POST))))
    callback = person.callback()
    assert refused(person.send("GET", "/sso/callback", callback)) is Reason.METHOD_NOT_ALLOWED
    assert person.send("POST", "/sso/callback", body=callback.encode(), content_type=FORM).status == 303


def test_a_plain_provider_signs_people_in_too() -> None:
    assert Browser(Site(settings(PLAIN))).send("GET", "/sso/key/generate").status == 303


def ended(ending: Any) -> Any:
    visit = Browser().site.visit(Request("GET", "/sso/callback"), entropy=ENTROPY, now=NOW, warm=warm_facts)
    return visit.respond(ending)


def test_without_a_trail_or_a_login_cookie_the_session_is_all_there_is() -> None:
    assert len(cookies_set(ended(SignedIn(ENTROPY.session_id, SESSION, "/back")))) == 1


def test_a_person_who_came_for_a_command_line_goes_back_to_it_and_is_not_signed_in_here() -> None:
    response = ended(CliApproved("cli on box", SESSION))
    assert response.body == CliApprovedPage("cli on box", "Alice", "/sso/style.css")
    assert cookies_set(response) == []
    assert location(ended(CliApproved("cli", SESSION, "http://127.0.0.1:9/callback?code=c"))).startswith("http://127")


def test_a_login_that_was_begun_to_look_at_signs_nobody_in() -> None:
    response = ended(Inspected(IDENTITY, Failure(Reason.NOT_IN_GROUP)))
    assert refused(response) is Reason.NO_PENDING_LOGIN
