"""The scenes: what befalls whom, for how long, and what people may be told because of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import Enum

import attrs

from fire.place import Place


class Victim(Enum):
    PROVIDER = "the provider"
    STORE = "the store"
    DATABASE = "the database"
    SERVICE = "one process of the service"
    ALL = "everything"


class Deed(Enum):
    NOTHING = "left alone"
    KILLED = "killed and started again"
    PAUSED = "paused"
    SLOWED = "slowed"
    REFUSED = "out of reach"
    TERMINATED = "asked to end and started again"


DEADLINE = 15.0
"""Seconds within which every request is answered: what the service gives those under way when it is asked to end."""
STANDSTILL = 18.0
"""Seconds that somebody stands still: longer than the deadline, or whoever waits until it is over would not be seen."""
SLOWNESS = 0.4
"""Seconds that each piece waits in a slow network."""


@attrs.frozen
class Scene:
    """One thing that happens while people sign in.

    It lasts for `lasts` seconds, and happens `times` times. `may` are the refusals that follow from it, none of which
    is a surprise to somebody who knows what broke; a 503 always is allowed, but when nothing happens.
    """

    victim: Victim
    deed: Deed
    lasts: float = 7.0
    times: int = 1
    may: frozenset[str] = frozenset()
    unanswered: bool = False
    """Whether requests may end without an answer."""

    @property
    def name(self) -> str:
        return f"{self.victim.value} is {self.deed.value}"

    @property
    def deadline(self) -> float:
        """Seconds within which people are answered; a process that stands still answers when it goes on."""
        stands_still = self.victim is Victim.SERVICE and self.deed is Deed.PAUSED
        return DEADLINE + self.lasts if stands_still else DEADLINE

    @contextmanager
    def played(self, place: Place) -> Iterator[None]:
        """Do it at the beginning of the context, and undo it at the end."""
        begin, end = _DOING[self.victim, self.deed] if self.deed is not Deed.NOTHING else (_nothing, _nothing)
        with ExitStack() as undone:
            undone.callback(end, place)
            begin(place)
            yield


Doing = Callable[[Place], None]


def _nothing(_place: Place) -> None:
    pass


def _slow(seconds: float, which: str) -> Doing:
    def set_delay(place: Place) -> None:
        getattr(place, which).delay = seconds

    return set_delay


def _kill_while_busy(place: Place) -> None:
    _keep_busy(place)
    place.frail.kill()


def _terminate_while_busy(place: Place) -> None:
    _keep_busy(place)
    place.frail.terminate()


def _keep_busy(place: Place) -> None:
    """Have people wait in the middle of their requests, all of them."""
    place.to_store.delay = SLOWNESS / 2
    time.sleep(1)


def _start_again(place: Place) -> None:
    place.frail.start()
    place.to_store.delay = 0


def _cut_off(place: Place) -> None:
    """Let nobody be reached, and start a process in the middle of that."""
    for network in (place.to_provider, place.to_store, place.to_database):
        network.refuse()
    place.frail.kill()
    place.frail.start()


def _reconnect(place: Place) -> None:
    for network in (place.to_provider, place.to_store, place.to_database):
        network.open()


_DOING: Mapping[tuple[Victim, Deed], tuple[Doing, Doing]] = {
    (Victim.PROVIDER, Deed.KILLED): (lambda place: place.provider.kill(), lambda place: place.provider.start()),
    (Victim.PROVIDER, Deed.PAUSED): (lambda place: place.provider.pause(), lambda place: place.provider.resume()),
    (Victim.PROVIDER, Deed.SLOWED): (_slow(SLOWNESS, "to_provider"), _slow(0, "to_provider")),
    (Victim.PROVIDER, Deed.REFUSED): (lambda place: place.to_provider.refuse(), lambda place: place.to_provider.open()),
    (Victim.STORE, Deed.KILLED): (lambda place: place.store.stop(), lambda place: place.store.start()),
    (Victim.STORE, Deed.PAUSED): (lambda place: place.store.pause(), lambda place: place.store.resume()),
    (Victim.STORE, Deed.SLOWED): (_slow(SLOWNESS, "to_store"), _slow(0, "to_store")),
    (Victim.STORE, Deed.REFUSED): (lambda place: place.to_store.refuse(), lambda place: place.to_store.open()),
    (Victim.DATABASE, Deed.KILLED): (lambda place: place.database.stop(), lambda place: place.database.start()),
    (Victim.DATABASE, Deed.PAUSED): (lambda place: place.database.pause(), lambda place: place.database.resume()),
    (Victim.DATABASE, Deed.SLOWED): (_slow(SLOWNESS, "to_database"), _slow(0, "to_database")),
    (Victim.DATABASE, Deed.REFUSED): (lambda place: place.to_database.refuse(), lambda place: place.to_database.open()),
    (Victim.SERVICE, Deed.KILLED): (_kill_while_busy, _start_again),
    (Victim.SERVICE, Deed.PAUSED): (lambda place: place.frail.pause(), lambda place: place.frail.resume()),
    (Victim.ALL, Deed.REFUSED): (_cut_off, _reconnect),
    (Victim.SERVICE, Deed.TERMINATED): (_terminate_while_busy, _start_again),
}

# A provider that was started again knows neither its codes nor its tokens, and has other keys.
_FORGOTTEN = frozenset({"callback: code_refused", "callback: userinfo_status", "callback: unknown_key"})
# A store that was started again knows neither pending logins nor sessions.
_LOST = frozenset({"callback: no_pending_login", "session: not_signed_in"})

SCENES = (
    Scene(Victim.SERVICE, Deed.NOTHING),
    Scene(Victim.PROVIDER, Deed.KILLED, may=_FORGOTTEN),
    Scene(Victim.PROVIDER, Deed.PAUSED, lasts=STANDSTILL),
    Scene(Victim.PROVIDER, Deed.SLOWED),
    Scene(Victim.PROVIDER, Deed.REFUSED),
    Scene(Victim.STORE, Deed.KILLED, may=_LOST),
    Scene(Victim.STORE, Deed.PAUSED, lasts=STANDSTILL),
    Scene(Victim.STORE, Deed.SLOWED),
    Scene(Victim.STORE, Deed.REFUSED),
    Scene(Victim.DATABASE, Deed.KILLED),
    Scene(Victim.DATABASE, Deed.PAUSED, lasts=STANDSTILL),
    Scene(Victim.DATABASE, Deed.SLOWED),
    Scene(Victim.DATABASE, Deed.REFUSED),
    Scene(Victim.ALL, Deed.REFUSED, unanswered=True),
    Scene(Victim.SERVICE, Deed.KILLED, lasts=1.0, times=4, unanswered=True),
    Scene(Victim.SERVICE, Deed.PAUSED),
    Scene(Victim.SERVICE, Deed.TERMINATED, lasts=1.0, times=4),
)
"""Half a minute each at most; the first one shows what is normal."""
_BRIEF = {
    (Victim.PROVIDER, Deed.KILLED),
    (Victim.STORE, Deed.PAUSED),
    (Victim.DATABASE, Deed.REFUSED),
    (Victim.SERVICE, Deed.TERMINATED),
}
BRIEFLY = tuple(attrs.evolve(scene, lasts=2.0, times=1) for scene in SCENES if (scene.victim, scene.deed) in _BRIEF)
"""One for each victim, and one of each kind."""
