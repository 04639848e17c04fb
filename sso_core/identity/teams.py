"""The teams that a provider names for a person: by claims that list them, and by groups that are teams."""

from __future__ import annotations

import attrs

from sso_core.identity.claim_path import ABSENT, source_at, value_at
from sso_core.identity.explanation import ACCESS_TOKEN, LISTING, Step, shown
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import GROUP_LIMIT, Groups, find_groups
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet
from sso_core.records import Mappings, Team


@attrs.frozen
class TeamsFound:
    """The ids of the teams, each once. Only a complete list says that the person is in no other team."""

    team_ids: tuple[str, ...] = ()
    complete: bool = False
    """False too where no rule says which claim lists teams: then nobody was asked."""
    to_create: tuple[Team, ...] = ()
    """Those that the provider describes."""


NOBODY_ASKED = TeamsFound()


def team_paths(rules: IdentityRules, mappings: Mappings) -> tuple[str, ...]:
    """Return the claims that list teams: the provider's own, then the directory's or else the default."""
    last = mappings.team_claim if mappings.team_claim is not None else rules.default_team_claim
    return rules.team_claims if last is None else (*rules.team_claims, last)


def read_teams(claims: ClaimSet, path: str, *, all_read: bool) -> Groups:
    """Return the teams that a claim lists. What is no list lists none, and nobody knows what it means."""
    value = value_at(claims, path)
    if value is ABSENT or value is None or isinstance(value, list):
        return find_groups(claims, path, all_read=all_read)
    return Groups(complete=False)


def find_teams(
    gathered: Gathered, rules: IdentityRules, mappings: Mappings, groups: Groups, steps: list[Step]
) -> TeamsFound:
    """Return the teams, and add to `steps` what they come from.

    The access token is asked only where nothing else names a team. `groups` are teams too where the rules say so.
    """
    paths = team_paths(rules, mappings)
    if not paths and not rules.group_teams and gathered.listing is None:
        return NOBODY_ASKED
    all_read = not gathered.notes
    complete = bool(paths) or rules.group_teams
    ids: dict[str, None] = {}
    for path in paths:
        teams = read_teams(gathered.claims.claims, path, all_read=all_read)
        ids.update(dict.fromkeys(teams.names))
        complete = complete and teams.complete
        steps.append(_step("team claim", path, source_at(gathered.claims, path), teams))
    if rules.group_teams:
        ids.update(dict.fromkeys(groups.names))
        complete = complete and groups.complete
        steps.append(_step("groups are teams", "", "" if gathered.listing is None else LISTING, groups))
    if not ids and gathered.access_token:
        for path in rules.team_claims:
            teams = read_teams(gathered.access_token, path, all_read=True)
            ids.update(dict.fromkeys(teams.names))
            complete = complete and teams.complete
            steps.append(_step("team claim", path, ACCESS_TOKEN, teams))
    to_create = gathered.listing.teams if gathered.listing is not None else ()
    team_ids = tuple(ids)
    return TeamsFound(team_ids[:GROUP_LIMIT], complete and len(team_ids) <= GROUP_LIMIT, to_create)


_SHOWN_TEAMS = 20


def _step(rule: str, path: str, source: str, teams: Groups) -> Step:
    listed = shown(teams.names[:_SHOWN_TEAMS]) if teams.names else "no team"
    rest = len(teams.names) - _SHOWN_TEAMS
    more = f" and {rest} more" if rest > 0 else ""
    return Step(rule, path, source, listed + more + ("" if teams.complete else "; there may be more"))
