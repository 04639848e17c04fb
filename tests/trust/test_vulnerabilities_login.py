"""Vulnerabilities of others in how a login and its answer hang together, each as it would be tried here."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import attrs
import pytest

from sso_adapters.directories.sql import open_directory
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import Store
from sso_core.effects import Count, Effect, HttpRequest, Keep, Kind, Purpose
from sso_core.events import Event, StoreUnreachable
from sso_core.failures import Reason
from sso_core.hosts import HostAnswer, HostQuestion, Vouched
from sso_core.hosts import Person as HostPerson
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.environment import service_from_environment
from sso_core.settings.reading import SettingsError
from trust.people import person, provider
from trust.scene import Clock, Perform, Scene, altered, location, parameters, refusal
from trust.strangers import another_browsers_state_is_refused
from trust.terminals import approve, authorized, confirm, poll, started, told


def test_v1_a_state_is_not_only_made_but_held_against_the_browser() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        redirect = attacker.authorize(attacker.begin(), "alice")
        victim.begin()
        for arriving in (redirect, altered(redirect, state="x" * 43)):
            assert refusal(victim.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert refusal(victim.arrive(altered(redirect, state=None))) is Reason.NO_STATE
        assert scene.tokens_sent() == 0
        assert victim.person is None


def test_v2_people_at_once_before_one_provider_are_never_given_each_others_tokens() -> None:
    people = [person(f"p{number}", email=f"p{number}@corp.example") for number in range(8)]
    with Scene(provider(*people)) as scene:

        def twenty(name: str) -> set[tuple[str | None, str | None]]:
            seen = set()
            for _ in range(20):
                browser = scene.browser()
                browser.login(name)
                assert browser.session is not None
                seen.add((browser.session["subject"], browser.session["email"]))
            return seen

        with ThreadPoolExecutor(len(people)) as pool:
            results = list(pool.map(twenty, [each.subject for each in people]))
        assert results == [{(each.subject, f"{each.subject}@corp.example")} for each in people]


def test_v4_a_verifier_goes_with_every_exchange() -> None:
    with Scene() as scene:
        for _ in range(3):
            assert scene.browser().login().status == 303
        sent = [effect for effect in scene.asked if isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN]
        verifiers = [parse_qs((request.body or b"").decode())["code_verifier"][0] for request in sent]
        assert len(set(verifiers)) == 3
        assert min(map(len, verifiers)) >= 43


def test_v5_a_state_says_nothing_and_is_another_one_each_time() -> None:
    with Scene() as scene:
        sent = [parameters(location(scene.browser().begin())) for _ in range(200)]
        for name in ("state", "nonce", "code_challenge"):
            assert len({each[name] for each in sent}) == len(sent)
        with pytest.raises((UnicodeDecodeError, Error)):
            _ = [urlsafe_b64decode(each["state"] + "==").decode("ascii") for each in sent]


def test_v5_a_state_that_was_used_gives_nobody_a_session() -> None:
    with Scene() as scene:
        browser, stranger = scene.browser(), scene.browser()
        redirect = browser.authorize(browser.begin())
        assert browser.arrive(redirect).status == 303
        assert refusal(stranger.arrive(redirect)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        browser.sign_out()
        assert browser.arrive(redirect).status == 303
        assert (browser.session, stranger.session, scene.tokens_sent()) == (None, None, 1)


STORES = ("memory", "sqlite", "sql", "sealed cookies")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    clock = Clock()
    if request.param == "sqlite":
        file = SqliteStore(tmp_path / "store.sqlite3", clock=clock)
        yield file
        file.close()
    elif request.param == "sql":
        directory = open_directory(f"sqlite:///{tmp_path}/directory.sqlite3")
        yield SqlStore(directory.engine, clock=clock)
        directory.close()
    else:
        yield MemoryStore(clock=clock)


@pytest.fixture
def sealing(request: pytest.FixtureRequest) -> SealingKeys | None:
    sealed = request.node.callspec.params["store"] == "sealed cookies"
    return SealingKeys((b"k" * 32,)) if sealed else None


def test_v6_a_state_in_a_store_that_processes_share_belongs_to_one_browser() -> None:
    with Scene() as scene:
        another_browsers_state_is_refused(scene)
        keys = [effect.key for effect in scene.asked if isinstance(effect, Keep) and effect.kind is Kind.LOGIN]
        states = [
            parameters(location(each))["state"] for each in scene.responses if "authorize" in each.header("location")
        ]
        assert not any(state in key for state in states for key in keys)


def test_v7_and_so_it_does_in_every_store(store: Store, sealing: SealingKeys | None) -> None:
    with Scene(store=store, sealing_keys=sealing) as scene:
        another_browsers_state_is_refused(scene)


def test_v28_a_new_login_ends_the_browsers_former_session_and_a_person_can_end_all() -> None:
    with Scene() as scene:
        browser, elsewhere = scene.browser(), scene.browser()
        browser.login()
        elsewhere.login()
        former = scene.browser()
        former.cookies = dict(browser.session_cookies)
        scene.clock.now += 1
        browser.login()
        assert former.session is None
        assert (browser.person, elsewhere.person) == ("alice", "alice")
        browser.send("POST", "/sso/sign-out", "everywhere=1", b"", (("sec-fetch-site", "same-origin"),))
        assert (browser.session, elsewhere.session) == (None, None)


def test_v33_a_login_begins_ends_and_is_asked_for_at_different_processes() -> None:
    with Scene() as scene:
        for _ in range(50):
            browser = scene.browser()
            redirect = browser.authorize(browser.begin())
            browser.process = scene.second
            assert browser.arrive(redirect).status == 303
            browser.process = scene.first
            assert browser.person == "alice"


@pytest.mark.parametrize(
    "processes",
    [
        {"WEB_CONCURRENCY": "2", "DATABASE_URL": "sqlite://"},
        {"WEB_CONCURRENCY": "2", "DATABASE_URL": "sqlite:///:memory:"},
        {"SSO_INSTANCES": "2"},
        {"SSO_INSTANCES": "2", "DATABASE_URL": "sqlite:////data/accounts.sqlite3"},
    ],
    ids=str,
)
def test_v33_several_processes_that_share_no_store_do_not_start(processes: dict[str, str]) -> None:
    complete = {
        "GENERIC_CLIENT_ID": "client",
        "GENERIC_CLIENT_SECRET": "secret",
        "GENERIC_ISSUER": "https://op.example",
        "PROXY_BASE_URL": "https://app.example",
    }
    with pytest.raises(SettingsError, match="DATABASE_URL is not shared"):
        service_from_environment(complete | processes, default_base_url="https://app.example")


@pytest.mark.parametrize("planted", ["a" * 43, "a" * 43 + "." + "b" * 43, "", "null", "../../etc/passwd", "a" * 4000])
def test_v46_a_session_identifier_that_the_browser_brings_never_becomes_the_sessions(planted: str) -> None:
    with Scene() as scene:
        browser, attacker = scene.browser(), scene.browser()
        browser.login()
        (name,) = browser.session_cookies
        browser.cookies = {name: planted}
        attacker.cookies = {name: planted}
        browser.login()
        assert browser.person == "alice"
        assert browser.cookies[name] != planted
        assert attacker.session is None


def test_v46_a_link_of_somebody_else_asks_for_nothing_of_its_own() -> None:
    wish = "scope=openid+admin&iss=https://evil.example&login_hint=bob&target_link_uri=https://evil.example&prompt=none"
    with Scene() as scene:
        begun = scene.browser().get("/sso/key/generate", f"return_to=/&{wish}")
        asked = parameters(location(begun))
        assert asked["scope"] == "openid profile email"
        assert {"login_hint", "prompt", "iss"}.isdisjoint(asked)
        assert "evil" not in location(begun)


EMPTY = {
    "code": Reason.NO_CODE,
    "state": Reason.NO_STATE,
    "iss": Reason.RESPONSE_ISSUER_MISMATCH,
    "error": Reason.PROVIDER_ERROR,
}


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "session_state", "id_token"])
def test_v46_an_empty_parameter_is_read_as_what_it_is(name: str) -> None:
    with Scene() as scene:
        browser = scene.browser()
        response = browser.arrive(altered(browser.authorize(browser.begin()), **{name: ""}))
        signed_in = response.status == 303
        assert signed_in == (browser.person == "alice")
        assert signed_in == (scene.tokens_sent() == 1)
        if name in ("code", "state", "iss"):
            assert refusal(response) in {EMPTY[name], Reason.RESPONSE_ISSUER_MISSING, Reason.MALFORMED_CALLBACK}


def down(effect: Effect, perform: Perform) -> Event:
    return StoreUnreachable("down") if getattr(effect, "kind", None) is Kind.CLI_LOGIN else perform(effect)


def test_v47_a_counter_that_cannot_be_asked_lets_nobody_try() -> None:
    with Scene() as scene:
        begun = started(scene)
        scene.between = down
        browser = scene.browser()
        for code in ("BBBB-BBBB", begun["user_code"]):
            response = confirm(browser, begun, code)
            assert refusal(response) in (Reason.STORE_UNREACHABLE, Reason.SESSION_NOT_KEPT)
            assert response.status == 503
        assert browser.login_cookies == {}


def test_v47_nor_does_one_of_passwords_and_the_host_is_not_asked() -> None:
    asked: list[HostQuestion] = []

    def host(question: HostQuestion) -> HostAnswer:
        asked.append(question)
        return Vouched(HostPerson("host", "alice"))

    with Scene(password_sign_in=True, host=host) as scene:
        scene.between = lambda effect, perform: (
            StoreUnreachable("down") if isinstance(effect, Count) else perform(effect)
        )
        browser = scene.browser()
        response = browser.post("/sso/password", {"username": "alice", "password": "right"})
        assert refusal(response) is Reason.STORE_UNREACHABLE
        assert (browser.session, asked) == (None, [])
        scene.between = lambda effect, perform: perform(effect)
        assert browser.post("/sso/password", {"username": "alice", "password": "right"}).status == 303


def test_v51_what_binds_a_login_is_no_session_and_the_other_way_round() -> None:
    with Scene() as scene:
        browser, thief = scene.browser(), scene.browser()
        browser.login()
        ((session_name, session),) = browser.session_cookies.items()
        redirect = thief.authorize(thief.begin(), "alice")
        ((login_name, binding),) = thief.login_cookies.items()
        for pasted in (binding, *binding.split("."), redirect.fields[0][1]):
            thief.cookies = {session_name: pasted}
            assert thief.session is None
        thief.cookies = {login_name: session}
        refusal(thief.arrive(redirect))
        assert (thief.session, scene.tokens_sent()) == (None, 1)


def test_v51_a_sealed_login_is_no_session() -> None:
    with Scene(sealing_keys=SealingKeys((b"k" * 32,))) as scene:
        browser, thief = scene.browser(), scene.browser()
        browser.login()
        (session_name,) = browser.session_cookies
        thief.begin()
        (sealed,) = thief.login_cookies.values()
        thief.cookies = {session_name: sealed}
        assert thief.session is None


def test_v53_the_session_is_another_one_after_each_login_and_the_former_is_dead() -> None:
    with Scene() as scene:
        browser, attacker = scene.browser(), scene.browser()
        attacker.login("bob")
        browser.cookies = dict(attacker.session_cookies)
        assert browser.person == "bob"
        browser.login("alice")
        assert browser.session_cookies != attacker.session_cookies
        assert (browser.person, attacker.session) == ("alice", None)


def test_v58_one_click_on_a_strangers_link_signs_nobody_in() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        victim.login("alice")
        planted = attacker.authorize(attacker.begin("/settings"), "bob")
        assert refusal(victim.arrive(planted)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert victim.person == "alice"
        asked = victim.get("/sso/key/generate", "return_to=/settings", (("sec-fetch-site", "cross-site"),))
        assert asked.status == 200
        assert asked.header("location") == ""


def test_v60_consent_at_the_provider_is_bound_to_the_browser_that_asked_for_it() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        begun = attacker.begin()
        redirect = victim.authorize(begun, "alice")
        assert refusal(victim.arrive(redirect)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert (victim.session, attacker.session, scene.tokens_sent()) == (None, None, 0)


def test_v60_and_so_is_the_approval_of_a_command_line() -> None:
    with Scene() as scene:
        begun = started(scene)
        attacker, victim = scene.browser(), scene.browser()
        redirect = authorized(attacker, confirm(attacker, begun), "alice")
        assert refusal(victim.arrive(redirect)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert told(poll(scene, begun))["status"] == "pending"
        assert scene.tokens_sent() == 0


def test_v61_a_login_has_state_nonce_and_challenge_and_after_sign_out_nothing_is_left() -> None:
    with Scene() as scene:
        browser = scene.browser()
        begun = browser.begin()
        asked = parameters(location(begun))
        assert (asked["code_challenge_method"], len(asked["state"]), len(asked["nonce"])) == ("S256", 43, 43)
        browser.arrive(browser.authorize(begun))
        kept = scene.browser()
        kept.cookies = dict(browser.session_cookies)
        browser.sign_out()
        assert kept.session is None


def test_v61_the_token_of_a_command_line_ends_with_it_and_with_everything() -> None:
    with Scene() as scene:
        tokens = []
        for _ in range(2):
            begun = started(scene)
            approve(scene.browser(), begun)
            tokens.append(str(told(poll(scene, begun))["key"]))
        bearers = [(("authorization", f"Bearer {token}"),) for token in tokens]
        terminal = scene.browser()
        assert [terminal.get("/sso/session", "", bearer).status for bearer in bearers] == [200, 200]
        terminal.send("POST", "/sso/sign-out", "", b"", bearers[0])
        assert [terminal.get("/sso/session", "", bearer).status for bearer in bearers] == [401, 200]
        browser = scene.browser()
        browser.login()
        browser.send("POST", "/sso/sign-out", "everywhere=1", b"", (("sec-fetch-site", "same-origin"),))
        assert [terminal.get("/sso/session", "", bearer).status for bearer in bearers] == [401, 401]


def test_v62_the_session_can_be_read_before_the_browser_is_sent_on() -> None:
    with Scene() as scene:
        browser = scene.browser()
        redirect = browser.authorize(browser.begin())

        def lost(effect: Effect, perform: Perform) -> Event:
            kept = isinstance(effect, Keep) and effect.kind is Kind.SESSION
            return StoreUnreachable("down") if kept else perform(effect)

        scene.between = lost
        assert refusal(browser.arrive(redirect)) is Reason.SESSION_NOT_KEPT
        scene.between = lambda effect, perform: perform(effect)
        again = scene.browser()
        response = again.login()
        assert isinstance(scene.asked[-1], Keep), "nothing is left to do when the browser is told"
        assert response.afterwards == ()
        again.process = scene.second
        assert again.person == "alice"


def test_v67_an_answer_that_lost_its_issuer_on_the_way_is_told_so_to_the_operator() -> None:
    with Scene() as scene:
        browser = scene.browser()
        response = browser.arrive(altered(browser.authorize(browser.begin()), iss=None))
        assert refusal(response) is Reason.RESPONSE_ISSUER_MISSING
        assert response.failure is not None
        assert "iss" in str(response.failure)
        assert "proxy" in response.failure.hint
        assert (browser.session, scene.tokens_sent()) == (None, 0)


def test_v67_where_the_provider_promises_nothing_its_absence_is_no_fault() -> None:
    op = provider(person("alice"), response_issuer=False)
    with Scene(op) as scene:
        assert attrs.evolve(op.state).response_issuer is False
        assert scene.browser().login().status == 303
