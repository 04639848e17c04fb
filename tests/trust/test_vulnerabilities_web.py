"""Vulnerabilities of others in requests, cookies and the way to a page, each as it would be tried here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import attrs
import pytest

from sso_core.effects import Effect, HttpRequest, Kind, Purpose, ReadAccount, ReadKey, WriteAccount
from sso_core.events import DirectoryUnreachable, Event, Headers, HttpResponse, Unreachable
from sso_core.failures import Reason
from sso_core.hosts import CheckHeaders, Declined, HostAnswer, HostQuestion, Person, Vouched
from sso_core.settings.sign_in import KeyHolders
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.mischief import drop, put
from sso_core.testing.provider_state import Alterations, Redirect, example_provider
from sso_core.web.messages import Request
from trust.people import person, policy
from trust.scene import Browser, Perform, Scene, altered, cookies_set, location, parameters, refusal
from trust.terminals import approve, confirm, poll, started, status_of, token_of, told

LONG = "A" * 200
"""What the tokens of a provider may all begin with."""


class LongTokens(FakeProvider):
    """A provider whose access tokens differ at their ends only."""

    def answer(self, request: HttpRequest, now: float) -> HttpResponse:
        headers = tuple((name, value.replace(LONG, "")) for name, value in request.headers)
        return super().answer(attrs.evolve(request, headers=headers), now)


def test_v26_tokens_that_begin_alike_are_never_taken_for_each_other() -> None:
    people = [person(f"p{number}", email=f"p{number}@corp.example") for number in range(6)]
    longer = Alterations(
        token_response=lambda answer: {**answer, "access_token": LONG + answer["access_token"]},
        id_token_claims=drop("at_hash"),
    )
    op = LongTokens(attrs.evolve(example_provider(), people=tuple(people), alterations=longer))
    with Scene(op) as scene:
        for each in (*people, *people):
            browser = scene.browser()
            browser.login(each.subject)
            assert browser.session is not None
            assert browser.session["email"] == f"{each.subject}@corp.example"
        assert op.state.count("userinfo") == 12


def test_v26_our_own_tokens_are_known_whole_or_not_at_all() -> None:
    with Scene() as scene:
        token = token_of(scene)
        assert status_of(scene, token) == 200
        for near in (
            token[:-1],
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            token + "A",
            token[:20],
            token.lower(),
        ):
            assert status_of(scene, near) == 401
        browser = scene.browser()
        browser.login()
        ((name, value),) = browser.session_cookies.items()
        browser.cookies[name] = value[:-1] + ("A" if value[-1] != "A" else "B")
        assert browser.session is None


HOSTS = (
    "evil.example",
    "app.example/sso/liveness",
    "app.example?x=/sso/liveness",
    "app.example#",
    "app.example:99999",
    "app.example:80@evil.example",
    "app.example:/../sso/liveness",
    "",
    "[::1",
    "app.example, evil.example",
)


@pytest.mark.parametrize("host", HOSTS)
def test_v27_the_host_header_decides_nothing(host: str) -> None:
    headers: Headers = (("host", host), ("x-forwarded-host", host), ("forwarded", f"host={host}"))
    with Scene() as scene:
        browser = scene.browser()
        for path in ("/sso/session", "/sso/get/ui_settings"):
            assert browser.get(path, "", headers).status == 401
        begun = browser.get("/sso/key/generate", "return_to=/", headers)
        assert parameters(location(begun))["redirect_uri"] == "https://app.example/sso/callback"
        finished = browser.send("GET", "/sso/callback", query_of(browser, begun), b"", headers)
        assert finished.header("location") == "/"
        assert all("Domain" not in cookie for cookie in cookies_set(finished))


def query_of(browser: Browser, begun: object) -> str:
    redirect = browser.authorize(begun)  # type: ignore[arg-type] # a response
    return redirect.url.partition("?")[2]


def test_v32_a_command_line_is_given_its_names_and_brings_none() -> None:
    with Scene() as scene:
        for said in ({"key": "sk-mine"}, {"login_id": "x" * 43}, {"session_id": "x"}, {"user_code": "AAAA-AAAA"}):
            begun = started(scene, **said)
            assert begun["error"] == Reason.MALFORMED_CALLBACK.code
        victim = scene.browser()
        victim.login()
        begun = started(scene)
        for code in ("", "sk-mine", begun["login_id"][:9], "AAAA-AAAA"):
            assert refusal(confirm(victim, begun, code)) is Reason.WRONG_USER_CODE
        assert told(poll(scene, begun))["status"] == "pending"
        assert told(poll(scene, begun, login_id="sk-mine"))["error"] == Reason.NO_CLI_LOGIN.code
        assert told(poll(scene, begun, secret="x" * 43))["error"] == Reason.WRONG_POLL_SECRET.code


def test_v32_what_a_browser_gets_opens_nothing_at_the_terminal() -> None:
    with Scene() as scene:
        begun = started(scene)
        response = approve(scene.browser(), begun)
        assert response.failure is None
        for secret in (begun["login_id"], begun["user_code"], ""):
            assert told(poll(scene, begun, secret=secret))["error"] == Reason.WRONG_POLL_SECRET.code
        assert told(poll(scene, begun))["status"] == "ready"


def without_directory(effect: Effect, perform: Perform) -> Event:
    return DirectoryUnreachable("down") if isinstance(effect, ReadAccount | ReadKey | WriteAccount) else perform(effect)


def test_v36_a_directory_that_is_down_is_an_outage_and_no_refusal_and_heals() -> None:
    with Scene(key_holders=KeyHolders.EVERYBODY) as scene:
        browser = scene.browser()
        scene.between = without_directory
        response = browser.login()
        assert refusal(response) is Reason.DIRECTORY_UNREACHABLE
        assert (response.status, response.header("retry-after") != "") == (503, True)
        bearer = (("authorization", "Bearer sso_key_" + "x" * 43),)
        assert scene.browser().get("/sso/session", "", bearer).status in (401, 503)
        scene.between = lambda effect, perform: perform(effect)
        assert browser.login().status == 303
        assert (browser.person, scene.accounts) == ("alice", 1)


HEALTHY = (
    ("user-agent", "GoogleHC/1.0"),
    ("user-agent", "kube-probe/1.29"),
    ("x-forwarded-uri", "/sso/liveness"),
    ("x-original-url", "/sso/liveness"),
    ("x-original-uri", "/sso/style.css"),
    ("x-rewrite-url", "/sso/liveness"),
    ("x-forwarded-prefix", "/sso/liveness"),
    ("x-http-method-override", "GET"),
    ("x-forwarded-user", "alice"),
    ("x-remote-user", "alice"),
    ("forwarded", 'for=127.0.0.1;proto=https;host="app.example"'),
)
PLACES = ("/sso/session", "/sso/get/ui_settings")


@pytest.mark.parametrize("header", HEALTHY, ids=": ".join)
def test_v37_no_header_makes_a_request_another_one(header: tuple[str, str]) -> None:
    with Scene(key_holders=KeyHolders.EVERYBODY, debug_page=True) as scene:
        browser = scene.browser()
        for path in PLACES:
            assert browser.get(path, "", (header,)).status == 401
        assert (
            browser.send("POST", "/sso/keys", "", b"{}", (header, ("content-type", "application/json"))).status == 401
        )
        debug = browser.get("/sso/debug/login", "", (header,))
        assert debug.status in (401, 403)


@pytest.mark.parametrize(
    "query", ["/sso/liveness", "x=/sso/style.css", "%2fsso%2fliveness", "#/sso/liveness", "a=b&/sso/x"]
)
@pytest.mark.parametrize("path", PLACES)
def test_v37_nor_does_a_query_or_a_fragment(path: str, query: str) -> None:
    with Scene() as scene:
        assert scene.browser().get(path, query).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/sso/session/../liveness",
        "/sso/session/",
        "/sso/session;/sso/liveness",
        "/sso/session#",
        "/sso/session%00",
        "//sso/session",
        "/SSO/SESSION",
        "/sso/get/ui_settings/..;/liveness",
    ],
)
def test_v37_a_path_is_a_route_by_every_letter_or_none(path: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.login()
        assert refusal(browser.get(path)) is Reason.NOT_FOUND


class Proxy:
    """A host that believes the header of its proxy, and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Headers] = []

    def __call__(self, question: HostQuestion) -> HostAnswer:
        assert isinstance(question, CheckHeaders)
        self.seen.append(question.headers)
        name = dict(question.headers).get("x-forwarded-user")
        return Declined("nobody is named") if name is None else Vouched(Person("proxy", name))


