"""Processes that die, are replaced by others, or have a wrong clock; and what is told of any fault (TRUST F-d)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from sso_adapters.observe.logs import log_event
from sso_adapters.pages import Pages
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.translate import finished
from sso_core.audit import AuditKind
from sso_core.effects import Effect, HttpRequest, Keep, Kind, Purpose, Take
from sso_core.events import Event, HttpResponse, Unreachable
from sso_core.failures import Reason
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.testing.provider_state import Alterations, Document
from sso_core.testing.sweep import faults_of
from sso_core.web.messages import Response
from trust.outages import (
    REFUSED,
    RESET,
    CommandLine,
    accounts,
    after,
    check_nothing_shows,
    instead,
    losing,
    nothing_between,
    secrets_of,
    told,
    with_other_keys,
    without_directory,
    without_store,
)
from trust.scene import NOW, Browser, Killed, Perform, Process, Scene, Send, location, refusal

OLD, NEW = b"o" * 32, b"n" * 32
HOUR = 3600.0
MOST_EFFECTS = 40
"""More than a login asks for."""


# Processes that die


def killing(number: int, *, done: bool) -> tuple[list[Effect], Callable[[Effect, Perform], Event]]:
    """Let the process die at the so-many-th thing it asks of the world, before or after that is done."""
    asked: list[Effect] = []

    def between(effect: Effect, perform: Perform) -> Event:
        asked.append(effect)
        if len(asked) != number + 1:
            return perform(effect)
        if done:
            perform(effect)
        raise Killed

    return asked, between


@pytest.mark.parametrize("sealed", [None, SealingKeys((OLD,))], ids=["stored", "sealed"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_f44_a_process_that_dies_at_any_moment_costs_one_new_start(
    sealed: SealingKeys | None, done: bool, cold: bool
) -> None:
    died = 0
    for number in range(MOST_EFFECTS):
        with Scene(sealing_keys=sealed) as scene:
            if not cold:
                assert scene.browser().login("bob").status == 303
            before, people = scene.tokens_sent(), accounts(scene)
            alice = scene.browser()
            asked, scene.between = killing(number, done=done)
            arriving = None
            try:
                begun = alice.begin("/there")
                arriving = alice.authorize(begun)
                alice.arrive(arriving)
            except Killed:
                died += 1
            scene.between = nothing_between
            assert scene.tokens_sent() - before <= 1
            alice.process = scene.second
            if arriving is not None:
                again = alice.arrive(arriving)
                assert again.status in (303, 401, 503)
                assert scene.tokens_sent() - before <= 1
                if again.status == 303:
                    assert location(again) == "/there"
            assert alice.person in (None, "alice")
            assert alice.login().status == 303
            assert alice.person == "alice"
            assert accounts(scene) == people + 1
            check_nothing_shows(scene)
            if len(asked) <= number:
                break
    else:
        raise AssertionError("a login asks for more than that")
    assert died == number >= 6


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_f44_a_command_line_whose_process_dies_at_any_moment_gets_one_token_or_starts_again(done: bool) -> None:
    for number in range(MOST_EFFECTS):
        with Scene(session_keys=SessionKeys((OLD,))) as scene:
            command_line, alice = CommandLine(scene), scene.browser()
            asked, scene.between = killing(number, done=done)
            keys: list[str] = []
            try:
                command_line.approve(alice)
                keys += [told(command_line.poll())["key"]]
            except Killed:
                pass
            scene.between = nothing_between
            assert scene.tokens_sent() <= 1
            later = told(command_line.poll(scene.second))
            keys += [later["key"]] if later.get("status") == "ready" else []
            assert len(keys) <= 1
            fresh = CommandLine(scene)
            other = scene.browser()
            other.process = scene.second
            assert fresh.approve(other).status == 200
            assert told(fresh.poll(scene.second))["status"] == "ready"
            assert accounts(scene) == 1
            if len(asked) <= number:
                assert len(keys) == 1
                break
    else:
        raise AssertionError("a command line asks for more than that")


# Processes of several versions, and keys that change


def of_another_version(*kinds: Kind) -> Callable[[Effect, Perform], Event]:
    """Let what is stored be written as a later version of this service would."""

    def between(effect: Effect, perform: Perform) -> Event:
        if not isinstance(effect, Keep) or effect.kind not in kinds:
            return perform(effect)
        values = json.loads(effect.value)
        assert isinstance(values[0], int)
        return perform(attrs.evolve(effect, value=json.dumps([values[0] + 1, *values[1:], "news"]).encode()))

    return between


def test_f47_a_login_that_another_version_wrote_begins_anew() -> None:
    with Scene() as scene:
        alice = scene.browser()
        scene.between = of_another_version(Kind.LOGIN)
        arriving = alice.authorize(alice.begin())
        scene.between = nothing_between
        refused = alice.arrive(arriving)
        assert refusal(refused) is Reason.UNKNOWN_LOGIN_VERSION
        assert (refused.status, scene.tokens_sent(), accounts(scene)) == (401, 0, 0)
        assert alice.login().status == 303


def test_f47_a_session_that_another_version_wrote_is_none() -> None:
    with Scene() as scene:
        alice = scene.browser()
        scene.between = of_another_version(Kind.SESSION)
        assert alice.login().status == 303
        scene.between = nothing_between
        assert alice.person is None
        assert alice.get("/").status == 200
        assert alice.sign_out().status == 303
        assert alice.login().status == 303
        assert alice.person == "alice"


def test_f47_a_command_line_that_another_version_wrote_starts_again() -> None:
    with Scene() as scene:
        scene.between = of_another_version(Kind.CLI_LOGIN)
        command_line = CommandLine(scene)
        scene.between = nothing_between
        assert refusal(command_line.poll()) is Reason.NO_CLI_LOGIN
        assert refusal(command_line.confirm(scene.browser())) is Reason.NO_CLI_LOGIN


def rotated(scene: Scene, **settings: Any) -> Process:
    """Return a process that was started with other settings."""
    scene.settings = attrs.evolve(scene.settings, **settings)
    return Process(scene)


def test_f48_a_login_that_an_old_key_sealed_is_finished_under_both_and_refused_under_the_new_one() -> None:
    with Scene(sealing_keys=SealingKeys((OLD,))) as scene:
        both = rotated(scene, sealing_keys=SealingKeys((NEW, OLD)))
        after_it = rotated(scene, sealing_keys=SealingKeys((NEW,)))
        alice, bob = scene.browser(), scene.browser()
        hers, his = alice.authorize(alice.begin()), bob.authorize(bob.begin(), "bob")
        alice.process, bob.process = both, after_it
        assert alice.arrive(hers).status == 303
        assert alice.person == "alice"
        assert refusal(bob.arrive(his)) is Reason.UNREADABLE_LOGIN
        assert scene.tokens_sent() == 1
        assert bob.login("bob").status == 303


def test_f48_a_session_that_an_old_key_signed_lasts_under_both_and_ends_with_the_key() -> None:
    with Scene(session_keys=SessionKeys((OLD,))) as scene:
        both = rotated(scene, session_keys=SessionKeys((NEW, OLD)))
        after_it = rotated(scene, session_keys=SessionKeys((NEW,)))
        alice, bob = scene.browser(), scene.browser()
        bob.process = both
        assert alice.login().status == 303
        assert bob.login("bob").status == 303
        seen = []
        for process in (scene.first, both, after_it):
            alice.process = bob.process = process
            seen.append((alice.person, bob.person))
        assert seen == [("alice", None), ("alice", "bob"), (None, "bob")]


# Clocks


def skewed(scene: Scene, seconds: float) -> Callable[[HttpRequest, Send], HttpResponse | Unreachable]:
    """Let the provider's clock be ahead of ours."""
    return lambda request, _send: scene.op.answer(request, scene.clock() + seconds)


