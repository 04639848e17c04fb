"""A directory that is away, loses its answers, or sees many people at once (TRUST F-c)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import attrs
import pytest

from sso_adapters.directories.memory import MemoryDirectory
from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.effects import Effect, ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Conflict, DirectoryUnreachable, Event, OutcomeUnknown, Written
from sso_core.failures import Reason
from sso_core.flows.enter import TRIES
from sso_core.identity.rules import IdentityRules
from sso_core.records import Account, CreateAccount, Team
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Person, example_provider
from sso_core.web.messages import Response
from trust.outages import accounts, check_nothing_shows, losing, nothing_between, retryable
from trust.scene import Browser, Perform, Process, Scene, provider_of

TEAMS = AccessPolicy(REFERENCE_LADDER, create_teams=True)


def with_teams(*ops: FakeProvider, policy: AccessPolicy = TEAMS) -> Scene:
    """Return a service that makes a team of each group."""
    ops = ops or (FakeProvider(),)
    providers = tuple(
        attrs.evolve(provider_of(op, number), rules=IdentityRules(team_claims=("groups",)))
        for number, op in enumerate(ops)
    )
    return Scene(*ops, providers=providers, policy=policy)


def known(scene: Scene, subject: str = "alice", email: str | None = None) -> AccountFacts:
    facts = scene.directory.perform(ReadAccount(scene.op.state.issuer, subject, email=email, teams=("readers",)))
    assert isinstance(facts, AccountFacts)
    return facts


def at_once(browsers: list[Browser], people: list[str]) -> list[Response]:
    """Let people come back from the provider at the same moment."""
    arriving = [browser.authorize(browser.begin(), person) for browser, person in zip(browsers, people, strict=True)]
    start = Barrier(len(browsers))

    def arrive(number: int) -> Response:
        start.wait()
        return browsers[number].arrive(arriving[number])

    with ThreadPoolExecutor(len(browsers)) as threads:
        return list(threads.map(arrive, range(len(browsers))))


class FailingDirectory(MemoryDirectory):
    """A directory that is down while a test says so."""

    down = False

    def perform(self, effect: ReadAccount | ReadKey | WriteAccount) -> Any:
        return DirectoryUnreachable("down") if self.down else super().perform(effect)


def test_f39_while_the_directory_is_known_to_be_down_nobody_is_sent_to_a_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = FailingDirectory()
    with Scene(directory=directory) as scene:
        process = scene.first
        monkeypatch.setattr(process, "warm", process._world.doubt.told_with(process.warm))
        alice, bob = scene.browser(), scene.browser()
        assert alice.login().status == 303
        arriving = bob.authorize(bob.begin(), "bob")
        directory.down = True
        assert retryable(bob.arrive(arriving)) is Reason.DIRECTORY_UNREACHABLE
        sent = scene.op.state.count("authorization")
        for _ in range(3):
            assert retryable(bob.begin()) is Reason.DIRECTORY_UNREACHABLE
        assert bob.session_cookies == {}
        assert (scene.op.state.count("authorization"), scene.tokens_sent()) == (sent, 2)
        directory.down = False
        assert bob.login("bob").status == 303
        assert bob.person == "bob"


@pytest.mark.parametrize("asked", [ReadAccount, WriteAccount])
def test_f40_a_directory_that_fails_after_the_code_was_spent_leaves_nothing(asked: type) -> None:
    def failing(effect: Effect, perform: Perform) -> Event:
        return DirectoryUnreachable("down") if isinstance(effect, asked) else perform(effect)

    with with_teams() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.between = failing
        assert retryable(alice.arrive(arriving)) is Reason.DIRECTORY_UNREACHABLE
        scene.between = nothing_between
        assert not any("session" in value for name, value in alice.arrive(arriving).headers if name == "set-cookie")
        assert (alice.person, accounts(scene), known(scene).teams) == (None, 0, ())
        assert scene.tokens_sent() == 1
        check_nothing_shows(scene)
        assert alice.login().status == 303
        assert (alice.person, accounts(scene), known(scene).teams) == ("alice", 1, (Team("readers"),))


@pytest.mark.parametrize("done", [True, False])
def test_f41_a_commit_of_unknown_outcome_is_looked_up_and_leaves_one_account(*, done: bool) -> None:
    with with_teams() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.between = losing(WriteAccount, done=done)
        assert alice.arrive(arriving).status == 303
        scene.between = nothing_between
        assert (alice.person, accounts(scene), scene.tokens_sent()) == ("alice", 1, 1)
        account = known(scene).account
        assert account is not None
        assert account.team_ids == ("readers",)


@pytest.mark.parametrize("answer", [Conflict(), OutcomeUnknown()])
def test_f41_a_directory_that_never_settles_is_given_up_after_a_few_tries(answer: Event) -> None:
    with with_teams() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        written: list[Effect] = []

        def contested(effect: Effect, perform: Perform) -> Event:
            if not isinstance(effect, WriteAccount):
                return perform(effect)
            written.append(effect)
            return answer

        scene.between = contested
        assert retryable(alice.arrive(arriving)) is Reason.ACCOUNT_CONTESTED
        scene.between = nothing_between
        assert len(written) == TRIES
        assert (alice.person, accounts(scene), scene.tokens_sent()) == (None, 0, 1)
        assert alice.login().status == 303


def test_f42_fifty_first_logins_of_one_person_at_once_make_one_account_and_fifty_sessions() -> None:
    crowd = 50
    with with_teams() as scene:
        browsers = [scene.browser() for _ in range(crowd)]
        processes = (scene.first, scene.second, Process(scene))
        for number, browser in enumerate(browsers):
            browser.process = processes[number % 3]
        assert [response.status for response in at_once(browsers, ["alice"] * crowd)] == [303] * crowd
        assert accounts(scene) == 1
        assert len({(browser.session or {})["account_id"] for browser in browsers}) == 1
        assert scene.tokens_sent() == crowd


def two_of_one_address() -> FakeProvider:
    claims = (("email", "shared@example.org"), ("email_verified", True))
    people = (Person("alice", claims), Person("bob", claims))
    return FakeProvider(attrs.evolve(example_provider(), people=people))


def test_f43_of_two_subjects_with_one_address_at_once_one_at_most_is_led_to_the_account_that_has_it() -> None:
    for _ in range(10):
        policy = AccessPolicy(REFERENCE_LADDER, linking=Linking.VERIFIED_EMAIL)
        with with_teams(two_of_one_address(), policy=policy) as scene:
            old = Account("old", "Somebody", revision=1, email="shared@example.org", email_verified=True)
            assert scene.directory.perform(WriteAccount((CreateAccount(old),), ())) == Written()
            browsers = [scene.browser(), scene.browser()]
            responses = at_once(browsers, ["alice", "bob"])
            assert sorted(response.status for response in responses) == [303, 403]
            (holder,) = known(scene, email="shared@example.org").email_holders
            ((_, bound),) = holder.identities
            assert [browser.person for browser in browsers] == [
                subject if subject == bound else None for subject in ("alice", "bob")
            ]
            assert [response.failure.reason for response in responses if response.failure] == [Reason.EMAIL_TAKEN]
            assert accounts(scene) == 1


def test_f43_nor_do_they_ever_share_a_new_account() -> None:
    for _ in range(10):
        with with_teams(two_of_one_address()) as scene:
            browsers = [scene.browser(), scene.browser()]
            at_once(browsers, ["alice", "bob"])
            assert [browser.person for browser in browsers] == ["alice", "bob"]
            first, second = (known(scene, subject).account for subject in ("alice", "bob"))
            assert first is not None
            assert second is not None
            assert first.account_id != second.account_id