SMUGGLED = ("x_forwarded_user", "x_forwarded-user", "x-forwarded_user")


@pytest.mark.parametrize("name", SMUGGLED)
def test_v39_a_header_that_another_would_read_as_the_proxys_is_never_its_word(name: str) -> None:
    proxy = Proxy()
    with Scene(header_proxies=("10.0.0.0/8",), host=proxy) as scene:
        behind = scene.browser("10.1.2.3")
        behind.get("/sso/key/generate", "", ((name, "root"),))
        assert behind.session is None
        behind.get("/sso/key/generate", "", ((name, "root"), ("x-forwarded-user", "alice")))
        assert behind.person == "alice"
        assert not any("root" in value for headers in proxy.seen for _, value in headers)


def test_v39_nor_is_one_that_comes_twice_or_from_elsewhere() -> None:
    proxy = Proxy()
    with Scene(header_proxies=("10.0.0.0/8",), host=proxy) as scene:
        twice = scene.browser("10.1.2.3")
        twice.get("/sso/key/generate", "", (("x-forwarded-user", "root"), ("x-forwarded-user", "alice")))
        assert twice.session is None
        outside = scene.browser("203.0.113.9")
        for headers in (
            (("x-forwarded-user", "root"),),
            (("x-forwarded-user", "root"), ("x-forwarded-for", "10.1.2.3")),
        ):
            outside.get("/sso/key/generate", "", headers)
            assert outside.session is None


