"""Everything that was gathered about a person before their account is read: verified, and not yet judged."""

from __future__ import annotations

import attrs

from sso_core.failures import Failure
from sso_core.oauth.claims import ClaimSet, SourcedClaims
from sso_core.records import Team


@attrs.frozen
class GroupListing:
    """The groups of a person as a directory service listed them. Only a complete one says that there are no more.

    `teams` are those to create for groups that the service itself names (Entra's assigned groups).
    """

    groups: tuple[str, ...] = ()
    complete: bool = True
    teams: tuple[Team, ...] = ()


@attrs.frozen
class Gathered:
    """What verified documents say of the person whom (issuer, subject) names."""

    issuer: str
    subject: str
    claims: SourcedClaims
    """Userinfo, ID token and token answer, merged; the source of each claim beside it."""
    id_token: ClaimSet = ClaimSet()
    """The verified ID token alone: the one source for roles that a provider signs."""
    access_token: ClaimSet = ClaimSet()
    """The claims of the access token, where the rules let it be a source."""
    listing: GroupListing | None = None
    """None where nobody was asked for groups."""
    notes: tuple[Failure, ...] = ()
    """What went wrong on the way without ending the login."""
