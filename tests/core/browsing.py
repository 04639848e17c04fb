"""A browser before a site whose world is a dictionary, a directory of one line, and an honest provider."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scenes import ENTROPY, METADATA, NOW, SIGNER, answer, settings, token_answer

from sso_core.effects import (
    AskHost,
    Count,
    Drop,
    Effect,
    HttpRequest,
    Keep,
    Kind,
    Peek,
    Purpose,
    ReadAccount,
    ReadKey,
    ReadKeys,
    ReadMetadata,
    Renew,
    Take,
    WriteAccount,
)
from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Counted,
    Dropped,
    Event,
    Found,
    HostAnswered,
    Kept,
    KeyFacts,
    Missing,
    Occupied,
    StoreUnreachable,
    Taken,
    Unavailable,
    Written,
)
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.hosts import HostAnswer, HostQuestion
from sso_core.machine import Working, advance_any
from sso_core.providers.kinds import Provider
from sso_core.records import Account, ApiKey, IssueKey, RevokeKey
from sso_core.sessions.session import Session, encode_session, session_key
from sso_core.web.messages import Request, Response
from sso_core.web.routing import WarmFacts
from sso_core.web.site import Site

WARM = Warm(METADATA, SIGNER.keys)
FORM = "application/x-www-form-urlencoded"


def warm_facts(_provider: Provider) -> Warm:
    return WARM


class Browser:
    """Cookies as a browser keeps them; `store` and `keys` are what the service has written."""

    def __init__(self, site: Site | None = None, *, peer: str = "", account: Account | None = None) -> None:
        self.site = site or Site(settings())
        self.peer = peer
        self.cookies: dict[str, str] = {}
        self.store: dict[tuple[Kind, str], bytes] = {}
        self.used: set[str] = set()
        self.counts: dict[str, int] = {}
        self.keys: dict[str, ApiKey] = {}
        self.account = account
        self.host_answer: HostAnswer | None = None
        self.asked: list[HostQuestion] = []
        self.posts = 0
        self.down = False
        self.warm: WarmFacts = warm_facts

    def send(self, method: str, path: str, query: str = "", body: bytes | None = b"", **headers: str) -> Response:
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self.cookies:
            sent.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        request = Request(method, path, query, tuple(sent), body, self.peer)
        visit = self.site.visit(request, entropy=ENTROPY, now=NOW, warm=self.warm)
        state, trail = visit.state, []
        while isinstance(state, Working):
            trail.append(type(state).__name__)
            state = advance_any(state, [self.perform(effect) for effect in state.awaits], now=NOW)
        response = visit.respond(state, trail=tuple(trail))
        self.remember(response)
        return response

    def remember(self, response: Response) -> None:
        for name, header in response.headers:
            if name == "set-cookie":
                key, _, rest = header.partition("=")
                self.cookies[key] = rest.partition(";")[0]
                if "Max-Age=0" in rest:
                    del self.cookies[key]

    def perform(self, effect: Effect) -> Event:  # noqa: C901, PLR0911, PLR0912 -- a table of answers
        match effect:
            case Keep() | Take() | Peek() | Drop() | Renew() | Count() if self.down:
                return StoreUnreachable("down")
            case Keep() if effect.only_if_absent and (effect.kind, effect.key) in self.store:
                return Occupied(self.store[effect.kind, effect.key])
            case Keep():
                self.store[effect.kind, effect.key] = effect.value
                return Kept()
            case Take() if effect.key in self.used:
                return AlreadyTaken(effect.marker)
            case Take() if (effect.kind, effect.key) in self.store:
                self.used.add(effect.key)
                return Taken(self.store.pop((effect.kind, effect.key)))
            case Peek() if (effect.kind, effect.key) in self.store:
                return Found(self.store[effect.kind, effect.key])
            case Peek() if (effect.kind, effect.or_else) in self.store:
                return Found(self.store[effect.kind, effect.or_else or ""])
            case Renew() if (effect.kind, effect.key) in self.store:
                self.store[effect.kind, effect.key] = effect.value
                return Kept()
            case Drop():
                self.store.pop((effect.kind, effect.key), None)
                return Dropped()
            case Count():
                self.counts[effect.key] = self.counts.get(effect.key, 0) + 1
                return Counted(self.counts[effect.key], effect.window / 2)
            case ReadAccount():
                return AccountFacts(self.account)
            case ReadKey(key_hash):
                key = self.keys.get(key_hash)
                return KeyFacts(key, self.account if key else None)
            case WriteAccount(changes):
                self.write(changes)
                return Written()
            case ReadMetadata() | ReadKeys():
                return Unavailable(Failure(Reason.METADATA_UNREACHABLE, "down"))
            case AskHost(question):
                self.asked.append(question)
                assert self.host_answer is not None
                return HostAnswered(self.host_answer)
            case HttpRequest(purpose=Purpose.TOKEN):
                self.posts += 1
                return token_answer()
            case HttpRequest():
                return answer({"sub": "alice", "name": "Alice"})
            case _:
                return Missing()

    def write(self, changes: tuple[Any, ...]) -> None:
        for change in changes:
            if isinstance(change, IssueKey):
                self.keys[change.key.key_hash] = change.key
            if isinstance(change, RevokeKey):
                self.keys.pop(change.key_hash)

    def holds(self, session: Session) -> None:
        """Give the browser a session."""
        cookies = self.site.cookies
        name, _, rest = cookies.set_session(ENTROPY.session_id, 9).partition("=")
        self.cookies[name] = rest.partition(";")[0]
        self.store[Kind.SESSION, session_key(ENTROPY.session_id)] = encode_session(session)

    def callback(self, start: str = "/sso/key/generate", query: str = "return_to=/back", **changes: str) -> str:
        """Begin a login, and return the query with which the provider sends the browser back."""
        location = urlsplit(dict(self.send("GET", start, query).headers)["location"])
        state = parse_qs(location.query)["state"][0]
        return "&".join(f"{name}={value}" for name, value in ({"code": "c", "state": state} | changes).items())

    def sign_in(self) -> Response:
        return self.send("GET", "/sso/callback", self.callback())


def refused(response: Response) -> Reason:
    """Return why, and see that the answer says it."""
    assert response.failure is not None, response
    assert response.status == response.failure.reason.status
    return response.failure.reason


def told(response: Response) -> dict[str, Any]:
    """Return what a program is told."""
    assert isinstance(response.body, bytes)
    document: dict[str, Any] = json.loads(response.body)
    return document


def location(response: Response) -> str:
    """Return where a browser is sent."""
    assert response.status == 303
    return dict(response.headers)["location"]


def cookies_set(response: Response) -> list[str]:
    """Return the cookies that a response sets, by their headers."""
    return [value for name, value in response.headers if name == "set-cookie"]
