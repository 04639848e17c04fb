"""A whole login at a generic provider, from its callback to the person it describes, against the reference.

What goes wrong at each endpoint, and what claims make of a person, have tables of their own; here they are put
together.
"""

from __future__ import annotations

import ast
from typing import Any
from urllib.parse import urlsplit

import attrs
from cases import Case, Refused, Row, Verdict, each, expected, hold
from documents import document, token_failure, userinfo_failure, userinfo_of
from playing import answered, play, provider_of, refused, sense_of, their_requests
from rules_of import gathered, generic_names, one_field
from rules_of import role_map as written_role_map
from scenes import STATE, attempt, plain_login
from test_reference_generic_convertor import ROWS as CLAIM_ROWS
from test_reference_jwt_access_token import claims_of
from test_reference_pkce_cache import is_down, of_entry, taken

from sso_core.events import HttpResponse, Taken
from sso_core.failures import Refusal
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.finish_login import TakingLogin
from sso_core.identity.identity import Identity, identify
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.providers.kinds import OAuthProvider
from sso_core.records import Mappings, RoleMap
from sso_core.secret import Secret
from sso_core.sessions.pending_login import encode_login
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.web.messages import Request
from sso_core.web.routing import query_of

CALLBACK = "https://proxy.example.com/sso/callback"
VERIFIER = "VER"
NOT_CONFIGURED = {"requests": [], "ending": Refused(500, "not configured")}


def uses_pkce(case: Case) -> bool:
    return case.env.get("GENERIC_CLIENT_USE_PKCE", "").lower() == "true"


def role_map(case: Case) -> RoleMap | None:
    """Return the role map of the environment; raises ValueError where it is none."""
    written = case.env.get("GENERIC_ROLE_MAPPINGS_ROLES")
    if written is None:
        return None
    try:
        roles = ast.literal_eval(written)
    except SyntaxError as error:
        raise ValueError("it is no literal") from error
    claim = case.env.get("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM")
    if not isinstance(roles, dict) or not claim or not all(isinstance(groups, list) for groups in roles.values()):
        raise ValueError("it is no role map")
    pairs = tuple((role, tuple(groups)) for role, groups in roles.items())
    return RoleMap(claim, pairs, case.env.get("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE"))


def rules(case: Case, access_token: AccessTokenClaims = AccessTokenClaims.IGNORED) -> IdentityRules:
    return IdentityRules(
        names=generic_names(case.env),
        role_map=role_map(case),
        team_claims=one_field(case.args.get("sso_team_field")),
        access_token=access_token,
    )


def kept(case: Case) -> dict[str, Any]:
    """Return the maps that the case's directory keeps, as they are written there."""
    written = (case.world.get("db") or {}).get("sso_settings") or {}
    return {name: written.get(name) or None for name in ("role_mappings", "team_mappings")}


def mappings(case: Case) -> Mappings:
    team_claim = (kept(case)["team_mappings"] or {}).get("team_ids_jwt_field")
    return Mappings(written_role_map(kept(case)["role_mappings"]), team_claim)


def provider(case: Case, access_token: AccessTokenClaims = AccessTokenClaims.IGNORED) -> OAuthProvider:
    """Return the provider of the case's environment; raises ValueError where it describes none."""
    env = case.env
    headers = [pair.strip().partition("=") for pair in env.get("GENERIC_SSO_HEADERS", "").split(",") if pair.strip()]
    described = {
        "client_id": case.args.get("client_id", "cid"),
        "client_secret": env["GENERIC_CLIENT_SECRET"],
        "include_client_id": env.get("GENERIC_INCLUDE_CLIENT_ID", "").lower() == "true",
        "token_endpoint": env["GENERIC_TOKEN_ENDPOINT"],
        "userinfo_endpoint": env["GENERIC_USERINFO_ENDPOINT"],
        "additional_headers": {name.strip(): value.strip() for name, _, value in headers},
    }
    endpoint = env["GENERIC_AUTHORIZATION_ENDPOINT"]
    return attrs.evolve(provider_of(described), authorization_endpoint=endpoint, rules=rules(case, access_token))


def callback(case: Case) -> dict[str, str]:
    """Return the callback's parameters, its state standing for one of ours; refuses as the callback does."""
    parameters = query_of(Request("GET", "/sso/callback", urlsplit(case.args["request"]["url"]).query))
    return parameters | ({"state": STATE} if parameters.get("state") else {})


