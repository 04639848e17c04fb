"""What becomes of the account: decided from facts, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sso_core.accounts.access import check_admins_only, check_group, check_new_account, check_person
from sso_core.accounts.linking import find_account
from sso_core.accounts.membership import TeamPlan, plan_teams
from sso_core.accounts.policy import AccessPolicy
from sso_core.accounts.roles import decide_role
from sso_core.accounts.values import (
    NO_WISHES,
    Settled,
    described,
    email_guards,
    new_account,
    settle_email,
    settle_handle,
    with_host_values,
    with_values,
    with_wishes,
)
from sso_core.audit import AuditEvent, AuditKind
from sso_core.events import AccountFacts
from sso_core.hosts import Wishes
from sso_core.identity.explanation import Step
from sso_core.identity.identity import Identity
from sso_core.records import (
    Account,
    AccountUnchanged,
    Change,
    CreateAccount,
    EnsureTeam,
    Guard,
    IdentityAbsent,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    SeatLeft,
    Team,
    UpdateAccount,
)


@attrs.frozen
class Decision:
    """The account as it will be, the changes that make it so, the facts that this rests on, and why."""

    account: Account
    changes: tuple[Change, ...] = ()
    guards: tuple[Guard, ...] = ()
    explanation: tuple[Step, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """What people call those of the account's teams that were read or are made: pairs of id and name."""
    deeds: tuple[AuditEvent, ...] = ()
    """What the log should say once it is written."""


def decide(
    facts: AccountFacts,
    identity: Identity,
    policy: AccessPolicy,
    *,
    new_account_id: str,
    wishes: Wishes = NO_WISHES,
) -> Decision:
    """Decide who the person is here and what they may, or refuse them: then there is nothing to write.

    The same facts, identity and wishes make the same decision for every way in. Without a change there is no write.
    """
    identity = with_wishes(identity, wishes, policy.ladder)
    found = find_account(facts, identity, policy)
    check_person(found.account, identity, policy)
    check_group(identity, policy)
    role, role_step = decide_role(found.account, identity, policy)
    check_admins_only(role, policy)
    teams = plan_teams(found.account, identity, facts.teams, policy)
    if found.account is None:
        check_new_account(facts, policy)
        account = new_account(new_account_id, identity, role, policy)
        email = Settled(account, email_guards(account, policy))
    else:
        email = settle_email(described(found.account, identity, role), identity, facts, policy)
    handle = settle_handle(with_host_values(email.account, wishes), identity, facts, by_host=bool(wishes.handle))
    after = with_values(handle.account, memberships=teams.memberships)
    guards = (*email.guards, *handle.guards)
    linked = (Step("linked", "", "", f"by {found.linked}"),) if found.linked else ()
    explanation = (*linked, role_step, *email.explanation, *handle.explanation, *teams.explanation)
    if found.account is None:
        outcome = after, *_creation(after, identity, policy, teams, guards)
    else:
        outcome = _update(found.account, found.linked, after, identity, teams, guards)
    aliases = aliases_of(after, (*facts.teams, *teams.ensured))
    deeds = deeds_of(found.account, outcome[0], identity, teams, linked=bool(found.linked)) if outcome[1] else ()
    return Decision(*outcome, (*identity.explanation, *explanation), aliases, deeds)


def deeds_of(
    before: Account | None, after: Account, identity: Identity, teams: TeamPlan, *, linked: bool
) -> tuple[AuditEvent, ...]:
    """Return what a log should say of a decision that changes something."""
    who = AuditEvent(AuditKind.ACCOUNT_CREATED, after.account_id, identity.issuer, identity.subject, after.role)
    deeds = [who] if before is None else []
    if linked:
        deeds.append(attrs.evolve(who, kind=AuditKind.ACCOUNT_LINKED))
    if before is not None and before.role != after.role:
        deeds.append(attrs.evolve(who, kind=AuditKind.ROLE_CHANGED, former_role=before.role))
    if teams.joined or teams.left:
        joined = tuple(membership.team_id for membership in teams.joined)
        deeds.append(attrs.evolve(who, kind=AuditKind.TEAMS_CHANGED, joined=joined, left=teams.left))
    return tuple(deeds)


def aliases_of(account: Account, teams: Iterable[Team]) -> tuple[tuple[str, str], ...]:
    """Return the names of the account's teams, as far as `teams` tell them."""
    if not account.memberships:
        return ()
    known = {team.team_id: team.alias for team in teams}
    return tuple([(team_id, alias) for team_id in account.team_ids if (alias := known.get(team_id)) is not None])


def _creation(
    account: Account, identity: Identity, policy: AccessPolicy, teams: TeamPlan, guards: tuple[Guard, ...]
) -> tuple[tuple[Change, ...], tuple[Guard, ...]]:
    seats = (SeatLeft(policy.seats),) if policy.seats is not None else ()
    changes: tuple[Change, ...] = (
        *map(EnsureTeam, teams.ensured),
        CreateAccount(attrs.evolve(account, memberships=())),
        *(JoinTeam(account.account_id, membership) for membership in teams.joined),
    )
    return changes, (IdentityAbsent(identity.issuer, identity.subject), *seats, *guards)


def _update(
    before: Account, linked: str, after: Account, identity: Identity, teams: TeamPlan, guards: tuple[Guard, ...]
) -> tuple[Account, tuple[Change, ...], tuple[Guard, ...]]:
    # As a rule it is the very same account: most people come in as they left.
    if (after is before or after == before) and not teams.ensured:
        return before, (), ()
    after = attrs.evolve(after, revision=before.revision + 1)
    key = (identity.issuer, identity.subject)
    absent: tuple[Guard, ...] = (IdentityAbsent(*key),) if linked else ()
    changes: tuple[Change, ...] = (
        *map(EnsureTeam, teams.ensured),
        UpdateAccount(after),
        *((LinkIdentity(before.account_id, *key),) if linked else ()),
        *(JoinTeam(before.account_id, membership) for membership in teams.joined),
        *(LeaveTeam(before.account_id, team_id) for team_id in teams.left),
    )
    return after, changes, (AccountUnchanged(before.account_id, before.revision), *absent, *guards)
