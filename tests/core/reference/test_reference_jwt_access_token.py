"""Roles and teams from an access token, against the reference.

The reference reads the token without any check; ours does so only where `AccessTokenClaims.UNVERIFIED_UNSAFE` says so,
and else after its signature, issuer and audience were verified. Either way the same claims arrive here.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
from cases import Case, Refused, Row, Verdict, each, expected, hold
from playing import Played
from rules_of import gathered, generic_names, highest_role, mapped_role, one_field, role_map
from scenes import NOW, PLAIN, answer, attempt, plain_login

from sso_core.flows.gather_claims import GatheringPlainClaims
from sso_core.identity.claim_path import ABSENT, value_at
from sso_core.identity.identity import identify
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.machine import advance_any
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.token import TokenResponse
from sso_core.records import Mappings
from sso_core.secret import Secret
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.wire import WireError, b64url_decode


def claims_of(token: object) -> ClaimSet:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return ClaimSet()
    try:
        claims = json.loads(b64url_decode(parts[1]))
    except (WireError, ValueError):
        return ClaimSet()
    return ClaimSet(claims if isinstance(claims, dict) else {})


def ours(case: Case) -> dict[str, Any]:
    """Describe the person of whom the earlier documents said what the case's result says.

    The map's provider is one of nobody, so that the earlier documents were not asked by it: the reference's function
    is the second half of the story.
    """
    before = case.args["result"]
    rules = IdentityRules(
        names=generic_names(case.env),
        role_map=role_map(case.args.get("role_mappings"), provider="nobody"),
        role_claim_names=("role_before",),
        team_claims=one_field(case.args.get("sso_team_field")),
    )
    person = gathered(
        {"teams_before": before.get("team_ids") or []},
        id_token=ClaimSet({"role_before": [before.get("user_role")]}),
        access_token=claims_of(case.args["access_token_str"]),
    )
    identity = identify(person, rules, REFERENCE_LADDER, Mappings(team_claim="teams_before"))
    return {"user_role": identity.role, "team_ids": list(identity.teams.team_ids)}


def _described(case: Case, outcome: Any) -> dict[str, Any]:
    after = outcome["result_after"] if outcome else case.args["result"]
    return {"user_role": after.get("user_role"), "team_ids": after.get("team_ids") or []}


def _team_ids(outcome: dict[str, Any]) -> dict[str, Any]:
    names = (str(team) for team in outcome["team_ids"] if isinstance(team, str | int) and not isinstance(team, bool))
    return outcome | {"team_ids": list(dict.fromkeys(name for name in names if name))}


def _claim(case: Case, path: str) -> Any:
    value = value_at(claims_of(case.args["access_token_str"]), path)
    return None if value is ABSENT else value


def _role_claim(case: Case) -> Any:
    return _claim(case, generic_names(case.env).role[0])


def _role_is_a_list(case: Case) -> bool:
    """Say whether the role is that of the role claim, a list: it was not known before, and no map gives one."""
    mapped = role_map(case.args.get("role_mappings"))
    if case.args["result"].get("user_role") is not None or not isinstance(_role_claim(case), list):
        return False
    return mapped is None or not mapped.roles or mapped_role(mapped, _claim(case, mapped.group_claim)) is None


ROWS = (
    Row(
        Verdict.SAME_WITH_A_LOUD_OPTION,
        "W6: an access token is opaque unless the operator makes it a source; unverified only by a loud option",
        lambda _case: True,
        _described,
    ),
    Row(
        Verdict.DIFFERENT,
        "every identity can have a role, so a plain one is described instead of an unhandled error",
        lambda case: case.error is not None,
        lambda case, outcome: outcome | {"user_role": _role_claim(case)},
    ),
    Row(
        Verdict.DIFFERENT,
        "W15: team ids are texts, each once",
        lambda _case: True,
        lambda _case, outcome: _team_ids(outcome),
    ),
    Row(
        Verdict.DIFFERENT,
        "W17: of a list the most powerful role counts, not the first item",
        _role_is_a_list,
        lambda case, outcome: outcome | {"user_role": highest_role(_role_claim(case))},
    ),
    Row(
        Verdict.DIFFERENT,
        "an access token without claims says nothing, not even that there are no groups",
        lambda case: not claims_of(case.args["access_token_str"]) and not case.args["result"].get("user_role"),
        lambda _case, outcome: outcome | {"user_role": None},
    ),
)


def is_somebody(case: Case) -> bool:
    return bool(case.args.get("result"))


@each("jwt_access_token", "process_sso_jwt_access_token", only=is_somebody)
def test_an_access_token_gives_what_it_gives_the_reference(case: Case) -> None:
    assert ours(case) == expected(case, ROWS).outcome


def of_nobody(case: Case) -> Any:
    """Let userinfo describe nobody where the case's access token is believed unverified, and return how that ends."""
    rules = IdentityRules(
        team_claims=one_field(case.args.get("sso_team_field")), access_token=AccessTokenClaims.UNVERIFIED_UNSAFE
    )
    provider = attrs.evolve(PLAIN, rules=rules)
    tokens = TokenResponse(Secret(case.args["access_token_str"]), None, None, None, None)
    gathering = GatheringPlainClaims(attempt(provider), plain_login(), provider, tokens)
    return Played(advance_any(gathering, [answer({})], now=NOW), [], []).refusal()


NOBODY_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W12: who is nobody is refused, whatever an access token says; the reference goes on with nobody",
        lambda _case: True,
        lambda _case, _outcome: Refused(401, "no userinfo"),
    ),
)


@each("jwt_access_token", "process_sso_jwt_access_token", only=lambda case: not is_somebody(case))
def test_an_access_token_makes_nobody_somebody(case: Case) -> None:
    assert case.result["returned"] is None
    hold(case, "nobody", of_nobody(case), NOBODY_ROWS)
