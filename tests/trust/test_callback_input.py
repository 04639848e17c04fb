"""What a browser may bring to the callback, and what the callback tells it (TRUST A-b)."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, urlsplit

import anyio
import attrs
import pytest

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.pages import Pages
from sso_adapters.world import AsyncWorld
from sso_adapters.wsgi import WsgiSignIn
from sso_core.failures import Reason
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.provider_state import Redirect
from sso_core.web.answers import STYLE
from sso_core.web.messages import BODY_LIMIT, Request, Response
from trust.scene import FORM, Browser, Scene, altered, cookies_set, location, refusal

CALLBACK = "/sso/callback"
CROSS_SITE = (FORM, ("sec-fetch-site", "cross-site"))
BY_FORM = HOSTILE["C19-C1"]
PAGES = Pages()


@pytest.fixture(params=["query", "form_post"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with Scene(*([HostileProvider(BY_FORM)] if request.param == "form_post" else [])) as scene:
        yield scene


def bring(browser: Browser, arriving: Redirect, written: str) -> Response:
    """Bring an answer as it is written, in the query or in a form, as this provider answers."""
    path = urlsplit(arriving.url).path
    if arriving.method == "GET":
        return browser.get(path, written)
    return browser.send("POST", path, "", written.encode("latin-1"), CROSS_SITE)


def written(arriving: Redirect, **changes: str) -> str:
    """Write an answer out; changes come as they are, unquoted."""
    return "&".join(f"{name}={value}" for name, value in ({k: quote(v) for k, v in arriving.fields} | changes).items())


def refused_untouched(browser: Browser, arriving: Redirect, response: Response, *reasons: Reason) -> None:
    """See that nothing came of it, and that the login is as it was."""
    assert refusal(response) in reasons
    assert response.status in (400, 405, 413)
    assert browser.scene.tokens_sent() == 0
    assert cookies_set(response) == []
    assert browser.arrive(arriving).status == 303
    assert browser.person == "alice"


def refused_and_over(browser: Browser, arriving: Redirect, response: Response, reason: Reason) -> None:
    """See that nothing came of it, and that the login is used up."""
    assert refusal(response) is reason
    assert browser.cookies == {}
    assert refusal(browser.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
    assert browser.scene.tokens_sent() == 0
    assert browser.person is None


@pytest.mark.parametrize(
    "twice",
    ["state", "code", "iss", "error", "error_description", "id_token", "logout_token", "session_state", "other"],
)
@pytest.mark.parametrize("name", ["{}", "%{:02x}{}"])
def test_a25_a_parameter_that_comes_twice_is_refused_whichever_it_is(scene: Scene, twice: str, name: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    own = dict(arriving.fields).get(twice, "x")
    again = twice if name == "{}" else name.format(ord(twice[0]), twice[1:])
    for first, second in ((own, "y"), ("y", own), (own, own), (own, "")):
        doubled = f"{written(arriving, **{twice: first})}&{again}={second}"
        response = bring(browser, arriving, doubled)
        assert refusal(response) is Reason.MALFORMED_CALLBACK
    refused_untouched(browser, arriving, response, Reason.MALFORMED_CALLBACK)


@pytest.mark.parametrize("other", ["state[]", "STATE", "State", "state%00", "%2573tate", "state%20", "%20state", "st"])
def test_a26_what_is_not_the_state_by_its_very_name_is_none(scene: Scene, other: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    response = bring(browser, arriving, written(arriving).replace("state=", f"{other}="))
    refused_untouched(browser, arriving, response, Reason.NO_STATE, Reason.MALFORMED_CALLBACK)


@pytest.mark.parametrize("separator", [";", "%26", "&amp;", "|", "\n", ","])
def test_a26_nothing_but_an_ampersand_separates(scene: Scene, separator: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    code, state = (dict(arriving.fields)[name] for name in ("code", "state"))
    response = bring(browser, arriving, f"code={code}{separator}state={state}")
    refused_untouched(browser, arriving, response, Reason.NO_STATE, Reason.MALFORMED_CALLBACK)


@pytest.mark.parametrize("other", ["code[]", "CODE", "%2563ode", "cod"])
def test_a26_what_is_not_the_code_by_its_very_name_is_none(scene: Scene, other: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    response = bring(browser, arriving, written(arriving).replace("code=", f"{other}="))
    refused_and_over(browser, arriving, response, Reason.NO_CODE)


METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "post", "BREW", ""]


@pytest.mark.parametrize("method", METHODS)
def test_a26_a_login_is_finished_by_the_one_method_of_its_provider(scene: Scene, method: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    if method == arriving.method:
        return
    answer = written(arriving)
    response = browser.send(method, CALLBACK, answer, answer.encode(), CROSS_SITE)
    refused_untouched(browser, arriving, response, Reason.METHOD_NOT_ALLOWED)


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=a", "text/plain", "", "application/x-www-form"]
)
def test_a26_a_form_is_a_form_by_its_type_and_its_query_is_not_read(kind: str) -> None:
    with Scene(HostileProvider(BY_FORM)) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        answer = written(arriving)
        headers = (("content-type", kind), ("sec-fetch-site", "cross-site"))
        assert browser.send("POST", CALLBACK, "", answer.encode(), headers).status == 400
        response = browser.send("POST", CALLBACK, answer, b"", CROSS_SITE)
        refused_untouched(browser, arriving, response, Reason.NO_STATE)


@pytest.mark.parametrize("token", ["id_token", "access_token"])
def test_a27_a_token_that_comes_through_the_browser_ends_the_login(scene: Scene, token: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    response = bring(browser, arriving, written(arriving, **{token: "eyJhbGciOiJub25lIn0.e30."}))
    refused_and_over(browser, arriving, response, Reason.UNEXPECTED_PARAMETER)


@pytest.mark.parametrize("token", ["id_token", "access_token"])
def test_a27_a_token_alone_is_no_answer(scene: Scene, token: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    alone = altered(arriving, code=None, **{token: "eyJhbGciOiJub25lIn0.e30."})
    response = bring(browser, arriving, written(alone, token_type="bearer"))
    refused_and_over(browser, arriving, response, Reason.UNEXPECTED_PARAMETER)


def test_a27_what_stays_in_the_fragment_never_arrives(scene: Scene) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    response = bring(browser, arriving, "")  # a browser keeps the fragment to itself
    refused_untouched(browser, arriving, response, Reason.NO_STATE)


def test_a28_a_signed_answer_that_nobody_asked_for_is_refused(scene: Scene) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    assert refusal(bring(browser, arriving, "response=eyJhbGciOiJub25lIn0.e30.")) is Reason.NO_STATE
    response = bring(browser, arriving, written(arriving, response="eyJhbGciOiJub25lIn0.e30."))
    refused_and_over(browser, arriving, response, Reason.UNEXPECTED_PARAMETER)


def test_a29_an_answer_beyond_all_measure_is_refused_at_once() -> None:
    with Scene() as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        for excess in ("x" * 8192, "&".join(f"p{number}=" for number in range(65)), "x" * 2_000_000):
            assert refusal(bring(browser, arriving, f"{written(arriving)}&{excess}")) is Reason.MALFORMED_CALLBACK
        refused_untouched(browser, arriving, bring(browser, arriving, "state=" + "s" * 513), Reason.NO_STATE)
    with Scene() as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        response = bring(browser, arriving, written(arriving, code="c" * 4097))
        refused_and_over(browser, arriving, response, Reason.MALFORMED_CALLBACK)


def test_a29_a_form_of_a_mebibyte_is_not_read() -> None:
    with Scene(HostileProvider(BY_FORM)) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        response = browser.send("POST", CALLBACK, "", None, CROSS_SITE)  # what adapters say of such a body
        refused_untouched(browser, arriving, response, Reason.REQUEST_TOO_LARGE)


class Endless:
    """A body of which more can always be had."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int) -> bytes:
        self.taken += size
        return b"a" * size

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self.read(16384), "more_body": True}


