"""How the claims of one provider are read: which claim is what. Names are dotted paths."""

from __future__ import annotations

from enum import Enum

import attrs

from sso_core.records import RoleMap


class AccessTokenClaims(Enum):
    """Whether the access token is a source of roles and teams beside the ID token and userinfo."""

    IGNORED = "ignored"
    """It is opaque: it was made for somebody else to read."""
    VERIFIED = "verified"
    """It is a JWT of the issuer for this audience, verified like an ID token (RFC 9068)."""
    UNVERIFIED_UNSAFE = "unverified_unsafe"
    """It is read without any check. Whoever can swap it decides about roles."""


@attrs.frozen
class AttributeNames:
    """The claims that describe the person; the first of several paths with a value wins."""

    handle: tuple[str, ...] = ("sub",)
    """What hosts know the person by. It is never the key of the account."""
    display_name: tuple[str, ...] = ()
    """Empty: the name, else the parts of the name, the preferred user name, the e-mail address (OIDC Core 5.1)."""
    email: tuple[str, ...] = ("email",)
    first_name: tuple[str, ...] = ("given_name",)
    last_name: tuple[str, ...] = ("family_name",)
    provider: tuple[str, ...] = ("provider",)
    role: tuple[str, ...] = ("role",)
    extra: tuple[str, ...] | None = None
    """Further claims that the host wants to see; None where it wants none."""


@attrs.frozen
class IdentityRules:
    """The rules by which one provider's claims become an identity."""

    names: AttributeNames = AttributeNames()
    role_map: RoleMap | None = None
    """The operator's; one in the directory is used where there is none here."""
    role_claim_names: tuple[str, ...] = ()
    """Claims of the verified ID token that list role names themselves (`app_roles`, `roles` at Entra)."""
    team_claims: tuple[str, ...] = ()
    """The claims that list teams, concatenated in this order."""
    default_team_claim: str | None = None
    """The one that is used where the directory names none."""
    group_teams: bool = False
    """Whether each group of the person is a team too."""
    email_is_verified: bool = False
    """Whether the provider vouches for its e-mail addresses without saying so in each token."""
    access_token: AccessTokenClaims = AccessTokenClaims.IGNORED
    access_token_audience: str | None = None
