"""An authority with an issuer for each tenant (Microsoft Entra): which of them a token may come from.

OIDC Discovery 4.3 knows one issuer a document. Entra publishes one document for many, with a placeholder where each
token has its tenant. So the placeholder is filled with the token's own `tid`, the result is compared letter by letter,
and a list of the operator's says which tenants those may be: the signature alone would let in the whole world.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from sso_core.facts import PreparedKey
from sso_core.failures import Reason, refuse
from sso_core.oauth.provider_text import quote_provider

PLACEHOLDER = "{tenantid}"


@attrs.frozen
class Tenants:
    """The tenants of one authority that may sign in here.

    Raises ValueError for a template without exactly one placeholder, and for an empty list, which lets nobody in.
    """

    template: str
    """The issuer, with `{tenantid}` where each tenant has its id."""
    allowed: tuple[str, ...]
    """Ids of tenants, in lower case."""
    published: tuple[str, ...] = ()
    """What the authority's metadata may name as its issuer; empty: the authority itself."""

    def __attrs_post_init__(self) -> None:
        if self.template.count(PLACEHOLDER) != 1:
            raise ValueError(f"the issuer of many tenants needs one {PLACEHOLDER}")
        if not self.allowed or not all(self.allowed):
            raise ValueError("name the tenants that may sign in; without one nobody comes in")

    def issuer(self, tenant: str) -> str:
        """Return the issuer of a tenant."""
        return self.template.replace(PLACEHOLDER, tenant)


def check_tenant(claims: Mapping[str, Any], tenants: Tenants) -> str:
    """Return the issuer of a token's own tenant (OIDC Core 3.1.3.7 §2, with the template filled).

    Refuses a token whose `iss` is not its `tid` in the template, and one of a tenant that is not on the list: anybody
    can have a tenant, and write any e-mail address into it.
    """
    tenant, said = claims.get("tid"), claims.get("iss")
    if not isinstance(tenant, str) or said != tenants.issuer(tenant):
        name = quote_provider(said) if isinstance(said, str) else "nobody"
        refuse(Reason.WRONG_ISSUER, f"the ID token is issued by {name}, which is not its own tenant")
    if tenant not in tenants.allowed:
        refuse(
            Reason.TENANT_REFUSED,
            f"the person is of the tenant {quote_provider(tenant)}",
            "add the tenant to those that may sign in, if it should be one of them",
        )
    return tenants.issuer(tenant)


def check_key_tenant(key: PreparedKey, tenants: Tenants, issuer: str) -> None:
    """Refuse a token signed with a key that is published for another issuer only.

    Entra keeps the keys of all tenants in one set, and says at some of them whose they are.
    """
    if key.issuer not in (None, tenants.template, issuer):
        refuse(Reason.WRONG_ISSUER, f"the ID token of {issuer} is signed with a key of another issuer")


def check_response_tenant(said: str | None, tenants: Tenants) -> None:
    """Refuse an answer that names an issuer which is none of the tenants' (RFC 9207 2.4)."""
    if said is not None and said not in [tenants.issuer(tenant) for tenant in tenants.allowed]:
        refuse(
            Reason.RESPONSE_ISSUER_MISMATCH,
            f"the answer names {quote_provider(said)}, which is no tenant that may sign in",
        )
