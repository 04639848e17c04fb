from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starts import ENTERING, MATERIAL, SECRETS, STARTS, TIMES

from sso_core.effects import HttpRequest, Keep, Purpose, WriteAccount
from sso_core.events import AccountFacts, HttpResponse, Taken, Unreachable, Written
from sso_core.failures import Family
from sso_core.flows.approve_cli import CliApproved
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.read_documents import read_metadata
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.machine import Failed, Resting, Working, transitions
from sso_core.records import LinkIdentity
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.exploration import Material
from sso_core.testing.strategies import Walk, events, walks

any_walk = st.sampled_from(STARTS).flatmap(lambda start: walks(start, MATERIAL, TIMES))
any_entry = st.sampled_from(ENTERING).flatmap(lambda start: walks(start, MATERIAL, TIMES))
many = settings(max_examples=800, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def every_walk_ends_and_stays_on_the_map(walk: Walk) -> None:
    assert isinstance(walk.states[-1], Resting)
    for before, after in zip(walk.states, walk.states[1:], strict=False):
        assert isinstance(before, Working)
        assert type(after) in transitions(type(before))
    assert len(walk.states) < 20


def no_state_on_any_walk_shows_a_secret(walk: Walk) -> None:
    text = repr(walk.states)
    assert not [secret for secret in SECRETS if secret in text]


def a_code_is_sent_at_most_once_and_a_login_put_back_only_if_it_was_not(walk: Walk) -> None:
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


def nobody_is_signed_in_but_by_a_good_answer_of_the_token_endpoint(walk: Walk) -> None:
    if isinstance(walk.states[-1], SignedIn) and walk.states[0] not in ENTERING:
        answers = [answer for step in walk.answers for answer in step]
        assert any(isinstance(answer, HttpResponse) and b"access_token" in answer.body for answer in answers)
        assert walk.states[-1].session.subject in {"alice", "mallory"}


def writes(walk: Walk) -> list[WriteAccount]:
    return [effect for state in walk.states for effect in state.awaits if isinstance(effect, WriteAccount)]


def whom_a_rule_keeps_out_was_never_written(walk: Walk) -> None:
    ending = walk.states[-1]
    assert isinstance(ending, Failed | SignedIn | Inspected | CliApproved)
    if isinstance(ending, Inspected):
        assert writes(walk) == []
    if isinstance(ending, Failed) and ending.failure.reason.family is Family.NOT_ALLOWED:
        # What a conflicting write wanted was not carried out: somebody else's change made the difference.
        assert not any(isinstance(answer, Written) for step in walk.answers for answer in step)


def a_refused_person_ends_the_browsers_former_session(walk: Walk) -> None:
    ending, before = walk.states[-1], walk.states[-2]
    if (
        isinstance(ending, Failed)
        and ending.failure.reason.family is Family.NOT_ALLOWED
        and walk.states[0] in ENTERING[:4]
    ):
        assert isinstance(before, EndingFormerSession)


def no_link_on_any_walk_leads_to_an_administrator(walk: Walk) -> None:
    for write in writes(walk):
        linked = {change.account_id for change in write.changes if isinstance(change, LinkIdentity)}
        before = [
            holder
            for step in walk.answers
            for answer in step
            if isinstance(answer, AccountFacts)
            for holder in answer.email_holders
        ]
        assert not linked or any(not REFERENCE_LADDER.is_admin(holder.role) for holder in before)


@given(any_walk)
@many
def test_what_holds_of_every_walk(walk: Walk) -> None:
    every_walk_ends_and_stays_on_the_map(walk)
    no_state_on_any_walk_shows_a_secret(walk)
    a_code_is_sent_at_most_once_and_a_login_put_back_only_if_it_was_not(walk)
    nobody_is_signed_in_but_by_a_good_answer_of_the_token_endpoint(walk)


@given(any_entry)
@many
def test_what_holds_of_everybody_who_comes_in(walk: Walk) -> None:
    whom_a_rule_keeps_out_was_never_written(walk)
    a_refused_person_ends_the_browsers_former_session(walk)
    no_link_on_any_walk_leads_to_an_administrator(walk)


def test_a_walk_leads_from_its_start_to_an_end() -> None:
    @given(walks(STARTS[0], MATERIAL, TIMES))
    @settings(many, max_examples=10)
    def leads(walk: Walk) -> None:
        assert walk.states[0] == STARTS[0]
        every_walk_ends_and_stays_on_the_map(walk)

    leads()


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
