"""The two kinds of provider: OpenID Connect, which vouches for its answers, and plain OAuth 2.0, which does not."""

from __future__ import annotations

from enum import Enum

import attrs

from sso_core.events import Headers
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.client import Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.oauth.tenants import Tenants
from sso_core.providers.endpoints import EndpointOverrides, check_address
from sso_core.providers.graph import GraphGroups

Parameters = tuple[tuple[str, str], ...]


class ResponseMode(Enum):
    """How the answer comes back through the browser."""

    QUERY = "query"
    FORM_POST = "form_post"


class UserinfoPolicy(Enum):
    """What becomes of a login whose ID token is good, but whose userinfo cannot be had."""

    PREFERRED = "preferred"
    """Go on with the claims of the ID token, and note why."""
    REQUIRED = "required"
    """Refuse."""
    UNUSED = "unused"
    """Never ask."""


class Profile(Enum):
    """What the userinfo endpoint is, hence how its answer is bound to the person of the ID token."""

    USERINFO = "userinfo"
    """OpenID Connect's: `sub` is that of the ID token (OIDC Core 5.3.2)."""
    GRAPH = "graph"
    """Microsoft Graph's `/me`, which knows no `sub`: its `id` is the `oid` of the ID token."""


PROTOCOL_PARAMETERS = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "response_mode", "max_age"),
        *("code_challenge", "code_challenge_method", "request", "request_uri"),
    }
)
"""What an authorization request is made of: no operator's parameter replaces one, or stands beside it."""


def _check_parameters(parameters: Parameters) -> None:
    names = [name for name, _ in parameters]
    if len(set(names)) != len(names) or not PROTOCOL_PARAMETERS.isdisjoint(names):
        raise ValueError("a parameter of the authorization request stands twice, or is the protocol's own")


@attrs.frozen
class OpenIdProvider:
    """A provider with an issuer: discovery, signed ID tokens, and checks that have no off switch.

    Raises ValueError for an issuer that is no usable address, for a scope without `openid`, for authorization
    parameters that are the protocol's, for access tokens that are to be verified without an audience, and for a former
    namespace that is no other than the issuer, or that stands for the subjects of several issuers.
    """

    issuer: str
    client: Client
    provider_id: str = "generic"
    scope: str = "openid email profile"
    response_mode: ResponseMode = ResponseMode.QUERY
    algorithms: tuple[str, ...] = ALGORITHMS
    """Signature algorithms accepted of this provider, cut down further by what its metadata lists."""
    userinfo: UserinfoPolicy = UserinfoPolicy.PREFERRED
    userinfo_signed: bool = False
    """Whether the client is registered for signed userinfo; a plain answer is refused then (OIDC Core 5.3.2)."""
    extra_headers: Headers = attrs.field(default=(), repr=False)
    max_age: int | None = None
    """Seconds since the person last proved who they are, at most (OIDC Core 3.1.2.1)."""
    rules: IdentityRules = IdentityRules()
    label: str = ""
    """What people know the provider by: "Sign in with ..."."""
    authorization_parameters: Parameters = ()
    """Further parameters of the authorization request, such as `prompt`."""
    endpoints: EndpointOverrides | None = None
    tenants: Tenants | None = None
    """Where `issuer` is the authority of many tenants, each of which is an issuer: those that may sign in."""
    profile: Profile = Profile.USERINFO
    groups: GraphGroups | None = None
    """Whether Graph is asked for groups, and for which."""
    hosted_domains: tuple[str, ...] = ()
    """The organisations (`hd`) whose people may sign in; empty: all."""
    verified_email_required: bool = False
    """Whether a person comes in only with an e-mail address that the provider has verified."""
    logout_at_provider: bool = False
    """Whether whoever signs out here is sent on to sign out at the provider, if it offers that."""
    former_namespace: str | None = None
    """The namespace of the same subjects while the provider was known as plain OAuth 2.0: whoever comes for the first
    time under the issuer gets the account that the subject has there. The operator's word that they are the same."""

    def __attrs_post_init__(self) -> None:
        check_address("issuer", self.issuer)
        if "openid" not in self.scope.split(" "):
            raise ValueError("the scope of an OpenID Connect provider contains openid")
        _check_parameters(self.authorization_parameters)
        if self.rules.access_token is AccessTokenClaims.VERIFIED and not self.rules.access_token_audience:
            raise ValueError("an access token is verified against an audience, which has to be named")
        if self.former_namespace is not None and (self.former_namespace in {"", self.issuer} or self.tenants):
            raise ValueError("a former namespace is another one than the issuer, and of a provider with one issuer")

    @property
    def namespace(self) -> str:
        """The issuer: what makes a subject unique."""
        return self.issuer

    @property
    def published_issuers(self) -> tuple[str, ...]:
        """What the metadata may name as its issuer, where that is not the issuer itself."""
        return () if self.tenants is None else self.tenants.published


@attrs.frozen
class OAuthProvider:
    """A provider without an issuer: endpoints by configuration, identity from userinfo, any ID token ignored.

    Raises ValueError as `OpenIdProvider` does, of its endpoints, and for access tokens that are to be verified at all.
    """

    namespace: str
    """What makes a subject unique, fixed by configuration; never taken from an answer."""
    client: Client
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    provider_id: str = "generic"
    scope: str = "openid email profile"
    response_mode: ResponseMode = ResponseMode.QUERY
    subject_claim: str = "sub"
    extra_headers: Headers = attrs.field(default=(), repr=False)
    rules: IdentityRules = IdentityRules()
    label: str = ""
    authorization_parameters: Parameters = ()

    def __attrs_post_init__(self) -> None:
        check_address("authorization endpoint", self.authorization_endpoint)
        check_address("token endpoint", self.token_endpoint)
        check_address("userinfo endpoint", self.userinfo_endpoint)
        _check_parameters(self.authorization_parameters)
        if self.rules.access_token is AccessTokenClaims.VERIFIED:
            raise ValueError("a provider without an issuer has no keys to verify an access token with")


Provider = OpenIdProvider | OAuthProvider
