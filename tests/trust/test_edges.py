"""What surrounds a login: proxies, targets, cookies, logs, clocks of strangers, other people's logins (TRUST A-g)."""

from __future__ import annotations

import ast
import hmac
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, count, product
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import pytest

from sso_core import secret
from sso_core.effects import Effect, HttpRequest, Keep, Kind, Peek, Purpose
from sso_core.events import Event, HttpResponse
from sso_core.failures import Failure, Reason
from sso_core.hosts import CheckHeaders, Declined, HostAnswer, HostQuestion, Person, Vouched
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import cli_hash, cli_login_key
from sso_core.sessions.login_cookie import cookie_mark
from sso_core.sessions.pending_login import login_key
from sso_core.sessions.session import session_key
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key_hash
from sso_core.settings.origin import Origin
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.provider_state import CALLBACK, example_provider
from sso_core.testing.signing_keys import signing_key
from sso_core.web.messages import Response
from sso_core.web.return_to import safe_return_target
from sso_core.wire import b64url_encode
from trust.leaks import breaks, leaks
from trust.return_targets import KEPT, TARGETS, strays
from trust.scene import NOW, ORIGIN, Perform, Scene, altered, cookies_set, location, parameters, provider_of, refusal

ROOT = Path(__file__).parents[2]

SPOOFED = (
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-port", "80"),
    ("x-forwarded-uri", "/sso/liveness"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-path", "/sso/liveness"),
    ("x-original-url", "/sso/liveness"),
    ("x-rewrite-url", "/sso/liveness"),
    ("x-original-uri", "/sso/liveness"),
    ("x-http-method-override", "GET"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-real-ip", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1;host=evil.example;proto=http"),
    ("user-agent", "kube-probe/1.30"),
    ("x-forwarded-user", "alice"),
)
HOSTS = [
    "evil.example",
    "app.example.evil.example",
    "app.example:99",
    "app.example/sso/liveness?",
    "a#b",
    "a?b",
    "",
    " ",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a96_no_header_says_where_the_service_is_or_what_is_asked_of_it(host: str) -> None:
    headers = (("host", host), *SPOOFED)
    with Scene() as scene:
        browser = scene.browser()
        begun = browser.get("/sso/key/generate", "return_to=/", headers)
        assert parameters(location(begun))["redirect_uri"] == CALLBACK
        assert all(cookie.startswith("__Host-sso-login-") and "; Secure" in cookie for cookie in cookies_set(begun))
        arriving = urlsplit(browser.authorize(begun).url)
        assert browser.get("/sso/session", "", headers).status == 401
        assert refusal(browser.send("POST", "/sso/session", "", b"", headers)) is Reason.METHOD_NOT_ALLOWED
        assert location(browser.get(arriving.path, arriving.query, headers)) == "/"
        assert browser.person == "alice"
        told = [response for response in scene.responses if response.header("location")]
        assert not any("evil" in response.header("location") for response in told)


@pytest.mark.parametrize(
    ("peer", "said", "told"),
    [
        ("192.0.2.9", "203.0.113.5", "192.0.2.9"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, evil", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5\u2028evil", "10.0.0.1"),
    ],
)
def test_a96_where_somebody_comes_from_is_said_by_named_proxies_alone(peer: str, said: str, told: str) -> None:
    with Scene(address_proxies=("10.0.0.0/8",)) as scene:
        headers = (("x-forwarded-for", said), ("x-real-ip", "127.0.0.1"), ("forwarded", "for=127.0.0.1"))
        (event,) = scene.browser(peer).get("/nowhere", "", headers).audit
        assert event.peer == told


@pytest.mark.parametrize("query", ["path=/sso/liveness", "/sso/liveness", "?/../sso/liveness", "#/sso/liveness", ";x"])
def test_a96_nor_does_a_query_or_what_looks_like_a_path(query: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        assert browser.get("/sso/session", query).status == 401
        for path in ("/sso/liveness/../session", "/sso/session/", "//sso/session", "/sso/session;x", "/sso/%73ession"):
            assert refusal(browser.get(path, query)) is Reason.NOT_FOUND


# Where people are sent


@pytest.mark.parametrize("base", ["https://app.example", "https://app.example/sub", "http://127.0.0.1:4000/a/b"])
def test_a97_no_target_leads_anybody_elsewhere(base: str) -> None:
    origin = Origin(base)
    assert len(set(TARGETS)) > 5000
    mount = [f"{origin.mount}{target}" for target in TARGETS[::7]]
    ours = [f"{origin.origin}{target}" for target in mount]
    for target in (*TARGETS[::2], *mount, *ours):
        found = safe_return_target(target, origin)
        assert not strays(found, origin.origin, origin.mount), (target, found)
        assert found.isascii()
        assert found.isprintable()


@pytest.mark.parametrize("target", KEPT)
def test_a97_a_target_that_nobody_reads_otherwise_is_kept(target: str) -> None:
    assert safe_return_target(target, Origin(ORIGIN)) == target
    assert safe_return_target(ORIGIN + target, Origin(ORIGIN)) == target


def test_a97_the_judge_of_these_targets_knows_a_redirect_when_it_sees_one() -> None:
    there = [
        "//e",
        "/\\e",
        "\\\\e",
        "/%5ce",
        "/\t/e",
        "/\r/e",
        "https:e//..",
        "https://e",
        "javascript:a",
        "/%2fe",
        "/..",
    ]
    assert [target for target in there if not strays(target, ORIGIN, "/sub")] == []
    assert [target for target in KEPT if strays(target, ORIGIN)] == []


def test_a97_neither_a_start_nor_a_cookie_leads_elsewhere() -> None:
    with Scene() as scene:
        browser = scene.browser()
        spent = f"__Host-sso-login-{cookie_mark('s')}"
        for target in TARGETS[::19]:
            begun = browser.begin(target)
            kept = [value.rpartition(".")[2] for value in browser.cookies.values()]
            assert (begun.status, len(kept)) == (303, 1) or refusal(begun) is Reason.MALFORMED_CALLBACK
            for written in (*kept, b64url_encode(target.encode())):
                browser.cookies = {spent: f"{int(NOW)}..{written}"}  # as after a login
                assert not strays(location(browser.get("/sso/callback", "code=c&state=s")), ORIGIN), target
            browser.cookies = {}


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example/", "/inside"])
def test_a97_nor_does_a_whole_login(target: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        assert location(browser.arrive(browser.authorize(browser.begin(target)))) in ("/", "/inside")


BROKEN = [
    "a\r\nset-cookie: x=y",
    "/a\nb",
    "/\r",
    "/a%0d%0aset-cookie:x",
    "/a%0Ab",
    "/\x00",
    "/a\x85b",
    "/\u2028",
]


@pytest.mark.parametrize("value", BROKEN)
def test_a98_a_line_break_reaches_no_header(value: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        encoded = quote(value)
        for path in ("/sso/key/generate", "/sso/callback", "/sso/refused", "/sso/cli/confirm"):
            for name in ("return_to", "provider", "state", "code", "iss", "error", "reference", "login"):
                for text in (encoded, value):
                    response = browser.get(path, f"{name}={text}&x=y")
                    assert response.status in (303, 400, 401, 404), (path, name)
        browser.cookies = {f"__Host-sso-login-{cookie_mark('s')}": f"{int(NOW)}..{b64url_encode(encoded.encode())}"}
        assert location(browser.get("/sso/callback", "code=c&state=s")) in ("/", encoded)
        # That no header or log line is broken the scene sees to, as it ends.


ODD_COOKIES = [
    "{name}",
    "{name}=",
    "={value}",
    "{name}==",
    "{name}=%00",
    "{name}=" + "a" * 100_000,
    "{name}=" + "." * 100_000,
    "{name}=" + "%" * 5000,
    "{name}=\xff\xfe",
    "{name}=99999999",
    "{name}.0=a; {name}.99999998=b; {name}_chunks=99999999",
    "{name}=1." + "A" * 90_000 + ".Lw",
    "{name}=" + "9" * 5000 + "..Lw",
    "{name}=-1..Lw",
    "{name}=\u0661..Lw",
    "; ".join(["a"] * 30_000),
    "; ".join(["{name}=a"] * 5000),
    ";" * 100_000,
    '{name}="{value}"',
    "$Version=1; {name}={value}x",
]


@pytest.mark.parametrize("keys", [None, SessionKeys((b"k" * 32,))])
@pytest.mark.parametrize("cookie", ODD_COOKIES)
def test_a99_a_cookie_that_means_nothing_is_nobodys_and_costs_next_to_nothing(
    cookie: str, keys: SessionKeys | None
) -> None:
    with Scene(session_keys=keys) as scene:
        browser = scene.browser()
        for name in ("__Host-sso-session", f"__Host-sso-login-{cookie_mark('s')}"):
            header = (("cookie", cookie.replace("{name}", name).replace("{value}", "v" * 43)),)
            assert browser.get("/sso/session", "", header).status == 401
            assert browser.get("/", "", header).status == 200
            response = browser.get("/sso/callback", "code=c&state=s", header)
            assert refusal(response) in (
                Reason.LOGIN_OF_ANOTHER_BROWSER,
                Reason.AMBIGUOUS_COOKIE,
                Reason.NO_PENDING_LOGIN,
            )
            assert browser.get("/sso/key/generate", "return_to=/", header).status == 303
        asked = [effect for effect in scene.asked if not isinstance(effect, Keep)]
        assert len(asked) <= 8
        assert scene.tokens_sent() == 0


# Headers in which a proxy names people

PROXY, CLIENT = "10.0.0.1", "192.0.2.9"


def host(question: HostQuestion) -> HostAnswer:
    """Believe `x-forwarded-user`, as a host would that trusts its proxy."""
    assert isinstance(question, CheckHeaders)
    user = dict(question.headers).get("x-forwarded-user")
    return Declined("no user") if user is None else Vouched(Person("https://proxy.example", user, user))


USER = "x-forwarded-user"


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        (((USER, "alice"),), "alice"),
        (((USER, "alice"), ("x_forwarded_user", "mallory")), "alice"),
        (((USER, "alice"), ("x-forwarded_user", "mallory"), ("x_forwarded-user", "mallory")), "alice"),
        (((USER, "mallory"), (USER, "alice")), None),
        ((("x_forwarded_user", "mallory"),), None),
        ((("x-forwarded-user ", "mallory"),), None),
        ((("remote-user", "mallory"), ("remote_user", "mallory")), None),
    ],
)
def test_a100_a_named_proxy_is_heard_where_its_words_are_its_own(
    headers: tuple[tuple[str, str], ...], person: str | None
) -> None:
    with Scene(host=host, header_proxies=("10.0.0.0/8",)) as scene:
        browser = scene.browser(PROXY)
        browser.get("/sso/key/generate", "return_to=/", headers)
        assert browser.person == person


@pytest.mark.parametrize("peer", [CLIENT, "", "unix:/run/app.sock", "::1", "10.0.0.1, 192.0.2.9", "010.0.0.1", "10.1"])
def test_a100_nobody_else_is(peer: str) -> None:
    with Scene(host=host, header_proxies=("10.0.0.0/8",)) as scene:
        browser = scene.browser(peer)
        headers = ((USER, "mallory"), ("x-forwarded-for", PROXY), ("x-real-ip", PROXY), ("forwarded", f"for={PROXY}"))
        assert location(browser.get("/sso/key/generate", "return_to=/", headers)).startswith(scene.op.state.issuer)
        assert browser.person is None
        assert browser.get("/sso/session", "", headers).status == 401


def test_a100_where_no_proxy_is_named_no_header_names_anybody() -> None:
    with Scene(host=host) as scene:
        browser = scene.browser(PROXY)
        assert location(browser.get("/sso/key/generate", "", ((USER, "mallory"),))).startswith(scene.op.state.issuer)
        assert browser.person is None


# Sign-out

FROM_ELSEWHERE = [
    (("sec-fetch-site", "cross-site"),),
    (("sec-fetch-site", "same-site"),),
    (("sec-fetch-site", "cross-site"), ("origin", ORIGIN)),
    (("origin", "https://evil.example"),),
    (("origin", "null"),),
    (("origin", f"{ORIGIN}.evil.example"),),
    (("origin", ORIGIN.upper()),),
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
@pytest.mark.parametrize("query", ["", "everywhere=1", "sid=a&iss=https%3A%2F%2Fop.example"])
def test_a102_no_other_site_signs_anybody_out(query: str, headers: tuple[tuple[str, str], ...]) -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.login()
        before = len(scene.op.state.requests)
        for method in ("GET", "HEAD", "PUT"):
            assert refusal(browser.send(method, "/sso/sign-out", query, b"", headers)) is Reason.METHOD_NOT_ALLOWED
        assert refusal(browser.send("POST", "/sso/sign-out", query, b"", headers)) is Reason.CROSS_SITE_REQUEST
        assert browser.person == "alice"
        assert browser.sign_out().status == 303
        assert browser.session is None
        assert len(scene.op.state.requests) == before, "the provider hears nothing of it"


# Secrets


def test_a103_nothing_secret_is_logged_or_shown_however_a_login_ends() -> None:
    for mischief in list(HOSTILE.values())[::3]:
        op = HostileProvider(mischief)
        scene = Scene(op)
        browser = scene.browser()
        begun = browser.begin()
        if begun.status == 303:
            browser.arrive(browser.authorize(begun))
            browser.arrive(browser.authorize(begun))
        assert leaks(scene) == [], mischief.name
        assert breaks(scene) == [], mischief.name


@pytest.mark.parametrize("body", ["code", "code_verifier", "secret"])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a103_not_even_a_provider_that_repeats_secrets_gets_them_into_a_log(status: int, body: str) -> None:
    with Scene() as scene:
        browser = scene.browser()

        def repeating(effect: Effect, perform: Perform) -> Event:
            event = perform(effect)
            if not (isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN):
                return event
            assert effect.body is not None
            client = scene.op.state.clients[0].client_secret
            assert client is not None
            said = parameters(f"?{effect.body.decode()}") | {"secret": client.reveal()}
            told = f'{{"error": "no: {said[body]}", "error_description": "{said[body]} is wrong"}}'
            return HttpResponse(status, told.encode(), (("content-type", "application/json"),))

        scene.between = repeating
        assert refusal(browser.login()).status in (401, 503)


def test_a103_nor_through_the_browser_or_at_userinfo() -> None:
    with Scene() as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        fields = dict(arriving.fields)
        said = f"not {fields['code']} for {fields['state']}"
        assert refusal(browser.arrive(altered(arriving, error=said, error_description=said))) is Reason.PROVIDER_ERROR

        def repeating(effect: Effect, perform: Perform) -> Event:
            if isinstance(effect, HttpRequest) and effect.purpose is Purpose.USERINFO:
                told = str(dict(effect.headers)["authorization"])
                return HttpResponse(401, told.encode(), (("www-authenticate", f'Bearer error_description="{told}"'),))
            return perform(effect)

        scene.between = repeating
        assert browser.login().status == 303


def test_a103_a_secret_that_gets_out_is_found() -> None:
    scene = Scene()
    browser = scene.browser()
    browser.arrive(browser.authorize(browser.begin()))
    assert leaks(scene) == breaks(scene) == []
    code = scene.op.state.grants[0].code
    ((_, session),) = browser.session_cookies.items()
    for hidden in (code, session, "an example's secret: 100% + more"):
        scene.responses.append(Response(401, failure=Failure(Reason.NO_CODE, f"the code is {hidden}")))
        assert len(leaks(scene)) > 0
        scene.responses.pop()
    scene.responses.append(Response(303, (("location", "/a\r\nset-cookie: b=c"),)))
    assert breaks(scene) != []


SECRET_NAMES = frozenset(
    (
        *("state", "nonce", "code", "secret", "token", "mac", "code_verifier", "verifier", "challenge", "poll_secret"),
        *("user_code", "session_id", "access_token", "id_token", "client_secret", "password"),
    )
)


def compared(tree: ast.AST) -> Iterator[ast.Compare]:
    """Find comparisons of something secret with something that is not written down."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        parts = [part for side in sides for part in ast.walk(side)]
        revealed = any(isinstance(part, ast.Attribute) and part.attr == "reveal" for part in parts)
        named = [
            side
            for side in sides
            if (isinstance(side, ast.Name) and side.id in SECRET_NAMES)
            or (isinstance(side, ast.Attribute) and side.attr in SECRET_NAMES)
        ]
        by_letters = any(isinstance(way, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for way in node.ops)
        plain = any(isinstance(side, ast.Constant) for side in sides)
        if by_letters and (revealed or named) and not plain:
            yield node


def test_a104_nowhere_are_secrets_compared_letter_by_letter() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted((ROOT / "sso_core").rglob("*.py"))
        if "testing" not in path.parts
        for node in compared(ast.parse(path.read_text()))
    ]
    assert found == []
    assert list(compared(ast.parse("given.state == login.state"))) != []
    assert list(compared(ast.parse("given.reveal() != kept"))) != []


def test_a104_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[tuple[bytes | str, bytes | str]] = []

    def noting(one: Any, other: Any) -> bool:
        pairs.append((one, other))
        return hmac.compare_digest(one, other)

    for module in ("secret", "sessions.cli_entry", "sessions.session_keys", "oauth.id_token"):
        monkeypatch.setattr(f"sso_core.{module}.compare_digest", noting)
    assert secret.Secret("a" * 43) != secret.Secret("a" * 42 + "b")
    assert len(pairs) == 1
    with Scene(session_keys=SessionKeys((b"k" * 32,))) as scene:
        browser = scene.browser()
        browser.login()
        assert any(isinstance(one, bytes) and len(one) == len(other) == 43 for one, other in pairs), "the nonce"
        pairs.clear()
        ((name, session),) = browser.session_cookies.items()
        browser.cookies[name] = session[:-1] + ("A" if session[-1] != "A" else "B")
        assert browser.person is None
        assert [(len(one), len(other)) for one, other in pairs] == [(43, 43)], "the signature of the session"
        pairs.clear()
        started = browser.send("POST", "/sso/cli/start", "", b"{}", (("content-type", "application/json"),))
        assert isinstance(started.body, bytes)
        login_id = started.body.decode().partition('"login_id": "')[2][:43]
        wrong = (("authorization", "Bearer wrong"),)
        assert refusal(browser.get(f"/sso/cli/poll/{login_id}", "", wrong)) is Reason.WRONG_POLL_SECRET
        assert [(len(one), len(other)) for one, other in pairs] == [(43, 43)], "the poll secret, by its hash"
        pairs.clear()
        form = {"login": login_id, "code": "BBBB-BBBB"}
        assert refusal(browser.post("/sso/cli/confirm", form)) is Reason.WRONG_USER_CODE
        assert [(len(one), len(other)) for one, other in pairs] == [(43, 43)], "the user code, by its hash"


# Other people at the same moment


def test_a105_two_logins_one_inside_the_other_are_never_mixed_up() -> None:
    scene = Scene()

    def play_inside(stage: int) -> None:
        """Let Bob arrive while Alice's login waits for its so manieth answer."""
        alice, bob, asked = scene.browser(), scene.browser(), count()
        hers, his = alice.begin(), bob.begin()
        arriving = alice.authorize(hers, "alice")

        def between(effect: Effect, perform: Perform) -> Event:
            if next(asked) == stage:
                assert bob.arrive(bob.authorize(his, "bob")).status == 303
            return perform(effect)

        scene.between = between
        assert alice.arrive(arriving).status == 303
        scene.between = lambda effect, perform: perform(effect)
        assert (alice.person, bob.person) == ("alice", "bob")

    for turn in range(600):
        play_inside(turn % 5)
        if turn % 60 == 0:
            scene.op.change(lambda state: state.forgetting())


def test_a105_nor_are_those_of_many_threads() -> None:
    scene = Scene()

    def play(number: int) -> tuple[str, str | None, object]:
        person, browser = ("alice", "bob")[number % 2], scene.browser()
        response = browser.login(person)
        session = browser.session
        assert response.status == 303
        assert session is not None
        return person, browser.person, session["email"]

    with ThreadPoolExecutor(8) as pool:
        played = list(pool.map(play, range(500)))
    assert set(played) == {("alice", "alice", "alice@example.org"), ("bob", "bob", "bob@example.org")}
    assert scene.tokens_sent() == 500


# Keys of caches and stores


def test_a106_nothing_is_kept_under_a_part_of_its_name_or_under_anothers() -> None:
    long = "a" * 200
    texts = [
        "",
        "a",
        "a a",
        "1 a",
        "a 1",
        long,
        long + "b",
        long + "c",
        "session a",
        "login 1 a a",
        "sso_key_" + "a" * 43,
    ]
    keys = [session_key(Secret(text)) for text in texts]
    keys += [cli_login_key(text) for text in texts]
    keys += [api_key_hash(Secret(text)) for text in texts]
    keys += [login_key(one, Secret(other)) for one, other in product(texts, repeat=2)]
    keys += [cli_hash(one, Secret(other)) for one, other in product(texts, repeat=2)]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {43}, "each is a whole digest"


def test_a106_two_tokens_that_begin_alike_are_two() -> None:
    with Scene() as scene:
        alice, bob = scene.browser(), scene.browser()
        alice.login("alice")
        bob.login("bob")
        ((name, session),) = alice.session_cookies.items()
        stranger = scene.browser()
        for near in (session[:-1], session + "A", session[:20], session[:-1] + ("A" if session[-1] != "A" else "Q")):
            stranger.cookies = {name: near}
            assert stranger.person is None
        peeked = {effect.key for effect in scene.asked if isinstance(effect, Peek) and effect.kind is Kind.SESSION}
        assert all(one not in other for one, other in combinations(peeked, 2))


def test_a106_what_is_known_of_one_issuer_is_not_used_for_another_that_begins_alike() -> None:
    outer = FakeProvider()
    state = example_provider("https://op.example/a", redirect_uri=f"{CALLBACK}/other1")
    inner = FakeProvider(attrs.evolve(state, keys=(signing_key(seed="another key of the same name"),)))
    providers = provider_of(outer), provider_of(inner, 1)
    with Scene(inner, outer, providers=providers) as scene:  # who is asked is found by the longer address first
        accounts = set()
        for _ in range(2):
            for chosen, op in zip(providers, (outer, inner), strict=True):
                browser = scene.browser()
                assert browser.login("alice", chosen.provider_id, op).status == 303
                assert browser.session is not None
                assert browser.session["issuer"] == op.state.issuer
                accounts.add(browser.session["account_id"])
        assert len(accounts) == 2, "one subject at two issuers is two people"
