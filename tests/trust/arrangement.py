"""How the attacker model's town is built: its people, its providers, its variants, and what browsers and stores are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar, TypeVar

import attrs

from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.world import Store
from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.effects import Count, Drop, Keep, Kind, Peek, Renew, Take, WriteAccount
from sso_core.events import Event
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider, ResponseMode
from sso_core.records import Account, CreateAccount
from sso_core.secret import Secret
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import ALICE, Alterations, Person, Redirect, RegisteredClient
from sso_core.testing.signing_keys import signing_key
from sso_core.web.messages import Request
from trust.evil import EVIL, EvilProvider
from trust.marks import MARK, NOBODYS, MarkedProvider
from trust.scene import Browser, Scene
from trust.witness import ADMIN, ATTACKER

T = TypeVar("T")

HONEST = "https://op.example"
CLIENT_SECRET = f"{MARK}{NOBODYS}clnt: 100% + more"


def _person(subject: str, **claims: object) -> Person:
    return Person(subject, tuple({"preferred_username": subject, "email": f"{subject}@example.org", **claims}.items()))


PEOPLE = (
    ALICE,
    _person("bob", email_verified=True),
    # He may call himself what he likes.
    _person(ATTACKER, email_verified=True, preferred_username="alice", name="Alice Example"),
    _person("carol", email_verified=False),
    _person("dave", email=None),
    _person("erin", email="erin@example.org@elsewhere.example", email_verified=True),
    _person("frank", email="frank@sub.example.org", email_verified=True),
)
WELCOME = ("alice", "bob")
REFUSED = ("carol", "dave", "erin", "frank")
LAPTOP, PHONE = "laptop", "phone"
PEERS = {LAPTOP: "192.0.2.1", PHONE: "192.0.2.2", ATTACKER: "192.0.2.1"}
"""The attacker sits behind the same address as one of his victims."""


@attrs.frozen
class Variant:
    """How a service is set up."""

    name: str
    sealed: bool = False
    shared: bool = True
    """Whether the processes share the store of pending logins."""
    pkce: bool = True
    """Whether the honest provider looks at the verifier."""
    response_issuer: bool = True
    form_post: bool = False
    linking: Linking = Linking.NEVER
    domains: tuple[str, ...] | None = ("example.org",)


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("stored"),
        Variant("sealed", sealed=True, pkce=False, response_issuer=False, domains=None),
        Variant("apart", sealed=True, shared=False, pkce=False, form_post=True, linking=Linking.VERIFIED_EMAIL),
    )
}


class Choices:
    """Bytes as decisions. When they run out, the first of everything is chosen."""

    def __init__(self, drawn: bytes) -> None:
        self._bytes = iter(drawn)
        self.left = len(drawn)

    def byte(self) -> int:
        """Return the next byte."""
        self.left -= 1
        return next(self._bytes, 0)

    def of(self, some: Sequence[T]) -> T:
        """Return one of them."""
        return some[self.byte() % len(some)]

    def rarely(self, one_in: int = 8) -> bool:
        """Whether something rare happens."""
        return self.byte() % one_in == one_in - 1


@attrs.define(eq=False)
class Apart:
    """The store of a process that keeps the marks of used logins for itself."""

    shared: Store
    own: Store
    in_memory: ClassVar[bool] = True

    def perform(self, effect: Keep | Take | Peek | Drop | Renew | Count) -> Event:
        return (self.own if effect.kind is Kind.LOGIN else self.shared).perform(effect)


class Jar(Browser):
    """A browser into which a sibling of the service plants cookies; none that begins with `__Host-` (RFC 6265bis)."""

    def __init__(self, scene: Scene, peer: str) -> None:
        super().__init__(scene, peer)
        self.planted: list[tuple[str, str]] = []
        self.begun: list[str] = []
        """Addresses at providers to which it was sent."""
        self.redirects: list[Redirect] = []
        """Ways back from there."""

    def request(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes | None = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Request:
        planted = "; ".join(f"{name}={value}" for name, value in self.planted)
        return super().request(method, path, query, body, (*headers, ("cookie", planted)) if planted else headers)


@cache
def _policy(variant: Variant) -> AccessPolicy:
    return AccessPolicy(REFERENCE_LADDER, email_domains=variant.domains, linking=variant.linking)


def honest_state(variant: Variant, userinfo: object) -> MarkedProvider:
    callback = "https://app.example/sso/callback"
    client = RegisteredClient("client", Secret(CLIENT_SECRET), redirect_uris=(callback,))
    return MarkedProvider(
        HONEST,
        (client,),
        PEOPLE,
        (signing_key(),),
        response_issuer=variant.response_issuer,
        checks_pkce=variant.pkce,
        alterations=Alterations(userinfo_claims=userinfo),  # type: ignore[arg-type] # a bound method of the town
    )


def scene_of(variant: Variant, honest: FakeProvider, evil: EvilProvider) -> Scene:
    mode = ResponseMode.FORM_POST if variant.form_post else ResponseMode.QUERY
    secret = evil.state.clients[0].client_secret
    directory = MemoryDirectory()
    root = Account("root", "Root", 1, email="root@example.org", email_verified=True, role=ADMIN)
    directory.perform(WriteAccount((CreateAccount(root),), ()))
    return Scene(
        honest,
        evil,
        directory=directory,
        providers=(
            OpenIdProvider(HONEST, Client("client", Secret(CLIENT_SECRET)), response_mode=mode),
            OpenIdProvider(EVIL, Client("client", secret), provider_id="other1"),
        ),
        policy=_policy(variant),
        sealing_keys=SealingKeys((b"s" * 32,)) if variant.sealed else None,
        session_keys=SessionKeys((b"k" * 32,)),
        debug_page=True,
    )