@pytest.mark.parametrize(
    ("ahead", "reason"),
    [
        (0, None),
        (29, None),
        (30, None),
        (31, Reason.TOKEN_NOT_YET_VALID),
        (300, Reason.TOKEN_NOT_YET_VALID),
        (-29, None),
        (-30, None),
        (-31, Reason.TOKEN_EXPIRED),
        (-300, Reason.TOKEN_EXPIRED),
    ],
)
def test_f49_clocks_may_differ_by_thirty_seconds(ahead: int, reason: Reason | None) -> None:
    at_once = Alterations(id_token_claims=lambda claims: {**claims, "exp": claims["iat"]})
    with Scene() as scene:
        scene.clock.now = float(int(NOW))
        # A token that is over as soon as it is issued shows a clock behind ours at its first second.
        scene.op.change(lambda state: attrs.evolve(state, alterations=at_once))
        scene.network = skewed(scene, ahead)
        alice = scene.browser()
        redirect = scene.op.authorize(location(alice.begin()), "alice", scene.clock() + ahead)
        response = alice.arrive(redirect)
        if reason is None:
            assert response.status == 303
            assert alice.person == "alice"
            return
        assert refusal(response) is reason
        assert response.failure is not None
        assert f"{abs(ahead)} s" in response.failure.detail
        assert "clock" in response.failure.hint
        assert "clock" in reason.sentence
        assert (alice.person, accounts(scene), scene.tokens_sent()) == (None, 0, 1)