@pytest.mark.parametrize("declared", [True, False])
def test_a29_of_an_endless_form_no_more_than_the_limit_is_gathered(declared: bool) -> None:
    scene, body, statuses = Scene(HostileProvider(BY_FORM)), Endless(), list[object]()
    process = scene.first
    world = cast("AsyncWorld", SimpleNamespace(now=scene.clock))  # such a request asks nothing of it
    application = AsgiSignIn(process.site, world, warm=process.warm, render=PAGES)
    headers = [(b"content-type", FORM[1].encode())] + ([(b"content-length", b"1048576")] if declared else [])
    scope = {"type": "http", "method": "POST", "path": CALLBACK, "headers": headers}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status"))

    anyio.run(application, scope, body.receive, send)
    assert statuses[0] == 413
    assert body.taken <= (0 if declared else BODY_LIMIT + 16384)


def test_a29_a_declared_mebibyte_is_not_read_in_threads_either() -> None:
    scene, body, statuses = Scene(HostileProvider(BY_FORM)), Endless(), list[str]()
    application = WsgiSignIn(scene.first.site, scene.first, warm=scene.first.warm, render=PAGES)
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": CALLBACK, "CONTENT_TYPE": FORM[1], "wsgi.input": body}
    list(application(environ | {"CONTENT_LENGTH": "1048576"}, lambda status, _headers: statuses.append(status)))
    assert statuses == ["413 Request Entity Too Large"]
    assert body.taken == 0


