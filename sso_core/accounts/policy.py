"""Who may come in, and what becomes of their account: the operator's decisions as one value."""

from __future__ import annotations

from enum import Enum

import attrs

from sso_core.identity.ladder import RoleLadder


class Linking(Enum):
    """Whether a person whom nobody knows by (issuer, subject) may be led to an account that exists."""

    NEVER = "never"
    VERIFIED_EMAIL = "verified_email"
    """By an e-mail address that the provider has verified, to the one account that has it, which is neither an
    administrator's nor bound to any sign-in yet."""
    ANY_EMAIL_UNSAFE = "any_email_unsafe"
    """By any e-mail address or handle. Whoever can choose theirs at the provider takes over the account."""


class TeamSync(Enum):
    """What becomes of memberships that the provider no longer names."""

    ADD_AND_REMOVE = "add_and_remove"
    """Those that sign-in added are removed, if the provider's list is complete."""
    ADD_ONLY = "add_only"
    """They stay for ever: leavers keep access."""
    OFF = "off"


class RolePrecedence(Enum):
    """Whose word on a person's role counts at each login."""

    PROVIDER = "provider"
    """The provider's where it gives a role, the directory's otherwise."""
    DIRECTORY = "directory"
    """The directory's once there is one; the provider's for new people."""


@attrs.frozen
class NewAccounts:
    """What a new account gets where neither the provider nor the host says otherwise."""

    allowed: bool = True
    """Whether people who have no account get one."""
    role: str | None = None
    models: tuple[str, ...] = ()
    max_budget: float | None = None
    budget_duration: str | None = None
    team_ids: tuple[str, ...] = ()


@attrs.frozen
class TeamDefaults:
    """What a team gets that sign-in creates."""

    models: tuple[str, ...] = ()
    max_budget: float | None = None
    budget_duration: str | None = None
    tpm_limit: int | None = None
    rpm_limit: int | None = None


@attrs.frozen
class AccessPolicy:
    """The rules of access. Raises ValueError for a list that lets nobody in: it is a mistake, not a wish."""

    ladder: RoleLadder
    email_domains: tuple[str, ...] | None = None
    """In lower case; None lets every address in, and people without one."""
    unverified_email_domains_unsafe: bool = False
    """Count an e-mail address for the domain rule although the provider has not verified it."""
    restricted_group: str | None = None
    """The one team or group whose people may come in."""
    admins_only: bool = False
    seats: int | None = None
    """Accounts at most. People who have one come in, whatever the count."""
    linking: Linking = Linking.NEVER
    role_precedence: RolePrecedence = RolePrecedence.PROVIDER
    team_sync: TeamSync = TeamSync.ADD_AND_REMOVE
    create_teams: bool = False
    """Whether teams that claims name, and that do not exist, are made."""
    new_accounts: NewAccounts = NewAccounts()
    budgeted_max_budget: float | None = None
    """For new people in the ladder's budgeted role, where the defaults of new accounts set no budget. Nobody's budget
    changes at a later login: an account without one may be an administrator's wish."""
    budgeted_budget_duration: str | None = None
    team_defaults: TeamDefaults = TeamDefaults()
    admin_id: str | None = None
    """The id of the account that is always an administrator, or the subject at `admin_issuer`."""
    admin_issuer: str | None = None
    """Whose subject `admin_id` is: subjects are unique within an issuer only. None: no subject is meant, but the
    settings of sign-in name their one provider here, where there is no other."""
    admin_id_matches_handle_unsafe: bool = False
    """Let a handle count as that id too. Whoever can choose theirs at the provider becomes administrator."""

    def __attrs_post_init__(self) -> None:
        if self.email_domains == () or "" in (self.restricted_group, self.admin_id, self.admin_issuer):
            raise ValueError("an empty restriction would let nobody in")
        if self.seats is not None and self.seats < 1:
            raise ValueError("without a seat nobody comes in")
