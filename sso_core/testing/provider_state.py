"""A made-up provider as a value: who it is, whom it knows, what it has issued, what it has seen.

An honest provider and a hostile one differ in one field, `alterations`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.secret import Secret
from sso_core.testing.signing_keys import SigningKey, signing_key
from sso_core.wire import b64url_encode

Document = dict[str, Any]
T = TypeVar("T")


def unaltered(value: T) -> T:
    """Return the value itself."""
    return value


@attrs.frozen
class Person:
    """Somebody with an account at the provider; `subject` is how the provider calls them."""

    subject: str
    claims: tuple[tuple[str, object], ...] = ()


@attrs.frozen
class RegisteredClient:
    """A relying party as the provider has it registered (RFC 7591 2).

    `userinfo_alg` is None for userinfo in plain JSON.
    """

    client_id: str
    client_secret: Secret | None
    auth_method: str = "client_secret_basic"
    redirect_uris: tuple[str, ...] = ()
    id_token_alg: str = "EdDSA"
    userinfo_alg: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()


@attrs.frozen
class Redirect:
    """How the provider sends the browser back.

    By GET, `url` has the fields in its query. By POST (form_post), `fields` are the form, and `url` is the bare
    redirect URI.
    """

    method: str
    url: str = attrs.field(repr=False)
    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)


@attrs.frozen
class Grant:
    """What one person granted to one client, and what has become of it."""

    code: str = attrs.field(repr=False)
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    subject: str
    scope: str
    issued_at: float
    used: bool = False
    access_token: str | None = attrs.field(default=None, repr=False)
    """None before the exchange, and again after the code was used twice (RFC 6749 4.1.2)."""
    sid: str | None = None
    """The provider's own session in which it was granted; None where the provider speaks of none."""


@attrs.frozen
class Paths:
    """Where the provider has its endpoints, below its issuer. A relying party learns them from the metadata alone."""

    authorization: str = "/authorize"
    token: str = "/token"
    userinfo: str = "/userinfo"
    keys: str = "/jwks"
    end_session: str = "/end-session"


@attrs.frozen
class Alterations:
    """What is done to each thing before it leaves the provider; pure functions, and by default nothing.

    Documents come as dicts of their own: an alteration may change the dict and return it.
    """

    metadata: Callable[[Document], Document] = unaltered
    metadata_answer: Callable[[HttpResponse], HttpResponse] = unaltered
    keys: Callable[[Document], Document] = unaltered
    keys_answer: Callable[[HttpResponse], HttpResponse] = unaltered
    at_authorization: Callable[[ProviderState], ProviderState] = unaltered
    """A change of the provider as somebody arrives to sign in."""
    authorization_response: Callable[[dict[str, str]], dict[str, str]] = unaltered
    before_signing: Callable[[ProviderState], ProviderState] = unaltered
    """A change of the provider just before it signs an ID token."""
    signing_key: Callable[[SigningKey], SigningKey] = unaltered
    id_token_header: Callable[[Document], Document] = unaltered
    id_token_claims: Callable[[Document], Document] = unaltered
    id_token_header_text: Callable[[bytes], bytes] = unaltered
    """What is done to the JSON of the header before it is signed; the next one, to that of the claims."""
    id_token_claims_text: Callable[[bytes], bytes] = unaltered
    id_token: Callable[[str], str] = unaltered
    token_response: Callable[[Document], Document] = unaltered
    token_answer: Callable[[HttpResponse], HttpResponse] = unaltered
    userinfo_claims: Callable[[Document], Document] = unaltered
    userinfo_answer: Callable[[HttpResponse], HttpResponse] = unaltered
    end_session_response: Callable[[dict[str, str]], dict[str, str]] = unaltered
    """What the browser brings back from a sign-out at the provider."""
    logout_token_header: Callable[[Document], Document] = unaltered
    logout_token_claims: Callable[[Document], Document] = unaltered
    logout_token: Callable[[str], str] = unaltered
    logout_form: Callable[[dict[str, str]], dict[str, str]] = unaltered


