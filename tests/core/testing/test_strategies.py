from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starts import MATERIAL, SECRETS, STARTS, TIMES

from sso_core.effects import HttpRequest, HttpResponse, Keep, Purpose, Taken, Unreachable
from sso_core.flows.enter import SignedIn
from sso_core.flows.read_documents import read_metadata
from sso_core.machine import Failed, Resting, Working, transitions
from sso_core.testing.exploration import Material
from sso_core.testing.strategies import Walk, events, walks

any_walk = st.sampled_from(STARTS).flatmap(lambda start: walks(start, MATERIAL, TIMES))
many = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@given(any_walk)
@many
def test_every_walk_ends_and_stays_on_the_map(walk: Walk) -> None:
    assert isinstance(walk.states[-1], Resting)
    for before, after in zip(walk.states, walk.states[1:], strict=False):
        assert isinstance(before, Working)
        assert type(after) in transitions(type(before))
    assert len(walk.states) < 20


@given(any_walk)
@many
def test_no_state_on_any_walk_shows_a_secret(walk: Walk) -> None:
    text = repr(walk.states)
    assert not [secret for secret in SECRETS if secret in text]


@given(any_walk)
@many
def test_a_code_is_sent_at_most_once_and_a_login_put_back_only_if_it_was_not(walk: Walk) -> None:
    asked = [
        (effect, answer)
        for state, answers in zip(walk.states, walk.answers, strict=False)
        for effect, answer in zip(state.awaits, answers, strict=True)
    ]
    posts = [answer for effect, answer in asked if isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN]
    assert len(posts) <= 1
    took = next((index for index, (effect, answer) in enumerate(asked) if isinstance(answer, Taken)), None)
    back = [effect for effect, _ in asked[took:] if isinstance(effect, Keep) and effect.kind.value == "login"]
    if took is not None and back:
        assert posts == [Unreachable(sent=False)]


@given(any_walk)
@many
def test_nobody_is_signed_in_but_by_a_good_answer_of_the_token_endpoint(walk: Walk) -> None:
    if isinstance(walk.states[-1], SignedIn):
        answers = [answer for step in walk.answers for answer in step]
        assert any(isinstance(answer, HttpResponse) and b"access_token" in answer.body for answer in answers)
        assert walk.states[-1].session.subject in {"alice", "mallory"}


def test_a_start_that_is_refused_is_a_walk_of_one_state() -> None:
    ending = read_metadata("no address")
    assert isinstance(ending, Failed)

    @given(walks(ending, MATERIAL, TIMES))
    @many
    def stays(walk: Walk) -> None:
        assert walk == Walk((ending,), ())

    stays()


def test_without_metadata_none_is_drawn() -> None:
    assert set(events(Material())) == set(events(MATERIAL))
