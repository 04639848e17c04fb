from __future__ import annotations

from typing import Any

import attrs
import pytest
from browsing import FORM, Browser, cookies_set, location, refused, warm_facts
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, OPENID, settings

from sso_core.accounts.policy import AccessPolicy
from sso_core.effects import Effect, HttpRequest, Kind
from sso_core.events import Event, HttpResponse
from sso_core.failures import Failure, Reason
from sso_core.flows.debug_login import Inspection, Passed
from sso_core.flows.inspect_login import Inspected
from sso_core.identity.explanation import Step
from sso_core.identity.identity import ShownClaim
from sso_core.providers.kinds import ResponseMode
from sso_core.sessions.session import session_of
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.web.debug import LEFT_OUT, debug_page, debug_routes, redacted
from sso_core.web.messages import Request
from sso_core.web.pages import DebugPage
from sso_core.web.site import Site

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
ADMIN = attrs.evolve(SESSION, role="proxy_admin")
LOGIN, CALLBACK = "/sso/debug/login", "/sso/debug/callback"


def administrator(**changes: Any) -> Browser:
    named: dict[str, Any] = {"debug_page": True} | changes
    browser = Browser(Site(settings(**named)))
    browser.holds(ADMIN)
    return browser


def looked_at(browser: Browser, query: str | None = None) -> Any:
    return browser.send("GET", CALLBACK, query or browser.callback(LOGIN, ""))


def test_an_administrator_sees_what_the_provider_said_and_what_would_come_of_it() -> None:
    browser = administrator()
    before = dict(browser.store)
    response = looked_at(browser)
    assert response.status == 200
    page = response.body
    assert isinstance(page, DebugPage)
    assert ("Subject", "alice") in page.person
    assert ("Role", REFERENCE_LADDER.default) in page.person
    assert page.changes == ("CreateAccount",)
    assert [passed.state for passed in page.timeline][:2] == ["TakingLogin", "ExchangingCode"]
    assert (page.failure, page.again_path) == (None, "/sso/debug/login?provider=generic")
    assert browser.store == before, "nothing was kept, and the administrator is still signed in"
    assert browser.cookies[browser.site.cookies.session] == ENTROPY.session_id.reveal()
    headers = dict(response.headers)
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_person_who_would_be_refused_is_shown_with_the_reason() -> None:
    browser = administrator(policy=AccessPolicy(REFERENCE_LADDER, restricted_group="g"))
    response = looked_at(browser)
    assert refused(response) is Reason.NOT_IN_GROUP
    assert isinstance(response.body, DebugPage)
    assert response.body.failure == response.failure
    assert ("Subject", "alice") in response.body.person
    assert response.body.changes == ()


class WithBrokenTokens(Browser):
    def perform(self, effect: Effect) -> Event:
        return HttpResponse(200, b"<html>") if isinstance(effect, HttpRequest) else super().perform(effect)


def test_a_login_that_ends_early_is_shown_with_its_detail_and_how_far_it_went() -> None:
    browser = WithBrokenTokens(Site(settings(debug_page=True)))
    browser.holds(ADMIN)
    response = looked_at(browser)
    assert refused(response) is Reason.TOKEN_NOT_JSON
    page = response.body
    assert isinstance(page, DebugPage)
    assert page.failure is not None
    assert page.failure.detail
    assert [passed.state for passed in page.timeline] == ["TakingLogin", "ExchangingCode"]
    assert (page.person, page.claims) == ((), ())


@pytest.mark.parametrize(
    ("session", "changes", "reason"),
    [
        (SESSION, {}, Reason.NOT_ADMIN),
        (None, {}, Reason.NOT_SIGNED_IN),
        (ADMIN, {"query": "provider=other"}, Reason.UNKNOWN_PROVIDER),
    ],
)
def test_nobody_else_begins_one(session: Any, changes: dict[str, Any], reason: Reason) -> None:
    browser = Browser(Site(settings(debug_page=True)))
    if session is not None:
        browser.holds(session)
    assert refused(browser.send("GET", LOGIN, **changes)) is reason