def told(identity: Identity) -> dict[str, Any]:
    return {
        "id": identity.handle,
        "email": identity.email,
        "first_name": identity.first_name,
        "last_name": identity.last_name,
        "display_name": identity.display_name,
        "provider": identity.provider,
        "team_ids": list(identity.teams.team_ids),
        "user_role": identity.role,
        "extra_fields": None if identity.extra is None else dict(identity.extra),
    }


def ours(case: Case, access_token: AccessTokenClaims = AccessTokenClaims.IGNORED) -> dict[str, Any]:
    try:
        configured = provider(case, access_token)
    except (ValueError, KeyError):
        return NOT_CONFIGURED
    try:
        response = parse_authorization_response(callback(case))
    except Refusal as refusal:
        return {"requests": [], "ending": refused(refusal.failure)}
    login = plain_login(token_endpoint=configured.token_endpoint, redirect_uri=CALLBACK, code_verifier=Secret(VERIFIER))
    start = TakingLogin(attempt(configured, response=response))
    found = Taken(encode_login(login)) if has_login(case) else taken(case)
    way = play(case, start, taken=found, until=ReadingAccount)
    ending: Any = way.refusal()
    if isinstance(way.state, ReadingAccount):
        ending = told(way.state.arrival.describe(way.state.gathered, mappings(case)))
    return {"requests": way.requests(), "ending": ending}


def theirs(case: Case) -> dict[str, Any]:
    if case.error is not None:
        return {"requests": their_requests(case), "ending": sense_of(case)}
    person = {name: value for name, value in case.result["result"].items() if name not in {"$type", "picture"}}
    return {"requests": their_requests(case), "ending": person}


def is_configured(case: Case) -> bool:
    try:
        provider(case)
    except (ValueError, KeyError):
        return False
    return True


def parameters(case: Case) -> dict[str, str]:
    try:
        return callback(case)
    except Refusal:
        return {}


def has_login(case: Case) -> bool:
    """Whether a login is pending at all: without PKCE the reference remembers none, and ours always one."""
    state = parameters(case).get("state")
    entries = case.world.get("cache", {}) | case.world.get("memory_cache", {})
    return not is_down(case) and (not uses_pkce(case) or not state or {"code_verifier": VERIFIER} in entries.values())


def goes_on(case: Case) -> bool:
    """Whether the code is exchanged here."""
    said = parameters(case)
    asked = bool(said.get("state")) and bool(said.get("code")) and "error" not in said
    return is_configured(case) and has_login(case) and asked


def fails_at_token(case: Case) -> Refused | None:
    return token_failure(case, case.env["GENERIC_TOKEN_ENDPOINT"]) if goes_on(case) else None


def describes(case: Case) -> bool:
    return goes_on(case) and fails_at_token(case) is None and userinfo_failure(case) is None


