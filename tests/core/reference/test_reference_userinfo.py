"""Userinfo of a plain OAuth 2.0 provider, against the reference.

The reference falls back to an ID token that it does not verify. A provider without an issuer has none that anybody
could verify, and one with an issuer is of a kind of its own, where the verified ID token comes first.
"""

from __future__ import annotations

from typing import Any

import pytest
from cases import Case, Refused, Row, Verdict, each, hold
from documents import NOT_JSON, is_down, userinfo_failure, userinfo_of
from playing import answered, play, provider_of, sense_of, their_requests
from scenes import attempt, plain_login

from sso_core.events import HttpResponse
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.gather_claims import GatheringPlainClaims
from sso_core.oauth.claims import TOKEN_MEMBERS
from sso_core.oauth.token import TokenResponse
from sso_core.secret import Secret
from sso_core.settings.environment import SettingsError, settings_from_environment


def ours(case: Case) -> dict[str, Any]:
    args = case.args
    try:
        provider = provider_of(args)
    except ValueError:
        return {"requests": [], "ending": Refused(500, "not configured")}
    id_token = Secret(args["id_token"]) if isinstance(args["id_token"], str) and args["id_token"] else None
    tokens = TokenResponse(Secret(args["access_token"]), id_token, None, None, None)
    start = GatheringPlainClaims(attempt(provider), plain_login(), provider, tokens)
    way = play(case, start, until=ReadingAccount)
    ending: Any = way.refusal()
    if isinstance(way.state, ReadingAccount):
        ending = dict(way.state.gathered.claims.claims.members)
    return {"requests": way.requests(), "ending": ending}


def theirs(case: Case) -> dict[str, Any]:
    return {"requests": their_requests(case), "ending": case.result if case.error is None else sense_of(case)}


def own_headers(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    def told(request: dict[str, Any]) -> dict[str, Any]:
        headers = [pair for pair in request["headers"] if pair[0] not in {"accept", "authorization"}]
        bearer = f"Bearer {case.args['access_token']}"
        own = [["accept", "application/json, application/jwt"], ["authorization", bearer]]
        return request | {"headers": sorted([*headers, *own])}

    return outcome | {"requests": [told(request) for request in outcome["requests"]]}


def asked(case: Case) -> bool:
    return bool(case.args["userinfo_endpoint"])


def from_the_id_token(case: Case) -> bool:
    """Whether the reference took, or tried to take, an ID token's word, since userinfo gave none."""
    usable = isinstance(case.args["id_token"], str) and bool(case.args["id_token"])
    return asked(case) and usable and not says_something(case)


def says_something(case: Case) -> bool:
    claims = userinfo_of(case)
    return claims is not NOT_JSON and bool(claims)


def no_userinfo(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"ending": Refused(401, "no userinfo")}


def failed(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"ending": userinfo_failure(case) or outcome["ending"]}


def answers(case: Case) -> bool:
    return asked(case) and isinstance(answered(case, case.args["userinfo_endpoint"]), HttpResponse)


def without_tokens(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    claims = {name: value for name, value in outcome["ending"].items() if name not in TOKEN_MEMBERS}
    return outcome | {"ending": claims}


ROWS = (
    Row(Verdict.SAME, "userinfo is told which forms of answer are read (OIDC Core 5.3.2)", asked, own_headers),
    Row(
        Verdict.DIFFERENT,
        "W6, W22: tokens are no claims about a person, whoever names them",
        lambda case: isinstance(case.result, dict),
        without_tokens,
    ),
    Row(
        Verdict.DIFFERENT,
        "W4: an ID token that nobody can verify says nothing",
        from_the_id_token,
        no_userinfo,
    ),
    Row(
        Verdict.DIFFERENT,
        "F23: a provider in trouble is no fault of the person, who may come again",
        lambda case: asked(case) and is_down(case, case.args["userinfo_endpoint"]),
        failed,
    ),
    Row(
        Verdict.DIFFERENT,
        "W28: only an object tells of a person, and it is read strictly (A68, A69)",
        lambda case: answers(case) and says_something(case) and userinfo_failure(case) == Refused(401, "no userinfo"),
        failed,
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: who says no subject names nobody; so does an error with status 200",
        lambda case: answers(case) and userinfo_failure(case) == Refused(401, "no identity"),
        failed,
    ),
    Row(
        Verdict.DIFFERENT,
        "W4, W23: settings without an endpoint to ask who it is do not load",
        lambda case: not asked(case),
        lambda _case, _outcome: {"requests": [], "ending": Refused(500, "not configured")},
    ),
)


@each("userinfo", "_get_pkce_userinfo")
def test_userinfo_describes_whom_it_describes_to_the_reference(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)


def test_settings_without_an_endpoint_to_ask_who_it_is_do_not_load() -> None:
    environ = {
        "GENERIC_CLIENT_ID": "cid",
        "GENERIC_CLIENT_SECRET": "sec",
        "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example/authorize",
        "GENERIC_TOKEN_ENDPOINT": "https://idp.example/token",
    }
    with pytest.raises(SettingsError, match="GENERIC_USERINFO_ENDPOINT"):
        settings_from_environment(environ, default_base_url="https://app.example")
