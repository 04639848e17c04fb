from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, IDENTITY, METADATA, NOW, OPENID, SIGNER, answer, settings, token_answer

from sso_core.effects import (
    AccountFacts,
    AlreadyTaken,
    Drop,
    Dropped,
    Effect,
    Event,
    Found,
    HttpRequest,
    Keep,
    Kept,
    Missing,
    Peek,
    Purpose,
    ReadAccount,
    StoreUnreachable,
    Take,
    Taken,
    WriteAccount,
    Written,
)
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.enter import SignedIn
from sso_core.flows.sessions import SignedOut
from sso_core.machine import Resting, Working, advance_any
from sso_core.providers.kinds import Provider, ResponseMode
from sso_core.sessions.session import session_of
from sso_core.web.messages import Request, Response
from sso_core.web.pages import ConfirmStartPage, HomePage, RefusedPage, SignInChoice, StyleSheet
from sso_core.web.site import Site, Visit

WARM = Warm(METADATA, SIGNER.keys)


def warm_facts(_provider: Provider) -> Warm:
    return WARM


class Browser:
    """A browser before a site whose world is a dictionary and an honest provider."""

    def __init__(self, site: Site | None = None) -> None:
        self.site = site or Site(settings())
        self.cookies: dict[str, str] = {}
        self.store: dict[str, bytes] = {}
        self.used: set[str] = set()
        self.posts = 0
        self.down = False

    def send(self, method: str, path: str, query: str = "", body: bytes | None = b"", **headers: str) -> Response:
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self.cookies:
            sent.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        visit = self.site.visit(
            Request(method, path, query, tuple(sent), body), entropy=ENTROPY, now=NOW, warm=warm_facts
        )
        state, trail = visit.state, []
        while isinstance(state, Working):
            trail.append(type(state).__name__)
            state = advance_any(state, [self.perform(effect) for effect in state.awaits], now=NOW)
        response = visit.respond(state, trail=tuple(trail))
        for name, header in response.headers:
            if name == "set-cookie":
                key, _, rest = header.partition("=")
                self.cookies[key] = rest.partition(";")[0]
                if "Max-Age=0" in rest:
                    del self.cookies[key]
        return response

    def perform(self, effect: Effect) -> Event:  # noqa: C901, PLR0911 -- a table of answers
        if self.down:
            return StoreUnreachable("down")
        match effect:
            case Keep():
                self.store[effect.key] = effect.value
                return Kept()
            case Take() if effect.key in self.used:
                return AlreadyTaken(effect.marker)
            case Take() if effect.key in self.store:
                self.used.add(effect.key)
                return Taken(self.store.pop(effect.key))
            case Peek() if effect.key in self.store:
                return Found(self.store[effect.key])
            case Drop():
                self.store.pop(effect.key, None)
                return Dropped()
            case ReadAccount():
                return AccountFacts(None)
            case WriteAccount():
                return Written()
            case HttpRequest(purpose=Purpose.TOKEN):
                self.posts += 1
                return token_answer()
            case HttpRequest():
                return answer({"sub": "alice", "name": "Alice"})
            case _:
                return Missing()

    def callback(self, **changes: str) -> str:
        location = urlsplit(dict(self.send("GET", "/sso/key/generate", "return_to=/back").headers)["location"])
        state = parse_qs(location.query)["state"][0]
        return "&".join(f"{name}={value}" for name, value in ({"code": "c", "state": state} | changes).items())


def refused(response: Response) -> Reason:
    assert response.failure is not None, response
    assert isinstance(response.body, bytes | RefusedPage)
    return response.failure.reason


def test_a_person_signs_in_sees_who_they_are_and_signs_out() -> None:
    browser = Browser()
    response = browser.send("GET", "/sso/callback", browser.callback())
    assert (response.status, dict(response.headers)["location"]) == (303, "/back")
    told = browser.send("GET", "/sso/session")
    assert isinstance(told.body, bytes)
    assert json.loads(told.body)["display_name"] == "Alice"
    home = browser.send("GET", "/").body
    assert isinstance(home, HomePage)
    assert home.session is not None
    assert home.trail[0] == "TakingLogin"
    assert browser.send("POST", "/sso/sign-out", sec_fetch_site="same-origin").status == 303
    assert browser.send("GET", "/sso/session").status == 401
    assert browser.send("GET", "/").body == HomePage(
        None, (), (SignInChoice("", "/sso/key/generate"),), "/sso/sign-out", "/sso/style.css"
    )


def test_the_same_callback_again_gets_a_soft_answer_and_never_a_second_post() -> None:
    browser = Browser()
    callback = browser.callback()
    before = dict(browser.cookies)
    browser.send("GET", "/sso/callback", callback)
    session = dict(browser.cookies)
    for cookies in (session, before):
        browser.cookies = dict(cookies)
        again = browser.send("GET", "/sso/callback", callback)
        assert (again.status, dict(again.headers)["location"]) == (303, "/back")
        assert browser.cookies == cookies
    assert browser.posts == 1


