"""The conformance table: every line that applies, played by a provider that misbehaves in exactly that way."""

from __future__ import annotations

import pytest
from rehearsal import STAGES, Rehearsal

from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.provider_state import ProviderState


@pytest.fixture(params=sorted(STAGES))
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_each_line_ends_as_it_demands_on_every_driver(name: str, driver: str) -> None:
    mischief = HOSTILE[name]
    op = HostileProvider(mischief)
    rehearsal = Rehearsal(op, driver, mischief.arrangement)
    for _ in range(mischief.arrangement.logins):
        response = rehearsal.login()
        if mischief.outcome == "ACC":
            assert response.failure is None
            assert rehearsal.sessions == 1
            assert rehearsal.signed_in
        else:
            assert response.failure is not None
            assert response.failure.reason in mischief.reasons
            assert not rehearsal.signed_in
            assert rehearsal.sessions == 0
    if mischief.outcome == "REJ0":
        assert op.state.count("token") == 0
    assert mischief.broken_promises(op.state) == ()
    rehearsal.close()


def test_a_person_signs_in_on_every_driver(driver: str) -> None:
    rehearsal = Rehearsal(FakeProvider(), driver)
    assert dict(rehearsal.login().headers)["location"] == "/"
    assert rehearsal.trail[0] == "TakingLogin"
    assert rehearsal.trail[-1] == "SignedIn"
    assert rehearsal.signed_in
    rehearsal.close()


def test_a_warm_login_makes_two_requests_and_a_cold_one_four(driver: str) -> None:
    op = FakeProvider()
    rehearsal = Rehearsal(op, driver)
    rehearsal.login()
    assert sorted(op.state.log) == ["authorization", "keys", "metadata", "token", "userinfo"]
    op.change(ProviderState.forgetting)
    rehearsal.login()
    assert sorted(op.state.log) == ["authorization", "token", "userinfo"]
    rehearsal.close()


def test_the_same_callback_again_posts_no_second_time(driver: str) -> None:
    op = FakeProvider()
    rehearsal = Rehearsal(op, driver)
    redirect = op.authorize(dict(rehearsal.begin("/there").headers)["location"], "alice", rehearsal.clock())
    before = dict(rehearsal.cookies)
    for _ in range(3):
        assert dict(rehearsal.callback(redirect).headers)["location"] == "/there"
    rehearsal.cookies = before
    assert dict(rehearsal.callback(redirect).headers)["location"] == "/there"
    assert rehearsal.sessions == 0
    assert op.state.count("token") == 1
    rehearsal.close()


def test_no_response_shows_what_is_secret(driver: str) -> None:
    op = FakeProvider()
    rehearsal = Rehearsal(op, driver)
    rehearsal.login()
    client = op.state.clients[0]
    assert client.client_secret is not None
    (grant,) = op.state.grants
    secrets = [client.client_secret.reveal(), grant.code, grant.access_token or ""]
    text = "".join(f"{response.headers} {response.body!r}" for response in rehearsal.seen)
    assert not [secret for secret in secrets if secret in text]
    rehearsal.close()
