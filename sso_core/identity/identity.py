"""A person as a provider describes them, with the source of each claim."""

from __future__ import annotations

import json

import attrs

from sso_core.failures import Failure, Reason, refuse
from sso_core.oauth.claims import PROTOCOL_CLAIMS, ClaimSet, SourcedClaims
from sso_core.oauth.id_token import check_subject

CLAIM_LIMIT = 64
VALUE_LIMIT = 512
"""Claims and characters that an identity shows; a session holds them, so both are bounded."""


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


def identity_from_claims(
    issuer: str, subject: str, sourced: SourcedClaims, notes: tuple[Failure, ...] = ()
) -> Identity:
    """Describe the person that the verified `subject` of `issuer` is.

    What a token says of itself is not shown; the merged claims still hold it.
    """
    claims = sourced.claims
    email = claims.text("email")
    return Identity(
        issuer=issuer,
        subject=subject,
        display_name=_display_name(claims) or subject,
        email=email.lower() if email else None,
        # A provider that says "true" or 1 has not said it (OIDC Core 5.1: a boolean).
        email_verified=claims.get("email_verified") is True,
        claims=_shown_claims(sourced),
        notes=notes,
    )


def _shown_claims(sourced: SourcedClaims) -> tuple[ShownClaim, ...]:
    members, sources = sourced.claims.members, sourced.sources
    names = [name for name in sources if name not in PROTOCOL_CLAIMS]
    return tuple([ShownClaim(name, _shown(members[name]), sources[name].value) for name in names[:CLAIM_LIMIT]])


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


def _display_name(claims: ClaimSet) -> str | None:
    parts = [part for part in (claims.text("given_name"), claims.text("family_name")) if part]
    candidates = (claims.text("name"), " ".join(parts), claims.text("preferred_username"), claims.text("email"))
    return next((name.strip()[:200] for name in candidates if name and name.strip()), None)


_ENCODER = json.JSONEncoder(ensure_ascii=False)
"""Made once: a login shows a dozen claims, and an encoder for each cost a tenth of it."""


def _shown(value: object) -> str:
    text = _ENCODER.encode(value)
    return text if len(text) <= VALUE_LIMIT else text[:VALUE_LIMIT] + "…"
