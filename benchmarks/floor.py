"""The floor: a login written by hand, with all checks, and with nothing else.

No states, no effects, no settings, no limits, no reasons for refusals, no HTTP client. What costs more than this costs
it for something, and the benchmarks say how much.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.bare_http import mock_transport
from benchmarks.fixture import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPE, SUBJECT, Provider

LEEWAY = 30
SESSION_TTL = 8 * 3600
_SHA256 = SHA256()
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(_SHA256)
_BASIC = "Basic " + b64encode(f"{quote_plus(CLIENT_ID)}:{quote_plus(CLIENT_SECRET)}".encode()).decode()
_HEADERS = {
    "accept": "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "authorization": _BASIC,
}


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Floor:
    """Pending logins in a dict, sessions in a signed cookie."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._authorization_endpoint: str = provider.metadata["authorization_endpoint"]
        self._token_endpoint: str = provider.metadata["token_endpoint"]
        self._pending: dict[str, tuple[str, str]] = {}
        self._session_key = secrets.token_bytes(32)
        self._keys = {("key-1", provider.algorithm): verifier(provider)}

    def begin(self, count: int) -> list[str]:
        """Begin logins; return where they go."""
        return [self._begin() for _ in range(count)]

    def location(self, begun: str) -> str:
        """Return the address."""
        return begun

    def comes_back(self, begun: str, query: str) -> str:
        """Return the query."""
        del begun
        return query

    def finish(self, back: list[str]) -> None:
        """Finish logins."""
        for query in back:
            self._finish(query)

    def _begin(self) -> str:
        state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._pending[state] = nonce, code_verifier
        return f"{self._authorization_endpoint}?" + urlencode(
            {
                "response_type": "code",
                "client_id": CLIENT_ID,
                "redirect_uri": REDIRECT_URI,
                "scope": SCOPE,
                "state": state,
                "nonce": nonce,
                "code_challenge": encode(sha256(code_verifier.encode()).digest()),
                "code_challenge_method": "S256",
            }
        )

    def _finish(self, query: str) -> str:
        nonce, _form = self._come_back(query)
        return self._enter(self._provider.answers.popleft(), nonce)

    def _come_back(self, query: str) -> tuple[str, bytes]:
        parameters = dict(parse_qsl(query))
        if "error" in parameters:
            raise ValueError(parameters["error"])
        nonce, code_verifier = self._pending.pop(parameters["state"])
        form = {
            "grant_type": "authorization_code",
            "code": parameters["code"],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": code_verifier,
        }
        return nonce, urlencode(form).encode()

    def _enter(self, body: bytes, nonce: str) -> str:
        tokens = json.loads(body)
        claims = self._verify(tokens["id_token"], tokens["access_token"], nonce, time.time())
        return self._session(claims)

    def _verify(self, token: str, access_token: str, nonce: str, now: float) -> dict[str, Any]:
        signed, _, signature = token.rpartition(".")
        protected, _, payload = signed.partition(".")
        header = json.loads(decode(protected))
        self._keys[header["kid"], header["alg"]](decode(signature), signed.encode())
        claims: dict[str, Any] = json.loads(decode(payload))
        if claims["iss"] != self._provider.issuer:
            raise ValueError("iss")
        if claims["aud"] not in (CLIENT_ID, [CLIENT_ID]) or claims.get("azp", CLIENT_ID) != CLIENT_ID:
            raise ValueError("aud")
        if now > claims["exp"] + LEEWAY or now < claims["iat"] - LEEWAY:
            raise ValueError("exp")
        if not hmac.compare_digest(claims["nonce"], nonce):
            raise ValueError("nonce")
        half = encode(sha256(access_token.encode()).digest()[:16])
        if not hmac.compare_digest(claims.get("at_hash", half), half):
            raise ValueError("at_hash")
        if claims["sub"] != SUBJECT:
            raise ValueError("the fixture has one person")
        return claims

    def _session(self, claims: dict[str, Any]) -> str:
        session = {
            "iss": claims["iss"],
            "sub": claims["sub"],
            "name": claims.get("name"),
            "email": claims.get("email"),
            "exp": int(time.time()) + SESSION_TTL,
        }
        payload = encode(json.dumps(session).encode())
        return f"{payload}.{encode(hmac.digest(self._session_key, payload.encode(), 'sha256'))}"


class FloorOverHttpx(Floor):
    """The same under asyncio, with one call through a shared httpx client; over a mock transport if it gets none."""

    def __init__(self, provider: Provider, client: httpx.AsyncClient | None = None) -> None:
        super().__init__(provider)
        self._client = client or httpx.AsyncClient(transport=mock_transport(provider))
        self._runner = asyncio.Runner()

    def finish(self, back: list[str]) -> None:
        """Finish logins."""
        self._runner.run(self._finish_all(back))

    async def _finish_all(self, back: list[str]) -> None:
        for query in back:
            await self.finish_one(query)

    async def finish_one(self, query: str) -> str:
        """Finish a login; return the session's cookie."""
        nonce, form = self._come_back(query)
        response = await self._client.post(self._token_endpoint, headers=_HEADERS, content=form)
        if response.status_code != 200:
            raise ValueError(response.status_code)
        return self._enter(response.content, nonce)


def verifier(provider: Provider) -> Callable[[bytes, bytes], None]:
    """Return what raises InvalidSignature unless the provider's key made the signature of a message."""
    key = provider.public_key
    if isinstance(key, ec.EllipticCurvePublicKey):

        def verify(signature: bytes, message: bytes) -> None:
            if len(signature) != 64:
                raise ValueError("signature")
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            key.verify(encode_dss_signature(r, s), message, _ECDSA)

        return verify
    return lambda signature, message: key.verify(signature, message, _PKCS1, _SHA256)