TARGETS = (
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "/%2fevil.example",
    "/%252fevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\r\n/evil.example",
    "/\u2028/evil.example",
    "///evil.example",
    "/./\\evil.example",
    "/..//evil.example",
    "/x/../..//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "http://app.example",
    "https://app.example@evil.example",
    "https://app.example:x@evil.example",
    "https://app.example.evil.example",
    "https://app.exampleevil.example",
    "https://evil-app.example",
    "https://evilapp.example",
    "https://app.example:8443",
    "javascript:alert(1)",
    "data:text/html,x",
    "/?x=\r\nset-cookie: a=b",
    " /\tx",
)


@pytest.mark.parametrize("target", TARGETS, ids=ascii)
@pytest.mark.parametrize("line", ["login", "form"])
def test_v41_a_login_leads_to_no_other_site(target: str, line: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        headers: Headers = (("sec-fetch-site", "cross-site"),) if line == "form" else ()
        begun = browser.get("/sso/key/generate", f"return_to={quote(target)}", headers)
        if line == "form":
            assert "evil" not in repr(begun.body)
            return
        finished = browser.arrive(browser.authorize(begun)) if begun.status == 303 else begun
        if finished.failure is not None:
            assert finished.status == 400
        else:
            assert finished.header("location") == "/", target


@pytest.mark.parametrize(
    "host", ["evil-app.example", "evilapp.example", "app.example.evil.example", "xapp.example", "app.exampl"]
)
def test_v43_an_origin_is_compared_whole(host: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        finished = browser.arrive(browser.authorize(browser.begin(f"https://{host}/x")))
        assert finished.header("location") == "/"
        ours = browser.arrive(browser.authorize(browser.begin("https://app.example/x")))
        assert ours.header("location") == "/x"
        crossing = (("origin", f"https://{host}"),)
        response = browser.send("POST", "/sso/sign-out", "", b"", crossing)
        assert refusal(response) is Reason.CROSS_SITE_REQUEST
        assert browser.person == "alice"


COOKIES = (
    "__Host-sso-session_chunks=99999999",
    "__Host-sso-session=; __Host-sso-session_0=x; __Host-sso-session_1=y",
    "__Host-sso-session=" + "A" * 100_000,
    "__Host-sso-session",
    "=",
    ";;;;" * 1000,
    "=".join(["a"] * 10_000),
    "__Host-sso-session=\x00",
    "__Host-sso-session=\u00ff\u00fe",
    '__Host-sso-session="quoted"',
    "__Host-sso-session=a.b.c.d.e",
    "__Host-sso-login-x=AAAA; __Host-sso-login-y",
    "; ".join(f"c{number}=x" for number in range(10_000)),
)


@pytest.mark.parametrize("cookie", COOKIES, ids=lambda cookie: ascii(cookie[:40]))
def test_v44_a_cookie_that_nobody_set_is_no_session_and_no_accident(cookie: str) -> None:
    with Scene() as scene:
        process = scene.first
        header: Headers = (("cookie", cookie),)
        assert process.answer(Request("GET", "/sso/session", "", header)).status == 401
        assert process.answer(Request("GET", "/", "", header)).status == 200
        assert process.answer(Request("GET", "/sso/key/generate", "return_to=/", header)).status == 303
        redirect = Browser(scene, "192.0.2.1")
        arriving = redirect.authorize(redirect.begin())
        query = arriving.url.partition("?")[2]
        assert process.answer(Request("GET", "/sso/callback", query, header)).failure is not None
        asked = [effect for effect in scene.asked if getattr(effect, "kind", None) is Kind.SESSION]
        assert len(asked) <= 4
        assert scene.tokens_sent() == 0


def test_v44_a_cookie_of_many_is_found_or_not_at_constant_cost() -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.login()
        (pair,) = (f"{name}={value}" for name, value in browser.session_cookies.items())
        many = "; ".join(f"c{number}=x" for number in range(150))
        request = Request("GET", "/sso/session", "", (("cookie", f"{many}; {pair}"),))
        assert scene.first.answer(request).status == 200
        assert altered(browser.authorize(browser.begin()), state="x").method == "GET"


def declined(redirect: Redirect) -> Redirect:
    return altered(redirect, code=None, error="access_denied")


FAILING: dict[str, tuple[Alterations, Callable[[Redirect], Redirect]]] = {
    "declined": (Alterations(), declined),
    "another issuer": (Alterations(), lambda redirect: altered(redirect, iss="https://evil.example")),
    "a code that is none": (Alterations(), lambda redirect: altered(redirect, code="x" * 43)),
    "no token": (Alterations(token_response=drop("access_token")), lambda redirect: redirect),
    "another's token": (Alterations(id_token_claims=put(nonce="x")), lambda redirect: redirect),
    "another's profile": (Alterations(userinfo_claims=put(sub="x")), lambda redirect: redirect),
}


@pytest.mark.parametrize("name", FAILING)
def test_v40_a_login_that_fails_leaves_nobody_signed_in(name: str) -> None:
    alterations, change = FAILING[name]
    with Scene() as scene:
        browser, stolen = scene.browser(), scene.browser()
        browser.login("alice")
        stolen.cookies = dict(browser.session_cookies)
        scene.op.change(lambda state: attrs.evolve(state, alterations=alterations))
        response = browser.arrive(change(browser.authorize(browser.begin(), "bob")))
        assert response.failure is not None
        assert (browser.session_cookies, browser.session, stolen.session) == ({}, None, None)


def test_v40_so_does_one_that_is_too_late_and_one_whose_person_may_not_come_in() -> None:
    with Scene(policy=policy(email_domains=("example.org",))) as scene:
        browser = scene.browser()
        browser.login("alice")
        assert refusal(browser.login("bob")) is Reason.EMAIL_NOT_VERIFIED
        assert browser.session is None
        browser.login("alice")
        late = browser.authorize(browser.begin(), "alice")
        scene.clock.now += 601
        refusal(browser.arrive(late))
        assert browser.session is None


def test_v40_an_outage_and_what_a_stranger_sends_sign_nobody_out() -> None:
    with Scene() as scene:
        browser, attacker = scene.browser(), scene.browser()
        browser.login("alice")
        planted = attacker.authorize(attacker.begin(), "bob")
        for redirect in (planted, altered(planted, iss=None), altered(planted, state="x"), declined(planted)):
            refusal(browser.arrive(redirect))
            assert browser.person == "alice"
        arriving = browser.authorize(browser.begin(), "alice")
        scene.between = lambda effect, perform: Unreachable(sent=True) if is_token(effect) else perform(effect)
        assert refusal(browser.arrive(arriving)) is Reason.TOKEN_ANSWER_LOST
        assert browser.person == "alice"


def is_token(effect: Effect) -> bool:
    return isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN


def test_v40_a_wrong_password_leaves_nobody_signed_in_and_the_pages_show_nobody_else() -> None:
    with Scene(password_sign_in=True, host=lambda _: Declined("no")) as scene:
        browser = scene.browser()
        browser.login("alice")
        response = browser.post("/sso/password", {"username": "bob", "password": "x"})
        assert refusal(response) is Reason.WRONG_PASSWORD
        assert browser.session is None
        browser.login("alice")
        assert browser.login("bob").status == 303
        assert browser.person == "bob"