def test_by_the_loud_option_anybody_does() -> None:
    browser = Browser(Site(settings(debug_page=True, debug_for_anybody_unsafe=True)))
    assert looked_at(browser).status == 200


def test_another_login_is_not_shown_and_a_stranger_gets_no_detail() -> None:
    browser = administrator()
    response = looked_at(browser, browser.callback())
    assert refused(response) is Reason.NO_PENDING_LOGIN
    assert not isinstance(response.body, DebugPage)
    assert "refresh" in dict(response.headers)
    stranger = Browser(Site(settings(debug_page=True)))
    assert refused(looked_at(stranger, "code=c&state=s")) is Reason.LOGIN_OF_ANOTHER_BROWSER


def test_looking_again_begins_anew() -> None:
    browser = administrator()
    query = browser.callback(LOGIN, "")
    looked_at(browser, query)
    assert location(looked_at(browser, query)) == LOGIN


def test_a_login_begun_to_look_at_signs_nobody_in_elsewhere_either() -> None:
    browser = administrator()
    response = browser.send("GET", "/sso/callback", browser.callback(LOGIN, ""))
    assert refused(response) is Reason.NO_PENDING_LOGIN
    assert [kind for kind, _ in browser.store] == [Kind.SESSION]


def test_each_provider_has_a_callback_to_look_at() -> None:
    second = attrs.evolve(OPENID, provider_id="second", response_mode=ResponseMode.FORM_POST)
    several = settings(debug_page=True, providers=(OPENID, second), origin=Origin("https://app.example/sub"))
    assert set(debug_routes(several)) == {("GET", LOGIN), ("GET", CALLBACK), ("POST", CALLBACK + "/second")}
    assert debug_routes(settings()) == {}
    browser = Browser(Site(several))
    browser.holds(ADMIN)
    query = browser.callback(LOGIN, "provider=second")
    assert browser.send("POST", CALLBACK + "/second", "", query.encode(), content_type=FORM).status == 200


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("name", '"Alice"', '"Alice"'),
        ("groups", '["tokens"]', '["tokens"]'),
        ("access_token", '"canary"', LEFT_OUT),
        ("Client_Secret", '"canary"', LEFT_OUT),
        ("x", '{"deep": {"apiKey": "canary"}}', LEFT_OUT),
        ("x", '{"name" : "a"}', '{"name" : "a"}'),
    ],
)
def test_what_may_be_a_secret_is_left_out(name: str, value: str, shown: str) -> None:
    assert redacted(ShownClaim(name, value, "userinfo")) == ShownClaim(name, shown, "userinfo")


def test_claims_steps_and_notes_are_those_of_the_identity() -> None:
    identity = attrs.evolve(
        IDENTITY,
        claims=(ShownClaim("refresh_token", '"canary"', "userinfo"),),
        explanation=(Step("role", "groups", "userinfo", "admin"),),
        notes=(Failure(Reason.USERINFO_UNREACHABLE),),
    )
    failure = Failure(Reason.NOT_IN_GROUP, "detail", "hint")
    timeline = (Passed("A", ("B",), ("C",)),)
    page = debug_page(settings(), "generic", Inspected(identity, failure), timeline)
    assert "canary" not in repr(page)
    assert page.claims[0].value == LEFT_OUT
    assert (page.steps, page.notes, page.failure, page.timeline) == (
        identity.explanation,
        identity.notes,
        failure,
        timeline,
    )


def test_without_a_login_cookie_there_is_nothing_to_spend() -> None:
    site = Site(settings(debug_page=True))
    visit = site.visit(Request("GET", CALLBACK), entropy=ENTROPY, now=NOW, warm=warm_facts)
    response = visit.respond(Inspection(Inspected(IDENTITY, Failure(Reason.NOT_IN_GROUP)), ()))
    assert cookies_set(response) == []
