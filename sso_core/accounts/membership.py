"""Which teams a person is in from this login on, and which teams are made for that."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sso_core.accounts.policy import AccessPolicy, TeamSync
from sso_core.identity.explanation import Step, shown
from sso_core.identity.identity import Identity
from sso_core.identity.teams import NOBODY_ASKED
from sso_core.records import Account, Membership, MembershipSource, Team

MADE_LIMIT = 100
"""Teams that one login makes at most; the next one makes more. A provider, or whoever writes its claims, fills no
directory with them at once."""


@attrs.frozen
class TeamPlan:
    """What becomes of a person's memberships."""

    memberships: tuple[Membership, ...]
    """All of them as they will be, in order of team."""
    ensured: tuple[Team, ...] = ()
    joined: tuple[Membership, ...] = ()
    left: tuple[str, ...] = ()
    explanation: tuple[Step, ...] = ()


def teams_to_ask(identity: Identity, policy: AccessPolicy) -> tuple[str, ...]:
    """Return the ids of the teams of which the directory has to say whether they exist."""
    teams = identity.teams
    described = [team.team_id for team in teams.to_create]
    named = () if policy.team_sync is TeamSync.OFF else (*teams.team_ids, *described)
    return tuple(dict.fromkeys((*named, *policy.new_accounts.team_ids)))


def plan_teams(account: Account | None, identity: Identity, existing: Iterable[Team], policy: AccessPolicy) -> TeamPlan:
    """Return what to make, join and leave; `account` is None for somebody new.

    Only what sign-in added is taken away again, and only where the provider's list is complete: a list that was cut
    says nothing of the teams that it lacks.
    """
    if account is not None and identity.teams == NOBODY_ASKED:
        return TeamPlan(account.memberships)
    here = () if account is None else account.memberships
    held = {one.team_id for one in here}
    steps: list[Step] = []
    wanted = _wanted(account, identity, policy)
    lacking = _teams_to_make(wanted, identity, policy, {team.team_id for team in existing})
    to_make, later = lacking[:MADE_LIMIT], lacking[MADE_LIMIT:]
    usable = {team.team_id for team in (*existing, *to_make)}
    known = usable | held | {team.team_id for team in later}
    missing = [team_id for team_id in wanted if team_id not in known]
    if missing:
        steps.append(Step("teams", "", "", f"{shown(missing)} left out: there is no such team, and none is made"))
    if later:
        steps.append(Step("teams", "", "", f"{len(later)} left out: one login makes {MADE_LIMIT} teams at most"))
    joined = tuple(one for one in wanted.values() if one.team_id in usable and one.team_id not in held)
    left = _to_leave(here, identity, policy)
    steps += [Step(rule, "", "", shown(ids)) for rule, ids in (("joins", _ids(joined)), ("leaves", left)) if ids]
    if not joined and not left:
        return TeamPlan(here, to_make, explanation=tuple(steps))
    leaving = set(left)
    stays = [one for one in here if one.team_id not in leaving]
    memberships = tuple(sorted((*stays, *joined), key=lambda one: one.team_id))
    return TeamPlan(memberships, to_make, joined, left, tuple(steps))


def _ids(memberships: Iterable[Membership]) -> tuple[str, ...]:
    return tuple(one.team_id for one in memberships)


def _wanted(account: Account | None, identity: Identity, policy: AccessPolicy) -> dict[str, Membership]:
    """Return each membership that there should be; the defaults of new accounts are the operator's, not the claims'."""
    named = () if policy.team_sync is TeamSync.OFF else identity.teams.team_ids
    defaults = policy.new_accounts.team_ids if account is None else ()
    wanted = {team_id: Membership(team_id, MembershipSource.HOST) for team_id in defaults}
    for team_id in named:
        wanted.setdefault(team_id, Membership(team_id))
    return wanted


def _to_leave(here: Iterable[Membership], identity: Identity, policy: AccessPolicy) -> tuple[str, ...]:
    if policy.team_sync is not TeamSync.ADD_AND_REMOVE or not identity.teams.complete:
        return ()
    named = frozenset(identity.teams.team_ids)
    return tuple(one.team_id for one in here if one.source is MembershipSource.PROVIDER and one.team_id not in named)


def _teams_to_make(
    wanted: Iterable[str], identity: Identity, policy: AccessPolicy, existing: set[str]
) -> tuple[Team, ...]:
    described = {} if policy.team_sync is TeamSync.OFF else {team.team_id: team for team in identity.teams.to_create}
    names = (*wanted, *described) if policy.create_teams else tuple(described)
    missing = dict.fromkeys(team_id for team_id in names if team_id not in existing)
    return tuple(with_defaults(described.get(team_id, Team(team_id)), policy) for team_id in missing)


def with_defaults(team: Team, policy: AccessPolicy) -> Team:
    """Return the team with the defaults of teams that sign-in makes; what describes it already stays."""
    defaults = policy.team_defaults
    return attrs.evolve(
        team,
        models=team.models or defaults.models,
        max_budget=defaults.max_budget if team.max_budget is None else team.max_budget,
        budget_duration=team.budget_duration or defaults.budget_duration,
        tpm_limit=defaults.tpm_limit if team.tpm_limit is None else team.tpm_limit,
        rpm_limit=defaults.rpm_limit if team.rpm_limit is None else team.rpm_limit,
    )
