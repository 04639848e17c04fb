"""A person as a provider describes them, with the source of each claim and the reasons for role and teams."""

from __future__ import annotations

import attrs

from sso_core.failures import Failure, Reason, refuse
from sso_core.identity.attributes import email_address, handle_of, is_verified, text_at
from sso_core.identity.claim_path import ABSENT, first_value, source_at, value_at
from sso_core.identity.explanation import Step, cut, shown
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import Groups, find_groups
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.roles import applies, find_role, meant_for
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.identity.teams import NOBODY_ASKED, TeamsFound, find_teams
from sso_core.oauth.claims import PROTOCOL_CLAIMS, ClaimSet, SourcedClaims, without_tokens
from sso_core.oauth.id_token import check_subject, usable_sid
from sso_core.records import Mappings, RoleMap

CLAIM_LIMIT = 64
"""Claims that an identity shows; a session holds them, so they are bounded."""


@attrs.frozen
class ShownClaim:
    """One claim for a person's eyes: its value as JSON text, cut where it is long."""

    name: str
    value: str = attrs.field(repr=False)
    source: str


@attrs.frozen
class Identity:
    """Who signed in: the pair (issuer, subject) is the key, everything else is description."""

    issuer: str
    subject: str
    display_name: str
    email: str | None = None
    email_verified: bool = False
    claims: tuple[ShownClaim, ...] = ()
    notes: tuple[Failure, ...] = ()
    """What went wrong on the way without ending the login."""
    handle: str | None = None
    """What hosts know the person by; another person may have it too, and it may change."""
    first_name: str | None = None
    last_name: str | None = None
    provider: str | None = None
    role: str | None = None
    role_known: bool = True
    """False where what could not be read might give a role: then none is not the provider's word."""
    role_answered: bool = False
    """True where the provider was asked for roles, and all that could give one was read: then none is its word."""
    role_by_groups: bool = False
    """Whether groups make roles here."""
    groups: tuple[str, ...] = ()
    """Those that could be read: by them somebody may be let in, and nobody kept out for good."""
    teams: TeamsFound = NOBODY_ASKED
    extra: tuple[tuple[str, object], ...] | None = attrs.field(default=None, repr=False, hash=False)
    """The further claims that the host asked for, by their paths; an absent one is None."""
    explanation: tuple[Step, ...] = ()
    sid: str | None = None
    """How the provider calls its own session of the person, by the signed ID token."""


_NOT_ASKED = Groups(complete=False)


def identify(
    gathered: Gathered,
    rules: IdentityRules,
    ladder: RoleLadder,
    mappings: Mappings = Mappings(),
    *,
    provider_id: str | None = None,
    only_one: bool = True,
) -> Identity:
    """Describe the person whom (issuer, subject) names, by these rules.

    A role map of the operator goes before the directory's. `only_one` says whether this is the only provider: beside
    others, the directory's maps are used as `meant_for` says. What a token says of itself is not shown; the merged
    claims still hold it. Nothing is refused here: what cannot be read is noted.
    """
    claims, names = gathered.claims.claims, rules.names
    mappings = meant_for(provider_id, mappings, only_one=only_one)
    steps: list[Step] = []
    handle = _handle(gathered, names, steps)
    raw_email, email, verified = _email(gathered, rules, steps)
    notes = gathered.notes
    if raw_email is not None and email is None:
        notes = (*notes, Failure(Reason.BAD_EMAIL, f"the claim {raw_email[0]} is not one e-mail address"))
    role_map = rules.role_map or mappings.role_map
    groups = _groups(gathered, role_map, provider_id)
    role = find_role(gathered, rules, ladder, role_map, groups, steps, provider_id=provider_id)
    teams = find_teams(gathered, rules, mappings, groups, steps)
    if not role.known or (teams is not NOBODY_ASKED and not teams.complete):
        notes = (
            *notes,
            Failure(Reason.GROUPS_INCOMPLETE, "role and teams stay as they are: not all groups could be read"),
        )
    first_name, last_name = text_at(claims, names.first_name), text_at(claims, names.last_name)
    return Identity(
        issuer=gathered.issuer,
        subject=gathered.subject,
        display_name=_display_name(claims, names, (first_name, last_name), raw_email) or gathered.subject,
        email=email,
        email_verified=verified,
        claims=_shown_claims(gathered.claims),
        notes=notes,
        handle=handle,
        first_name=first_name,
        last_name=last_name,
        provider=text_at(claims, names.provider) or provider_id,
        role=role.role,
        role_known=role.known and (role.role is not None or not gathered.notes),
        role_answered=role.answered,
        role_by_groups=role_map is not None and bool(role_map.roles) and applies(role_map, provider_id),
        groups=groups.names,
        teams=teams,
        extra=_extra(claims, names),
        explanation=tuple(steps),
        sid=usable_sid(gathered.id_token.get("sid")),
    )