class Stepping:
    """A scene whose wall clock may be wrong; the store's clock only goes on, and the provider's is right."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.scene = Scene(store=MemoryStore(clock=lambda: self.passed))
        self.scene.network = lambda request, _send: self.scene.op.answer(request, NOW + self.passed)

    def wait(self, seconds: float) -> None:
        self.passed += seconds
        self.scene.clock.now += seconds

    def consent(self, browser: Browser, begun: Response) -> Any:
        return self.scene.op.authorize(location(begun), "alice", NOW + self.passed)

    def login(self, browser: Browser) -> Response:
        return browser.arrive(self.consent(browser, browser.begin()))


@pytest.mark.parametrize("step", [HOUR, -HOUR, 10 * 365 * 24 * HOUR, -10 * 365 * 24 * HOUR])
def test_f50_while_our_clock_is_wrong_nobody_is_let_in_and_afterwards_everybody(step: float) -> None:
    play = Stepping()
    scene = play.scene
    alice = scene.browser()
    arriving = play.consent(alice, alice.begin())
    scene.clock.now += step
    late = refusal(alice.arrive(arriving))
    assert late is (Reason.LOGIN_EXPIRED if step > 0 else Reason.TOKEN_NOT_YET_VALID)
    assert refusal(play.login(alice)).sentence.startswith("The sign-in provider's clock")
    assert (alice.person, accounts(scene)) == (None, 0)
    scene.clock.now -= step
    assert play.login(alice).status == 303
    assert alice.person == "alice"


def test_f50_a_clock_that_steps_back_lets_nothing_outlast_its_time() -> None:
    play = Stepping()
    scene = play.scene
    alice, bob = scene.browser(), scene.browser()
    assert play.login(alice).status == 303
    arriving = play.consent(bob, bob.begin())
    scene.clock.now -= HOUR
    seen = [alice.person]
    play.wait(scene.settings.login_ttl)
    assert refusal(bob.arrive(arriving)) is Reason.NO_PENDING_LOGIN
    play.wait(scene.settings.session_ttl - scene.settings.login_ttl)
    seen.append(alice.person)
    assert seen == ["alice", None]
    assert accounts(scene) == 1


def test_f50_a_clock_that_steps_back_starves_nobody_of_documents() -> None:
    play = Stepping()
    scene = play.scene
    scene.clock.now += 10 * 365 * 24 * HOUR
    honest = scene.network
    scene.network = instead(REFUSED, Purpose.METADATA)
    for _ in range(10):
        assert scene.browser().begin().status == 503
    scene.network = honest
    scene.clock.now = NOW
    alice = scene.browser()
    assert play.login(alice).status == 303
    assert alice.person == "alice"


@pytest.mark.parametrize("expires", [2**31, 2**31 + 1, 2**40, 2**63, 2**64, NOW + 60.25, 1e15, 1e300])
def test_f51_a_time_far_away_or_with_a_fraction_is_a_time(expires: float) -> None:
    def long_lived(claims: Document) -> Document:
        return {**claims, "exp": expires}

    with Scene() as scene:
        scene.op.change(lambda state: attrs.evolve(state, alterations=Alterations(id_token_claims=long_lived)))
        alice = scene.browser()
        assert alice.login().status == 303
        session = alice.session
        assert session is not None
        assert session["expires_at"] == pytest.approx(NOW + scene.settings.session_ttl)


# At length


def _held(scene: Scene) -> int:
    assert isinstance(scene.store, MemoryStore)
    return len(scene.store)


def test_f55_five_faults_in_a_hundred_cost_the_logins_they_hit_and_nothing_stays_behind() -> None:
    logins = 400
    random = Random(55)
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    with Scene() as scene:
        hit: list[Effect] = []

        def faulty(effect: Effect, perform: Perform) -> Event:
            if random.random() >= 0.05:
                return perform(effect)
            hit.append(effect)
            if random.random() < 0.5:
                perform(effect)
            return random.choice([event for _, event in faults_of(effect)])

        spoiled = 0
        for number in range(logins):
            browser = scene.browser()
            hit.clear()
            scene.between = faulty
            response = browser.login()
            scene.between = nothing_between
            assert hit or response.status == 303, "a login that met no fault fails"
            assert browser.person == ("alice" if browser.session_cookies else None)
            spoiled += response.status != 303
            scene.clock.now += 1 + number % 5
        assert 0 < spoiled < logins / 2
        check_nothing_shows(scene)
        assert accounts(scene) == 1
        library = scene.first.library
        assert library._flights == {}
        assert len(library._shelf._copies) == 2
        scene.clock.now += scene.settings.session_ttl
        for _ in range(logins):
            assert scene.browser().login().status == 303
        assert _held(scene) <= 2 * logins
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == files


# What is told of it


def _at_the_beginning(fault: Callable[[Scene], None]) -> Callable[[Scene, Browser], Response]:
    def play(scene: Scene, alice: Browser) -> Response:
        fault(scene)
        return alice.begin()

    return play


def _at_the_callback(fault: Callable[[Scene], None]) -> Callable[[Scene, Browser], Response]:
    def play(scene: Scene, alice: Browser) -> Response:
        arriving = alice.authorize(alice.begin())
        fault(scene)
        return alice.arrive(arriving)

    return play


def _network(network: Any) -> Callable[[Scene], None]:
    return lambda scene: setattr(scene, "network", network)


def _between(between: Any) -> Callable[[Scene], None]:
    return lambda scene: setattr(scene, "between", between)


def _keys_away(scene: Scene) -> None:
    scene.op.change(with_other_keys)
    scene.network = instead(RESET, Purpose.KEYS)


FAULTS: dict[str, Callable[[Scene, Browser], Response]] = {
    "metadata away": _at_the_beginning(_network(instead(REFUSED, Purpose.METADATA))),
    "metadata nonsense": _at_the_beginning(_network(instead(HttpResponse(200, b"<html>"), Purpose.METADATA))),
    "store away at the beginning": _at_the_beginning(_between(without_store)),
    "store away": _at_the_callback(_between(without_store)),
    "take lost": _at_the_callback(_between(losing(Take))),
    "token endpoint away": _at_the_callback(_network(instead(REFUSED, Purpose.TOKEN))),
    "token answer lost": _at_the_callback(_network(after(RESET, Purpose.TOKEN))),
    "token answer nonsense": _at_the_callback(_network(after(HttpResponse(200, b"{"), Purpose.TOKEN))),
    "invalid_grant": _at_the_callback(
        _network(instead(HttpResponse(400, b'{"error": "invalid_grant"}'), Purpose.TOKEN))
    ),
    "keys away": _at_the_callback(_keys_away),
    "directory away": _at_the_callback(_between(without_directory)),
    "session not kept": _at_the_callback(_between(losing(Keep, done=False))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_f56_a_fault_is_one_event_in_the_log_and_one_code_on_the_page(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Scene() as scene:
        response = FAULTS[fault](scene, scene.browser())
        reason = refusal(response)
        with caplog.at_level(logging.DEBUG):
            _, _, page = finished(response, Pages(), log_event)
        (event,) = [event for event in response.audit if event.kind is AuditKind.REFUSED]
        (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert (event.code, event.provider, event.reference) == (reason.code, "generic", response.reference)
        shown = page.decode()
        assert reason.code in shown
        assert response.reference in shown
        logged = record.getMessage()
        assert reason.code in logged
        assert response.reference in logged
        everything = f"{logged} {vars(record)} {event} {shown}"
        assert not [secret for secret in secrets_of(scene) if secret in everything]
