"""The token endpoint and what follows it, against the reference."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

from cases import Case, Refused, Row, Verdict, each, hold
from documents import NOT_JSON, badly_typed, document, is_ambiguous, is_down, userinfo_failure, userinfo_of
from playing import answered, play, provider_of, refused, rule_for, sense_of, their_requests
from scenes import NOW, PLAIN, STATE, answer, attempt, plain_login

from sso_core.events import HttpResponse, Taken
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.exchange_code import ExchangingPlainCode
from sso_core.flows.finish_login import TakingLogin
from sso_core.flows.gather_claims import GatheringPlainClaims
from sso_core.machine import Failed, advance
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.secret import Secret
from sso_core.sessions.pending_login import encode_login

TOKENS = ("access_token", "id_token", "refresh_token")
ENVELOPE = ("token_type", "expires_in", "scope")

# The answer alone


def exchanged(case: Case) -> Failed | GatheringPlainClaims:
    state = ExchangingPlainCode(attempt(PLAIN), plain_login(), PLAIN, Secret("code-canary"))
    after = advance(state, [answer(case.args["body"])], now=NOW)
    assert isinstance(after, Failed | GatheringPlainClaims)
    return after


def ours(case: Case) -> Any:
    after = exchanged(case)
    if isinstance(after, Failed):
        return refused(after.failure)
    assert after.tokens.access_token.reveal() == after.tokens.claims.get("access_token")
    return dict(after.tokens.claims.members)


ANSWER_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "C77: an answer whose token_type is not Bearer, or with a member of the wrong type, is refused",
        lambda case: badly_typed(case.args["body"]),
        lambda _case, _outcome: Refused(401, "bad_token_response"),
    ),
    Row(
        Verdict.DIFFERENT,
        "A68, A69: what two readers could read as two things is no JSON",
        lambda case: is_ambiguous(case.args["body"]),
        lambda _case, _outcome: Refused(401, "token_not_json"),
    ),
)


@each("token_exchange", "_validate_token_response")
def test_an_answer_of_the_token_endpoint_is_what_it_is_to_the_reference(case: Case) -> None:
    theirs = case.result if case.error is None else sense_of(case)
    hold(case, theirs, ours(case), ANSWER_ROWS)


@each("token_exchange", "_validate_token_response")
def test_a_refusal_says_what_the_provider_said_or_named(case: Case) -> None:
    after, tokens = exchanged(case), document(case.args["body"])
    if not isinstance(after, Failed) or after.failure.reason.code != "no_access_token":
        return
    said = [tokens.get("error"), tokens.get("error_description")]
    texts = [text for text in said if isinstance(text, str) and text] or list(tokens)
    words = re.findall(r"\w+", " ".join(text[:100] for text in texts[:4]))
    assert [word for word in words if word not in after.failure.detail] == []


# The whole exchange


def played(case: Case) -> dict[str, Any]:
    args = case.args
    try:
        provider = provider_of(args)
    except ValueError:
        return {"requests": [], "ending": Refused(500, "not configured")}
    response = parse_authorization_response({"state": STATE, "code": args["authorization_code"] or ""})
    login = plain_login(
        token_endpoint=args["token_endpoint"],
        redirect_uri=args["redirect_url"] or plain_login().redirect_uri,
        code_verifier=Secret(args["code_verifier"] or ""),
    )
    start = TakingLogin(attempt(provider, response=response))
    way = play(case, start, taken=Taken(encode_login(login)), until=ReadingAccount)
    ending: Any = way.refusal()
    if isinstance(way.state, ReadingAccount):
        (tokens,) = (state.tokens for state in way.states if isinstance(state, GatheringPlainClaims))
        ending = {
            "claims": dict(way.state.gathered.claims.claims.members),
            "access_token": tokens.access_token.reveal(),
            "refresh_token": tokens.refresh_token and tokens.refresh_token.reveal(),
        }
    return {"requests": way.requests(), "ending": ending}


def theirs(case: Case) -> dict[str, Any]:
    """Return the reference's outcome: the claims apart from the tokens and from what the answer says of them."""
    if case.error is not None:
        return {"requests": their_requests(case), "ending": sense_of(case)}
    about_person = userinfo_of(case)
    kept = about_person if isinstance(about_person, dict) else {}
    hidden = {*TOKENS, *(name for name in ENVELOPE if name not in kept)}
    ending = {
        "claims": {name: value for name, value in case.result.items() if name not in hidden},
        "access_token": case.result["access_token"],
        "refresh_token": case.result.get("refresh_token") or None,
    }
    return {"requests": their_requests(case), "ending": ending}


