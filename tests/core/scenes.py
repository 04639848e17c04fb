"""Values that tests of the flows begin with: each one line to build, each valid until a test changes it."""

from __future__ import annotations

import json
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sso_core.events import HttpResponse
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.flows.arrival import Arrival, arrival_of
from sso_core.flows.attempt import Attempt
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity
from sso_core.oauth.authorization import AuthorizationResponse, CodeGranted
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.oauth.client import Client
from sso_core.oauth.id_token import VerifiedClaims
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.token import TokenResponse
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider
from sso_core.records import Account
from sso_core.secret import ENTROPY_SIZE, Entropy, Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import PendingLogin
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.wire import b64url_encode

NOW = 1_800_000_000.0
ISSUER = "https://idp.example"
CLIENT = Client("client", Secret("client-secret-canary"))
OPENID = OpenIdProvider(ISSUER, CLIENT)
PLAIN = OAuthProvider("plain.example", CLIENT, ISSUER + "/authorize", ISSUER + "/token", ISSUER + "/me")
ENTROPY = Entropy(bytes(range(ENTROPY_SIZE)))
SEALING = SealingKeys((b"s" * 32,))
METADATA = ProviderMetadata(
    ISSUER, ISSUER + "/authorize", ISSUER + "/token", ISSUER + "/userinfo", ISSUER + "/keys", ("EdDSA",)
)
COOKIE = LoginCookie(int(NOW), ENTROPY.login_cookie, "/back")
STATE = ENTROPY.state


def settings(provider: Provider = OPENID, **changes: Any) -> SignInSettings:
    usual: dict[str, Any] = {"origin": Origin("https://app.example"), "providers": (provider,)}
    return SignInSettings(**usual | changes)


class Signer:
    """A provider's key, and tokens signed with it."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self._key = Ed25519PrivateKey.generate()

    @property
    def jwks(self) -> bytes:
        x = b64url_encode(self._key.public_key().public_bytes_raw())
        return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x}]}).encode()

    @property
    def keys(self) -> KeySet:
        return parse_key_set(self.jwks)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        parts = ({"alg": "EdDSA", "kid": self.kid} | header, claims)
        message = ".".join(b64url_encode(json.dumps(part).encode()) for part in parts)
        return f"{message}.{b64url_encode(self._key.sign(message.encode()))}"

    def id_token(self, **changes: Any) -> str:
        claims = {"iss": ISSUER, "aud": "client", "sub": "alice", "nonce": ENTROPY.nonce, "iat": NOW, "exp": NOW + 300}
        return self.sign({name: value for name, value in (claims | changes).items() if value is not None})


SIGNER = Signer()


def pending_login(**changes: Any) -> PendingLogin:
    login = PendingLogin(
        provider_id="generic",
        namespace=ISSUER,
        redirect_uri="https://app.example/sso/callback",
        nonce=ENTROPY.nonce,
        code_verifier=ENTROPY.code_verifier,
        return_to="/back",
        expires_at=NOW + 500,
        token_endpoint=METADATA.token_endpoint,
        userinfo_endpoint=METADATA.userinfo_endpoint,
        jwks_uri=METADATA.jwks_uri,
        id_token_algorithms=("EdDSA",),
        response_issuer_promised=False,
    )
    return attrs.evolve(login, **changes)


def plain_login(**changes: Any) -> PendingLogin:
    return pending_login(namespace=PLAIN.namespace, userinfo_endpoint=PLAIN.userinfo_endpoint, **changes)


def granted(code: str = "code-canary", issuer: str | None = None) -> AuthorizationResponse:
    return CodeGranted(Secret(STATE), Secret(code), issuer)


def attempt(provider: Provider = OPENID, **changes: Any) -> Attempt:
    value = Attempt(settings(provider), provider, granted(), COOKIE, "key", ENTROPY, SIGNER.keys, None)
    return attrs.evolve(value, **changes)


def arrival(**changes: Any) -> Arrival:
    return attrs.evolve(arrival_of(attempt(), pending_login()), **changes)


def answer(document: object, status: int = 200, content_type: str = "application/json") -> HttpResponse:
    body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    return HttpResponse(status, body, (("content-type", content_type),))


def token_answer(signer: Signer = SIGNER, **changes: Any) -> HttpResponse:
    document = {"access_token": "at-canary", "token_type": "Bearer", "id_token": signer.id_token()} | changes
    return answer({name: value for name, value in document.items() if value is not None})


def tokens(signer: Signer = SIGNER) -> TokenResponse:
    return TokenResponse(Secret("at-canary"), Secret(signer.id_token()), None, None, None)


VERIFIED = VerifiedClaims(ISSUER, "alice", {"sub": "alice"})
GATHERED = Gathered(ISSUER, "alice", merge_claims(ClaimSet({"name": "Alice"}), ClaimSet(), ClaimSet()))
IDENTITY = Identity(ISSUER, "alice", "Alice")
ACCOUNT = Account(
    "a1",
    "Alice",
    1,
    ((ISSUER, "alice"),),
    handle="alice",
    role=REFERENCE_LADDER.default,
    auth_provider="generic",
)
"""As the login of `GATHERED` leaves it."""
NO_CLAIMS = ClaimSet()
