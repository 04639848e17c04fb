"""Flows played against what a case says of the world: its provider, its store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import attrs
from cases import Case, Refused
from scenes import NOW, PLAIN, answer, attempt, plain_login

from sso_core.effects import Effect, HttpRequest, Keep, Take
from sso_core.events import DirectoryUnreachable, Event, HttpResponse, Kept, Missing, Unreachable
from sso_core.failures import Failure
from sso_core.flows.gather_claims import GatheringPlainClaims
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.token import TokenResponse
from sso_core.providers.kinds import OAuthProvider
from sso_core.secret import Secret

NOT_SENT = ("connect", "os", "dns")
"""Errors that come before a byte is sent; after any other nobody knows."""

NOTHING_TAKEN = Missing()

SENSES = {
    "userinfo_unreachable": "no userinfo",
    "userinfo_status": "no userinfo",
    "userinfo_not_json": "no userinfo",
    "userinfo_not_an_object": "no userinfo",
    "empty_userinfo": "no userinfo",
    "bad_subject": "no identity",
    "no_identity": "no identity",
    "unknown_login_version": "unreadable_login",
}
"""Codes of ours that say more than the reference's words do; any other code is a sense of its own."""


def refused(failure: Failure) -> Refused:
    """Return a refusal of ours as cases tell it."""
    return Refused(failure.reason.status, SENSES.get(failure.reason.code, failure.reason.code))


_THEIR_WORDS = (
    (r"unexpected response format", "token_not_an_object"),
    (r"returned invalid JSON", "token_not_json"),
    (r"Token exchange failed: \d{3} - ", "token_endpoint_status"),
    (r"Token endpoint request failed: (Client error|Server error|Redirect)", "token_endpoint_status"),
    (r"Token endpoint request failed", "token_endpoint_not_reached"),
    (r"Token exchange failed: ", "no_access_token"),
    (r"SSO user info unavailable", "no userinfo"),
    (r"Failed to decode id_token", "bad_id_token"),
    (r"Missing authorization code|'code' parameter was not found", "no_code"),
    (r"GENERIC_\w+ (not set|must be set)", "not configured"),
    (r"PKCE verifier not found", "no_pending_login"),
    (r"empty or null code_verifier", "empty_verifier"),
    (r"unrecognized format", "unreadable_login"),
    (r"is not verified with Google", "email_not_verified"),
)


def sense_of(case: Case) -> Refused:
    """Return what a refusal of the reference says, as ours tell it; words that are not known stand for themselves."""
    assert case.error is not None
    message = str(case.error["message"])
    senses = (sense for words, sense in _THEIR_WORDS if re.search(words, message))
    return Refused(case.error["status"], next(senses, message))


def rule_for(case: Case, url: str) -> dict[str, Any] | None:
    """Return the rule by which the case's provider answers at this address."""
    for rule in case.world.get("http", ()):
        if url == rule["url"] or (rule.get("prefix") and url.startswith(rule["url"])):
            found: dict[str, Any] = rule
            return found
    return None


def answered(case: Case, url: str) -> HttpResponse | Unreachable:
    """Answer as the case's provider does."""
    rule = rule_for(case, url)
    if rule is None:
        return Unreachable(sent=False, why="nobody is there")
    if "raise" in rule:
        return Unreachable(sent=rule["raise"] not in NOT_SENT, why=rule["raise"])
    status = rule.get("status", 200)
    if "json" in rule:
        return HttpResponse(status, json.dumps(rule["json"]).encode(), (("content-type", "application/json"),))
    return HttpResponse(status, rule.get("text", "").encode())


@attrs.define
class Played:
    """A flow's way: what it asked, the states that it went through, and where it came to rest or was left."""

    state: Working | Resting
    asked: list[Effect]
    states: list[Working | Resting]

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests over HTTP as cases tell them."""
        return [shown(effect) for effect in self.asked if isinstance(effect, HttpRequest)]

    def refusal(self) -> Refused | None:
        """Return how it was refused, if it was."""
        return refused(self.state.failure) if isinstance(self.state, Failed) else None


def play(case: Case, state: Working | Resting, *, taken: Event = NOTHING_TAKEN, until: type[Working]) -> Played:
    """Play a flow until it rests, or asks what the case is not about; `taken` is what the store hands out."""
    played = Played(state, [], [state])
    while isinstance(played.state, Working) and not isinstance(played.state, until):
        played.asked += played.state.awaits
        played.state = advance_any(played.state, list(_answers(case, played.state.awaits, taken)), now=NOW)
        played.states.append(played.state)
    return played


def _answers(case: Case, asked: tuple[Effect, ...], taken: Event) -> Iterator[Event]:
    for effect in asked:
        match effect:
            case HttpRequest():
                yield answered(case, effect.url)
            case Take():
                yield taken
            case Keep():
                yield Kept()
            case _:
                raise AssertionError(f"the case's world does not know {effect}")


def shown(request: HttpRequest) -> dict[str, Any]:
    """Return a request as cases tell it: names of headers in lower case, pairs sorted."""
    told: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "headers": sorted([name.lower(), value] for name, value in request.headers),
    }
    if request.body is not None:
        told["form"] = sorted([name, value] for name, value in parse_qsl(request.body.decode(), keep_blank_values=True))
    return told


def their_requests(case: Case) -> list[dict[str, Any]]:
    """Return the requests of the reference, sorted as ours are; how long it waits is its own affair."""
    requests = []
    for request in case.effects.get("http", ()):
        told = {name: value for name, value in request.items() if name != "timeout"}
        told["headers"] = sorted(told["headers"])
        if "form" in told:
            told["form"] = sorted(told["form"])
        requests.append(told)
    return requests


def provider_of(args: dict[str, Any]) -> OAuthProvider:
    """Return the plain OAuth 2.0 provider that a case describes; raises ValueError where it describes none."""
    if "userinfo_endpoint" in args and not args["userinfo_endpoint"]:
        raise ValueError("plain OAuth 2.0 needs all three endpoints")
    secret = Secret(args["client_secret"]) if args.get("client_secret") else None
    method = AuthenticationMethod.POST if args.get("include_client_id") else AuthenticationMethod.BASIC
    if secret is None:
        method = AuthenticationMethod.NONE
    return attrs.evolve(
        PLAIN,
        client=Client(args.get("client_id", "cid"), secret, method),
        token_endpoint=args.get("token_endpoint", PLAIN.token_endpoint),
        userinfo_endpoint=args.get("userinfo_endpoint", PLAIN.userinfo_endpoint),
        extra_headers=tuple((args.get("additional_headers") or {}).items()),
    )


def without_directory() -> Refused | None:
    """Let somebody come back from a provider while the directory does not answer, and return how that ends."""
    tokens = TokenResponse(Secret("t"), None, None, None, None)
    gathering = GatheringPlainClaims(attempt(PLAIN), plain_login(), PLAIN, tokens)
    reading = advance_any(gathering, [answer({"sub": "u"})], now=NOW)
    assert isinstance(reading, Working)
    return Played(advance_any(reading, [DirectoryUnreachable()], now=NOW), [], []).refusal()
