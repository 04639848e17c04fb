"""A provider in the attacker's hands: it says whatever is of use to him, and remembers all that it is told."""

from __future__ import annotations

from base64 import b64decode
from enum import Enum
from typing import Any

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.testing.documents import json_answer
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import example_provider
from sso_core.testing.signing_keys import SigningKey, compact, signing_key, token_hash
from sso_core.wire import parse_form

EVIL = "https://evil.example"
CALLBACK = "https://app.example/sso/callback/other1"
AUTHORIZATION = f"{EVIL}/authorize"
SUBJECTS = ("mallory", "alice", "root")
EVIL_PEOPLE = frozenset((EVIL, subject) for subject in SUBJECTS)
"""Whoever has to do with this provider is whom the attacker says."""


class Lie(Enum):
    """What is wrong with an ID token, or with the userinfo beside it."""

    NONE = "nothing"
    FOREIGN_ISSUER = "it names the honest provider as its issuer"
    NO_SIGNATURE = "it is not signed at all"
    FOREIGN_KEY = "it is signed with a key that is not published"
    FOREIGN_TOKEN = "the honest provider made it, for another client"
    FOREIGN_NONCE = "it was made for another login"
    FOREIGN_AUDIENCE = "it was made for another client"
    EXPIRED = "its time is over"
    OTHER_PERSON = "userinfo is about somebody else"


class Tale(Enum):
    """What is wrong with the metadata."""

    NONE = "nothing"
    FOREIGN_ISSUER = "it names the honest provider as its issuer"
    PLAIN_HTTP = "codes are to be sent without encryption"
    FOREIGN_TOKENS = "codes are to be sent to the honest provider"
    FOREIGN_AUTHORIZATION = "people are to be sent to the honest provider"


class EvilProvider(FakeProvider):
    """Answers any code with a token for `subject`, as `lie` says, and publishes what `tale` says."""

    def __init__(self, honest: FakeProvider) -> None:
        state = example_provider(EVIL, redirect_uri=CALLBACK, client_secret="the attacker knows this one")
        super().__init__(attrs.evolve(state, keys=(signing_key(seed="evil"),)))
        self.honest = honest
        self.subject = "mallory"
        self.lie, self.tale = Lie.NONE, Tale.NONE
        self.nonces: dict[str, str] = {}
        self.nonce = ""
        self.heard: list[str] = []
        """What it was told since somebody last looked."""

    def rotate(self, name: str) -> None:
        """Sign with another key from now on."""
        self.change(lambda state: attrs.evolve(state, keys=(signing_key(kid=name, seed="evil"),)))

    def visited(self, url: str, code: str) -> dict[str, str]:
        """Return the request that a browser brings, and remember its nonce for the code that it is answered with."""
        self.heard.append(url)
        request = parse_form(url.partition("?")[2])
        self.nonce = self.nonces[code] = request["nonce"]
        return request

    def answer(self, request: HttpRequest, now: float) -> HttpResponse:
        """Answer the service."""
        headers = [value for _, value in request.headers]
        basic = [b64decode(value[6:]).decode("latin-1") for value in headers if value.startswith("Basic ")]
        body = (request.body or b"").decode("latin-1")
        self.heard.append("\n".join((request.url, *headers, *basic, body)))
        match request.url.removeprefix(EVIL):
            case "/token":
                return json_answer(self._tokens(parse_form(body).get("code", ""), now))
            case "/userinfo":
                return json_answer(self._person("bob" if self.lie is Lie.OTHER_PERSON else self.subject))
            case "/jwks":
                return json_answer({"keys": [key.jwk for key in self.state.keys]})
            case _:
                return json_answer(self._metadata())

    def _person(self, subject: str) -> dict[str, Any]:
        """Describe its people as if they were those of the honest provider."""
        return {
            "sub": subject,
            "email": "root@example.org" if subject == "root" else f"{subject}@example.org",
            "email_verified": True,
            "preferred_username": "alice",
            "name": "Alice Example",
        }

    def _tokens(self, code: str, now: float) -> dict[str, Any]:
        lie, access_token = self.lie, "the attacker's"
        issued = int(now) - 7200 if lie is Lie.EXPIRED else int(now)
        claims = {
            **self._person(self.subject),
            "iss": EVIL if lie not in (Lie.FOREIGN_ISSUER, Lie.FOREIGN_TOKEN) else self.honest.state.issuer,
            "aud": "client" if lie not in (Lie.FOREIGN_AUDIENCE, Lie.FOREIGN_TOKEN) else "another client",
            "nonce": self.nonces.get(code, self.nonce) if lie is not Lie.FOREIGN_NONCE else "of another login",
            "iat": issued,
            "exp": issued + 300,
            "at_hash": token_hash(access_token, "EdDSA"),
        }
        key = self._key()
        header = {"alg": key.alg, "kid": self.state.keys[0].kid}
        return {"access_token": access_token, "token_type": "Bearer", "id_token": compact(header, claims, key)}

    def _key(self) -> SigningKey:
        match self.lie:
            case Lie.NO_SIGNATURE:
                return signing_key("none")
            case Lie.FOREIGN_KEY:
                return signing_key(kid="nobody's", seed="nobody's")
            case Lie.FOREIGN_TOKEN:
                return self.honest.state.keys[0]
            case _:
                return self.state.keys[0]

    def _metadata(self) -> dict[str, Any]:
        honest = self.honest.state.issuer
        return {
            "issuer": honest if self.tale is Tale.FOREIGN_ISSUER else EVIL,
            "authorization_endpoint": f"{honest if self.tale is Tale.FOREIGN_AUTHORIZATION else EVIL}/authorize",
            "token_endpoint": {
                Tale.PLAIN_HTTP: "http://evil.example/token",
                Tale.FOREIGN_TOKENS: f"{honest}/token",
            }.get(self.tale, f"{EVIL}/token"),
            "userinfo_endpoint": f"{EVIL}/userinfo",
            "jwks_uri": f"{EVIL}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "none"],
        }
