"""A store that is away, forgets, or loses its answers (TRUST F-b)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import Drop, Effect, Keep, Peek, Take
from sso_core.events import Event, StoreUnreachable
from sso_core.failures import Reason
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.sign_in import KeyHolders
from trust.outages import (
    JSON,
    CommandLine,
    accounts,
    losing,
    nothing_between,
    retryable,
    told,
    without_directory,
    without_store,
)
from trust.scene import Perform, Process, Scene, cookies_set, location, refusal

SEALING = SealingKeys((b"s" * 32,))


def test_f27_nobody_is_sent_to_a_provider_whose_login_cannot_be_stored() -> None:
    with Scene() as scene:
        alice = scene.browser()
        scene.between = without_store
        begun = alice.begin("/there")
        assert retryable(begun) is Reason.STORE_UNREACHABLE
        assert alice.cookies == {}
        assert scene.op.state.count("authorization") == 0
        scene.between = nothing_between
        assert location(alice.arrive(alice.authorize(alice.begin("/there")))) == "/there"
        assert alice.person == "alice"


@pytest.mark.parametrize("sealed", [None, SEALING])
def test_f28_a_store_that_is_away_at_the_callback_uses_nothing_up(sealed: SealingKeys | None) -> None:
    with Scene(sealing_keys=sealed) as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin("/there"))
        scene.between = without_store
        for _ in range(2):
            assert retryable(alice.arrive(arriving)) is Reason.STORE_UNREACHABLE
        assert (scene.tokens_sent(), accounts(scene)) == (0, 0)
        scene.between = nothing_between
        assert location(alice.arrive(arriving)) == "/there"
        assert (alice.person, scene.tokens_sent()) == ("alice", 1)


def test_f29_a_take_whose_answer_was_lost_counts_as_taken() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.between = losing(Take)
        assert retryable(alice.arrive(arriving)) is Reason.STORE_UNREACHABLE
        again = alice.arrive(arriving)
        assert location(again) == "/"
        assert not any("session" in header for header in cookies_set(again))
        assert (alice.person, scene.tokens_sent(), accounts(scene)) == (None, 0, 0)
        assert alice.login().status == 303
        assert alice.person == "alice"


def test_f30_a_store_that_lost_its_last_writes_knows_no_login_and_believes_none() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        forgotten = MemoryStore(clock=scene.clock)
        scene.between = lambda effect, perform: (
            forgotten.perform(effect) if isinstance(effect, Keep | Take | Peek | Drop) else perform(effect)
        )
        refused = alice.arrive(arriving)
        assert refusal(refused) is Reason.NO_PENDING_LOGIN
        assert (alice.person, scene.tokens_sent(), accounts(scene)) == (None, 0, 0)
        assert alice.login().status == 303
        assert alice.person == "alice"


def test_f32_of_fifty_callbacks_at_once_over_three_processes_one_signs_in() -> None:
    crowd = 50
    with Scene() as scene:
        processes = (scene.first, scene.second, Process(scene))
        alice, mallory = scene.browser(), scene.browser()
        arriving = alice.authorize(alice.begin("/there"))
        browsers = [scene.browser() for _ in range(crowd)]
        for number, browser in enumerate(browsers):
            browser.process = processes[number % 3]
            browser.cookies = dict(alice.cookies) if number % 5 else {}
        start = Barrier(crowd)

        def arrive(number: int) -> tuple[int, str]:
            start.wait()
            response = browsers[number].arrive(arriving)
            return response.status, response.header("location")

        with ThreadPoolExecutor(crowd) as threads:
            came = list(threads.map(arrive, range(crowd)))
        assert [one for number, one in enumerate(came) if number % 5] == [(303, "/there")] * (crowd - crowd // 5)
        assert [status for number, (status, _) in enumerate(came) if not number % 5] == [401] * (crowd // 5)
        assert scene.tokens_sent() == 1
        assert [browser.person for browser in browsers if browser.session_cookies] == ["alice"]
        assert refusal(mallory.arrive(arriving)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert accounts(scene) == 1


WHY = ("TimeoutError", "ConnectionError", "AuthenticationError", "OutOfMemoryError", "ReadOnlyError")


@pytest.mark.parametrize("why", WHY)
@pytest.mark.parametrize("asked", [Keep, Take, Peek, Drop])
def test_f33_whatever_ails_the_store_is_told_as_an_outage_and_needs_no_restart(asked: type, why: str) -> None:
    def ailing(effect: Effect, perform: Perform) -> Event:
        return StoreUnreachable(why) if isinstance(effect, asked) else perform(effect)

    with Scene() as scene:
        alice, bob = scene.browser(), scene.browser()
        assert bob.login("bob").status == 303
        arriving = alice.authorize(alice.begin())
        scene.between = ailing
        told_so = [alice.begin(), alice.arrive(arriving), bob.get("/sso/session"), bob.sign_out()]
        assert {response.status for response in told_so} <= {503, 303, 200}
        assert any(response.status == 503 for response in told_so)
        for response in told_so:
            if response.failure is not None:
                assert response.failure.reason.family.value == "unavailable"
                assert response.header("retry-after")
        scene.between = nothing_between
        assert alice.login().status == 303
        assert alice.person == "alice"


def test_f34_a_session_can_be_read_everywhere_before_its_browser_is_told_of_it() -> None:
    with Scene() as scene:
        for number in range(300):
            browser = scene.browser()
            browser.process = (scene.first, scene.second)[number % 2]
            assert browser.login().status == 303
            browser.process = (scene.second, scene.first)[number % 2]
            assert browser.person == "alice"


def test_f35_what_cannot_be_marked_as_used_is_not_used() -> None:
    with Scene(sealing_keys=SEALING) as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.between = losing(Keep, done=False)
        assert retryable(alice.arrive(arriving)) is Reason.STORE_UNREACHABLE
        assert scene.tokens_sent() == 0
        assert alice.arrive(arriving).status == 303
        assert (alice.person, scene.tokens_sent()) == ("alice", 1)


def test_f36_begun_here_finished_there_and_fetched_elsewhere() -> None:
    keys = SessionKeys((b"k" * 32,))
    with Scene(session_keys=keys) as scene:
        third = Process(scene)
        for number in range(100):
            command_line, alice = CommandLine(scene, f"198.51.100.{number}"), scene.browser(f"203.0.113.{number}")
            alice.process = scene.second
            confirmed = command_line.confirm(alice)
            assert confirmed.status == 200
            leaving = confirmed.header("refresh").partition("url=")[2]
            alice.process = third
            assert alice.arrive(scene.op.authorize(leaving, "alice", scene.clock())).status == 200
            ready = told(command_line.poll(scene.second))
            assert (ready["status"], bool(ready["key"])) == ("ready", True)
            bob = scene.browser()
            arriving = bob.authorize(bob.begin(), "bob")
            bob.process = scene.second
            assert bob.arrive(arriving).status == 303
            bob.process = third
            assert bob.person == "bob"


def test_f37_nobody_is_told_that_they_are_signed_out_who_is_not() -> None:
    with Scene(key_holders=KeyHolders.EVERYBODY) as scene:
        alice = scene.browser()
        assert alice.login().status == 303
        held = dict(alice.cookies)
        for path in ("/sso/sign-out", "/sso/sign-out?everywhere=1"):
            scene.between = without_store
            address, _, query = path.partition("?")
            refused = alice.send("POST", address, query, headers=(("sec-fetch-site", "same-origin"),))
            assert retryable(refused) is Reason.STORE_UNREACHABLE
            assert alice.cookies == held
            scene.between = nothing_between
            assert alice.person == "alice"
        assert alice.sign_out().status == 303
        assert alice.person is None


def test_f37_nobody_is_told_that_a_key_is_revoked_that_is_not() -> None:
    with Scene(key_holders=KeyHolders.EVERYBODY) as scene:
        alice = scene.browser()
        assert alice.login().status == 303
        keys = partial(alice.send, "POST", headers=(JSON, ("sec-fetch-site", "same-origin")))
        made = told(keys("/sso/keys", body=b'{"name": "ci"}'))
        bearer = ("authorization", f"Bearer {made['key']}")
        which = json.dumps({"key_id": made["key_id"]}).encode()
        scene.between = without_directory
        assert retryable(keys("/sso/keys/revoke", body=which)) is Reason.DIRECTORY_UNREACHABLE
        scene.between = nothing_between
        assert scene.browser().get("/sso/session", headers=(bearer,)).status == 200
        assert told(keys("/sso/keys/revoke", body=which)) == {"revoked": True}
        assert scene.browser().get("/sso/session", headers=(bearer,)).status == 401
