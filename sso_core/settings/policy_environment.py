"""Who may come in, and what becomes of their account, by the operator's settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

from sso_core.accounts.policy import AccessPolicy, Linking, NewAccounts, RolePrecedence, TeamDefaults, TeamSync
from sso_core.identity.ladder import RoleLadder
from sso_core.settings.identity_environment import read_role
from sso_core.settings.reading import Reading
from sso_core.settings.spelling import meant

ACCOUNT_DEFAULTS = "DEFAULT_INTERNAL_USER_PARAMS"
TEAM_DEFAULTS = "DEFAULT_TEAM_PARAMS"
NOT_KEPT = {
    "organization_id": "sign-in knows no organisations: where the host keeps them, it puts new teams into theirs",
    "members_with_roles": "a default would put the same people into every team, past the provider: the host adds them",
    "team_id": "each team has its own",
    "team_alias": "each team has its own",
}
"""Members of the reference's defaults that no team of ours has, and what to do instead."""

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)
_DURATION = re.compile(r"[1-9][0-9]{0,5}(s|m|h|d|w|mo)", re.ASCII)


class AccessMode(Enum):
    """Whom the service is for."""

    EVERYBODY = "everybody"
    ADMIN_ONLY = "admin_only"


def read_policy(reading: Reading, ladder: RoleLadder) -> AccessPolicy:
    """Return the rules of access."""
    mode = reading.choice("SSO_ACCESS_MODE", AccessMode, AccessMode.EVERYBODY)
    return AccessPolicy(
        ladder,
        email_domains=_email_domains(reading),
        unverified_email_domains_unsafe=reading.flag("SSO_UNVERIFIED_EMAIL_DOMAINS_UNSAFE"),
        restricted_group=reading.text("SSO_RESTRICTED_GROUP"),
        admins_only=mode is AccessMode.ADMIN_ONLY,
        seats=reading.whole("SSO_SEATS"),
        linking=reading.choice("SSO_LINKING", Linking, Linking.NEVER),
        role_precedence=reading.choice("SSO_ROLE_PRECEDENCE", RolePrecedence, RolePrecedence.PROVIDER),
        team_sync=reading.choice("SSO_TEAM_SYNC", TeamSync, TeamSync.ADD_AND_REMOVE),
        create_teams=reading.flag("SSO_CREATE_TEAMS"),
        new_accounts=_new_accounts(reading, ladder),
        budgeted_max_budget=reading.number("MAX_INTERNAL_USER_BUDGET", above=-1),
        budgeted_budget_duration=read_duration(reading, "INTERNAL_USER_BUDGET_DURATION"),
        team_defaults=_team_defaults(reading),
        admin_id=reading.text("PROXY_ADMIN_ID"),
        admin_issuer=reading.text("SSO_ADMIN_ISSUER"),
        admin_id_matches_handle_unsafe=reading.flag("SSO_ADMIN_ID_MATCHES_HANDLE_UNSAFE"),
    )


def _email_domains(reading: Reading) -> tuple[str, ...] | None:
    written = reading.items("ALLOWED_EMAIL_DOMAINS")
    if written is None:
        return None
    domains = tuple(dict.fromkeys(domain.lower() for domain in written))
    if not all(map(_DOMAIN.fullmatch, domains)):
        hint = "such as example.com, without an @; a domain does not include those below it"
        reading.problem("ALLOWED_EMAIL_DOMAINS", "holds what is no domain", hint)
    return domains


def _new_accounts(reading: Reading, ladder: RoleLadder) -> NewAccounts:
    allowed = reading.flag("SSO_NEW_ACCOUNTS", default=True)
    given = _members(reading, ACCOUNT_DEFAULTS, ("user_role", "models", "max_budget", "budget_duration", "teams"))
    return NewAccounts(
        allowed=allowed,
        role=read_role(given, "user_role", ladder),
        models=given.items("models") or (),
        max_budget=given.number("max_budget", above=-1),
        budget_duration=read_duration(given, "budget_duration"),
        team_ids=given.items("teams") or (),
    )


def _team_defaults(reading: Reading) -> TeamDefaults:
    given = _members(reading, TEAM_DEFAULTS, ("models", "max_budget", "budget_duration", "tpm_limit", "rpm_limit"))
    return TeamDefaults(
        models=given.items("models") or (),
        max_budget=given.number("max_budget", above=-1),
        budget_duration=read_duration(given, "budget_duration"),
        tpm_limit=given.whole("tpm_limit", least=0),
        rpm_limit=given.whole("rpm_limit", least=0),
    )


def _members(reading: Reading, name: str, known: Iterable[str]) -> Reading:
    written: dict[str, Any] = reading.table(name) or {}
    # An empty list is what a table of defaults says for none.
    given = reading.within(name, {member: None if value == [] else value for member, value in written.items()})
    for member in sorted(written.keys() - set(known)):
        if name == TEAM_DEFAULTS and member in NOT_KEPT:
            given.problem(member, "is not kept with a team", NOT_KEPT[member])
            continue
        close = meant(member, known)
        given.problem(member, "is not known", f"do you mean {close}?" if close else f"one of {', '.join(known)}")
    return given


def read_duration(reading: Reading, name: str) -> str | None:
    """Return a time such as `30d`: a number of seconds, minutes, hours, days, weeks or months (`mo`)."""
    text = reading.text(name)
    if text is not None and not _DURATION.fullmatch(text):
        reading.problem(name, "is no duration", "such as 30d; s, m, h, d, w, mo")
        return None
    return text
