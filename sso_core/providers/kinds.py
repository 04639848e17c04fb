"""The two kinds of provider: OpenID Connect, which vouches for its answers, and plain OAuth 2.0, which does not."""

from __future__ import annotations

from enum import Enum

import attrs

from sso_core.effects import Headers
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.client import Client
from sso_core.oauth.keys import ALGORITHMS


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


@attrs.frozen
class OpenIdProvider:
    """A provider with an issuer: discovery, signed ID tokens, and checks that have no off switch.

    Raises ValueError for a scope without `openid`.
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

    def __attrs_post_init__(self) -> None:
        if "openid" not in self.scope.split(" "):
            raise ValueError("the scope of an OpenID Connect provider contains openid")

    @property
    def namespace(self) -> str:
        """The issuer: what makes a subject unique."""
        return self.issuer


@attrs.frozen
class OAuthProvider:
    """A provider without an issuer: endpoints by configuration, identity from userinfo, any ID token ignored."""

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


Provider = OpenIdProvider | OAuthProvider
