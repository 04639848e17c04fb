"""What the suite asks of a store: each effect as it is usual there, unless a test says otherwise."""

from __future__ import annotations

from sso_core.effects import Count, Keep, Kind, Peek, Renew, Take

MINUTE = 60.0
KEY = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"


def keep(value: bytes = b"value", key: str = KEY, *, ttl: float = MINUTE, only_if_absent: bool = False) -> Keep:
    """Return a `Keep` as the tests use it."""
    return Keep(Kind.LOGIN, key, value, ttl, only_if_absent=only_if_absent)


def take(key: str = KEY, *, marker: bytes = b"marker", marker_ttl: float = MINUTE) -> Take:
    """Return a `Take` as the tests use it."""
    return Take(Kind.LOGIN, key, marker, marker_ttl)


def peek(key: str = KEY) -> Peek:
    """Return a `Peek` as the tests use it."""
    return Peek(Kind.LOGIN, key)


def count(key: str = KEY, *, window: float = MINUTE) -> Count:
    """Return a `Count` as the tests use it."""
    return Count(Kind.TRIES, key, window)


KEEP, TAKE, PEEK, COUNT = keep(), take(), peek(), count()
RENEW = Renew(Kind.LOGIN, KEY, b"renewed", MINUTE)
