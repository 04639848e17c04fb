"""Faults as a service meets them, and what every one of them has to leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import attrs

from sso_core.effects import Drop, Effect, HttpRequest, Keep, Peek, Purpose, ReadAccount, ReadKey, Take, WriteAccount
from sso_core.events import (
    AccountFacts,
    DirectoryUnreachable,
    Event,
    HttpResponse,
    OutcomeUnknown,
    StoreUnreachable,
    Unreachable,
)
from sso_core.failures import Reason
from sso_core.testing.provider_state import Document, ProviderState
from sso_core.testing.signing_keys import signing_key
from sso_core.web.messages import Response
from trust.scene import Browser, Perform, Process, Scene, Send, refusal

REFUSED = Unreachable(sent=False, why="no connection")
RESET = Unreachable(sent=True, why="the connection broke")
JSON = ("content-type", "application/json")
TOTAL = 5.0
"""Seconds after which a sender gives a request up."""
Network = Callable[[HttpRequest, Send], HttpResponse | Unreachable]
Between = Callable[[Effect, Perform], Event]


# What may happen on the way to a provider


def instead(event: HttpResponse | Unreachable, *purposes: Purpose, issuer: str = "") -> Network:
    """Let requests of these purposes, to this issuer, come to nothing but this."""

    def network(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
        hit = request.purpose in (purposes or Purpose) and request.url.startswith(issuer)
        return event if hit else send(request)

    return network


def after(event: HttpResponse | Unreachable, *purposes: Purpose) -> Network:
    """Let requests of these purposes arrive, and their answers be lost on the way back."""

    def network(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
        answer = send(request)
        return event if request.purpose in purposes else answer

    return network


def hanging(scene: Scene, *purposes: Purpose, issuer: str = "") -> Network:
    """Let requests run into the sender's deadline."""

    def network(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
        if request.purpose in (purposes or Purpose) and request.url.startswith(issuer):
            scene.clock.now += TOTAL
            return Unreachable(sent=True, why="no complete answer within 5 seconds")
        return send(request)

    return network


def honest(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
    """Let everything through again."""
    return send(request)


def with_other_keys(state: ProviderState) -> ProviderState:
    """Return a provider that signs with a key that nobody knows yet."""
    name = f"rotated-{state.counter}"
    return attrs.evolve(state, keys=(signing_key(kid=name, seed=name),))


def with_kid(kid: str) -> Callable[[ProviderState], ProviderState]:
    """Return a provider whose tokens name a key that there is none of."""

    def header(document: Document) -> Document:
        return {**document, "kid": kid}

    return lambda state: attrs.evolve(state, alterations=attrs.evolve(state.alterations, id_token_header=header))


# What may happen to the store and the directory


def nothing_between(effect: Effect, perform: Perform) -> Event:
    """Let everything through again."""
    return perform(effect)


def without_store(effect: Effect, perform: Perform) -> Event:
    """Let the store be down: nothing that is asked of it is done."""
    return StoreUnreachable("down") if isinstance(effect, Keep | Take | Peek | Drop) else perform(effect)


def without_directory(effect: Effect, perform: Perform) -> Event:
    """Let the directory be down."""
    return DirectoryUnreachable("down") if isinstance(effect, ReadAccount | ReadKey | WriteAccount) else perform(effect)


def losing(kind: type, times: int = 1, *, done: bool = True) -> Between:
    """Let the first so many answers to effects of this kind be lost, after or before they are performed."""
    left = [times]

    def between(effect: Effect, perform: Perform) -> Event:
        if not isinstance(effect, kind) or left[0] == 0:
            return perform(effect)
        left[0] -= 1
        if done:
            perform(effect)
        return OutcomeUnknown() if isinstance(effect, WriteAccount) else StoreUnreachable("the answer was lost")

    return between


# What has to be so afterwards


def accounts(scene: Scene) -> int:
    """Return how many accounts there are."""
    facts = scene.directory.perform(ReadAccount("https://nobody.example", "nobody", count_seats=True))
    assert isinstance(facts, AccountFacts)
    assert facts.seats_taken is not None
    return facts.seats_taken


def retryable(response: Response) -> Reason:
    """Return why somebody is to try again in a moment, and see that the answer says when and gives nothing."""
    reason = refusal(response)
    assert response.status == 503
    assert response.header("retry-after")
    assert not response.header("location")
    return reason


def secrets_of(scene: Scene) -> set[str]:
    """Return what nobody may be shown: of the clients, of each grant, and of each token request."""
    found: set[str] = set()
    for op in scene.ops:
        found |= {each.client_secret.reveal() for each in op.state.clients if each.client_secret is not None}
        for grant in op.state.grants:
            found |= {grant.code} | ({grant.access_token} if grant.access_token else set())
        for request in op.state.requests:
            found |= set(parse_qs((request.body or b"").decode()).get("code_verifier", ()))
    return found


def check_nothing_shows(scene: Scene) -> None:
    """See that nothing of that is in any response, nor in what operators are told."""
    told = "".join(f"{each.headers} {each.body!r} {each.failure}" for each in scene.responses)
    assert not [secret for secret in secrets_of(scene) if secret in told]


class CommandLine:
    """A command line that asks for a token, which a person in a browser lets it have."""

    def __init__(self, scene: Scene, peer: str = "192.0.2.7") -> None:
        self.scene, self.peer = scene, peer
        body = b'{"client": "a laptop"}'
        self.begun = scene.browser(peer).send("POST", "/sso/cli/start", body=body, headers=(JSON,))
        self.said: dict[str, Any] = told(self.begun)

    def confirm(self, browser: Browser, code: str | None = None) -> Response:
        """Type what the command line shows, or something else, into the page that it leads to."""
        typed = self.said["user_code"] if code is None else code
        return browser.post("/sso/cli/confirm", {"login": self.said["login_id"], "code": typed})

    def approve(self, browser: Browser, person: str = "alice") -> Response:
        """Let it sign in, all the way through the provider."""
        confirmed = self.confirm(browser)
        leaving = confirmed.header("refresh").partition("url=")[2]
        if not leaving:
            return confirmed
        return browser.arrive(self.scene.op.authorize(leaving, person, self.scene.clock()))

    def poll(self, process: Process | None = None) -> Response:
        """Ask for the token."""
        asking = self.scene.browser(self.peer)
        asking.process = process or self.scene.first
        bearer = ("authorization", f"Bearer {self.said['poll_secret']}")
        return asking.get(f"/sso/cli/poll/{self.said['login_id']}", headers=(bearer,))


def told(response: Response) -> dict[str, Any]:
    """Return what a program is told."""
    assert isinstance(response.body, bytes)
    said: dict[str, Any] = json.loads(response.body)
    return said
