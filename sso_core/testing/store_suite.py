"""What every store of short-lived things promises, as tests to inherit.

    class TestMyStore(StoreSuite):
        def open(self, clock): return MyStore(clock=clock)

        def perform_at_once(self, store, effects):
            with ThreadPoolExecutor(len(effects)) as threads:
                return list(threads.map(store.perform, effects))

The store is empty, tells time by `clock`, and has a synchronous `perform`. Any runner may call the tests by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect
from sso_core.events import AlreadyTaken, Counted, Dropped, Event, Found, Kept, Missing, Occupied, Taken
from sso_core.testing.store_effects import COUNT, KEEP, KEY, MINUTE, PEEK, RENEW, TAKE, count, keep, peek, take

RACERS = 50
AWKWARD = (b"", b"\x00", b"\xff\xfe\x00\r\n", b"0", bytes(range(256)) * 16)
"""Values that a codec on the way may spoil."""
AWKWARD_KEYS = ("", "a b", "a:b", "A", "a", "\u00e9", "e\u0301", "\u20ac/..?*[%_", "1", "01")
"""Keys that a careless store takes for one another."""


class Store(Protocol):
    """The store under test."""

    def perform(self, effect: StoreEffect) -> Event:
        """Return one of the effect's answers."""
        ...


class Clock:
    """A time that only a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class StoreSuite(ABC):
    """Subclass it for a store."""

    @abstractmethod
    def open(self, clock: Callable[[], float]) -> Store:
        """Return an empty store."""

    @abstractmethod
    def perform_at_once(self, store: Store, effects: Sequence[StoreEffect]) -> Sequence[Event]:
        """Have it perform all of them at the same moment, from as many threads, tasks or processes as there are."""

    def test_what_was_never_kept_is_missing(self) -> None:
        """An empty store has nothing, and says so."""
        store = self.open(Clock())
        assert store.perform(PEEK) == Missing()
        assert store.perform(TAKE) == Missing()
        assert store.perform(TAKE) == Missing()

    def test_a_value_is_found_as_it_was_kept_and_stays(self) -> None:
        """To the byte, as often as somebody looks."""
        store = self.open(Clock())
        for value in AWKWARD:
            assert store.perform(keep(value)) == Kept()
            assert store.perform(PEEK) == Found(value)
            assert store.perform(PEEK) == Found(value)

    def test_a_value_is_taken_as_it_was_kept(self) -> None:
        """To the byte; and so is the mark."""
        store = self.open(Clock())
        for number, value in enumerate(AWKWARD):
            store.perform(keep(value, str(number)))
            assert store.perform(take(str(number), marker=value[::-1])) == Taken(value)
            assert store.perform(take(str(number))) == AlreadyTaken(value[::-1])

    def test_keys_are_told_apart_by_every_character(self) -> None:
        """No folding of case, no normal form, no pattern."""
        store = self.open(Clock())
        for key in AWKWARD_KEYS:
            assert store.perform(keep(key.encode(), key)) == Kept()
        for key in AWKWARD_KEYS:
            assert store.perform(peek(key)) == Found(key.encode())

    def test_kinds_are_told_apart(self) -> None:
        """A login is no session, even under the same key."""
        store = self.open(Clock())
        store.perform(keep(b"login"))
        assert store.perform(Peek(Kind.SESSION, KEY)) == Missing()
        store.perform(Keep(Kind.SESSION, KEY, b"session", MINUTE))
        store.perform(Drop(Kind.SESSION, KEY))
        assert store.perform(PEEK) == Found(b"login")

    def test_a_value_is_taken_once_and_the_first_mark_stays(self) -> None:
        """Whoever comes later is told what the first one left."""
        store = self.open(Clock())
        store.perform(KEEP)
        assert store.perform(take(marker=b"first")) == Taken(b"value")
        assert store.perform(take(marker=b"second")) == AlreadyTaken(b"first")
        assert store.perform(take(marker=b"third")) == AlreadyTaken(b"first")

    def test_a_mark_is_not_found_but_told_from_nothing(self) -> None:
        """What was taken is not there to be looked at; that it was is."""
        store = self.open(Clock())
        store.perform(KEEP)
        store.perform(take(marker=b"mark"))
        assert store.perform(PEEK) == AlreadyTaken(b"mark")

    def test_where_nothing_lies_under_one_key_another_is_looked_at(self) -> None:
        """What lies under the first goes before, value or mark."""
        store = self.open(Clock())
        either = Peek(Kind.LOGIN, KEY, or_else="other")
        assert store.perform(either) == Missing()
        store.perform(keep(b"other", "other"))
        assert store.perform(either) == Found(b"other")
        store.perform(KEEP)
        assert store.perform(either) == Found(b"value")
        store.perform(take(marker=b"mark"))
        assert store.perform(either) == AlreadyTaken(b"mark")

    def test_a_value_is_kept_over_another_one_and_over_a_mark(self) -> None:
        """So that a login whose code went nowhere can be put back."""
        store = self.open(Clock())
        store.perform(keep(b"first"))
        assert store.perform(keep(b"second")) == Kept()
        assert store.perform(TAKE) == Taken(b"second")
        assert store.perform(keep(b"third")) == Kept()
        assert store.perform(TAKE) == Taken(b"third")

    def test_with_only_if_absent_nothing_is_overwritten(self) -> None:
        """Neither a value nor a mark; the asker gets what is there."""
        store = self.open(Clock())
        assert store.perform(keep(b"first", only_if_absent=True)) == Kept()
        assert store.perform(keep(b"second", only_if_absent=True)) == Occupied(b"first")
        assert store.perform(take(marker=b"mark")) == Taken(b"first")
        assert store.perform(keep(b"third", only_if_absent=True)) == Occupied(b"mark")
        assert store.perform(TAKE) == AlreadyTaken(b"mark")

    def test_what_a_value_replaces_goes_in_the_same_step(self) -> None:
        """The former session ends when the new one begins; where none begins, it stays."""
        store = self.open(Clock())
        store.perform(keep(b"old", "old"))
        assert store.perform(Keep(Kind.LOGIN, "new", b"new", MINUTE, instead_of="old")) == Kept()
        assert store.perform(peek("old")) == Missing()
        assert store.perform(peek("new")) == Found(b"new")
        store.perform(keep(b"other", "other"))
        replacement = Keep(Kind.LOGIN, "new", b"newer", MINUTE, only_if_absent=True, instead_of="other")
        assert store.perform(replacement) == Occupied(b"new")
        assert store.perform(peek("other")) == Found(b"other")

    def test_a_value_may_replace_itself_and_what_is_not_there(self) -> None:
        """Both are nothing special."""
        store = self.open(Clock())
        store.perform(keep(b"old"))
        assert store.perform(Keep(Kind.LOGIN, KEY, b"new", MINUTE, instead_of=KEY)) == Kept()
        assert store.perform(PEEK) == Found(b"new")
        assert store.perform(Keep(Kind.LOGIN, KEY, b"newer", MINUTE, instead_of="nothing")) == Kept()
        assert store.perform(PEEK) == Found(b"newer")

    def test_what_was_dropped_is_gone(self) -> None:
        """A value, a mark, or nothing: afterwards there is nothing."""
        store = self.open(Clock())
        assert store.perform(Drop(Kind.LOGIN, KEY)) == Dropped()
        store.perform(KEEP)
        assert store.perform(Drop(Kind.LOGIN, KEY)) == Dropped()
        assert store.perform(TAKE) == Missing()
        store.perform(KEEP)
        store.perform(TAKE)
        assert store.perform(Drop(Kind.LOGIN, KEY)) == Dropped()
        assert store.perform(keep(only_if_absent=True)) == Kept()

    def test_only_a_value_that_is_there_is_renewed(self) -> None:
        """What was dropped stays dropped, and what was taken stays taken: nothing comes back."""
        store = self.open(Clock())
        store.perform(KEEP)
        for value in AWKWARD:
            assert store.perform(Renew(Kind.LOGIN, KEY, value, MINUTE)) == Kept()
            assert store.perform(PEEK) == Found(value)
        store.perform(TAKE)
        assert store.perform(RENEW) == Missing()
        assert store.perform(PEEK) == AlreadyTaken(b"marker")
        store.perform(Drop(Kind.LOGIN, KEY))
        assert store.perform(RENEW) == Missing()
        assert store.perform(PEEK) == Missing()

    def test_what_is_dropped_while_many_renew_it_stays_dropped(self) -> None:
        """Whoever comes first: a session that has ended does not come back."""
        store = self.open(Clock())
        store.perform(KEEP)
        self.perform_at_once(store, [*[RENEW] * (RACERS - 1), Drop(Kind.LOGIN, KEY)])
        assert store.perform(PEEK) == Missing()

    def test_a_value_is_over_after_its_time(self) -> None:
        """And not before; for whoever looks, takes, or keeps only if nothing is there."""
        clock = Clock()
        store = self.open(clock)
        store.perform(keep(b"looked at", "1", ttl=60.0))
        store.perform(keep(b"taken", "2", ttl=60.0))
        store.perform(keep(b"in the way", "3", ttl=60.0))
        clock.now += 59.0
        assert store.perform(peek("1")) == Found(b"looked at")
        clock.now += 1.0
        assert store.perform(peek("1")) == Missing()
        assert store.perform(take("2")) == Missing()
        assert store.perform(keep(b"new", "3", only_if_absent=True)) == Kept()

    def test_a_mark_lasts_as_long_as_its_taker_said(self) -> None:
        """However long the value would have lasted."""
        clock = Clock()
        store = self.open(clock)
        store.perform(keep(key="short", ttl=1000.0))
        store.perform(keep(key="long", ttl=10.0))
        store.perform(take("short", marker_ttl=20.0))
        store.perform(take("long", marker_ttl=500.0))
        clock.now += 21.0
        assert store.perform(take("short")) == Missing()
        assert store.perform(take("long")) == AlreadyTaken(b"marker")

    def test_a_value_that_is_kept_again_or_renewed_has_its_new_time(self) -> None:
        """Longer or shorter than the former one."""
        clock = Clock()
        store = self.open(clock)
        store.perform(keep(b"former", "longer", ttl=10.0))
        store.perform(keep(b"longer", "longer", ttl=100.0))
        store.perform(keep(b"former", "shorter", ttl=100.0))
        store.perform(keep(b"shorter", "shorter", ttl=10.0))
        store.perform(keep(ttl=5.0))
        store.perform(RENEW)
        clock.now += 11.0
        assert store.perform(peek("longer")) == Found(b"longer")
        assert store.perform(peek("shorter")) == Missing()
        assert store.perform(PEEK) == Found(b"renewed")
        clock.now += MINUTE
        assert store.perform(RENEW) == Missing()

    def test_of_many_who_take_at_once_one_gets_it(self) -> None:
        """The rest are told that it is taken, by the mark of the one."""
        store = self.open(Clock())
        store.perform(KEEP)
        takes = [take(marker=str(number).encode()) for number in range(RACERS)]
        answers = self.perform_at_once(store, takes)
        assert [answer for answer in answers if isinstance(answer, Taken)] == [Taken(b"value")]
        marks = [answer.marker for answer in answers if isinstance(answer, AlreadyTaken)]
        assert len(marks) == RACERS - 1
        assert len(set(marks)) == 1

    def test_of_many_who_keep_only_if_absent_at_once_one_does(self) -> None:
        """The rest are shown its value."""
        store = self.open(Clock())
        keeps = [keep(str(number).encode(), only_if_absent=True) for number in range(RACERS)]
        answers = self.perform_at_once(store, keeps)
        assert sum(answer == Kept() for answer in answers) == 1
        shown = [answer for answer in answers if isinstance(answer, Occupied)]
        assert len(shown) == RACERS - 1
        assert len(set(shown)) == 1
        assert store.perform(PEEK) == Found(shown[0].value)

    def test_a_count_goes_up_by_one_until_its_window_is_over(self) -> None:
        """However often it was added to: the window begins with the first one, and a new one begins at one."""
        clock = Clock()
        store = self.open(clock)
        assert store.perform(COUNT) == Counted(1, MINUTE)
        assert _number(store.perform(COUNT)) == 2
        clock.now += 59.0
        assert _number(store.perform(COUNT)) == 3
        clock.now += 1.0
        assert store.perform(COUNT) == Counted(1, MINUTE)

    def test_a_count_says_when_it_begins_anew(self) -> None:
        """To the second: whoever is refused is told how long to wait."""
        clock = Clock()
        store = self.open(clock)
        store.perform(COUNT)
        clock.now += 20.0
        answer = store.perform(count(window=1000.0))
        assert isinstance(answer, Counted)
        assert MINUTE - 21.0 <= answer.left <= MINUTE - 20.0

    def test_counts_are_told_apart_by_every_character_and_by_kind(self) -> None:
        """Nobody is refused for what somebody else tried; no value is taken for a count, and no count for a value."""
        store = self.open(Clock())
        for key in AWKWARD_KEYS:
            assert _number(store.perform(count(key))) == 1
        store.perform(KEEP)
        assert _number(store.perform(COUNT)) == 1
        assert _number(store.perform(Count(Kind.SESSION, KEY, MINUTE))) == 1
        assert _number(store.perform(COUNT)) == 2
        assert store.perform(PEEK) == Found(b"value")

    def test_of_many_who_count_at_once_no_two_are_told_the_same(self) -> None:
        """Nobody slips through beside another."""
        store = self.open(Clock())
        answers = self.perform_at_once(store, [COUNT] * RACERS)
        assert sorted(map(_number, answers)) == list(range(1, RACERS + 1))


def _number(answer: Event) -> int:
    assert isinstance(answer, Counted), answer
    return answer.number
