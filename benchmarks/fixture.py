"""The provider of the benchmarks: it signs, stores and answers outside of every measured section.

It stands on PyJWT and cryptography alone, so that no contestant is measured with parts of another.
"""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections import deque
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://idp.example"
CLIENT_ID = "client-of-the-benchmarks"
CLIENT_SECRET = "a-secret-of-forty-three-characters-in-total"
APPLICATION = "https://app.example"
REDIRECT_URI = APPLICATION + "/sso/callback"
SCOPE = "openid email profile"
SUBJECT = "248289761001"
PERSON = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "preferred_username": "j.doe",
    "email": "janedoe@example.com",
    "email_verified": True,
}
ALGORITHMS = ("RS256", "ES256")


class Provider:
    """Signs with one key of 2048 bits (RS256) or on P-256 (ES256).

    `answers` holds the token answers of the people who visited, in the order of their visits: whoever finishes their
    logins takes them from the left, which costs next to nothing inside of a measured section.
    """

    def __init__(self, algorithm: str, issuer: str = ISSUER) -> None:
        self.algorithm = algorithm
        self.issuer = issuer
        self.answers: deque[bytes] = deque()
        self._private: Any
        if algorithm == "RS256":
            self._private = rsa.generate_private_key(65537, 2048)
            public = RSAAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        else:
            self._private = ec.generate_private_key(ec.SECP256R1())
            public = ECAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        self.public_key = self._private.public_key()
        self.jwks: dict[str, Any] = {"keys": [public | {"kid": "key-1", "use": "sig", "alg": algorithm}]}
        self.metadata: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": issuer + "/authorize",
            "token_endpoint": issuer + "/token",
            "userinfo_endpoint": issuer + "/userinfo",
            "jwks_uri": issuer + "/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "code_challenge_methods_supported": ["S256"],
        }
        self.userinfo = json.dumps({"sub": SUBJECT} | PERSON).encode()

    def visit(self, location: str) -> tuple[str, str]:
        """Play the visit of a person: return the code and the query that the browser brings back."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = secrets.token_urlsafe(32)
        self.answers.append(self.token_answer(asked.get("nonce")))
        return code, urlencode({"code": code, "state": asked["state"]})

    def token_answer(self, nonce: str | None) -> bytes:
        """Return the body of a token answer, its ID token freshly signed."""
        now, access_token = int(time.time()), secrets.token_urlsafe(32)
        digest = sha256(access_token.encode()).digest()
        claims = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "exp": now + 3600,
            "iat": now,
            "auth_time": now,
            "at_hash": urlsafe_b64encode(digest[:16]).rstrip(b"=").decode(),
            **({} if nonce is None else {"nonce": nonce}),
            **PERSON,
        }
        document = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": SCOPE,
            "id_token": jwt.encode(claims, self._private, self.algorithm, headers={"kid": "key-1"}),
        }
        return json.dumps(document).encode()
