"""A store in Redis or Valkey: shared by all who name the same server and prefix, on however many machines.

An entry is one string, `v` and the value or `t` and the mark of whoever took it, under `prefix:kind:key`; a count is a
number there. Each ends by the server's own clock. What takes more than one command is a script, which the server runs
as one step.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, ClassVar, assert_never

import attrs
from redis.exceptions import InvalidResponse, NoScriptError, RedisError

from sso_adapters.stores.memory import StoreEvent
from sso_adapters.stores.redis_address import Address
from sso_adapters.stores.redis_connections import Connections
from sso_adapters.stores.redis_line import Line
from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, StoreEffect, Take
from sso_core.events import AlreadyTaken, Counted, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable, Taken

DEADLINE = 2.0
"""Seconds for an operation, from the wait for a connection to the end of the answer: a browser waits for it."""
LONGEST = 1e9
"""Seconds after which everything is over, some thirty years: the server counts milliseconds, and not to infinity."""

_VALUE, _TAKEN = b"v", b"t"


def open_redis_store(url: str, *, prefix: str = "sso", deadline: float = DEADLINE) -> RedisStore:
    """Return the store at `redis://`, `rediss://` or `unix://`. Nothing is connected yet, so the server may be down.

    The URL may hold a user, a password (percent-encoded), the number of a database and, for TLS, the names of files
    (`ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`). It names the primary: a replica lags behind and takes nothing.
    Raises ValueError, which repeats no part of the URL, and OSError where a file for TLS cannot be read.
    """
    if not 0 < deadline < math.inf:
        raise ValueError("the deadline is a number of seconds, more than none")
    return RedisStore(Connections(Address.of(url), deadline=deadline), prefix=prefix)


class RedisStore:
    """Keeps values until their time is over, by the clock of the server.

    Every failure is `StoreUnreachable` with the name of its type, within the deadline. No command is sent twice, so a
    `Take` whose answer was lost may have been carried out. A server that comes back is found by the next operation.
    """

    in_memory: ClassVar[bool] = False

    def __init__(self, connections: Connections, *, prefix: str) -> None:
        self._connections = connections
        self._prefix = prefix

    def close(self) -> None:
        """Close the connections, each once whoever is using it has finished."""
        self._connections.close()

    def perform(self, effect: StoreEffect) -> StoreEvent:  # noqa: PLR0911 -- one for each effect, and the failure
        """Do what a flow asks; safe to call from several threads, and beside other processes."""
        name = self._name(effect.kind, effect.key)
        try:
            with self._connections.lent() as line:
                match effect:
                    case Keep():
                        return self._keep(line, name, effect)
                    case Take():
                        return _take(line, name, effect)
                    case Peek():
                        other = None if effect.or_else is None else self._name(effect.kind, effect.or_else)
                        return _peek(line, name, other)
                    case Drop():
                        line.ask("DEL", name)
                        return Dropped()
                    case Renew():
                        return _renew(line, name, effect)
                    case Count():
                        return _count(line, name, effect)
                    case _:
                        assert_never(effect)
        except RedisError as error:
            return StoreUnreachable(type(error).__name__)

    def _keep(self, line: Line, name: bytes, effect: Keep) -> Kept | Occupied:
        value, ttl = _VALUE + effect.value, _milliseconds(effect.ttl)
        other = None if effect.instead_of is None else self._name(effect.kind, effect.instead_of)
        dropped = () if other is None or other == name else (other,)
        if ttl and not effect.only_if_absent and not dropped:
            line.ask("SET", name, value, "PX", ttl)
            return Kept()
        entry = _entry(_KEEP.run(line, (name, *dropped), value, ttl, int(effect.only_if_absent)))
        return Kept() if entry is None else Occupied(entry[1])

    def _name(self, kind: Kind, key: str) -> bytes:
        return f"{self._prefix}:{kind.value}:{key}".encode()


def _take(line: Line, name: bytes, effect: Take) -> Taken | AlreadyTaken | Missing:
    entry = _entry(_REPLACE.run(line, (name,), _TAKEN + effect.marker, _milliseconds(effect.marker_ttl)))
    if entry is None:
        return Missing()
    taken, value = entry
    return AlreadyTaken(value) if taken else Taken(value)


def _peek(line: Line, name: bytes, other: bytes | None) -> Found | AlreadyTaken | Missing:
    answers = (line.ask("GET", name),) if other is None else line.ask("MGET", name, other)
    entry = next((entry for entry in map(_entry, answers) if entry is not None), None)
    if entry is None:
        return Missing()
    taken, value = entry
    return AlreadyTaken(value) if taken else Found(value)


def _renew(line: Line, name: bytes, effect: Renew) -> Kept | Missing:
    entry = _entry(_REPLACE.run(line, (name,), _VALUE + effect.value, _milliseconds(effect.ttl)))
    return Missing() if entry is None or entry[0] else Kept()


def _count(line: Line, name: bytes, effect: Count) -> Counted:
    number, left = _COUNT.run(line, (name,), _milliseconds(effect.window))
    return Counted(number, left / 1000)


def _entry(answer: bytes | None) -> tuple[bool, bytes] | None:
    """Return whether an entry was taken, and its value or mark. Raises InvalidResponse for what is no entry."""
    if answer is None:
        return None
    head, value = answer[:1], answer[1:]
    if head not in {_VALUE, _TAKEN}:
        raise InvalidResponse
    return head == _TAKEN, value


def _milliseconds(ttl: float) -> int:
    """Return a time as the server counts it; nothing for one that is over at once, which it would refuse."""
    return max(0, math.ceil(min(ttl, LONGEST) * 1000))


@attrs.frozen
class _Script:
    """What the server runs as one step. It keeps scripts by their digest, until it is restarted."""

    text: bytes

    def run(self, line: Line, names: tuple[bytes, ...], *arguments: bytes | int) -> Any:  # noqa: ANN401 -- its own
        digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()
        try:
            return line.ask("EVALSHA", digest, len(names), *names, *arguments)
        except NoScriptError:  # nothing was run, so this is no repetition
            return line.ask("EVAL", self.text, len(names), *names, *arguments)


# A write that the server refuses for lack of memory comes first, so that nothing was changed where it fails.
_KEEP = _Script(b"""
local found = ARGV[3] == '1' and redis.call('GET', KEYS[1])
if found then return found end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
if KEYS[2] then redis.call('DEL', KEYS[2]) end
return false
""")
# Taking and renewing are one step: what is there is told, and written over if it is a value.
_REPLACE = _Script(b"""
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, 1, 1) ~= 'v' then return found end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return found
""")
_COUNT = _Script(b"""
local number = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {number, left}
""")
