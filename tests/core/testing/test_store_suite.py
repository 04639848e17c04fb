"""The suite finds the stores that break a promise, and only those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import attrs
import pytest

from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Event, Found, Kept, Missing, Occupied, Taken
from sso_core.testing.store_suite import Store, StoreSuite


class PlainStore:
    """A store of a dictionary."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.entries: dict[tuple[Kind, str], tuple[bytes, bool, float]] = {}

    def perform(self, effect: StoreEffect) -> Event:  # noqa: C901, PLR0911 -- a table of answers
        now = self.clock()
        place = (effect.kind, effect.key)
        value, taken, ends = self.entries.get(place, (b"", False, now))
        there = ends > now
        seen = (AlreadyTaken(value) if taken else Found(value)) if there else Missing()
        match effect:
            case Drop():
                self.entries.pop(place, None)
                return Dropped()
            case Peek(kind, _, or_else):
                return seen if there or or_else is None else self.perform(Peek(kind, or_else))
            case Keep():
                if effect.only_if_absent and there:
                    return Occupied(value)
                if effect.instead_of is not None:
                    self.entries.pop((effect.kind, effect.instead_of), None)
                self.entries[place] = (effect.value, False, now + effect.ttl)
                return Kept()
            case Take():
                if isinstance(seen, Found):
                    self.entries[place] = (effect.marker, True, now + effect.marker_ttl)
                return Taken(value) if isinstance(seen, Found) else seen
            case Renew():
                if isinstance(seen, Found):
                    self.entries[place] = (effect.value, False, now + effect.ttl)
                return Kept() if isinstance(seen, Found) else Missing()
            case Count():
                return self.count(effect, now)
            case _:
                assert_never(effect)

    def count(self, effect: Count, now: float) -> Counted:
        value, _, ends = self.entries.get((effect.kind, effect.key), (b"0", False, now))
        if ends <= now:
            value, ends = b"0", now + effect.window
        number = int(value) + 1
        self.entries[effect.kind, effect.key] = (b"%d" % number, False, ends)
        return Counted(number, ends - now)


class TestAPlainStore(StoreSuite):
    def open(self, clock: Callable[[], float]) -> Store:
        return PlainStore(clock)

    def perform_at_once(self, store: Store, effects: Sequence[StoreEffect]) -> Sequence[Event]:
        return [store.perform(effect) for effect in effects]


class Suite(TestAPlainStore):
    __test__ = False

    def __init__(self, kind: type[PlainStore]) -> None:
        self.kind = kind

    def open(self, clock: Callable[[], float]) -> Store:
        return self.kind(clock)


class Immortal(PlainStore):
    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(lambda: clock() * 0)


class FoldsCase(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        return super().perform(attrs.evolve(effect, key=effect.key.lower()))


class MixesKinds(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        return super().perform(attrs.evolve(effect, kind=Kind.LOGIN))


class LeavesNoMark(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        event = super().perform(effect)
        if isinstance(event, Taken):
            super().perform(Drop(effect.kind, effect.key))
        return event


class GivesTwice(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        found = super().perform(Peek(effect.kind, effect.key))
        event = super().perform(effect)
        if isinstance(event, Taken) and effect.key and isinstance(found, Found):
            self.entries[effect.kind, effect.key] = (found.value, False, self.clock() + 60)
        return event


class Overwrites(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        return super().perform(attrs.evolve(effect, only_if_absent=False) if isinstance(effect, Keep) else effect)


class ForgetsToReplace(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        return super().perform(attrs.evolve(effect, instead_of=None) if isinstance(effect, Keep) else effect)


class Revives(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        if isinstance(effect, Renew):
            return super().perform(Keep(effect.kind, effect.key, effect.value, effect.ttl))
        return super().perform(effect)


class KeepsItsTime(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        _, _, ends = self.entries.get((effect.kind, effect.key), (b"", False, self.clock()))
        return super().perform(attrs.evolve(effect, ttl=ends - self.clock()) if isinstance(effect, Renew) else effect)


class Decodes(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        if isinstance(effect, Keep):
            effect = attrs.evolve(effect, value=effect.value.decode(errors="replace").encode())
        return super().perform(effect)


class ShowsMarks(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        value, _, ends = self.entries.get((effect.kind, effect.key), (b"", False, 0.0))
        if isinstance(effect, Peek) and ends > self.clock():
            return Found(value)
        return super().perform(effect)


class ProlongsCounts(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        event = super().perform(effect)
        if isinstance(event, Counted):
            value, taken, _ = self.entries[effect.kind, effect.key]
            self.entries[effect.kind, effect.key] = (value, taken, self.clock() + 60)
        return event


class HidesTheEnd(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        event = super().perform(effect)
        return attrs.evolve(event, left=60.0) if isinstance(event, Counted) else event


class CountsInTwoSteps(PlainStore):
    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.turn = 0

    def perform(self, effect: StoreEffect) -> Event:
        event = super().perform(effect)
        self.turn += 1
        return Counted(self.turn // 2 + 1, event.left) if isinstance(event, Counted) else event


class CountsTogether(PlainStore):
    def perform(self, effect: StoreEffect) -> Event:
        return super().perform(Count(effect.kind, "", effect.window) if isinstance(effect, Count) else effect)


@pytest.mark.parametrize(
    ("store", "test"),
    [
        (Immortal, "test_a_value_is_over_after_its_time"),
        (Immortal, "test_a_mark_lasts_as_long_as_its_taker_said"),
        (FoldsCase, "test_keys_are_told_apart_by_every_character"),
        (MixesKinds, "test_kinds_are_told_apart"),
        (LeavesNoMark, "test_a_value_is_taken_once_and_the_first_mark_stays"),
        (GivesTwice, "test_of_many_who_take_at_once_one_gets_it"),
        (Overwrites, "test_with_only_if_absent_nothing_is_overwritten"),
        (Overwrites, "test_of_many_who_keep_only_if_absent_at_once_one_does"),
        (ForgetsToReplace, "test_what_a_value_replaces_goes_in_the_same_step"),
        (Revives, "test_only_a_value_that_is_there_is_renewed"),
        (KeepsItsTime, "test_a_value_that_is_kept_again_or_renewed_has_its_new_time"),
        (Decodes, "test_a_value_is_found_as_it_was_kept_and_stays"),
        (ShowsMarks, "test_a_mark_is_not_found_but_told_from_nothing"),
        (ProlongsCounts, "test_a_count_goes_up_by_one_until_its_window_is_over"),
        (HidesTheEnd, "test_a_count_says_when_it_begins_anew"),
        (CountsTogether, "test_counts_are_told_apart_by_every_character_and_by_kind"),
        (CountsInTwoSteps, "test_of_many_who_count_at_once_no_two_are_told_the_same"),
    ],
)
def test_a_broken_promise_is_found(store: type[PlainStore], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(store), test)()
