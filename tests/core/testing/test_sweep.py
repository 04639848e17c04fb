from __future__ import annotations

from typing import Any, get_args

import pytest
from scenes import ISSUER, NOW, attempt
from starts import MATERIAL, STARTS

from sso_core.effects import Effect, HttpRequest, Keep, Kind, Purpose, ReadAccount, ReadMetadata, WriteAccount
from sso_core.events import (
    DirectoryUnreachable,
    HttpResponse,
    Kept,
    KeysRead,
    OutcomeUnknown,
    Unavailable,
    Unreachable,
    Written,
)
from sso_core.flows.exchange_code import ExchangingCodeAndReadingKeys
from sso_core.flows.finish_login import TakingLogin
from sso_core.machine import Working
from sso_core.testing.exploration import explored, samples
from sso_core.testing.sweep import EVENTS, Fault, faults_of, swept

REQUEST = HttpRequest(Purpose.TOKEN, ISSUER + "/token")


def kinds(effect: Effect, fault: Fault) -> set[type]:
    return {type(event) for met, event in faults_of(effect) if met is fault}


@pytest.mark.parametrize("fault", Fault)
def test_a_request_over_http_may_meet_every_fault(fault: Fault) -> None:
    assert kinds(REQUEST, fault) <= {HttpResponse, Unreachable}
    assert kinds(REQUEST, fault)


@pytest.mark.parametrize("effect", get_args(Effect))
@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.HANGING, Fault.RESET])
def test_whatever_is_asked_may_come_to_nothing(effect: Any, fault: Fault) -> None:
    assert [event for event in EVENTS[fault] if type(event) in effect.answers], (
        "nothing says what it looks like when this is not answered: add it to EVENTS in sso_core/testing/sweep.py"
    )


def test_only_where_nobody_is_there_it_is_certain_that_nothing_was_done() -> None:
    assert {
        event.sent for met, event in faults_of(REQUEST) if isinstance(event, Unreachable) and met is Fault.REFUSED
    } == {False}
    others = [event for met, event in faults_of(REQUEST) if isinstance(event, Unreachable) and met is not Fault.REFUSED]
    assert all(event.sent for event in others)
    write = WriteAccount((), ())
    assert kinds(write, Fault.REFUSED) == {DirectoryUnreachable}
    assert kinds(write, Fault.RESET) == {DirectoryUnreachable, OutcomeUnknown}


def test_a_fault_is_among_the_answers_that_the_effect_declares_and_is_no_good_one() -> None:
    for effect in (
        REQUEST,
        ReadMetadata(ISSUER),
        Keep(Kind.LOGIN, "k", b"", 1),
        ReadAccount(ISSUER, "s"),
        WriteAccount((), ()),
    ):
        found = {type(event) for _, event in faults_of(effect)}
        assert found <= effect.answers
        assert not found & {Kept, Written, KeysRead}


def test_the_statuses_are_those_of_the_fault() -> None:
    families = {Fault.REDIRECT: 3, Fault.CLIENT_ERROR: 4, Fault.SERVER_ERROR: 5, Fault.GARBAGE: 2, Fault.TRUNCATED: 2}
    for fault, family in families.items():
        statuses = {event.status // 100 for event in EVENTS[fault] if isinstance(event, HttpResponse)}
        assert statuses == {family}


def test_each_fault_strikes_each_question_beside_each_answer_to_the_others() -> None:
    (state,) = explored(STARTS, MATERIAL, now=NOW)[ExchangingCodeAndReadingKeys]
    token, keys = state.awaits
    spoiled = list(swept(state, MATERIAL))
    usual = [sum(len(samples(MATERIAL)[kind]) for kind in effect.answers) for effect in state.awaits]
    assert len([one for one in spoiled if one.position == 0]) == len(faults_of(token)) * usual[1]
    assert len([one for one in spoiled if one.position == 1]) == len(faults_of(keys)) * usual[0]
    for one in spoiled:
        assert (one.fault, one.answers[one.position]) in faults_of(state.awaits[one.position])
        assert len(one.answers) == 2
    assert any(isinstance(one.answers[1], Unavailable) for one in spoiled if one.position == 0)


def test_a_state_with_one_question_meets_its_faults_alone() -> None:
    state: Working = TakingLogin(attempt())
    (take,) = state.awaits
    assert [(one.fault, *one.answers) for one in swept(state, MATERIAL)] == list(faults_of(take))