@attrs.frozen
class ProviderState:
    """All that a provider is and knows at one moment.

    `log` names the endpoints in the order they were used: authorization, metadata, keys, token, userinfo. `surprises`
    are sentences about what no sound relying party does; after a test of one it is empty.
    """

    issuer: str
    clients: tuple[RegisteredClient, ...]
    people: tuple[Person, ...]
    keys: tuple[SigningKey, ...]
    paths: Paths = Paths()
    openid: bool = True
    """False for plain OAuth 2.0: no ID token, no metadata, identity from userinfo."""
    response_issuer: bool = True
    """Whether `iss` comes with the authorization response, and is promised in the metadata (RFC 9207)."""
    published_at: tuple[str, ...] = ("openid-configuration",)
    """Well-known names under which the metadata lies; the other is `oauth-authorization-server` (RFC 8414 3.1)."""
    claims_in_id_token: bool = False
    checks_pkce: bool = True
    """False for a provider that ignores challenge and verifier, as some do."""
    signs_out: bool = False
    """Whether it has sessions that people sign out of: `sid` in ID tokens, `end_session_endpoint`, logout tokens."""
    code_lifetime: float = 60
    seed: str = ""
    """Codes and tokens follow from the seed and a counter."""
    alterations: Alterations = attrs.field(default=Alterations(), repr=False)
    counter: int = 0
    grants: tuple[Grant, ...] = ()
    log: tuple[str, ...] = ()
    surprises: tuple[str, ...] = ()
    requests: tuple[HttpRequest, ...] = attrs.field(default=(), repr=False)

    def count(self, endpoint: str) -> int:
        """Return how often an endpoint was used."""
        return self.log.count(endpoint)

    def endpoint(self, path: str) -> str:
        """Return the address of a path of this provider."""
        return self.issuer.rstrip("/") + path

    def client(self, client_id: str) -> RegisteredClient | None:
        """Return the client of this name, if there is one."""
        return next((client for client in self.clients if client.client_id == client_id), None)

    def person(self, subject: str) -> Person:
        """Return the person of this subject; raises ValueError for a stranger."""
        for person in self.people:
            if person.subject == subject:
                return person
        raise ValueError(f"the provider does not know {subject}")

    def key(self, alg: str) -> SigningKey:
        """Return the key to sign with; raises ValueError where the provider has none for this algorithm."""
        for key in self.keys:
            if key.alg == alg:
                return key
        raise ValueError(f"the provider has no key for {alg}")

    def grant(self, *, code: str = "", access_token: str = "") -> Grant | None:
        """Return the grant that this code, or this living access token, belongs to."""
        for grant in reversed(self.grants):
            if (code and grant.code == code) or (access_token and grant.access_token == access_token):
                return grant
        return None

    def issue(self, what: str) -> tuple[ProviderState, str]:
        """Return a code or token that was never issued before, 43 characters."""
        digest = sha256(f"{self.seed}/{what}/{self.counter}".encode()).digest()
        return attrs.evolve(self, counter=self.counter + 1), b64url_encode(digest)

    def seeing(self, endpoint: str) -> ProviderState:
        """Return the state after an endpoint was used."""
        return attrs.evolve(self, log=(*self.log, endpoint))

    def surprised(self, sentence: str) -> ProviderState:
        """Return the state after somebody did what no sound relying party does."""
        return attrs.evolve(self, surprises=(*self.surprises, sentence))

    def granting(self, grant: Grant) -> ProviderState:
        """Return the state with this grant in place of the one with the same code."""
        return attrs.evolve(self, grants=(*(old for old in self.grants if old.code != grant.code), grant))

    def forgetting(self) -> ProviderState:
        """Return the state without its past. Every step copies the past, so a run of thousands drops it at times."""
        return attrs.evolve(self, grants=(), log=(), surprises=(), requests=())


CALLBACK = "https://app.example/sso/callback"
ALICE = Person(
    "alice",
    (
        ("name", "Alice Example"),
        ("preferred_username", "alice"),
        ("email", "alice@example.org"),
        ("email_verified", True),
        ("phone_number", "+49 30 901820"),
        ("address", {"locality": "Berlin"}),
        ("groups", ["readers"]),
    ),
)
BOB = Person("bob", (("name", "Bob Example"), ("email", "bob@example.org"), ("email_verified", False)))


def example_provider(
    issuer: str = "https://op.example",
    *,
    redirect_uri: str = CALLBACK,
    client_id: str = "client",
    client_secret: str = "an example's secret: 100% + more",  # noqa: S107 -- of a made-up client
) -> ProviderState:
    """Return an honest provider that knows Alice, Bob and one client.

    The client's secret has characters that HTTP Basic carries only when they are encoded first.
    """
    client = RegisteredClient(client_id, Secret(client_secret), redirect_uris=(redirect_uri,))
    return ProviderState(issuer, (client,), (ALICE, BOB), (signing_key(),))
