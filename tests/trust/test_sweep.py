"""Every fault in every place (TRUST F54): the table is drawn from the derived map and from what effects declare.

Three sweeps. Over the states: whatever a question of a flow may come to leads along the map, and gives nothing. Over
whole logins: at each question of each kind of login each fault, before or after the world has done what it was asked,
and then the same callback again, and another login. Over the awaits: a caller who is cancelled there, on each driver
that knows such a thing (nobody can cancel a thread; what ends one is in `test_f44_...`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import anyio
import attrs
import pytest
from scenes import NOW as START
from starts import MATERIAL, SECRETS, STARTS

from sso_adapters.drive.on_asyncio import Flights as AsyncioFlights
from sso_adapters.drive.on_asyncio import run_asyncio
from sso_adapters.drive.on_trio import Flights as TrioFlights
from sso_adapters.drive.on_trio import run_trio
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.world import AsyncWorld
from sso_core.effects import Effect, HttpRequest, Peek, ReadKeys
from sso_core.events import Event, HttpResponse, OutcomeUnknown, Unreachable
from sso_core.failures import MisuseError
from sso_core.flow_map import DOORS, edges
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.personal_keys import KeyIssued
from sso_core.flows.poll_cli import CliSignedIn
from sso_core.flows.sessions import SessionFound
from sso_core.hosts import HostAnswer, HostQuestion, Wishes
from sso_core.machine import Failed, Working, advance_any, returns, transitions
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider, ResponseMode, UserinfoPolicy
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.sessions.sealing import SealingKeys
from sso_core.testing.exploration import by_name, explored, samples
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Redirect, example_provider
from sso_core.testing.sweep import Fault, faults_of, swept
from sso_core.web.messages import Request, Response
from sso_core.web.site import Site
from trust.outages import accounts, check_nothing_shows, nothing_between, with_other_keys
from trust.scene import Browser, Perform, Scene, cookies_set, location, provider_of

# Over the states

GIVING = (SignedIn, CliApproved, CliSignedIn, Inspected, SessionFound, KeyIssued)
"""Endings that let somebody in, or hand something out."""
ON_THE_MAP = by_name(
    {
        state
        for door in DOORS.values()
        for state in returns(door) | {state for edge in edges(door) for state in edge}
        if issubclass(state, Working)
    }
)


BEARING = {
    "CheckingAccount": "a session that was checked lately is believed for one interval more",
    "RenewingSession": "the account was read; a store that does not note it loses nothing but the moment",
}
"""States of a session that is there already, which go on without an answer, and why."""


@cache
def found() -> dict[type[Working], tuple[Working, ...]]:
    return dict(explored(STARTS, MATERIAL, now=START))


@pytest.mark.parametrize("kind", ON_THE_MAP, ids=lambda kind: kind.__name__)
def test_f54_each_fault_in_each_state_leads_along_the_map_and_gives_nothing(kind: type[Working]) -> None:
    met: set[tuple[Fault, int]] = set()
    for state in found()[kind]:
        for spoiled in swept(state, MATERIAL):
            after = advance_any(state, spoiled.answers, now=START)
            assert type(after) in transitions(kind)
            assert not isinstance(after, GIVING) or kind.__name__ in BEARING, spoiled
            said = repr(after) + (f"{after.failure.detail} {after.failure.hint}" if isinstance(after, Failed) else "")
            assert not [secret for secret in SECRETS if secret in said], spoiled
            met.add((spoiled.fault, spoiled.position))
    questions = max(len(state.awaits) for state in found()[kind])
    assert {position for _, position in met} == set(range(questions))


@pytest.mark.parametrize("kind", ON_THE_MAP, ids=lambda kind: kind.__name__)
def test_f54_whatever_is_no_answer_is_misuse_and_nothing_else(kind: type[Working]) -> None:
    state = found()[kind][0]
    known = samples(MATERIAL)
    good = [known[by_name(effect.answers)[0]][0] for effect in state.awaits]
    for position, effect in enumerate(state.awaits):
        for other in set(known) - set(effect.answers):
            answers = [*good[:position], known[other][0], *good[position + 1 :]]
            with pytest.raises(MisuseError):
                advance_any(state, answers, now=START)


# Over whole logins


@attrs.frozen
class Journey:
    """A kind of login: the service that it is made at, and what else happens on the way."""

    name: str
    scene: Callable[[], Scene]
    before: Callable[[Scene], object] = lambda _scene: None
    between: Callable[[Scene, Browser], object] = lambda _scene, _browser: None
    """What happens while the person is at the provider."""
    may_fail: tuple[str, ...] = ()
    """Questions without whose answer a login may go on, as the operator has it."""


def _with(**changes: Any) -> Callable[[], Scene]:
    def scene() -> Scene:
        op = FakeProvider()
        fields = {name: value for name, value in changes.items() if name in attrs.fields_dict(OpenIdProvider)}
        others = {name: value for name, value in changes.items() if name not in fields}
        return Scene(op, providers=(attrs.evolve(provider_of(op), **fields),), **others)

    return scene


def _plain() -> Scene:
    state = attrs.evolve(example_provider(), openid=False, response_issuer=False)
    op, registered = FakeProvider(state), state.clients[0]
    client = Client(registered.client_id, registered.client_secret, AuthenticationMethod(registered.auth_method))
    paths = state.paths
    authorization, token, userinfo = map(state.endpoint, (paths.authorization, paths.token, paths.userinfo))
    provider: Provider = OAuthProvider("plain.example", client, authorization, token, userinfo)
    return Scene(op, providers=(provider,))


def _wishes(_question: HostQuestion) -> HostAnswer:
    return Wishes(team_ids=("t",))


def _elsewhere(scene: Scene, browser: Browser) -> None:
    browser.process = scene.second


JOURNEYS = (
    Journey("cold", _with(userinfo=UserinfoPolicy.REQUIRED)),
    Journey("userinfo preferred", _with(), may_fail=("HttpRequest userinfo",)),
    Journey("at another process", _with(userinfo=UserinfoPolicy.REQUIRED), between=_elsewhere),
    Journey(
        "new keys",
        _with(userinfo=UserinfoPolicy.UNUSED),
        before=lambda scene: scene.browser().login("bob"),
        between=lambda scene, _browser: scene.op.change(with_other_keys),
    ),
    Journey("sealed", _with(userinfo=UserinfoPolicy.UNUSED, sealing_keys=SealingKeys((b"s" * 32,)))),
    Journey("by form", _with(userinfo=UserinfoPolicy.UNUSED, response_mode=ResponseMode.FORM_POST)),
    Journey("asking the host", _with(userinfo=UserinfoPolicy.UNUSED, host_after_login=True, host=_wishes)),
    Journey("plain OAuth 2.0", _plain),
)


def question(effect: Effect) -> str:
    """Name a question by what it is about."""
    if isinstance(effect, ReadKeys) and effect.lacks is not None:
        return "ReadKeys anew"
    about = getattr(effect, "purpose", None) or getattr(effect, "kind", None)
    return type(effect).__name__ + ("" if about is None else f" {about.value}")


class Striking:
    """Lets one fault strike a question, the so-many-th time that it is asked, and keeps how each was answered last."""

    def __init__(self, asked: str = "", time: int = 0, event: Event | None = None, *, done: bool = False) -> None:
        self.times: dict[str, int] = {}
        self.well: dict[str, bool] = {}
        self._strikes, self._event, self._done = (asked, time), event, done
        self.effects: list[tuple[str, int, Effect]] = []

    def __call__(self, effect: Effect, perform: Perform) -> Event:
        asked = question(effect)
        time = self.times.get(asked, 0)
        self.times[asked] = time + 1
        self.effects.append((asked, time, effect))
        if self._event is None or (asked, time) != self._strikes:
            self.well[asked] = True
            return perform(effect)
        self.well[asked] = False
        if self._done:
            perform(effect)
        return self._event


def play(scene: Scene, journey: Journey, alice: Browser) -> tuple[Response, Redirect | None]:
    begun = alice.begin("/there")
    if begun.status != 303:
        return begun, None
    arriving = alice.authorize(begun)
    journey.between(scene, alice)
    return alice.arrive(arriving), arriving


def telling(effect: Effect) -> Iterator[tuple[Event, bool]]:
    """Return the faults of a question, at most three of each kind, and whether the world had done what it was asked.

    A fault that is a refusal to answer comes before anything is done, one of HTTP after the provider has seen the
    request; of the others nobody knows.
    """
    for fault in Fault:
        events = [event for met, event in faults_of(effect) if met is fault]
        for event in dict.fromkeys((*events[:1], *events[len(events) // 2 : len(events) // 2 + 1], *events[-1:])):
            if fault is Fault.REFUSED:
                yield event, False
            elif isinstance(effect, HttpRequest):
                yield event, True
            else:
                yield from ((event, False), (event, True))


@cache
def strikes(journey: Journey) -> tuple[tuple[str, int, Event, bool], ...]:
    """Return every fault of every question of a login."""
    with journey.scene() as scene:
        journey.before(scene)
        clean = Striking()
        scene.between = clean
        alice = scene.browser()
        response, _ = play(scene, journey, alice)
        assert location(response) == "/there"
        assert alice.person == "alice" or journey.name == "plain OAuth 2.0"
        return tuple(
            (asked, time, event, done)
            for asked, time, effect in clean.effects
            if not isinstance(effect, Peek)
            for event, done in telling(effect)
        )


def healed(journey: Journey, asked: str, event: Event, *, done: bool) -> bool:
    """Whether a login goes on after a fault that it never asks about again.

    A prefetch may be lost where the keys were read all the same, and a commit whose answer was lost is looked up
    instead of made again.
    """
    prefetched = asked == "ReadKeys" and done and journey.between is not _elsewhere
    return prefetched or (isinstance(event, OutcomeUnknown) and done)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.name)
def test_f54_a_session_is_given_where_every_step_was_good_and_nowhere_else(journey: Journey) -> None:
    given = 0
    for asked, time, event, done in strikes(journey):
        with journey.scene() as scene:
            journey.before(scene)
            before, people = scene.tokens_sent(), accounts(scene)
            scene.between = striking = Striking(asked, time, event, done=done)
            alice = scene.browser()
            response, arriving = play(scene, journey, alice)
            scene.between = nothing_between
            where = (asked, time, event, done)
            signed = bool(alice.session_cookies)
            if asked not in journey.may_fail:
                assert signed == (all(striking.well.values()) or healed(journey, asked, event, done=done)), where
            assert response.status == 303 if signed else response.status in (303, 401, 403, 502, 503), where
            assert (alice.person is not None) == signed, where
            assert not signed or accounts(scene) == people + 1
            assert scene.tokens_sent() - before <= 1, where
            if arriving is not None:
                again = alice.arrive(arriving)
                assert scene.tokens_sent() - before <= 1, where
                assert again.status in (303, 401, 403, 502, 503)
            given += signed
            check_nothing_shows(scene)
            scene.clock.now += 60
            fresh = scene.browser()
            fresh.process = scene.second
            assert fresh.login().status == 303, where
            assert accounts(scene) == people + 1, where
    assert given < len(strikes(journey)) / 2


# Over the awaits


class Asynchronous:
    """The service of a scene under asyncio or trio, whose caller may be cancelled at any question."""

    def __init__(self, scene: Scene, loop: str) -> None:
        self.scene, self.loop = scene, loop
        self.library = AsyncLibrary(self, clock=scene.clock)
        self.world = AsyncWorld(self, self.library, scene.store, scene.directory, clock=scene.clock)
        self.flights: Any = AsyncioFlights() if loop == "asyncio" else TrioFlights()
        self.now = scene.clock
        self.asked = 0
        self.left: int | None = None
        self._reached = self._go_on = anyio.Event()

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        await anyio.lowlevel.checkpoint()
        return self.scene.sent(request)

    async def perform(self, effect: Effect) -> Event:
        self.asked += 1
        if self.asked - 1 == self.left:
            self._reached.set()
            await self._go_on.wait()
        return await self.world.perform(effect)

    async def answer(self, browser: Browser, path: str, query: str, *, leave_at: int | None = None) -> Response | None:
        """Answer a request of a browser; None where it has left at the so-many-th question, if it comes to that."""
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        request = Request("GET", path, query, (("cookie", cookies),))
        entropy = Entropy(secrets.token_bytes(ENTROPY_SIZE))
        (provider,) = self.scene.settings.providers
        visit = Site(self.scene.settings).visit(
            request, entropy=entropy, now=self.now(), warm=lambda _provider: self.library.warm(provider.namespace)
        )
        answers: list[Response] = []
        self.asked, self.left = 0, leave_at
        self._reached, self._go_on = anyio.Event(), anyio.Event()

        async def call() -> None:
            run: Any = run_asyncio if self.loop == "asyncio" else run_trio
            answers.append(visit.respond(await run(visit.state, self, flights=self.flights)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await _others_go_on()
            if self._reached.is_set():
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                    self._go_on.set()
                    await _others_go_on()
        if self._reached.is_set():
            return None
        (response,) = answers
        self.scene.responses.append(response)
        for header in cookies_set(response):
            name, _, rest = header.partition("=")
            browser.cookies[name] = rest.partition(";")[0]
        return response


async def _others_go_on() -> None:
    """Let everybody else go as far as they get: nobody here waits for anything but a turn."""
    for _ in range(200):
        await anyio.lowlevel.checkpoint()


async def _begin(service: Asynchronous, browser: Browser, *, leave_at: int | None = None) -> Redirect | None:
    begun = await service.answer(browser, "/sso/key/generate", "return_to=/there", leave_at=leave_at)
    return None if begun is None else browser.authorize(begun)


async def _arrive(
    service: Asynchronous, browser: Browser, arriving: Redirect, *, leave_at: int | None = None
) -> Response | None:
    path, _, query = arriving.url.partition("?")
    return await service.answer(browser, path.removeprefix("https://app.example"), query, leave_at=leave_at)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_f54_whoever_leaves_at_the_beginning_of_a_login_leaves_nothing(loop: str) -> None:
    async def main() -> None:
        for number in range(20):
            with Scene() as scene:
                service, alice = Asynchronous(scene, loop), scene.browser()
                if await _begin(service, alice, leave_at=number) is not None:
                    assert number == service.asked == 2
                    return
                assert (alice.cookies, scene.tokens_sent()) == ({}, 0)
                arriving = await _begin(service, alice)
                assert arriving is not None
                response = await _arrive(service, alice, arriving)
                assert response is not None
                assert location(response) == "/there"
                assert alice.person == "alice"
        raise AssertionError("a beginning asks for more than that")

    anyio.run(main, backend=loop)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_f54_whoever_leaves_at_the_callback_is_seen_through_and_given_nothing_twice(loop: str) -> None:
    async def main() -> None:
        for number in range(20):
            with Scene() as scene:
                service, alice = Asynchronous(scene, loop), scene.browser()
                arriving = await _begin(service, alice)
                assert arriving is not None
                response = await _arrive(service, alice, arriving, leave_at=number)
                if response is not None:
                    assert number == service.asked >= 5
                    return
                assert (scene.tokens_sent(), accounts(scene)) == (1, 1), "the login was seen through"
                assert alice.session_cookies == {}
                again = await _arrive(service, alice, arriving)
                assert again is not None
                assert location(again) == "/there"
                assert (alice.person, scene.tokens_sent()) == (None, 1)
                once_more = await _begin(service, alice)
                assert once_more is not None
                assert await _arrive(service, alice, once_more) is not None
                assert alice.person == "alice"
                assert await service.flights.drain(1) == 0
        raise AssertionError("a callback asks for more than that")

    anyio.run(main, backend=loop)
