"""Providers from plain values: any OpenID Connect provider, and any plain OAuth 2.0 one."""

from __future__ import annotations

from sso_core.events import Headers
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.client import Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.providers.endpoints import EndpointOverrides, check_address
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Parameters, ResponseMode, UserinfoPolicy
from sso_core.wire import parse_http_url

SCOPE = "openid email profile"


def generic_openid(
    client: Client,
    issuer: str,
    *,
    provider_id: str = "generic",
    label: str = "",
    scope: str = SCOPE,
    response_mode: ResponseMode = ResponseMode.QUERY,
    rules: IdentityRules = IdentityRules(),
    extra_headers: Headers = (),
    authorization_parameters: Parameters = (),
    algorithms: tuple[str, ...] = ALGORITHMS,
    userinfo: UserinfoPolicy = UserinfoPolicy.PREFERRED,
    userinfo_signed: bool = False,
    max_age: int | None = None,
    verified_email_required: bool = False,
    logout_at_provider: bool = False,
    authorization_endpoint: str | None = None,
    token_endpoint: str | None = None,
    userinfo_endpoint: str | None = None,
    former_namespace: str | None = None,
) -> OpenIdProvider:
    """Return the OpenID Connect provider that publishes its metadata under `issuer`.

    Scopes are separated by blanks of any number. `extra_headers` go to the token and userinfo endpoints, where those of
    the protocol win. The three endpoints replace those of the metadata. `former_namespace` is that of the same subjects
    while the provider had no issuer here. Raises ValueError for an address that is not usable, and as `OpenIdProvider`
    does.
    """
    named = (authorization_endpoint, token_endpoint, userinfo_endpoint)
    return OpenIdProvider(
        issuer,
        client,
        provider_id=provider_id,
        scope=" ".join(scope.split()),
        response_mode=response_mode,
        algorithms=algorithms,
        userinfo=userinfo,
        userinfo_signed=userinfo_signed,
        extra_headers=extra_headers,
        max_age=max_age,
        rules=rules,
        label=label,
        authorization_parameters=authorization_parameters,
        endpoints=EndpointOverrides(*named) if any(named) else None,
        verified_email_required=verified_email_required,
        logout_at_provider=logout_at_provider,
        former_namespace=former_namespace,
    )


def generic_oauth(
    client: Client,
    authorization_endpoint: str,
    token_endpoint: str,
    userinfo_endpoint: str,
    *,
    namespace: str | None = None,
    provider_id: str = "generic",
    label: str = "",
    scope: str = SCOPE,
    response_mode: ResponseMode = ResponseMode.QUERY,
    subject_claim: str = "sub",
    rules: IdentityRules = IdentityRules(),
    extra_headers: Headers = (),
    authorization_parameters: Parameters = (),
) -> OAuthProvider:
    """Return the plain OAuth 2.0 provider with these endpoints.

    `namespace` is what makes a subject unique; it must never change, and is the token endpoint's origin unless named.
    Otherwise as `generic_openid`.
    """
    origin = parse_http_url(check_address("token endpoint", token_endpoint)).origin
    return OAuthProvider(
        namespace or origin,
        client,
        authorization_endpoint,
        token_endpoint,
        userinfo_endpoint,
        provider_id=provider_id,
        scope=" ".join(scope.split()),
        response_mode=response_mode,
        subject_claim=subject_claim,
        extra_headers=extra_headers,
        rules=rules,
        label=label,
        authorization_parameters=authorization_parameters,
    )
