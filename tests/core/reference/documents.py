"""What the documents of a case hold, read the way the reference reads them, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

from cases import Case, Refused
from playing import answered, rule_for

from sso_core.events import HttpResponse

NOT_JSON = object()


def document(body: str | bytes) -> Any:
    """Return what a lenient reader finds, or NOT_JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return NOT_JSON


def is_ambiguous(body: str | bytes) -> bool:
    """Whether a lenient reader finds something where a strict one refuses (A68, A69, RFC 8259)."""
    if document(body) is NOT_JSON:
        return False
    raw = body.encode() if isinstance(body, str) else body
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_none, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError:
        return True
    return _depth(value) > 32 or len(raw) > 65536


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _none(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    if float(text) in (float("inf"), float("-inf")):
        raise ValueError(text)
    return float(text)


def _depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case list():
            return 1 + max(map(_depth, value), default=0)
        case _:
            return 0


def userinfo_endpoint(case: Case) -> str:
    """Return where the case's userinfo is asked."""
    return case.args.get("userinfo_endpoint") or case.env.get("GENERIC_USERINFO_ENDPOINT", "")


def userinfo_of(case: Case) -> Any:
    """Return what the case's userinfo endpoint says with status 200; NOT_JSON where it says nothing readable."""
    answer = answered(case, userinfo_endpoint(case))
    if not isinstance(answer, HttpResponse) or answer.status != 200:
        return NOT_JSON
    return document(answer.body)


def userinfo_failure(case: Case) -> Refused | None:
    """Return how a plain OAuth 2.0 login has to end by its userinfo answer alone, where it cannot go on."""
    answer = answered(case, userinfo_endpoint(case))
    if not isinstance(answer, HttpResponse) or answer.status >= 500:
        return Refused(503, "no userinfo")
    claims = userinfo_of(case)
    if not isinstance(claims, dict) or not claims or is_ambiguous(answer.body):
        return Refused(401, "no userinfo")
    return None if _is_subject(claims.get("sub")) else Refused(401, "no identity")


def _is_subject(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()


def badly_typed(body: str | bytes) -> bool:
    """Whether an answer with an access token has another member that is not what it has to be (C77)."""
    tokens = document(body)
    if not isinstance(tokens, dict) or not isinstance(tokens.get("access_token"), str) or not tokens["access_token"]:
        return False
    token_type, lifetime = tokens.get("token_type"), tokens.get("expires_in")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        return True
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float | None):
        return True
    return any(not isinstance(tokens.get(name), str | None) for name in ("id_token", "refresh_token", "scope"))


def token_failure(case: Case, url: str) -> Refused | None:
    """Return how a login has to end by its token endpoint's answer alone, where it cannot go on (F15-F21, C76, C77)."""
    answer = answered(case, url)
    if not isinstance(answer, HttpResponse):
        return Refused(503, "token_answer_lost" if answer.sent else "token_endpoint_not_reached")
    if answer.status >= 500 or answer.status == 429:
        return Refused(503, "token_endpoint_unavailable")
    sense = _sense_of_error(answer) if answer.status != 200 else _sense_of_tokens(answer)
    return Refused(401, sense) if sense else None


def _sense_of_error(answer: HttpResponse) -> str:
    said = document(answer.body)
    error = said.get("error") if isinstance(said, dict) else None
    senses = {
        "invalid_grant": "code_refused",
        "invalid_client": "client_refused",
        "unauthorized_client": "client_refused",
    }
    return senses.get(str(error), "token_endpoint_status")


def _sense_of_tokens(answer: HttpResponse) -> str:
    tokens = document(answer.body)
    if tokens is NOT_JSON or is_ambiguous(answer.body):
        return "token_not_json"
    if not isinstance(tokens, dict):
        return "token_not_an_object"
    if not isinstance(tokens.get("access_token"), str) or not tokens["access_token"]:
        return "no_access_token"
    return "bad_token_response" if badly_typed(answer.body) else ""


def is_down(case: Case, url: str) -> bool:
    """Whether the endpoint does not answer, or says that it is in trouble."""
    rule = rule_for(case, url)
    return rule is None or "raise" in rule or rule.get("status", 200) >= 500 or rule.get("status") == 429
