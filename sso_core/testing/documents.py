"""The documents of a made-up provider: metadata, keys, ID token, userinfo; each altered as its state says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sso_core.events import HttpResponse
from sso_core.testing.provider_state import Grant, ProviderState, RegisteredClient
from sso_core.testing.signing_keys import SigningKey, compact, compact_of, encoded, token_hash

ID_TOKEN_LIFETIME = 300

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture"),
        *("website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
"""Claims that a scope asks for (OIDC Core 5.4). Claims of no scope, such as groups, are always given."""


def json_answer(document: object, *, status: int = 200, no_store: bool = False) -> HttpResponse:
    """Return an answer in JSON; with `no_store` it must not be cached, as tokens must not be (RFC 6749 5.1)."""
    cache = (("cache-control", "no-store"),) if no_store else ()
    return HttpResponse(status, json.dumps(document).encode(), (("content-type", "application/json"), *cache))


def metadata(state: ProviderState) -> dict[str, Any]:
    """Return what the provider publishes of itself (OIDC Discovery 3, RFC 8414 2)."""
    algorithms = list(dict.fromkeys(key.alg for key in state.keys))
    signs_out = {
        "end_session_endpoint": state.endpoint(state.paths.end_session),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    return state.alterations.metadata(
        {
            **(signs_out if state.signs_out else {}),
            "issuer": state.issuer,
            "authorization_endpoint": state.endpoint(state.paths.authorization),
            "token_endpoint": state.endpoint(state.paths.token),
            "userinfo_endpoint": state.endpoint(state.paths.userinfo),
            "jwks_uri": state.endpoint(state.paths.keys),
            "scopes_supported": ["openid", *SCOPE_CLAIMS],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "userinfo_signing_alg_values_supported": algorithms,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": state.response_issuer,
        }
    )


def key_set(state: ProviderState) -> dict[str, Any]:
    """Return the public keys (RFC 7517 5)."""
    return state.alterations.keys({"keys": [key.jwk for key in state.keys if key.jwk is not None]})


def id_token(state: ProviderState, client: RegisteredClient, grant: Grant, access_token: str, now: float) -> str:
    """Return the ID token of a grant (OIDC Core 2, 3.1.3.6)."""
    key = state.alterations.signing_key(state.key(client.id_token_alg))
    claims: dict[str, Any] = {
        "iss": state.issuer,
        "sub": grant.subject,
        "aud": client.client_id,
        "exp": int(now) + ID_TOKEN_LIFETIME,
        "iat": int(now),
        "auth_time": int(grant.issued_at),
        "at_hash": token_hash(access_token, key.alg),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if grant.sid is not None:
        claims["sid"] = grant.sid
    if state.claims_in_id_token:
        claims = {**profile(state, grant), **claims}
    altered = state.alterations
    header, payload = encoded(altered.id_token_header(token_header(key))), encoded(altered.id_token_claims(claims))
    token = compact_of(altered.id_token_header_text(header), altered.id_token_claims_text(payload), key)
    return altered.id_token(token)


def token_header(key: SigningKey, typ: str = "JWT") -> dict[str, Any]:
    """Return the header of a token that the key signs."""
    return {"alg": key.alg, "typ": typ, **({} if key.kid is None else {"kid": key.kid})}


def profile(state: ProviderState, grant: Grant) -> dict[str, Any]:
    """Return what the granted scope tells of the person."""
    granted = grant.scope.split(" ")
    withheld = {name for scope, names in SCOPE_CLAIMS.items() if scope not in granted for name in names}
    return {name: value for name, value in state.person(grant.subject).claims if name not in withheld}


def userinfo(state: ProviderState, client: RegisteredClient, grant: Grant) -> HttpResponse:
    """Return the userinfo answer, plain or signed as the client is registered (OIDC Core 5.3.2)."""
    claims = {"sub": grant.subject, **profile(state, grant)}
    if client.userinfo_alg is None:
        return json_answer(state.alterations.userinfo_claims(claims))
    key = state.key(client.userinfo_alg)
    claims = state.alterations.userinfo_claims({"iss": state.issuer, "aud": client.client_id, **claims})
    body = compact(token_header(key), claims, key).encode()
    return HttpResponse(200, body, (("content-type", "application/jwt"),))