def sent(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return the requests as the PKCE path of the reference sends them, userinfo told which forms are read."""
    form, headers = [["code_verifier", VERIFIER]], [["accept", "application/json"]]
    configured = provider(case)
    if configured.client.form:
        form.append(["client_secret", case.env["GENERIC_CLIENT_SECRET"]])

    def as_ours(request: dict[str, Any]) -> dict[str, Any]:
        own = {"accept", "authorization"} if configured.client.form or request["method"] == "GET" else {"accept"}
        kept = [pair for pair in request["headers"] if pair[0] not in own and pair[0] != "host"]
        if request["method"] == "GET":
            bearer = next(pair for pair in request["headers"] if pair[0] == "authorization" and "Bearer" in pair[1])
            kept += [["accept", "application/json, application/jwt"], bearer]
            return request | {"headers": sorted(kept)}
        pairs = [pair for pair in request["form"] if pair[0] not in {"code_verifier", "client_secret"}]
        return request | {"headers": sorted([*kept, *headers]), "form": sorted([*pairs, *form])}

    return outcome | {"requests": [as_ours(request) for request in outcome["requests"]]}


def without_access_token(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    person = described(case)
    return outcome | {"ending": outcome["ending"] | {name: person[name] for name in ("user_role", "team_ids")}}


def described(case: Case) -> dict[str, Any]:
    return told(
        identify(gathered(userinfo_of(case)), rules(case), REFERENCE_LADDER, mappings(case), provider_id="generic")
    )


def described_with_access_token(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    tokens = document(token_body(case))
    person = gathered(userinfo_of(case), access_token=claims_of(tokens["access_token"]))
    return outcome | {
        "ending": told(identify(person, rules(case), REFERENCE_LADDER, mappings(case), provider_id="generic"))
    }


def token_body(case: Case) -> bytes:
    answer = answered(case, case.env["GENERIC_TOKEN_ENDPOINT"])
    assert isinstance(answer, HttpResponse)
    return answer.body


def own_headers(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    """Leave out headers that neither the protocol nor this case's settings name."""
    named = {name.lower() for name, _ in provider(case).extra_headers} | {"accept", "authorization", "content-type"}

    def told(request: dict[str, Any]) -> dict[str, Any]:
        return request | {"headers": [pair for pair in request["headers"] if pair[0] in named]}

    return outcome | {"requests": [told(request) for request in outcome["requests"]]}


def with_provider(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"ending": outcome["ending"] | {"provider": outcome["ending"]["provider"] or "generic"}}


def by_claims(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return what the claims' own table makes of the person, or of the claims where the reference gave up."""
    mapped, written = role_map(case), kept(case)["role_mappings"]
    if mapped is not None:
        roles = {role: list(groups) for role, groups in mapped.roles}
        written = attrs.asdict(mapped) | {"roles": roles}
    arguments = {"response": userinfo_of(case), "role_mappings": written}
    arguments["team_mappings"] = kept(case)["team_mappings"]
    arguments["sso_team_field"] = case.args.get("sso_team_field")
    of_claims = attrs.evolve(case, args=arguments, result=None)
    person = outcome["ending"] if isinstance(outcome["ending"], dict) else None
    if person is None:
        person = described(case) | {"provider": None}
    return outcome | {"ending": expected(attrs.evolve(of_claims, error=None), CLAIM_ROWS, person).outcome}


def is_odd_access_token(case: Case) -> bool:
    """Whether the access token lists its roles, is of somebody whom the reference gave up on, or names teams oddly."""
    claims = claims_of(document(token_body(case))["access_token"]).members
    teams = claims.get(case.args.get("sso_team_field") or "")
    odd = isinstance(teams, list) and teams != list(
        dict.fromkeys(team for team in teams if isinstance(team, str) and team)
    )
    return case.error is not None or odd or isinstance(claims.get(generic_names(case.env).role[0]), list)


def refuses(status: int, sense: str) -> Any:
    return lambda _case, _outcome: {"requests": [], "ending": Refused(status, sense)}


REQUEST_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W27: what one provider's settings say is sent in no login of another's",
        lambda case: goes_on(case) and bool(case.effects.get("http")),
        own_headers,
    ),
    Row(
        Verdict.DIFFERENT,
        "W3, W25: PKCE has no off switch, and the client proves itself once: in the form, or by Basic",
        lambda case: goes_on(case) and bool(case.effects.get("http")),
        sent,
    ),
)
CLAIMS_ROW = Row(
    Verdict.DIFFERENT,
    "claims make of a person what their own table says (test_reference_generic_convertor)",
    describes,
    by_claims,
)
PROVIDER_ROW = Row(
    Verdict.DIFFERENT,
    "W11: a person's provider is the one that was asked, unless a claim names another; not at Entra alone",
    describes,
    with_provider,
)
PERSON_ROWS = (
    Row(
        Verdict.SAME_WITH_A_LOUD_OPTION,
        "W6: an access token is opaque unless the operator makes it a source; unverified only by a loud option",
        lambda case: describes(case) and case.error is None,
        without_access_token,
    ),
    CLAIMS_ROW,
    PROVIDER_ROW,
)
LOUD_PERSON_ROWS = (
    CLAIMS_ROW,
    PROVIDER_ROW,
    Row(
        Verdict.DIFFERENT,
        "W17, S80: of the access token's claims too the most powerful role counts, and teams are texts, each once",
        lambda case: describes(case) and is_odd_access_token(case),
        described_with_access_token,
    ),
)
REFUSAL_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W4, W12, F23: userinfo alone says who it is, and its failures are those of its own table",
        lambda case: goes_on(case) and fails_at_token(case) is None and userinfo_failure(case) is not None,
        lambda case, outcome: outcome | {"ending": userinfo_failure(case)},
    ),
    Row(
        Verdict.DIFFERENT,
        "W3, C77, F15-F21: an answer of the token endpoint is what its own table says, with PKCE and without",
        lambda case: fails_at_token(case) is not None,
        lambda case, outcome: {"requests": outcome["requests"][:1], "ending": fails_at_token(case)},
    ),
    Row(
        Verdict.DIFFERENT,
        "W18: an error of the provider is a refusal of its own",
        lambda case: "error" in parameters(case) and bool(parameters(case).get("state")),
        lambda case, outcome: refuses(
            *((403, "access_denied") if parameters(case)["error"] == "access_denied" else (401, "provider_error"))
        )(case, outcome),
    ),
    Row(
        Verdict.DIFFERENT,
        "W3, W30: what lies in the store is a login of ours or none, by its own table; without one nothing is asked",
        lambda case: is_configured(case) and not has_login(case),
        lambda case, _outcome: {"requests": [], "ending": of_entry(case)["ending"]},
    ),
    Row(
        Verdict.DIFFERENT,
        "W1, C65: a callback without a state answers no login of ours",
        lambda case: is_configured(case) and not parameters(case).get("state"),
        refuses(400, "no_state"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W28, A25: a callback that two readers could read as two is refused",
        lambda case: is_configured(case) and _is_malformed(case),
        refuses(400, "malformed_callback"),
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: settings load whole or not at all, and nobody is sent anywhere before",
        lambda case: not is_configured(case),
        lambda _case, _outcome: NOT_CONFIGURED,
    ),
)


