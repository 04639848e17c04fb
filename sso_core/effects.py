"""Everything a state may ask of the world.

An effect is a noun of asking. Each declares its answers, which stand in `events`; whoever performs it returns exactly
one of them and never raises for what the network or a disk does. A new effect is work for everybody who wrote an
adapter, so the list is short.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import attrs

from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Conflict,
    Counted,
    DirectoryUnreachable,
    Dropped,
    Found,
    Headers,
    HostAnswered,
    HostFailed,
    HttpResponse,
    Kept,
    KeyFacts,
    KeysRead,
    MetadataRead,
    Missing,
    Occupied,
    OutcomeUnknown,
    StoreUnreachable,
    Taken,
    Unavailable,
    Unreachable,
    Written,
)
from sso_core.hosts import HostQuestion
from sso_core.records import Change, Guard


class Purpose(Enum):
    """What a request over HTTP is for."""

    METADATA = "metadata"
    KEYS = "keys"
    TOKEN = "token"
    USERINFO = "userinfo"
    PROFILE = "profile"
    GROUPS = "groups"


class Kind(Enum):
    """What a short-lived value is; a namespace of the store."""

    LOGIN = "login"
    SESSION = "session"
    CLI_LOGIN = "cli_login"
    REVOKED = "revoked"
    LOGOUT_TOKEN = "logout_token"
    TRIES = "tries"
    """Counts alone."""


@attrs.frozen
class HttpRequest:
    """One request over HTTPS. Redirects are not followed, cookies not kept, and it is sent at most once.

    `body` is the form of a POST; without one the method is GET. `limit` is the largest answer, in bytes.
    Headers and body may hold secrets and show in no repr.
    """

    answers: ClassVar = frozenset({HttpResponse, Unreachable})

    purpose: Purpose
    url: str
    headers: Headers = attrs.field(default=(), repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    limit: int = 65536

    @property
    def method(self) -> str:
        """`GET` or `POST`."""
        return "GET" if self.body is None else "POST"


@attrs.frozen
class ReadMetadata:
    """Read what the provider at `issuer` says of itself, from a warm copy where there is one."""

    answers: ClassVar = frozenset({MetadataRead, Unavailable})

    issuer: str
    published_issuers: tuple[str, ...] = ()
    """What the document may name as its issuer, where that is not the issuer itself (an authority of many tenants)."""
    for_logout: bool = False
    """Whether a logout token asks, which anybody can make up: it draws from a bucket of its own."""


@attrs.frozen
class ReadKeys:
    """Read the key set at `uri` for `issuer`.

    With `lacks`, the copy that the asker holds lacks a key for a token with this `kid` (the empty text: a token
    without one), so a fresh copy is wanted, as far as the token bucket allows.
    """

    answers: ClassVar = frozenset({KeysRead, Unavailable})

    issuer: str
    uri: str
    lacks: str | None = None
    for_logout: bool = False
    """As for `ReadMetadata`."""


@attrs.frozen
class Keep:
    """Store `value` under `key` for `ttl` seconds, over whatever is there, and drop `instead_of` in the same step.

    With `only_if_absent` nothing is overwritten: `Occupied` brings what is there.
    """

    answers: ClassVar = frozenset({Kept, Occupied, StoreUnreachable})

    kind: Kind
    key: str
    value: bytes = attrs.field(repr=False)
    ttl: float
    only_if_absent: bool = False
    instead_of: str | None = None


@attrs.frozen
class Take:
    """Take what lies under `key`, atomically, leaving `marker` there for `marker_ttl` seconds."""

    answers: ClassVar = frozenset({Taken, AlreadyTaken, Missing, StoreUnreachable})

    kind: Kind
    key: str
    marker: bytes = attrs.field(repr=False)
    marker_ttl: float


@attrs.frozen
class Peek:
    """Look at what lies under `key`, value or marker; where nothing does, at what lies under `or_else`."""

    answers: ClassVar = frozenset({Found, AlreadyTaken, Missing, StoreUnreachable})

    kind: Kind
    key: str
    or_else: str | None = None


@attrs.frozen
class Drop:
    """Remove what lies under `key`, value or marker."""

    answers: ClassVar = frozenset({Dropped, StoreUnreachable})

    kind: Kind
    key: str


@attrs.frozen
class Renew:
    """Store `value` under `key` for `ttl` seconds over the value that is there; what was dropped or taken stays so."""

    answers: ClassVar = frozenset({Kept, Missing, StoreUnreachable})

    kind: Kind
    key: str
    value: bytes = attrs.field(repr=False)
    ttl: float


@attrs.frozen
class Count:
    """Add one to the count under `key`, atomically, and say how many that makes.

    A count begins with its first one, and is over `window` seconds later, however often it was added to meanwhile.
    A key that counts keeps no values.
    """

    answers: ClassVar = frozenset({Counted, StoreUnreachable})

    kind: Kind
    key: str
    window: float


@attrs.frozen
class ReadAccount:
    """Read the facts about one person: one batch, one moment.

    Who holds `email` (in lower case) and `handle`, and which of `teams` exist, is told along; accounts are counted
    only on request, since counting may cost. `by_handle` wants the handle's account whole: only an unsafe linking does.
    """

    answers: ClassVar = frozenset({AccountFacts, DirectoryUnreachable})

    issuer: str
    subject: str
    email: str | None = attrs.field(default=None, repr=False)
    handle: str | None = None
    teams: tuple[str, ...] = ()
    count_seats: bool = False
    by_handle: bool = False


@attrs.frozen
class ReadKey:
    """Read the personal key of this hash, and whose it is."""

    answers: ClassVar = frozenset({KeyFacts, DirectoryUnreachable})

    key_hash: str


@attrs.frozen
class WriteAccount:
    """Carry out all `changes` in one transaction, if all `guards` hold: durable and visible before the answer."""

    answers: ClassVar = frozenset({Written, Conflict, OutcomeUnknown, DirectoryUnreachable})

    changes: tuple[Change, ...]
    guards: tuple[Guard, ...]


@attrs.frozen
class AskHost:
    """Ask the host's own function, sync or async; where it has none for the question, it is not asked."""

    answers: ClassVar = frozenset({HostAnswered, HostFailed})

    question: HostQuestion


StoreEffect = Keep | Take | Peek | Drop | Renew | Count
DirectoryEffect = ReadAccount | WriteAccount | ReadKey
Effect = HttpRequest | ReadMetadata | ReadKeys | StoreEffect | DirectoryEffect | AskHost