BAD_TEXT = (
    *("%00", "%0d", "%0a", "%0d%0aSet-Cookie:%20a=b", "%1b[2J", "%7f", "%08", "\x00", "\r", "\n", "\r\nx: y", "\t"),
    *("%ff", "%c0%af", "%c3", "%ed%a0%80", "%f4%90%80%80", "%fe%ff", "\xe9", "%", "%4", "%zz", "%u0041"),
)
"""Control characters, what is no UTF-8, and what escapes nothing."""


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "other"])
def test_a30_what_is_no_plain_text_is_refused_wherever_it_stands(scene: Scene, name: str) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    for bad in BAD_TEXT:
        own = dict(arriving.fields).get(name, "x")
        for value in (own + bad, f"{bad}-{own}", bad):
            response = bring(browser, arriving, written(arriving, **{name: value}))
            assert refusal(response) is Reason.MALFORMED_CALLBACK, (bad, value)
            assert cookies_set(response) == []
    refused_untouched(browser, arriving, scene.responses[-1], Reason.MALFORMED_CALLBACK)


@pytest.mark.parametrize(
    "character", ["\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\u200b", "\x9b", "\U000e0041"]
)
@pytest.mark.parametrize("name", ["iss", "error", "error_description"])
def test_a30_what_a_terminal_might_obey_is_not_repeated_in_the_log(scene: Scene, name: str, character: str) -> None:
    browser = scene.browser()
    begun = browser.begin()
    changes = {"error": "access_denied", name: f"a{character}b"}
    arriving = altered(browser.authorize(begun), **changes)
    response = browser.arrive(arriving)
    assert response.failure is not None
    assert character not in str(response.failure)
    assert str(response.failure).isprintable()
    assert not isinstance(response.body, bytes)
    assert character not in PAGES(response.body)[1].decode()


@pytest.mark.parametrize("path", ["/sso/callback\r\nx: y", "/sso/cli/poll/a\nsign-in accepted", "/\x1b[2J", "/\u2028"])
@pytest.mark.parametrize("method", ["GET", "PUT", "P\nUT"])
def test_a30_a_path_breaks_no_line_either(scene: Scene, path: str, method: str) -> None:
    response = scene.browser().send(method, path)
    assert response.status in (401, 404, 405)
    # The scene sees to headers and log lines at its end.


def test_a32_a_callback_leaves_the_address_with_the_code_and_tells_nobody_of_it(scene: Scene) -> None:
    browser = scene.browser()
    response = browser.arrive(browser.authorize(browser.begin("/inside")))
    assert (response.status, location(response)) == (303, "/inside")
    assert response.header("cache-control") == "no-store"
    assert response.header("referrer-policy") == "no-referrer"
    assert "default-src 'none'" in response.header("content-security-policy")


_ELSEWHERE = re.compile(
    r"(?:src|href|action|url)\s*[=(]\s*[\"']?\s*(?:https?:|//)|<(?:script|iframe|img|object|link)[^>]+//"
)


def test_a32_no_page_fetches_anything_from_elsewhere(scene: Scene) -> None:
    browser = scene.browser()
    browser.get("/")
    browser.login()
    browser.get("/")
    browser.get(CALLBACK, "code=c&state=s")
    browser.get("/sso/key/generate", "return_to=/", (("sec-fetch-site", "cross-site"),))
    browser.get(STYLE)
    shown = [PAGES(each.body)[1].decode() for each in scene.responses if not isinstance(each.body, bytes)]
    assert len(shown) >= 5
    assert [page for page in shown if _ELSEWHERE.search(page)] == []


