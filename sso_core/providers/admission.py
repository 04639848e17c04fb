"""Whom a provider's own word keeps out, before anybody asks what they may do here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sso_core.failures import Reason, refuse
from sso_core.oauth.claims import ClaimSet, SourcedClaims
from sso_core.oauth.provider_text import quote_provider


def check_hosted_domain(id_token: Mapping[str, Any], domains: tuple[str, ...]) -> None:
    """Refuse a person of another organisation, or of none, by the verified ID token's `hd` alone.

    The e-mail address says nothing of it: a private account may have one of any domain.
    """
    said = id_token.get("hd")
    if not isinstance(said, str) or said.lower() not in domains:
        name = quote_provider(said) if isinstance(said, str) else "no organisation"
        refuse(
            Reason.HOSTED_DOMAIN_REFUSED,
            f"the account is of {name}, not of {', '.join(domains)}",
            "add the domain to the hosted domains, if its people should come in",
        )


def check_email_verified(sourced: SourcedClaims, id_token: ClaimSet) -> None:
    """Refuse a person whose e-mail address the provider has not verified (OIDC Core 5.1: the boolean true, no text).

    One document must say both, since a verification from another one may be that of another address.
    """
    claims, sources = sourced.claims, sourced.sources
    email = claims.text("email")
    together = email is not None and sources["email"] is sources.get("email_verified")
    if together and claims.get("email_verified") is True:
        return
    if email is None or id_token.get("email") != email or id_token.get("email_verified") is not True:
        refuse(Reason.EMAIL_NOT_VERIFIED, "the provider does not say that it has verified the e-mail address")
