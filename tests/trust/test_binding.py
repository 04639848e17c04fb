"""A login belongs to the browser that began it (TRUST A-a)."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs
import pytest

from sso_adapters import translate
from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import Effect, HttpRequest, Keep, Purpose, Take, WriteAccount
from sso_core.events import Event, HttpResponse
from sso_core.facts import ProviderMetadata, Warm
from sso_core.failures import Reason
from sso_core.flows.begin_login import KeepingLogin, begin_login
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import example_provider
from sso_core.web.cookies import LOGIN_COOKIE_BYTES, LOGIN_COOKIES
from sso_core.web.pages import RefusedPage
from trust.scene import NOW, Browser, Perform, Scene, altered, cookies_set, location, parameters, refusal

SEALED: dict[str, Any] = {"sealing_keys": SealingKeys((b"s" * 32,))}
SIGNED: dict[str, Any] = {"session_keys": SessionKeys((b"k" * 32,))}
KEEPING: list[dict[str, Any]] = [{}, SEALED]
"""Where pending logins lie: in the store, or in the browser's cookie."""

STRANGERS = {Reason.LOGIN_OF_ANOTHER_BROWSER, Reason.NO_PENDING_LOGIN, Reason.UNREADABLE_LOGIN}


def writes(scene: Scene) -> int:
    return sum(isinstance(effect, WriteAccount) for effect in scene.asked)


def careless() -> FakeProvider:
    """Return a provider that honours requests without PKCE, and verifiers of any challenge."""
    return FakeProvider(attrs.evolve(example_provider(), checks_pkce=False))


@pytest.mark.parametrize("keeping", KEEPING)
def test_a1_a_strangers_code_and_state_sign_nobody_in(keeping: dict[str, Any]) -> None:
    with Scene(**keeping) as scene:
        attacker, victim = scene.browser(), scene.browser()
        stolen = attacker.authorize(attacker.begin(), "alice")
        assert refusal(victim.arrive(stolen)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert scene.tokens_sent() == 0
        assert victim.cookies == {}
        # Nobody has used up the login by it.
        assert attacker.arrive(stolen).status == 303
        assert (attacker.person, victim.person) == ("alice", None)


@pytest.mark.parametrize("keeping", KEEPING)
def test_a2_another_browsers_state_is_not_ours_and_stays_theirs(keeping: dict[str, Any]) -> None:
    with Scene(**keeping) as scene:
        alice, bob = scene.browser(), scene.browser()
        hers, his = alice.begin(), bob.begin()
        arriving = alice.authorize(hers, "alice")
        (name,), (cookie,) = alice.login_cookies, bob.login_cookies.values()
        bob.cookies[name] = cookie
        assert refusal(bob.arrive(arriving)) in STRANGERS
        assert scene.tokens_sent() == 0
        assert alice.arrive(arriving).status == 303
        assert alice.person == "alice"
        assert bob.arrive(bob.authorize(his, "bob")).status == 303
        assert bob.person == "bob"


def test_a4_a_state_of_one_provider_is_worth_nothing_at_the_callback_of_another() -> None:
    one, other = FakeProvider(), FakeProvider(example_provider("https://other.example", redirect_uri=SECOND))
    with Scene(one, other) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin(provider="generic"))
        astray = attrs.evolve(arriving, url=arriving.url.replace("/sso/callback?", "/sso/callback/other1?"))
        assert refusal(browser.arrive(astray)) is Reason.WRONG_PROVIDER
        assert (scene.tokens_sent(one), scene.tokens_sent(other)) == (0, 0)
        assert browser.cookies == {}
        # It is used up: the code may be in somebody else's hands by now.
        assert refusal(browser.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert (browser.person, writes(scene)) == (None, 0)


SECOND = "https://app.example/sso/callback/other1"


@pytest.mark.parametrize("keeping", KEEPING)
def test_a5_the_same_callback_once_more_goes_where_the_login_went_and_changes_nothing(
    keeping: dict[str, Any],
) -> None:
    with Scene(**keeping) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin("/inside?a=b"))
        before = dict(browser.cookies)
        assert location(browser.arrive(arriving)) == "/inside?a=b"
        session = browser.session
        for cookies in (browser.cookies, {**before, **browser.session_cookies}):  # afterwards, and at the same moment
            for process in (scene.first, scene.second):
                browser.cookies, browser.process = dict(cookies), process
                again = browser.arrive(arriving)
                assert location(again) == "/inside?a=b"
                assert cookies_set(again) == []
                assert browser.session == session
        assert scene.tokens_sent() == 1
        assert writes(scene) == 1