BROKEN = [
    {"state": None},
    {"state": "another"},
    {"state": "s" * 600},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"error": "access_denied"},
    {"error": "server_error", "code": None},
    {"id_token": "a.b.c"},
    {"response": "a.b.c"},
    {"code": "c" * 5000},
]


def leaves(browser: Browser, response: Response, code: str) -> None:
    """See that the browser moves on by itself, to an address and a page without the code."""
    assert response.status >= 400
    assert response.header("referrer-policy") == "no-referrer"
    after, _, url = response.header("refresh").partition(";url=")
    assert after == "0"
    assert code not in url
    assert url.startswith("/sso/refused?code=")
    path, _, query = url.partition("?")
    shown = browser.get(path, query)
    assert not isinstance(shown.body, bytes)
    assert code not in PAGES(shown.body)[1].decode()
    assert shown.header("refresh") == ""


@pytest.mark.parametrize("changes", BROKEN)
def test_a33_whatever_is_broken_on_purpose_the_page_does_not_stay_at_the_code(
    scene: Scene, changes: dict[str, str | None]
) -> None:
    browser = scene.browser()
    arriving = browser.authorize(browser.begin())
    leaves(browser, browser.arrive(altered(arriving, **changes)), dict(arriving.fields)["code"])
    assert scene.tokens_sent() == 0


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a33_nor_where_the_provider_was_made_to_answer_in_another_way(mode: str) -> None:
    with Scene(HostileProvider(BY_FORM)) as scene:
        browser = scene.browser()
        begun = browser.begin()
        forged = attrs.evolve(begun, headers=(("location", location(begun).replace("form_post", mode)),))
        arriving = browser.authorize(forged)
        code = dict(arriving.fields)["code"]
        response = browser.get(CALLBACK, written(arriving))
        assert refusal(response) is Reason.METHOD_NOT_ALLOWED
        leaves(browser, response, code)
        assert scene.tokens_sent() == 0


@pytest.mark.parametrize("path", ["/sso/callback/other", "/sso/callback/", "/sso/debug/callback", "/sso/Callback"])
def test_a33_nor_at_an_address_that_is_nobodys(path: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        leaves(browser, browser.get(path, urlsplit(arriving.url).query), dict(arriving.fields)["code"])
        assert browser.arrive(arriving).status == 303


def test_a33_nor_where_nobody_may_sign_in() -> None:
    with Scene(ui_disabled=True) as scene:
        leaves(scene.browser(), scene.browser().get(CALLBACK, "code=0123456789abcdefghij&state=s"), "0123456789")


def test_a34_nothing_that_a_person_may_act_on_can_be_framed() -> None:
    with Scene(password_sign_in=True, debug_page=True) as scene:
        alice = scene.browser()
        alice.login()
        for method, pattern in scene.first.site.routes:
            path = pattern.replace("*", "a" * 43)
            for browser in (alice, scene.browser()):
                response = browser.process.answer(Request(method, path, "", (FORM,), b""))
                if path != STYLE:
                    assert "frame-ancestors 'none'" in response.header("content-security-policy"), path
                    assert response.header("x-frame-options") == "DENY", path
        for response in (scene.browser().get("/nowhere"), scene.browser().send("PUT", "/")):
            assert "frame-ancestors 'none'" in response.header("content-security-policy")


def test_a35_after_a_form_the_browser_goes_on_by_get() -> None:
    with Scene(HostileProvider(BY_FORM)) as scene:
        browser = scene.browser()
        begun = browser.begin()
        (bound,) = cookies_set(begun)
        assert bound.endswith("; Secure; SameSite=None"), "the form comes from another site"
        arriving = browser.authorize(begun)
        assert arriving.method == "POST"
        answers = [browser.arrive(arriving), browser.arrive(arriving), browser.sign_out()]
        assert [response.status for response in answers] == [303, 303, 303]
        assert [location(response) for response in answers] == ["/", "/", "/"]
        assert not any(307 <= response.status <= 308 for response in scene.responses)