def _groups(gathered: Gathered, role_map: RoleMap | None, provider_id: str | None) -> Groups:
    asked = role_map is not None and applies(role_map, provider_id)
    if not asked and gathered.listing is None:
        return _NOT_ASKED
    path = role_map.group_claim if role_map is not None and asked else ""
    return find_groups(gathered.claims.claims, path, gathered.listing, all_read=not gathered.notes)


def _handle(gathered: Gathered, names: AttributeNames, steps: list[Step]) -> str | None:
    found = handle_of(gathered, names.handle)
    if found is None:
        return None
    path, handle = found
    steps.append(Step("handle", path, source_at(gathered.claims, path), handle))
    return handle


def _email(
    gathered: Gathered, rules: IdentityRules, steps: list[Step]
) -> tuple[tuple[str, object] | None, str | None, bool]:
    found = first_value(gathered.claims.claims, rules.names.email)
    if found is None:
        return None, None, False
    path, value = found
    email = email_address(value)
    verified = email is not None and (rules.email_is_verified or is_verified(gathered, path, value))
    result = f"{shown(value)} is no address" if email is None else email if verified else f"{email}, not verified"
    steps.append(Step("e-mail", path, source_at(gathered.claims, path), result))
    return found, email, verified


def _extra(claims: ClaimSet, names: AttributeNames) -> tuple[tuple[str, object], ...] | None:
    if names.extra is None:
        return None
    values = [(path, value_at(claims, path)) for path in names.extra]
    return tuple([(path, None if value is ABSENT else value) for path, value in values])


def _shown_claims(sourced: SourcedClaims) -> tuple[ShownClaim, ...]:
    members, sources = sourced.claims.members, sourced.sources
    names = [name for name in sources if name not in PROTOCOL_CLAIMS]
    return tuple(
        [
            ShownClaim(cut(name), shown(without_tokens(members[name])), sources[name].text)
            for name in names[:CLAIM_LIMIT]
        ]
    )


def _display_name(
    claims: ClaimSet, names: AttributeNames, parts: tuple[str | None, str | None], raw_email: tuple[str, object] | None
) -> str | None:
    chosen = text_at(claims, names.display_name) if names.display_name else None
    name = (
        chosen
        or _written(claims.text("name"))
        or " ".join([part for part in parts if part])
        or _written(claims.text("preferred_username"))
        or (_written(raw_email[1]) if raw_email is not None else None)
    )
    return name.strip()[:200] if name else None


def _written(value: object) -> str | None:
    return value if isinstance(value, str) and not value.isspace() else None


def plain_subject(claims: ClaimSet, name: str) -> str:
    """Return the subject that a plain OAuth 2.0 provider's userinfo names in the claim `name`.

    Whole numbers are taken by their digits, as such providers number their users. Refuses with NO_IDENTITY.
    """
    value = claims.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        refuse(Reason.NO_IDENTITY, f"the userinfo answer has no {name}, so nobody can be told from it")
    return check_subject(value)