def _is_malformed(case: Case) -> bool:
    try:
        callback(case)
    except Refusal:
        return True
    return False


@each("flow", "get_generic_sso_response")
def test_a_login_describes_whom_it_describes_to_the_reference(case: Case) -> None:
    hold(case, theirs(case), ours(case), (*REQUEST_ROWS, *PERSON_ROWS, *REFUSAL_ROWS))


@each("flow", "get_generic_sso_response")
def test_an_access_token_that_is_believed_unverified_gives_what_it_gives_the_reference(case: Case) -> None:
    with_token = ours(case, AccessTokenClaims.UNVERIFIED_UNSAFE)
    hold(case, theirs(case), with_token, (*REQUEST_ROWS, *LOUD_PERSON_ROWS, *REFUSAL_ROWS))


def test_without_a_pending_login_nothing_is_exchanged() -> None:
    env = {
        "GENERIC_CLIENT_SECRET": "s",
        "GENERIC_CLIENT_USE_PKCE": "true",
        "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example/authorize",
        "GENERIC_TOKEN_ENDPOINT": "https://idp.example/token",
        "GENERIC_USERINFO_ENDPOINT": "https://idp.example/me",
    }
    args = {"request": {"url": f"{CALLBACK}?code=c&state=st"}}
    case = Case("", "", env, args, {"cache": {}}, None, None, {}, None)
    assert ours(case) == {"requests": [], "ending": Refused(401, "no_pending_login")}


def test_the_directorys_maps_give_roles_and_teams_as_those_of_the_environment_do() -> None:
    userinfo = {"sub": "u", "grp": ["dba"], "team": {"ids": ["t"]}}
    token = {"access_token": "t", "token_type": "Bearer"}
    env = {
        "GENERIC_CLIENT_SECRET": "s",
        "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example/authorize",
        "GENERIC_TOKEN_ENDPOINT": "https://idp.example/token",
        "GENERIC_USERINFO_ENDPOINT": "https://idp.example/me",
    }
    world = {
        "http": [
            {"url": env["GENERIC_TOKEN_ENDPOINT"], "json": token},
            {"url": env["GENERIC_USERINFO_ENDPOINT"], "json": userinfo},
        ],
        "db": {
            "sso_settings": {
                "role_mappings": {
                    "provider": "generic",
                    "group_claim": "grp",
                    "default_role": None,
                    "roles": {"proxy_admin": ["dba"]},
                },
                "team_mappings": {"team_ids_jwt_field": "team.ids"},
            }
        },
    }
    case = Case("", "", env, {"request": {"url": f"{CALLBACK}?code=c&state=st"}}, world, None, None, {}, None)
    ending = ours(case)["ending"]
    assert (ending["user_role"], ending["team_ids"]) == ("proxy_admin", ["t"])
    claims = by_claims(case, {"ending": None})["ending"]
    assert (claims["user_role"], claims["team_ids"]) == ("proxy_admin", ["t"])
