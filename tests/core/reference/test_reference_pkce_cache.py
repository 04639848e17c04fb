"""What lies in the store when the browser comes back, against the reference.

The reference's entry is the code verifier alone, or an object that holds it; ours is the whole pending login, bound to
the browser. So what the reference left behind is never a login of ours, and each way of not being one is told apart.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused, sense_of
from scenes import COOKIE, ENTROPY, NOW, PLAIN, settings

from sso_core.events import Missing, StoreUnreachable, Taken
from sso_core.facts import Warm
from sso_core.failures import Refusal
from sso_core.flows.finish_login import TakingLogin, finish_login
from sso_core.machine import Failed, advance
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.web.messages import Request
from sso_core.web.routing import query_of

PREFIX = "pkce_verifier:"


def query(case: Case) -> str:
    """Return the callback's query; where only the second half of the story is recorded, one with the entry's state."""
    return urlsplit(case.args["request"]["url"]).query if "request" in case.args else "code=c&state=st1"


def entry(case: Case) -> Any:
    """Return what the store holds for the callback's state; None where it holds nothing."""
    if "cached_data" in case.args:
        return case.args["cached_data"]
    try:
        state = query_of(Request("GET", "/", query(case))).get("state", "")
    except Refusal:
        return None
    return case.world.get("cache", {}).get(PREFIX + state, case.world.get("memory_cache", {}).get(PREFIX + state))


def is_down(case: Case) -> bool:
    return any(call.endswith(".get") for call in case.world.get("fail", ()))


def taken(case: Case) -> Taken | Missing | StoreUnreachable:
    found = entry(case)
    if is_down(case):
        return StoreUnreachable("it is down")
    return Missing() if found is None else Taken(json.dumps(found).encode())


def ours(case: Case) -> dict[str, Any]:
    try:
        response = parse_authorization_response(query_of(Request("GET", "/sso/callback", query(case))))
    except Refusal as refusal:
        return {"ending": refused(refusal.failure), "gone": False}
    state = finish_login(
        settings(PLAIN), PLAIN, response=response, cookie=COOKIE, former_session=None, entropy=ENTROPY, warm=Warm()
    )
    assert isinstance(state, TakingLogin)
    answer = taken(case)
    after = advance(state, [answer], now=NOW)
    assert isinstance(after, Failed)
    return {"ending": refused(after.failure), "gone": isinstance(answer, Taken)}


GOES_ON = "goes on with the verifier"
GOES_ON_WITHOUT = "goes on without a verifier"


def theirs(case: Case) -> dict[str, Any]:
    ending: Any = GOES_ON_WITHOUT
    if case.error is not None:
        ending = sense_of(case)
    elif isinstance(case.result, dict) and "code_verifier" in case.result:
        ending = GOES_ON
    return {"ending": ending, "gone": any(call["op"] == "delete" for call in case.effects.get("cache", ()))}


def of_entry(case: Case, _outcome: Any = None) -> dict[str, Any]:
    """Return what ours makes of what lies there, whatever the environment says."""
    found = entry(case)
    match found:
        case _ if is_down(case):
            return {"ending": Refused(503, "store_unreachable"), "gone": False}
        case None:
            return {"ending": Refused(401, "no_pending_login"), "gone": False}
        case str():
            sense = "legacy_login" if found else "empty_verifier"
        case {"code_verifier": verifier}:
            sense = "legacy_login" if isinstance(verifier, str) and verifier else "empty_verifier"
        case _:
            sense = "unreadable_login"
    return {"ending": Refused(401, sense), "gone": True}


def state_of(case: Case) -> str | None:
    """Return the callback's state; None where it stands there twice, or the query cannot be read."""
    try:
        return query_of(Request("GET", "/", query(case))).get("state", "")
    except Refusal:
        return None


def is_verifier(case: Case) -> bool:
    """Whether the reference takes what lies there for a verifier: a text, or an object that holds something."""
    found = entry(case)
    return bool(found.get("code_verifier")) if isinstance(found, dict) else isinstance(found, str) and bool(found)


def uses_pkce(case: Case) -> bool:
    return "cached_data" in case.args or case.env.get("GENERIC_CLIENT_USE_PKCE", "").lower() == "true"


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W3: PKCE has no off switch",
        lambda case: not uses_pkce(case),
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "W30: a bare verifier, or one without nonce and binding, is no login; it is taken once, whatever it is",
        is_verifier,
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "W3: without a verifier the login ends, as in the reference's strict mode",
        lambda case: uses_pkce(case) and case.error is None and not is_verifier(case),
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "W3, W30: an empty text, and an object with an empty verifier, are one case, by what lies there alone",
        lambda case: of_entry(case)["ending"] == Refused(401, "empty_verifier") and case.error is not None,
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "W3, W30: what is no empty verifier is none, whatever is said beside it",
        lambda case: bool(case.args.get("empty_value_in_dict")) and not is_verifier(case),
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "F28: a store that does not answer is no missing login",
        is_down,
        of_entry,
    ),
    Row(
        Verdict.DIFFERENT,
        "W1, C65: a callback without a state answers no login of ours, nor does one whose state is no state of ours",
        lambda case: state_of(case) is not None and not 0 < len(str(state_of(case))) <= 512,
        lambda _case, _outcome: {"ending": Refused(400, "no_state"), "gone": False},
    ),
    Row(
        Verdict.DIFFERENT,
        "W28, A25, A26, A30: a callback that two readers could read as two is refused, and the store is left alone",
        lambda case: state_of(case) is None,
        lambda _case, _outcome: {"ending": Refused(400, "malformed_callback"), "gone": False},
    ),
)


@each("pkce_cache", "prepare_token_exchange_parameters", "_handle_missing_pkce_verifier")
def test_what_lies_in_the_store_is_what_it_is_to_the_reference(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)