def test_another_browser_gets_nothing_and_uses_nothing_up() -> None:
    browser, other = Browser(), Browser()
    callback = browser.callback()
    other.store = browser.store
    assert refused(other.send("GET", "/sso/callback", callback)) is Reason.LOGIN_OF_ANOTHER_BROWSER
    assert browser.send("GET", "/sso/callback", callback).status == 303


def test_a_refused_login_is_unbound_so_that_a_reload_does_not_repeat_it() -> None:
    browser = Browser()
    callback = browser.callback(error="access_denied")
    response = browser.send("GET", "/sso/callback", callback)
    assert refused(response) is Reason.ACCESS_DENIED
    assert "refresh" in dict(response.headers)
    assert browser.cookies == {}
    assert refused(browser.send("GET", "/sso/callback", callback)) is Reason.LOGIN_OF_ANOTHER_BROWSER


def test_a_login_that_may_be_resumed_stays_bound() -> None:
    browser = Browser()
    callback = browser.callback()
    browser.down = True
    assert browser.send("GET", "/sso/callback", callback).status == 503
    browser.down = False
    assert browser.send("GET", "/sso/callback", callback).status == 303


def test_a_trailing_path_in_the_cookie_is_checked_again() -> None:
    browser = Browser()
    callback = browser.callback()
    browser.cookies = dict.fromkeys(browser.cookies, "1..Ly9ldmls")
    assert dict(browser.send("GET", "/sso/callback", callback).headers)["location"] == "/"


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


def form_post() -> Browser:
    return Browser(Site(settings(attrs.evolve(OPENID, response_mode=ResponseMode.FORM_POST))))


def test_a_form_post_finishes_a_login_and_a_query_does_not() -> None:
    browser = form_post()
    callback = browser.callback()
    assert refused(browser.send("GET", "/sso/callback", callback)) is Reason.METHOD_NOT_ALLOWED
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert browser.send("POST", "/sso/callback", body=callback.encode(), content_type=form).status == 303


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"state=a&code=c", "application/json", Reason.MALFORMED_CALLBACK),
        (None, "application/x-www-form-urlencoded", Reason.REQUEST_TOO_LARGE),
        (b"state=a&state=b", "application/x-www-form-urlencoded", Reason.MALFORMED_CALLBACK),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(body: bytes | None, content_type: str, expected: Reason) -> None:
    response = form_post().send("POST", "/sso/callback", body=body, content_type=content_type)
    assert refused(response) is expected


def test_a_start_from_another_site_asks_the_person_first() -> None:
    response = Browser().send("GET", "/sso/key/generate", "return_to=/back", sec_fetch_site="cross-site")
    assert response.body == ConfirmStartPage("/sso/key/generate?return_to=%2Fback", "/sso/style.css")


def test_a_start_that_cannot_be_kept_sends_nobody_away() -> None:
    browser = Browser()
    browser.down = True
    assert refused(browser.send("GET", "/sso/key/generate")) is Reason.STORE_UNREACHABLE


def test_old_logins_give_way_to_a_new_one() -> None:
    browser = Browser()
    prefix = browser.site.cookies.login_prefix
    browser.cookies = {f"{prefix}{age}": f"{age}.s.Lw" for age in range(6)}
    browser.send("GET", "/sso/key/generate")
    assert f"{prefix}0" not in browser.cookies
    assert len(browser.cookies) == 6


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_another_site_signs_nobody_out(headers: dict[str, str]) -> None:
    assert refused(Browser().send("POST", "/sso/sign-out", "", b"", **headers)) is Reason.CROSS_SITE_REQUEST


def test_an_older_browser_signs_out_by_its_origin() -> None:
    assert Browser().send("POST", "/sso/sign-out", origin="https://app.example").status == 303


def test_what_is_not_there_and_what_is_not_offered() -> None:
    assert refused(Browser().send("GET", "/nothing")) is Reason.NOT_FOUND
    assert refused(Browser().send("HEAD", "/sso/callback")) is Reason.METHOD_NOT_ALLOWED
    assert refused(Browser(Site(settings(), home=False)).send("GET", "/")) is Reason.NOT_FOUND


def test_an_unreachable_store_is_told_to_programs_too() -> None:
    browser = Browser()
    browser.cookies = {browser.site.cookies.session: "s"}
    browser.down = True
    response = browser.send("GET", "/sso/session")
    assert isinstance(response.body, bytes)
    assert (response.status, json.loads(response.body)["error"]) == (503, "store_unreachable")


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


def test_without_a_trail_or_a_login_cookie_the_session_is_all_there_is() -> None:
    session = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 1)
    visit = Browser().site.visit(Request("GET", "/sso/callback"), entropy=ENTROPY, now=NOW, warm=warm_facts)
    response = visit.respond(SignedIn(ENTROPY.session_id, session, "/back"))
    assert [name for name, _ in response.headers].count("set-cookie") == 1
