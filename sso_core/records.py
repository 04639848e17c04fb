"""What a directory holds of people, teams and keys, and how a decision about them is written.

Values only. A decision is a batch of changes under guards; whoever keeps the directory carries the batch out in one
transaction, or not at all.
"""

from __future__ import annotations

from enum import Enum

import attrs


class MembershipSource(Enum):
    """Who put a person into a team: only what sign-in added may sign-in take away again."""

    PROVIDER = "provider"
    """Added because the provider's claims named the team."""
    HOST = "host"
    """Added by anybody else: an administrator, a script, the host's own code."""


@attrs.frozen
class Membership:
    """A person's place in one team."""

    team_id: str
    source: MembershipSource = MembershipSource.PROVIDER


@attrs.frozen
class Team:
    """A team. Budgets are in the host's currency; limits per minute; `budget_duration` such as `30d`."""

    team_id: str
    alias: str | None = None
    models: tuple[str, ...] = ()
    max_budget: float | None = None
    budget_duration: str | None = None
    tpm_limit: int | None = None
    rpm_limit: int | None = None


@attrs.frozen
class Account:
    """A person's account. Its keys are `identities`: pairs of issuer and subject; everything else describes."""

    account_id: str
    display_name: str
    revision: int
    """Grows by one with each change to the account, its identities or its memberships, so that a guard can say which
    state a decision rests on."""
    identities: tuple[tuple[str, str], ...] = ()
    """In order of issuer and subject."""
    handle: str | None = None
    """The name by which hosts know the person (a claim by choice of the operator); no two accounts share one."""
    email: str | None = attrs.field(default=None, repr=False)
    email_verified: bool = False
    role: str | None = None
    memberships: tuple[Membership, ...] = ()
    """In order of team."""
    models: tuple[str, ...] = ()
    max_budget: float | None = None
    budget_duration: str | None = None
    auth_provider: str | None = None
    disabled: bool = False
    """Whether an administrator has shut the account: its person is refused, and nothing is created anew."""

    @property
    def team_ids(self) -> tuple[str, ...]:
        """The teams that the person is in."""
        return tuple(membership.team_id for membership in self.memberships)


@attrs.frozen
class ApiKey:
    """A personal key of an account. The directory keeps its hash, which opens nothing."""

    key_hash: str
    account_id: str
    name: str
    created_at: float
    """Seconds since the epoch."""
    expires_at: float | None = None
    team_id: str | None = None


@attrs.frozen
class RoleMap:
    """Which groups make which role: `roles` pairs a role with the groups any of which gives it.

    `group_claim` is a dotted path. `default_role` is for people in none of the groups.
    """

    group_claim: str
    roles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    default_role: str | None = None
    provider: str = "generic"


@attrs.frozen
class Mappings:
    """The maps that an administrator keeps in the directory, where there are any.

    Where several providers sign people in, a role map has to name its provider, and `team_claim` is not used.
    """

    role_map: RoleMap | None = None
    team_claim: str | None = None
    """The dotted path of the claim that lists a person's teams."""


# Guards


@attrs.frozen
class IdentityAbsent:
    """Nobody holds this (issuer, subject)."""

    issuer: str
    subject: str


@attrs.frozen
class AccountUnchanged:
    """The account is still at this revision."""

    account_id: str
    revision: int


@attrs.frozen
class HandleFree:
    """No account has this handle."""

    handle: str


@attrs.frozen
class EmailFree:
    """No account has this e-mail address, in lower case."""

    email: str


@attrs.frozen
class SeatLeft:
    """There are fewer accounts than `seats`; a directory counts and adds without anybody in between."""

    seats: int


# Changes


@attrs.frozen
class CreateAccount:
    """Add this account, with its identities, at revision 1. Its memberships are changes of their own."""

    account: Account


@attrs.frozen
class UpdateAccount:
    """Replace what describes the account of this id by what stands here; the revision grows by one.

    Identities and memberships are left as they are.
    """

    account: Account


@attrs.frozen
class LinkIdentity:
    """Let the account be found by this (issuer, subject) too."""

    account_id: str
    issuer: str
    subject: str


@attrs.frozen
class EnsureTeam:
    """Add the team unless there is one of this id, which then stays as it is."""

    team: Team


@attrs.frozen
class JoinTeam:
    """Put the person into a team that exists; a membership that is there stays as it is."""

    account_id: str
    membership: Membership


@attrs.frozen
class LeaveTeam:
    """Take the person out of a team, if they are in it."""

    account_id: str
    team_id: str


@attrs.frozen
class IssueKey:
    """Add a key to an account that exists."""

    key: ApiKey


@attrs.frozen
class RevokeKey:
    """Remove the key of this hash, if there is one."""

    key_hash: str


@attrs.frozen
class SaveMappings:
    """Let these be the maps, instead of those that are there."""

    mappings: Mappings


Guard = IdentityAbsent | AccountUnchanged | HandleFree | EmailFree | SeatLeft
Change = (
    CreateAccount
    | UpdateAccount
    | LinkIdentity
    | EnsureTeam
    | JoinTeam
    | LeaveTeam
    | IssueKey
    | RevokeKey
    | SaveMappings
)