def test_a6_the_same_callback_in_another_browser_is_refused() -> None:
    with Scene() as scene:
        browser, other = scene.browser(), scene.browser()
        arriving = browser.authorize(browser.begin())
        assert browser.arrive(arriving).status == 303
        assert refusal(other.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert scene.tokens_sent() == 1
        assert (browser.person, other.person, other.cookies) == ("alice", None, {})


def test_a7_a_callback_whose_exchange_failed_is_not_tried_again_and_nothing_goes_round() -> None:
    with Scene() as scene:
        scene.between = lambda effect, perform: (
            HttpResponse(400, b'{"error": "invalid_grant"}')
            if isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN
            else perform(effect)
        )
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        before = dict(browser.cookies)
        assert refusal(browser.arrive(arriving)) is Reason.CODE_REFUSED
        assert browser.cookies == {}
        again = browser.arrive(arriving)
        assert refusal(again) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert isinstance(again.body, RefusedPage)
        assert again.body.again_path == "/sso/key/generate"  # a link; nothing follows it by itself
        assert again.header("refresh").startswith("0;url=/sso/refused?")
        browser.cookies = before  # as two callbacks at the same moment have it
        assert cookies_set(browser.arrive(arriving)) == []
        assert browser.person is None
        sent = [effect for effect in scene.asked if isinstance(effect, HttpRequest)]
        assert [effect.purpose for effect in sent] == [Purpose.TOKEN]


class Forgetful(MemoryStore):
    """A store whose own clock stands still: it would keep a login for ever."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: NOW)


@pytest.mark.parametrize("keeping", KEEPING)
@pytest.mark.parametrize("late", [0, 1])
def test_a8_a_login_ends_by_the_servers_clock_whatever_cookie_and_store_say(late: int, keeping: dict[str, Any]) -> None:
    with Scene(store=Forgetful(), **keeping) as scene:
        browser = scene.browser()
        begun = browser.begin()
        scene.clock.now += 600 + late
        refused = browser.arrive(browser.authorize(begun))
        assert refusal(refused) is Reason.LOGIN_EXPIRED
        assert isinstance(refused.body, RefusedPage)
        assert refused.body.again_path == "/sso/key/generate"
        assert (scene.tokens_sent(), browser.person, browser.cookies) == (0, None, {})
        assert browser.login().status == 303
    with Scene(store=Forgetful(), **keeping) as scene:
        browser = scene.browser()
        begun = browser.begin()
        scene.clock.now += 599
        assert browser.arrive(browser.authorize(begun)).status == 303
        assert browser.person == "alice"


def test_a9_a_sealed_login_is_used_once_in_whichever_process() -> None:
    with Scene(**SEALED) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        sealed = dict(browser.cookies)
        assert browser.arrive(arriving).status == 303
        for process in (scene.first, scene.second):
            browser.cookies, browser.process = dict(sealed), process
            assert cookies_set(browser.arrive(arriving)) == []
            assert browser.person is None
        assert scene.tokens_sent() == 1


def test_a9_a_sealed_login_of_another_state_is_not_opened() -> None:
    with Scene(**SEALED) as scene:
        browser = scene.browser()
        old, new = browser.begin(), browser.begin()
        first, second = browser.login_cookies
        browser.cookies[second] = browser.cookies[first]
        assert refusal(browser.arrive(browser.authorize(new))) is Reason.UNREADABLE_LOGIN
        assert scene.tokens_sent() == 0
        assert browser.arrive(browser.authorize(old)).status == 303


@pytest.mark.parametrize("keeping", KEEPING)
@pytest.mark.parametrize("return_to", ["/", "/" + "a" * 1000])
def test_a11_a_thousand_logins_of_one_browser_leave_few_cookies_and_the_newest_works(
    return_to: str, keeping: dict[str, Any]
) -> None:
    with Scene(**keeping) as scene:
        browser = scene.browser()
        begun = browser.begin(return_to)
        for _ in range(1000):
            scene.clock.now += 0.1
            begun = browser.begin(return_to)
            sizes = [len(name) + len(value) for name, value in browser.login_cookies.items()]
            assert len(sizes) <= LOGIN_COOKIES
            assert sum(sizes) - max(sizes) <= LOGIN_COOKIE_BYTES
            assert sum(sizes) < 8000, "proxies refuse such a header"
        assert location(browser.arrive(browser.authorize(begun))) == return_to
        assert browser.person == "alice"


def test_a12_whoever_completes_an_attackers_login_is_not_signed_in() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        begun = attacker.begin()
        arriving = victim.authorize(begun, "alice")  # the victim follows the link, signs in and consents
        assert refusal(victim.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert scene.tokens_sent() == 0
        assert (victim.person, victim.cookies, writes(scene)) == (None, {}, 0)
        # And from another site even our own start asks the person first.
        confirm = victim.get("/sso/key/generate", "return_to=/", (("sec-fetch-site", "cross-site"),))
        assert (confirm.status, confirm.header("location"), victim.cookies) == (200, "", {})


NAMES = """state nonce code_verifier code_challenge code session session_id sid sso_session flow flow_id login login_id
login_hint id key token cookie entropy reference redirect_uri client_id scope response_type response_mode"""


def test_a13_nothing_that_a_start_says_becomes_part_of_the_login() -> None:
    with Scene() as scene:
        browser, chosen = scene.browser(), "chosen-by-an-attacker-000000000000000000000"
        begun = browser.get("/sso/key/generate", urlencode([(name, chosen) for name in NAMES.split()]))
        assert chosen not in location(begun)
        assert not any(chosen in cookie for cookie in cookies_set(begun))
        assert parameters(location(begun))["redirect_uri"] == "https://app.example/sso/callback"
        assert browser.arrive(browser.authorize(begun)).status == 303
        assert not any(chosen in value for value in browser.cookies.values())
        assert [effect for effect in scene.asked if isinstance(effect, Keep | Take) and chosen in effect.key] == []


def test_a14_ten_thousand_logins_share_nothing_that_is_random(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    provider = scene.settings.providers[0]
    metadata = ProviderMetadata(
        issuer=scene.op.state.issuer,
        authorization_endpoint="https://op.example/authorize",
        token_endpoint="https://op.example/token",
        userinfo_endpoint=None,
        jwks_uri="https://op.example/jwks",
        id_token_algorithms=("EdDSA",),
    )

    def begun(entropy: Entropy) -> tuple[str, str, str, str]:
        state = begin_login(
            scene.settings, provider, return_to="/", entropy=entropy, now=NOW, warm=Warm(metadata=metadata)
        )
        assert isinstance(state, KeepingLogin)
        login = state.login
        return state.sent.state, login.nonce, login.code_verifier.reveal(), state.sent.cookie.secret.reveal()

    pieces = [piece for _ in range(10_000) for piece in begun(translate.draw())]
    assert len(set(pieces)) == len(pieces)
    assert {len(piece) for piece in pieces} == {43}
    for place in range(43):  # each letter of each is as likely as any other, but for the last, which has 4 bits
        letters = Counter(piece[place] for piece in pieces)
        assert len(letters) == (64 if place < 42 else 16)
        assert max(letters.values()) < 1.4 * len(pieces) / len(letters)
    # Each is a part of the draw of its own: whatever else changes, it does not.
    plain = bytes(ENTROPY_SIZE)
    changed = [
        tuple(one != other for one, other in zip(begun(Entropy(plain)), begun(Entropy(block)), strict=True))
        for block in (plain[:at] + b"\xff" * 32 + plain[at + 32 :] for at in range(0, ENTROPY_SIZE, 32))
    ]
    assert [sum(row) for row in changed] == [1, 1, 1, 1, 0, 0, 0]
    assert [sum(column) for column in zip(*changed, strict=True)] == [1, 1, 1, 1]
    # And the draw is the operating system's.
    monkeypatch.setattr("secrets.token_bytes", lambda size: b"o" * size)
    assert translate.draw().block == b"o" * ENTROPY_SIZE


@pytest.mark.parametrize(("op", "reason"), [(FakeProvider(), "code_refused"), (careless(), "wrong_nonce")])
def test_a15_a_stolen_code_is_worth_nothing_in_the_thiefs_own_login(op: FakeProvider, reason: str) -> None:
    with Scene(op) as scene:
        victim, thief = scene.browser(), scene.browser()
        stolen = dict(victim.authorize(victim.begin(), "alice").fields)["code"]
        injected = altered(thief.authorize(thief.begin(), "bob"), code=stolen)
        refused = thief.arrive(injected)
        assert refusal(refused).code == reason
        assert (thief.person, thief.cookies, writes(scene)) == (None, {}, 0)
        assert scene.tokens_sent() == 1
        assert op.state.count("userinfo") == 0


def test_a16_after_a_foreign_nonce_the_access_token_is_used_for_nothing_and_kept_nowhere() -> None:
    with Scene(careless()) as scene:
        kept: list[bytes] = []

        def between(effect: Effect, perform: Perform) -> Event:
            if isinstance(effect, Keep):
                kept.append(effect.value)
            return perform(effect)

        scene.between = between
        victim, thief = scene.browser(), scene.browser()
        stolen = dict(victim.authorize(victim.begin(), "alice").fields)["code"]
        assert refusal(thief.arrive(altered(thief.authorize(thief.begin(), "bob"), code=stolen))) is Reason.WRONG_NONCE
        token = next(grant.access_token for grant in scene.op.state.grants if grant.used)
        assert token is not None
        requests = scene.op.state.requests
        assert not any(token in f"{request.url} {request.headers} {request.body!r}" for request in requests)
        assert not any(token.encode() in value for value in kept)
        assert token not in repr(vars(scene.directory))
        assert scene.op.state.count("userinfo") == writes(scene) == 0


def test_a18_a_request_stripped_of_its_challenge_still_needs_cookie_and_nonce() -> None:
    with Scene(careless()) as scene:
        attacker, victim = scene.browser(), scene.browser()
        begun = attacker.begin()
        address = location(begun)
        asked = {name: value for name, value in parameters(address).items() if not name.startswith("code_challenge")}
        stripped = f"{address.partition('?')[0]}?{urlencode(asked)}"
        arriving = scene.op.authorize(stripped, "alice", scene.clock())
        assert refusal(victim.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        mine = victim.authorize(victim.begin(), "bob")
        assert refusal(victim.arrive(altered(mine, code=dict(arriving.fields)["code"]))) is Reason.WRONG_NONCE
        assert (victim.person, writes(scene), scene.tokens_sent()) == (None, 0, 1)


def test_a19_the_id_token_of_another_login_of_the_same_person_is_refused() -> None:
    with Scene(careless()) as scene:
        browser = scene.browser()
        one, other = (browser.authorize(browser.begin()) for _ in range(2))
        code = dict(other.fields)["code"]
        assert refusal(browser.arrive(altered(one, code=code))) is Reason.WRONG_NONCE
        assert (browser.person, writes(scene)) == (None, 0)


def test_a20_on_https_no_sibling_domain_can_plant_a_cookie() -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.login()
        browser.sign_out()
        browser.begin()
        set_ = [cookie for response in scene.responses for cookie in cookies_set(response)]
        assert set_ != []
        for cookie in set_:
            name, *flags = cookie.partition("=")[0], *cookie.split("; ")[1:]
            assert name.startswith("__Host-sso-")
            assert {"Path=/", "HttpOnly", "Secure"} <= set(flags)
            assert "SameSite=Lax" in flags or "Max-Age=0" in flags
            assert not any(flag.startswith("Domain") for flag in flags)


def test_a20_on_the_loopback_alone_cookies_are_plain() -> None:
    here = "http://127.0.0.1:4000"
    op = FakeProvider(example_provider(redirect_uri=f"{here}/sso/callback"))
    with Scene(op, origin=here) as scene:
        browser = scene.browser()
        assert browser.login().status == 303
        assert set(browser.session_cookies) == {"sso-session"}
    with pytest.raises(ValueError, match="plain http"):
        Scene(origin="http://app.example")


def test_a20_a_planted_cookie_of_a_plain_name_is_not_looked_at() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        arriving = attacker.authorize(attacker.begin(), "alice")
        planted = {name.removeprefix("__Host-"): value for name, value in attacker.cookies.items()}
        victim.cookies.update(planted)
        assert refusal(victim.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert scene.tokens_sent() == 0
        attacker.arrive(arriving)
        victim.cookies = {name.removeprefix("__Host-"): value for name, value in attacker.cookies.items()}
        assert (attacker.person, victim.person) == ("alice", None)


def two_of(browser: Browser, header: str, path: str = "/sso/session", query: str = "") -> Reason | None:
    """Send cookies as they are written, and return why nobody is let in."""
    browser.cookies = {}
    response = browser.get(path, query, (("cookie", header),))
    return response.failure.reason if response.failure else (None if response.status == 200 else Reason.NOT_SIGNED_IN)


LOOKALIKES = ["\u2003", "\xa0", "\u3000", "\t", "\x0b", "\x85", "\u200b", '"', "$", "%20", "\ufeff", "__Host-"]


@pytest.mark.parametrize("before", LOOKALIKES)
def test_a21_a_name_that_only_looks_like_ours_is_not_ours(before: str) -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        arriving = attacker.authorize(attacker.begin())
        ((name, value),) = attacker.cookies.items()
        query = urlsplit(arriving.url).query
        reason = two_of(victim, f"{before}{name}={value}", "/sso/callback", query)
        assert reason is Reason.LOGIN_OF_ANOTHER_BROWSER
        attacker.arrive(arriving)
        ((name, value),) = attacker.session_cookies.items()
        assert two_of(victim, f"{before}{name}={value}") is Reason.NOT_SIGNED_IN
        assert two_of(victim, f"{name}={value}") is None


def test_a21_of_two_cookies_of_one_name_neither_is_trusted() -> None:
    with Scene() as scene:
        alice, mallory, victim = scene.browser(), scene.browser(), scene.browser()
        arriving = alice.authorize(alice.begin())
        ((name, value),) = alice.cookies.items()
        query = urlsplit(arriving.url).query
        for header in (f"{name}={value}; {name}=x", f"{name}=x; {name}={value}", f"{name}={value}; {name}={value}"):
            assert two_of(victim, header, "/sso/callback", query) is Reason.AMBIGUOUS_COOKIE
        assert scene.tokens_sent() == 0
        assert alice.arrive(arriving).status == 303, "the login is still there for the one cookie"
        mallory.login("bob")
        ((name, hers),), (his,) = alice.session_cookies.items(), mallory.session_cookies.values()
        for header in (f"{name}={hers}; {name}={his}", f"{name}={his}; {name}={hers}"):
            assert two_of(victim, header) is Reason.NOT_SIGNED_IN


@pytest.mark.parametrize("settings", [{}, SEALED, SIGNED, {**SEALED, **SIGNED}])
def test_a22_a_cookie_or_token_of_one_purpose_is_worth_nothing_for_another(settings: dict[str, Any]) -> None:
    with Scene(**settings) as scene:
        browser, other = scene.browser(), scene.browser()
        browser.login()
        ((session_name, session),) = browser.session_cookies.items()
        begun = browser.begin()
        arriving = browser.authorize(begun)
        pending = next(value for value in browser.login_cookies.values() if session not in value and ".." not in value)
        state = parameters(location(begun))["state"]
        for value in (pending, *pending.split("."), state, dict(arriving.fields)["code"]):
            other.cookies = {session_name: value}
            assert other.person is None
            other.cookies = {}
            assert other.get("/sso/session", headers=(("authorization", f"Bearer {value}"),)).status == 401
        for token in (session, f"sso_key_{session[:43]}"):
            assert other.get("/sso/session", headers=(("authorization", f"Bearer {token}"),)).status == 401
        login_name = next(name for name, value in browser.login_cookies.items() if value == pending)
        for value in (session, f"{int(NOW)}.{session}.Lw", f"{int(NOW)}.{session.partition('.')[0]}.Lw"):
            other.cookies = {login_name: value}
            assert refusal(other.arrive(arriving)) in STRANGERS
        assert scene.tokens_sent() == 1


@pytest.mark.parametrize("settings", [{}, SIGNED])
def test_a23_a_session_that_the_browser_brings_ends_and_lends_nothing_to_the_new_one(
    settings: dict[str, Any],
) -> None:
    with Scene(**settings) as scene:
        mallory, alice = scene.browser(), scene.browser()
        mallory.login("bob")
        planted = dict(mallory.session_cookies)
        alice.cookies.update(planted)
        assert alice.login("alice").status == 303
        assert set(alice.session_cookies.values()).isdisjoint(planted.values())
        assert alice.person == "alice"
        assert mallory.person is None, "the planted session is over"
        assert "bob" not in repr(alice.session)


@pytest.mark.parametrize("made_up", ["known-to-an-attacker", "a" * 43, "", "x" * 5000])
def test_a23_an_identifier_that_was_made_up_is_never_adopted(made_up: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        browser.cookies["__Host-sso-session"] = made_up
        assert browser.login().status == 303
        (session,) = browser.session_cookies.values()
        assert session != made_up
        assert not any(isinstance(effect, Keep) and made_up and made_up in effect.key for effect in scene.asked)
