"""The suite finds the stores that break a promise, and only those."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest

from sso_core.effects import Drop, Keep, Kind, Peek, Renew, Take
from sso_core.events import AlreadyTaken, Dropped, Event, Found, Kept, Missing, Occupied, Taken
from sso_core.testing.store_suite import Store, StoreEffect, StoreSuite


class PlainStore:
    """A store of a dictionary."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.entries: dict[tuple[Kind, str], tuple[bytes, bool, float]] = {}

    def perform(self, effect: StoreEffect) -> Event:  # noqa: PLR0911 -- a table of answers
        now = self.clock()
        place = (effect.kind, effect.key)
        value, taken, ends = self.entries.get(place, (b"", False, now))
        there = ends > now
        seen = (AlreadyTaken(value) if taken else Found(value)) if there else Missing()
        match effect:
            case Drop():
                self.entries.pop(place, None)
                return Dropped()
            case Peek():
                return seen
            case Keep():
                if effect.only_if_absent and there:
                    return Occupied(value)
                if effect.instead_of is not None:
                    self.entries.pop((effect.kind, effect.instead_of), None)
                self.entries[place] = (effect.value, False, now + effect.ttl)
                return Kept()
            case Take():
                if not there or taken:
                    return AlreadyTaken(value) if there else Missing()
                self.entries[place] = (effect.marker, True, now + effect.marker_ttl)
                return Taken(value)
            case Renew():
                if not there or taken:
                    return Missing()
                self.entries[place] = (effect.value, False, now + effect.ttl)
                return Kept()


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
        (KeepsItsTime, "test_a_value_that_is_renewed_has_its_new_time"),
        (Decodes, "test_a_value_is_found_as_it_was_kept_and_stays"),
        (ShowsMarks, "test_a_mark_is_not_found_but_told_from_nothing"),
    ],
)
def test_a_broken_promise_is_found(store: type[PlainStore], test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(store), test)()
