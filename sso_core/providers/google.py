"""Google as a provider."""

from __future__ import annotations

from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.client import Client
from sso_core.providers.endpoints import EndpointOverrides, check_address
from sso_core.providers.kinds import OpenIdProvider, ResponseMode

ISSUER = "https://accounts.google.com"

RULES = IdentityRules(names=AttributeNames(role=()))
"""How Google is read: it knows no roles, so none of its claims gives one unless the operator names it."""


def google(
    client: Client,
    *,
    hosted_domains: tuple[str, ...] = (),
    verified_email_required: bool = True,
    provider_id: str = "google",
    label: str = "Google",
    issuer: str = ISSUER,
    endpoints: EndpointOverrides | None = None,
    response_mode: ResponseMode = ResponseMode.QUERY,
    rules: IdentityRules = RULES,
) -> OpenIdProvider:
    """Return Google. Raises ValueError for an address or a domain that is not usable.

    `hosted_domains` are the Google Workspace organisations whose people may sign in, by their domains; without any,
    everybody with a Google account may. Google is told which, so that it offers fitting accounts; what counts is the
    `hd` claim that comes back signed. `issuer` and `endpoints` are Google's own unless a test has others.
    """
    domains = tuple(domain.strip().lower() for domain in hosted_domains)
    if not all(domains):
        raise ValueError("a hosted domain is empty")
    return OpenIdProvider(
        check_address("issuer", issuer),
        client,
        provider_id=provider_id,
        response_mode=response_mode,
        rules=rules,
        label=label,
        authorization_parameters=_hint(domains),
        endpoints=endpoints,
        hosted_domains=domains,
        verified_email_required=verified_email_required,
    )


def _hint(domains: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Google's own parameter names one organisation, or by an asterisk any."""
    if not domains:
        return ()
    return (("hd", domains[0] if len(domains) == 1 else "*"),)
