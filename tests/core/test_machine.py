from __future__ import annotations

import attrs
import pytest
from scenes import NOW

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Effect, Kind, Peek
from sso_core.events import Dropped, Found, Missing, StoreUnreachable, Taken
from sso_core.failures import Failure, MisuseError, Reason, refuse
from sso_core.machine import Failed, Resting, Working, advance, advance_any, door, returns, transitions

PEEK = Peek(Kind.SESSION, "key")


@attrs.frozen
class Known(Resting):
    value: bytes
    at: float


@attrs.frozen
class Elsewhere(Resting):
    pass


@attrs.frozen
class Looking(Working):
    """A flow of one step, with one edge that its annotation allows and one that it does not."""

    questions: int = 1

    def asks(self) -> tuple[Effect, ...]:
        return (PEEK,) * self.questions

    def receive(self, *found: Found | Missing | StoreUnreachable, now: float) -> Looking | Known:
        match found:
            case (Found(b"astray"),):
                return Elsewhere()  # type: ignore[return-value] # pyright: ignore[reportReturnType] # the bug under test
            case (Found(value),):
                return Known(value, now)
            case (Missing(),):
                refuse(Reason.NOT_SIGNED_IN, "nothing there")
            case _:
                return Looking()


@attrs.frozen
class LookingForOneThing(Working):
    def asks(self) -> tuple[Effect, ...]:
        return (PEEK,)

    def receive(self, found: Found, *, now: float) -> Known:
        return Known(found.value, now)


def test_a_working_state_writes_down_once_what_it_asks() -> None:
    assert Looking(2).awaits == (PEEK, PEEK)
    assert not Looking.uninterruptible


def test_what_is_asked_is_no_part_of_a_states_identity() -> None:
    assert Looking() == Looking()
    assert len({Looking(), Looking()}) == 1
    assert "awaits" not in repr(Looking())


def test_a_resting_state_asks_nothing_and_leaves_nothing_behind() -> None:
    assert Resting().awaits == ()
    assert Resting().afterwards == ()
    assert Resting().deeds == ()


def test_what_was_done_before_a_refusal_is_told_with_it() -> None:
    done = (AuditEvent(AuditKind.ACCOUNT_CREATED, "a1"),)
    assert Failed(Failure(Reason.SESSION_NOT_KEPT), done).deeds == done


def test_an_answer_leads_to_the_next_state_at_the_given_time() -> None:
    assert advance(Looking(), [Found(b"v")], now=NOW) == Known(b"v", NOW)


def test_a_state_may_lead_to_itself() -> None:
    assert advance(Looking(), [StoreUnreachable()], now=NOW) == Looking()


def test_answers_come_in_the_order_of_the_questions() -> None:
    assert advance(Looking(2), [Found(b"1"), Missing()], now=NOW) == Looking()


def test_a_refusal_anywhere_inside_comes_back_as_failed() -> None:
    assert advance(Looking(), [Missing()], now=NOW) == Failed(Failure(Reason.NOT_SIGNED_IN, "nothing there"))


@pytest.mark.parametrize("events", [[], [Found(b"1"), Found(b"2")]], ids=["too few", "too many"])
def test_another_number_of_answers_is_misuse(events: list[Found]) -> None:
    with pytest.raises(MisuseError, match=f"Looking asked 1 questions and got {len(events)} answers"):
        advance(Looking(), events, now=NOW)


@pytest.mark.parametrize("event", [Taken(b"v"), Dropped()])
def test_an_event_that_is_no_answer_to_the_effect_is_misuse(event: Taken | Dropped) -> None:
    with pytest.raises(MisuseError, match=f"{type(event).__name__} is no answer to Peek"):
        advance(Looking(), [event], now=NOW)


def test_an_edge_that_the_annotation_does_not_have_is_misuse() -> None:
    with pytest.raises(MisuseError, match="no way from Looking to Elsewhere"):
        advance(Looking(), [Found(b"astray")], now=NOW)


def test_a_driver_advances_states_of_which_it_knows_only_the_base() -> None:
    state: Working = Looking()
    assert advance_any(state, [Found(b"v")], now=NOW) == Known(b"v", NOW)


def test_the_annotation_of_receive_is_the_transition_table() -> None:
    assert transitions(Looking) == {Looking, Known, Failed}


def test_a_state_with_one_way_out_may_still_fail() -> None:
    assert transitions(LookingForOneThing) == {Known, Failed}


def test_the_edges_of_a_door_are_read_the_same_way() -> None:
    def opening() -> Looking | None:
        return None

    assert returns(opening) == {Looking, type(None), Failed}
    assert opening() is None


def test_a_door_returns_the_first_state() -> None:
    @door
    def opening(questions: int, *, more: int = 0) -> Looking:
        return Looking(questions + more)

    assert opening(1, more=1) == Looking(2)


def test_a_door_refuses_by_returning_failed() -> None:
    @door
    def opening() -> Looking:
        refuse(Reason.NO_STATE)

    assert opening() == Failed(Failure(Reason.NO_STATE))


def test_a_bug_behind_a_door_is_not_taken_for_a_refusal() -> None:
    @door
    def opening() -> Looking:
        raise MisuseError("a bug")

    with pytest.raises(MisuseError):
        opening()
