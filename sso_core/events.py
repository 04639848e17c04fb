"""Everything that may come back: the answers to what a state asked. An event is a noun of what came.

Which effect has which answers is said in `effects`.
"""

from __future__ import annotations

import attrs

from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure
from sso_core.hosts import HostAnswer
from sso_core.records import Account, ApiKey, Mappings, Team

Headers = tuple[tuple[str, str], ...]


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
class Counted:
    """The count is now `number`, and begins anew in `left` seconds."""

    number: int
    left: float


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
    former_account: Account | None = None
    """The account of the same subject in the provider's former namespace: a flow that asked for it puts it here."""


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
    | Counted
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