def token_answer_of(case: Case) -> HttpResponse | None:
    reply = answered(case, case.args["token_endpoint"])
    return reply if isinstance(reply, HttpResponse) else None


def token_error(case: Case) -> str:
    """Return the error that the token endpoint names beside a status that is not 200."""
    reply = token_answer_of(case)
    said = document(reply.body) if reply is not None and reply.status != 200 else None
    return str(said.get("error", "")) if isinstance(said, dict) else ""


def token_body(case: Case) -> bytes:
    """Return the token endpoint's answer with status 200, or nothing."""
    reply = token_answer_of(case)
    return reply.body if reply is not None and reply.status == 200 else b""


def ends(case: Case, outcome: dict[str, Any], status: int, sense: str) -> dict[str, Any]:
    """Let the exchange end before userinfo is asked."""
    return {
        "requests": [request for request in outcome["requests"] if request["method"] == "POST"][:1],
        "ending": Refused(status, sense),
    }


def redirect_repeated(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    pair = ["redirect_uri", plain_login().redirect_uri]
    return with_requests(outcome, lambda one: one | {"form": sorted([*one["form"], pair])} if "form" in one else one)


def with_requests(outcome: dict[str, Any], change: Any) -> dict[str, Any]:
    return outcome | {"requests": [change(request) for request in outcome["requests"]]}


def protocol_headers(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    """Leave the protocol's own headers where the operator's bear the same names."""
    args = case.args

    def own(request: dict[str, Any]) -> dict[str, Any]:
        headers = [pair for pair in request["headers"] if pair[0] not in {"authorization", "accept"}]
        if request["method"] == "GET":
            bearer = f"Bearer {document(token_body(case))['access_token']}"
            return request | {"headers": sorted([*headers, ["authorization", bearer]])}
        headers = [pair for pair in headers if pair[0] != "content-type"]
        headers += [["accept", "application/json"], ["content-type", "application/x-www-form-urlencoded"]]
        if args["client_secret"] and not args["include_client_id"]:
            pair = f"{args['client_id']}:{args['client_secret']}"
            headers.append(["authorization", "Basic " + b64encode(pair.encode()).decode()])
        return request | {"headers": sorted(headers)}

    return with_requests(outcome, own)


def accepts(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    wanted = ["accept", "application/json, application/jwt"]

    def told(request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] == "POST":
            return request
        return request | {"headers": sorted([wanted, *request["headers"]])}

    return with_requests(outcome, told)


def basic(case: Case) -> str:
    pair = f"{quote_plus(case.args['client_id'])}:{quote_plus(case.args['client_secret'])}"
    return "Basic " + b64encode(pair.encode()).decode()


def encoded_credentials(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    def told(request: dict[str, Any]) -> dict[str, Any]:
        headers = [pair for pair in request["headers"] if pair[0] != "authorization"]
        if request["method"] == "GET":
            return request
        return request | {"headers": sorted([*headers, ["authorization", basic(case)]])}

    return with_requests(outcome, told)


def needs_encoding(case: Case) -> bool:
    args = case.args
    if not args.get("client_secret") or args.get("include_client_id"):
        return False
    return any(quote_plus(text) != text for text in (args["client_id"], args["client_secret"]))


def ending(status: int, sense: str) -> Any:
    return lambda case, outcome: ends(case, outcome, status, sense)


def reaches_userinfo(case: Case) -> bool:
    body = token_body(case)
    tokens = document(body) if body else NOT_JSON
    if not isinstance(tokens, dict) or is_ambiguous(body) or badly_typed(body):
        return False
    return isinstance(tokens.get("access_token"), str) and bool(tokens["access_token"])


def told_by_id_token(case: Case) -> bool:
    """Whether the reference has the person from an ID token that nobody verified, or tried to."""
    return reaches_userinfo(case) and userinfo_failure(case) is not None


def without_userinfo(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"ending": userinfo_failure(case)}


def refresh_token_of_userinfo(case: Case) -> bool:
    return case.error is None and "refresh_token" not in document(token_body(case))


EXCHANGE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "C39: the operator's headers replace none of the protocol's, whatever their case, and are no second proof",
        lambda case: bool(case.args.get("additional_headers")),
        protocol_headers,
    ),
    Row(Verdict.SAME, "userinfo is told which forms of answer are read (OIDC Core 5.3.2)", lambda _case: True, accepts),
    Row(
        Verdict.DIFFERENT,
        "W25: the halves of Basic credentials are form-encoded (RFC 6749 2.3.1)",
        needs_encoding,
        encoded_credentials,
    ),
    Row(
        Verdict.DIFFERENT,
        "C39: the redirect URI of the authorization request is always repeated (RFC 6749 4.1.3)",
        lambda case: not case.args["redirect_url"],
        redirect_repeated,
    ),
    Row(
        Verdict.DIFFERENT,
        "W6, W22: tokens come from the token endpoint; one that userinfo names is none of this login's",
        refresh_token_of_userinfo,
        lambda _case, outcome: outcome | {"ending": outcome["ending"] | {"refresh_token": None}},
    ),
    Row(
        Verdict.DIFFERENT,
        "W4, W12: who a person is comes from userinfo's subject; an ID token that nobody can verify says nothing",
        told_by_id_token,
        without_userinfo,
    ),
    Row(
        Verdict.DIFFERENT,
        "C77: an answer whose token_type is not Bearer, or with a member of the wrong type, is refused",
        lambda case: badly_typed(token_body(case)),
        ending(401, "bad_token_response"),
    ),
    Row(
        Verdict.DIFFERENT,
        "A68, A69: what two readers could read as two things is no JSON",
        lambda case: is_ambiguous(token_body(case)),
        ending(401, "token_not_json"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F20: a code that is late or used is told apart from other refusals",
        lambda case: token_error(case) == "invalid_grant",
        ending(401, "code_refused"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F21: credentials that the provider does not take are told apart from other refusals",
        lambda case: token_error(case) in {"invalid_client", "unauthorized_client"},
        ending(401, "client_refused"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F16: a provider in trouble is no fault of the person, who may come again",
        lambda case: token_answer_of(case) is not None and is_down(case, case.args["token_endpoint"]),
        ending(503, "token_endpoint_unavailable"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F16, W30: where the code may have been sent, it is sent no second time, and the person may start again",
        lambda case: token_answer_of(case) is None and _was_sent(case),
        ending(503, "token_answer_lost"),
    ),
    Row(
        Verdict.DIFFERENT,
        "F15, W30: where the code was certainly not sent, the same callback may come again",
        lambda case: token_answer_of(case) is None and not _was_sent(case),
        ending(503, "token_endpoint_not_reached"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W3: nothing is exchanged without a code verifier",
        lambda case: not case.args["code_verifier"],
        lambda _case, _outcome: {"requests": [], "ending": Refused(401, "empty_verifier")},
    ),
    Row(
        Verdict.DIFFERENT,
        "C39: nothing is exchanged without a code",
        lambda case: bool(case.args["code_verifier"]) and not case.args["authorization_code"],
        lambda _case, _outcome: {"requests": [], "ending": Refused(400, "no_code")},
    ),
    Row(
        Verdict.DIFFERENT,
        "W23, S57: settings without a client id, or without an endpoint to ask who it is, do not load",
        lambda case: not case.args["client_id"] or not case.args["userinfo_endpoint"],
        lambda _case, _outcome: {"requests": [], "ending": Refused(500, "not configured")},
    ),
)


def _was_sent(case: Case) -> bool:
    rule = rule_for(case, case.args["token_endpoint"])
    return rule is not None and rule.get("raise") not in {"connect", "os", "dns"}


@each("token_exchange", "_pkce_token_exchange")
def test_a_code_becomes_what_it_becomes_to_the_reference(case: Case) -> None:
    hold(case, theirs(case), played(case), EXCHANGE_ROWS)
