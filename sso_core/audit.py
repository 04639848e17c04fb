"""What an operator's log should say: each refusal, and whatever was done to a person's account, sessions or keys.

An ending tells what was done (`Resting.deeds`); the web layer adds the request that it was done in. Nothing in it is a
secret, and of a person it holds the keys by which the account is known and where the request came from, no name and no
e-mail address.
"""

from __future__ import annotations

from enum import Enum

import attrs


class AuditKind(Enum):
    """What happened."""

    REFUSED = "refused"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    SIGNED_OUT_BY_PROVIDER = "signed_out_by_provider"
    """The provider said that a session of its own, or all of a person, are over."""
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_LINKED = "account_linked"
    """A further sign-in leads to the account from now on."""
    ROLE_CHANGED = "role_changed"
    TEAMS_CHANGED = "teams_changed"
    KEY_ISSUED = "key_issued"
    KEY_REVOKED = "key_revoked"
    COMMAND_LINE_APPROVED = "command_line_approved"
    COMMAND_LINE_SIGNED_IN = "command_line_signed_in"
    INSPECTED = "inspected"
    """Somebody looked at what a provider says, on the debug page."""


@attrs.frozen
class AuditEvent:
    """One line of the log. What is empty or None is not known, or has nothing to do with it."""

    kind: AuditKind
    account_id: str = ""
    issuer: str = ""
    subject: str = ""
    role: str | None = None
    former_role: str | None = None
    joined: tuple[str, ...] = ()
    """Ids of teams."""
    left: tuple[str, ...] = ()
    session: str = ""
    """The beginning of the session's key in the store: enough to tell sessions apart, and it opens none."""
    key_id: str = ""
    """Of a personal key: its hash."""
    client: str = ""
    """What a command line says of itself."""
    code: str = ""
    """Of a refusal; people see it too."""
    detail: str = ""
    hint: str = ""
    provider: str = ""
    """The id of the provider in the settings."""
    reference: str = ""
    """What a person may quote; the same for all that one request brought about."""
    method: str = ""
    path: str = ""
    peer: str = ""
    """Where the request came from, as far as that is known behind the operator's proxies."""
    at: float = 0.0
    """Seconds since the epoch."""

    def fields(self) -> dict[str, object]:
        """Return what is known, by name, for a log of structured lines."""
        known = attrs.asdict(self, filter=lambda _field, value: value not in ("", None, ()))
        return {**known, "kind": self.kind.value}
