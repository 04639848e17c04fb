"""One table: the whole login on every driver, with every store, through every sender."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest
from rehearsal import SENDERS, STAGES, STORES, Rehearsal

from sso_core.effects import ReadAccount, WriteAccount
from sso_core.events import AccountFacts, Written
from sso_core.failures import Reason
from sso_core.providers.kinds import OpenIdProvider
from sso_core.records import Account, CreateAccount, UpdateAccount
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.mischief import Arrangement
from sso_core.testing.provider_state import ProviderState, Redirect
from sso_core.web.messages import Request, Response
from sso_core.web.site import Site

Open = Callable[..., Rehearsal]


@pytest.fixture(params=STAGES)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SENDERS)
def sender(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_(driver: str, store: str, sender: str, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as opened:

        def open_(op: FakeProvider | None = None, arrangement: Arrangement | None = None) -> Rehearsal:
            rehearsal = Rehearsal(
                op or FakeProvider(), driver, arrangement, store=store, sender=sender, folder=tmp_path
            )
            opened.callback(rehearsal.close)
            return rehearsal

        yield open_


def arrives(rehearsal: Rehearsal, return_to: str = "/") -> Redirect:
    """The person has been at the provider and comes back."""
    location = dict(rehearsal.begin(return_to).headers)["location"]
    return rehearsal.op.authorize(location, "alice", rehearsal.clock())


def reason(response: Response) -> Reason:
    assert response.failure is not None, response
    return response.failure.reason


def test_a_person_signs_in_and_out(open_: Open) -> None:
    rehearsal = open_()
    before = rehearsal.signed_in
    assert dict(rehearsal.login().headers)["location"] == "/"
    assert (rehearsal.trail[0], rehearsal.trail[-1]) == ("TakingLogin", "SignedIn")
    between = rehearsal.signed_in
    rehearsal.sign_out()
    assert (before, between, rehearsal.signed_in) == (False, True, False)
    assert (rehearsal.sessions, rehearsal.op.state.surprises) == (0, ())


def test_a_form_post_signs_in_too(open_: Open) -> None:
    arrangement = Arrangement(response_mode="form_post")
    rehearsal = open_(FakeProvider(), arrangement)
    assert rehearsal.login().failure is None
    assert rehearsal.signed_in


def test_a_warm_login_makes_two_requests_and_a_cold_one_four(open_: Open) -> None:
    rehearsal = open_()
    rehearsal.login()
    assert sorted(rehearsal.op.state.log) == ["authorization", "keys", "metadata", "token", "userinfo"]
    rehearsal.op.change(ProviderState.forgetting)
    rehearsal.login()
    assert sorted(rehearsal.op.state.log) == ["authorization", "token", "userinfo"]


def test_the_same_callback_again_posts_no_second_time(open_: Open) -> None:
    rehearsal = open_()
    redirect = arrives(rehearsal, "/there")
    before = dict(rehearsal.cookies)
    for _ in range(3):
        assert dict(rehearsal.callback(redirect).headers)["location"] == "/there"
    rehearsal.cookies = before
    assert dict(rehearsal.callback(redirect).headers)["location"] == "/there"
    assert rehearsal.sessions == 0
    assert rehearsal.op.state.count("token") == 1


def test_no_response_shows_what_is_secret(open_: Open) -> None:
    rehearsal = open_()
    rehearsal.login()
    client = rehearsal.op.state.clients[0]
    assert client.client_secret is not None
    (grant,) = rehearsal.op.state.grants
    secrets = [client.client_secret.reveal(), grant.code, grant.access_token or ""]
    text = "".join(f"{response.headers} {response.body!r}" for response in rehearsal.seen)
    assert not [secret for secret in secrets if secret in text]


# Refusals


def test_a_person_who_declines_is_not_signed_in(open_: Open) -> None:
    rehearsal = open_()
    location = dict(rehearsal.begin().headers)["location"]
    assert reason(rehearsal.callback(rehearsal.op.deny(location))) is Reason.ACCESS_DENIED
    assert rehearsal.op.state.count("token") == 0
    assert not rehearsal.signed_in


def test_a_callback_in_another_browser_touches_nothing(open_: Open) -> None:
    rehearsal = open_()
    redirect = arrives(rehearsal)
    mine, rehearsal.cookies = rehearsal.cookies, {}
    assert reason(rehearsal.callback(redirect)) is Reason.LOGIN_OF_ANOTHER_BROWSER
    assert rehearsal.op.state.count("token") == 0
    rehearsal.cookies = mine
    assert rehearsal.callback(redirect).failure is None
    assert rehearsal.signed_in


def test_a_callback_that_comes_too_late_finds_no_login(open_: Open) -> None:
    rehearsal = open_()
    redirect = arrives(rehearsal)
    rehearsal.clock.now += rehearsal.site.settings.login_ttl + 1
    assert reason(rehearsal.callback(redirect)) is Reason.NO_PENDING_LOGIN
    assert rehearsal.op.state.count("token") == 0


def test_a_session_ends_when_its_time_is_over(open_: Open) -> None:
    rehearsal = open_()
    rehearsal.login()
    rehearsal.clock.now += rehearsal.site.settings.session_ttl - 1
    before = rehearsal.signed_in
    rehearsal.clock.now += 1
    assert (before, rehearsal.signed_in) == (True, False)


def test_a_session_of_an_account_that_was_shut_ends_within_the_interval(open_: Open) -> None:
    rehearsal = open_()
    rehearsal.login()
    change(rehearsal, disabled=True)
    interval = rehearsal.site.settings.account_check_interval
    rehearsal.clock.now += interval - 1
    before = rehearsal.signed_in
    rehearsal.clock.now += 1
    assert (before, rehearsal.signed_in) == (True, False)
    change(rehearsal, disabled=False)
    assert not rehearsal.signed_in


def test_a_session_follows_its_account_and_lasts_no_longer_for_it(open_: Open) -> None:
    rehearsal = open_()
    rehearsal.login()
    end = rehearsal.clock.now + rehearsal.site.settings.session_ttl
    change(rehearsal, role="proxy_admin")
    rehearsal.clock.now += rehearsal.site.settings.account_check_interval
    assert session(rehearsal)["role"] == "proxy_admin"
    reading = ["ReadingSession", "CheckingRevocation"]
    assert rehearsal.trail == [*reading, "CheckingAccount", "RenewingSession", "SessionFound"]
    assert session(rehearsal)["role"] == "proxy_admin"
    assert rehearsal.trail == [*reading, "SessionFound"]
    rehearsal.clock.now = end
    assert not rehearsal.signed_in


def session(rehearsal: Rehearsal) -> dict[str, Any]:
    """What a program is told of who is signed in."""
    body = rehearsal.send(Request("GET", "/sso/session")).body
    assert isinstance(body, bytes)
    told: dict[str, Any] = json.loads(body)
    return told


def account(rehearsal: Rehearsal) -> Account:
    """What the directory holds of alice."""
    facts = rehearsal.directory.perform(ReadAccount(rehearsal.op.state.issuer, "alice"))
    assert isinstance(facts, AccountFacts)
    assert facts.account is not None
    return facts.account


def change(rehearsal: Rehearsal, **changes: Any) -> None:
    """An administrator changes the account of alice."""
    after = UpdateAccount(attrs.evolve(account(rehearsal), **changes))
    assert rehearsal.directory.perform(WriteAccount((after,), ())) == Written()


def test_people_of_a_provider_that_got_an_issuer_keep_their_accounts(open_: Open) -> None:
    rehearsal = open_()
    settings = rehearsal.site.settings
    before = Account("plain", "Alice", 1, (("corp", "alice"),), role="proxy_admin_viewer", models=("m",))
    assert rehearsal.directory.perform(WriteAccount((CreateAccount(before),), ())) == Written()
    (provider,) = settings.providers
    assert isinstance(provider, OpenIdProvider)
    got_an_issuer = attrs.evolve(provider, former_namespace="corp")
    rehearsal.site = Site(attrs.evolve(settings, providers=(got_an_issuer,)))
    held = []
    for _ in range(2):
        rehearsal.login()
        told = session(rehearsal)
        assert (told["account_id"], told["role"]) == ("plain", "proxy_admin_viewer")
        held.append(account(rehearsal))
    assert held[0].identities == tuple(sorted((("corp", "alice"), (rehearsal.op.state.issuer, "alice"))))
    assert held[0].models == ("m",)
    assert held[1] == held[0]


def test_a_code_that_the_provider_does_not_know_is_refused_and_uses_the_login_up(open_: Open) -> None:
    rehearsal = open_()
    redirect = arrives(rehearsal)
    rehearsal.op.change(lambda state: attrs.evolve(state, grants=()))
    before = dict(rehearsal.cookies)
    assert reason(rehearsal.callback(redirect)) is Reason.CODE_REFUSED
    rehearsal.cookies = before
    assert dict(rehearsal.callback(redirect).headers)["location"] == "/"
    assert not rehearsal.signed_in


@pytest.mark.parametrize("name", ["C9", "C11", "C16", "C26-invalid-sub", "C17"])
def test_a_provider_that_misbehaves_is_told_apart(name: str, open_: Open) -> None:
    mischief = HOSTILE[name]
    rehearsal = open_(HostileProvider(mischief), mischief.arrangement)
    response = rehearsal.login()
    assert rehearsal.signed_in == (mischief.outcome == "ACC")
    assert mischief.outcome == "ACC" or reason(response) in mischief.reasons
    assert mischief.broken_promises(rehearsal.op.state) == ()
