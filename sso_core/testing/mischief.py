"""What a hostile variant is made of: a line of the conformance plans, what it demands, and what is altered for it.

The alterations are as small as they can be (the right value and a 1, a time that is just past), since it is the small
ones that careless comparisons let through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs

from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import (
    Alterations,
    Document,
    ProviderState,
    RegisteredClient,
    example_provider,
    unaltered,
)
from sso_core.testing.signing_keys import signing_key
from sso_core.wire import b64url_decode, b64url_encode

Outcome = Literal["ACC", "REJ", "REJ0"]
"""The login completes; it is refused; it is refused before the token endpoint hears of it."""


@attrs.frozen
class Arrangement:
    """How the relying party is set up for a variant; None where its own choice is as good."""

    response_mode: str = "query"
    auth_method: str | None = None
    id_token_alg: str | None = None
    only_registered_alg: bool = False
    """Whether the relying party has to be told that no other algorithm is its own."""
    userinfo_alg: str | None = None
    max_age: int | None = None
    scope: str = "openid profile email"
    logins: int = 1
    """How many logins follow each other in one process of the relying party; each has the same outcome."""

    def registration(self, client: RegisteredClient) -> RegisteredClient:
        """Return the client as it has to be registered for this."""
        method = self.auth_method or client.auth_method
        return attrs.evolve(
            client,
            auth_method=method,
            client_secret=None if method == "none" else client.client_secret,
            id_token_alg=self.id_token_alg or client.id_token_alg,
            userinfo_alg=self.userinfo_alg or client.userinfo_alg,
        )


HONEST = Alterations()
ORDINARY = Arrangement()


@attrs.frozen
class Mischief:
    """One way in which a provider may behave, and what a sound relying party makes of it."""

    name: str
    """`line`, and what tells several variants of one line apart."""
    title: str
    """The module of the conformance suite, or what the provider does."""
    requirement: str
    outcome: Outcome = "ACC"
    reasons: frozenset[Reason] = frozenset()
    """The refusals that tell the truth about it; empty where the login completes."""
    alterations: Alterations = HONEST
    arrangement: Arrangement = ORDINARY
    provider: Callable[[ProviderState], ProviderState] = unaltered
    """A change of the provider before anything happens."""
    untouched: frozenset[str] = frozenset()
    """Endpoints, as the log names them, that must not have been used."""
    at_least: tuple[tuple[str, int], ...] = ()
    """Endpoints that must have been used, and how often."""

    @property
    def line(self) -> str:
        """The line of the conformance table, such as C57."""
        return self.name.partition("-")[0]

    def prepare(self, state: ProviderState) -> ProviderState:
        """Return an honest provider turned into this one.

        Its clients are registered as the variant needs them, and it has the keys that they are registered for.
        """
        clients = tuple(self.arrangement.registration(client) for client in state.clients)
        wanted = dict.fromkeys(alg for client in clients for alg in (client.id_token_alg, client.userinfo_alg) if alg)
        have = {key.alg: key for key in reversed(state.keys)}
        keys = tuple(have.get(alg) or signing_key(alg, kid=f"{alg}-1") for alg in wanted)
        return self.provider(attrs.evolve(state, clients=clients, keys=keys, alterations=self.alterations))

    def broken_promises(self, state: ProviderState) -> tuple[str, ...]:
        """Return what a relying party did against the variant's demands on requests, after all its logins.

        It is empty for a sound one. The outcome itself only the relying party can tell.
        """
        forbidden = [f"{name} was used" for name in sorted(self.untouched) if state.count(name)]
        missing = [
            f"{name} was used less than {times} times" for name, times in self.at_least if state.count(name) < times
        ]
        spent = [] if state.count("token") <= self.arrangement.logins else ["token was used more than once a login"]
        return (*state.surprises, *forbidden, *missing, *spent)


class HostileProvider(FakeProvider):
    """A provider that misbehaves in one way, to be used wherever the honest one is."""

    def __init__(self, mischief: Mischief, state: ProviderState | None = None) -> None:
        super().__init__(mischief.prepare(example_provider() if state is None else state))
        self.mischief = mischief


def refused(
    name: str,
    title: str,
    *reasons: Reason,
    alterations: Alterations = HONEST,
    arrangement: Arrangement = ORDINARY,
    provider: Callable[[ProviderState], ProviderState] = unaltered,
) -> Mischief:
    """Return a variant whose ID token is refused, so that the access token beside it is used for nothing."""
    return Mischief(
        name,
        title,
        "refused, userinfo never called",
        "REJ",
        frozenset(reasons),
        alterations,
        arrangement,
        provider,
        untouched=frozenset({"userinfo"}),
    )


# What is altered

Alteration = Callable[[Document], Document]


def put(**members: object) -> Alteration:
    """Set members."""
    return lambda document: {**document, **members}


def drop(*names: str) -> Alteration:
    """Leave members out."""
    return lambda document: {name: value for name, value in document.items() if name not in names}


def extend(name: str, suffix: str = "1") -> Alteration:
    """Append to a member's text."""
    return lambda document: {**document, name: f"{document[name]}{suffix}"}


def derive(name: str, value: Callable[[Document], Any]) -> Alteration:
    """Set a member to what follows from the others."""
    return lambda document: {**document, name: value(document)}


def then(*alterations: Alteration) -> Alteration:
    """Do one after the other."""

    def altered(document: Document) -> Document:
        for alteration in alterations:
            document = alteration(document)
        return document

    return altered


def corrupt_signature(token: str) -> str:
    """Turn over one bit of a token's signature."""
    signed, _, encoded = token.rpartition(".")
    signature = bytearray(b64url_decode(encoded))
    signature[-1] ^= 1
    return f"{signed}.{b64url_encode(bytes(signature))}"


def corrupt_body(answer: HttpResponse) -> HttpResponse:
    """Turn over one bit of the signature that an answer ends with."""
    return attrs.evolve(answer, body=corrupt_signature(answer.body.decode()).encode())


def replace_body(body: bytes) -> Callable[[HttpResponse], HttpResponse]:
    """Send these bytes instead, under the same headers."""
    return lambda answer: attrs.evolve(answer, body=body)


def rotate(state: ProviderState) -> ProviderState:
    """Replace all keys by new ones of other names."""
    name = f"rotated-{state.counter}"
    return attrs.evolve(
        state, keys=tuple(signing_key(key.alg, kid=f"{name}-{key.alg}", seed=name) for key in state.keys)
    )
