"""Everything a state may ask of the world, and every answer it may get.

An effect is a noun of asking, an event a noun of what came back. Each effect declares its answers; whoever
performs it returns exactly one of them and never raises for what the network or a disk does. A new effect is
work for everybody who wrote an adapter, so the list is short.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import attrs

from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure
from sso_core.hosts import HostAnswer, HostQuestion
from sso_core.records import Account, ApiKey, Change, Guard, Mappings, Team

Headers = tuple[tuple[str, str], ...]


# What comes back


@attrs.frozen
class HttpResponse:
    """A complete answer over HTTP, not larger than the effect allowed. Header names are in lower case."""

    status: int
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")
    headers: Headers = attrs.field(default=(), repr=False)

    def header(self, name: str) -> str:
        """Return the first header of this name (in lower case), or the empty text."""
        return next((value for key, value in self.headers if key == name), "")


@attrs.frozen
class Unreachable:
    """No usable answer came.

    `sent` is False only where certainly no byte of the request reached the provider.
    """

    sent: bool
    why: str = ""


@attrs.frozen
class MetadataRead:
    """The provider's metadata, checked against its issuer."""

    metadata: ProviderMetadata


@attrs.frozen
class KeysRead:
    """The provider's keys. They may still lack the key that was asked for."""

    keys: KeySet


@attrs.frozen
class Unavailable:
    """The document cannot be had, for this reason."""

    failure: Failure


@attrs.frozen
class Kept:
    """The value is stored, and the next request sees it."""


@attrs.frozen
class Occupied:
    """Nothing was stored: the key already holds this value."""

    value: bytes = attrs.field(repr=False)


@attrs.frozen
class Taken:
    """The value, which nobody else will be given any more."""

    value: bytes = attrs.field(repr=False)


@attrs.frozen
class AlreadyTaken:
    """The value was taken before; this is the marker left behind then."""

    marker: bytes = attrs.field(repr=False)


@attrs.frozen
class Found:
    """The value, which stays where it is."""

    value: bytes = attrs.field(repr=False)


@attrs.frozen
class Missing:
    """There is nothing under this key, or no longer."""


@attrs.frozen
class Dropped:
    """There is nothing under this key now."""


@attrs.frozen
class StoreUnreachable:
    """The store did not answer; whether it did what was asked is not known."""

    why: str = ""


@attrs.frozen
class AccountFacts:
    """What the directory knows, at one moment; `account` is None where nobody holds this (issuer, subject)."""

    account: Account | None
    email_holders: tuple[Account, ...] = ()
    """The accounts with the e-mail address asked for, two at most: beyond one nobody can be told by it."""
    handle_holder: str | None = None
    """The id of the account with the handle asked for."""
    teams: tuple[Team, ...] = ()
    """Those of the teams asked for that exist."""
    seats_taken: int | None = None
    """How many accounts there are, where that was asked."""
    mappings: Mappings = Mappings()
    handle_account: Account | None = None
    """The account with the handle itself, where it was asked for `by_handle`."""


@attrs.frozen
class KeyFacts:
    """The key of the hash that was asked for, and its account; None where there is none."""

    key: ApiKey | None
    account: Account | None


@attrs.frozen
class Written:
    """All changes are durable and visible."""


@attrs.frozen
class Conflict:
    """A guard did not hold, so nothing was written."""


@attrs.frozen
class OutcomeUnknown:
    """The answer to the commit was lost: all changes were written, or none."""


@attrs.frozen
class DirectoryUnreachable:
    """The directory did not answer, and nothing was written."""

    why: str = ""


@attrs.frozen
class HostAnswered:
    """What the host's own function returned."""

    answer: HostAnswer


@attrs.frozen
class HostFailed:
    """The host's own function raised, or answered something else than it was asked."""

    why: str = ""


Event = (
    HttpResponse
    | Unreachable
    | MetadataRead
    | KeysRead
    | Unavailable
    | Kept
    | Occupied
    | Taken
    | AlreadyTaken
    | Found
    | Missing
    | Dropped
    | StoreUnreachable
    | AccountFacts
    | Written
    | Conflict
    | OutcomeUnknown
    | DirectoryUnreachable
    | KeyFacts
    | HostAnswered
    | HostFailed
)


# What is asked


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
    """Look at what lies under `key`, value or marker."""

    answers: ClassVar = frozenset({Found, AlreadyTaken, Missing, StoreUnreachable})

    kind: Kind
    key: str


@attrs.frozen
class Drop:
    """Remove what lies under `key`, value or marker."""

    answers: ClassVar = frozenset({Dropped, StoreUnreachable})

    kind: Kind
    key: str


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


Effect = (
    HttpRequest | ReadMetadata | ReadKeys | Keep | Take | Peek | Drop | ReadAccount | WriteAccount | ReadKey | AskHost
)
