"""A person who comes back from Google or from Entra, against the reference.

The reference believes whatever userinfo, or Graph, says, and takes roles from an ID token that it does not verify. Ours
goes nowhere without a verified one, so that here the case's provider signs what it says: who it is, and its roles.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import attrs
from cases import Case, Refused, Row, Verdict, each, hold
from documents import document, token_failure
from playing import answered, refused, sense_of
from scenes import NOW, SIGNER, STATE, attempt, pending_login, settings, token_answer
from test_reference_graph import respond
from test_reference_jwt_access_token import claims_of
from test_reference_provider_start import A_TENANT, lacks
from test_reference_provider_start import loaded as loaded_for

from sso_core.effects import Effect, HttpRequest, Purpose, Take
from sso_core.events import Event, HttpResponse, Taken
from sso_core.failures import Refusal
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.finish_login import TakingLogin
from sso_core.identity.attributes import email_address
from sso_core.identity.identity import Identity
from sso_core.identity.roles import role_named
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.authorization import AuthorizationResponse, parse_authorization_response
from sso_core.providers.kinds import OpenIdProvider
from sso_core.sessions.pending_login import encode_login
from sso_core.settings.environment import SettingsError
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.web.messages import Request
from sso_core.web.routing import query_of

CALLBACK = "https://proxy.example.com/sso/callback"
FIELDS = ("id", "email", "first_name", "last_name", "display_name", "provider", "team_ids", "user_role")
ME = "https://graph.microsoft.com/v1.0/me"


def is_google(case: Case) -> bool:
    return "google" in case.function


def of_its_kind(case: Case) -> Case:
    """Return the case as a login begins with its provider; groups are asked for as the reference asks."""
    kind, default = ("google", "g-client") if is_google(case) else ("microsoft", "ms-client")
    client = {f"{kind}_client_id": case.args.get(f"{kind}_client_id", default)}
    env = case.env if is_google(case) else case.env | {"MICROSOFT_GROUPS": "direct"}
    return attrs.evolve(case, env=env, args=client | {"redirect_url": CALLBACK})


def endpoints(case: Case) -> dict[str, str]:
    """Return where tokens and the person are asked for."""
    if is_google(case):
        rules = (rule.get("json") or {} for rule in case.world.get("http", ()) if ".well-known" in rule["url"])
        known = next(rules, {})
        return {
            name: known.get(name, f"https://google.example/{name}") for name in ("token_endpoint", "userinfo_endpoint")
        }
    token = f"https://login.microsoftonline.com/{case.env.get('MICROSOFT_TENANT')}/oauth2/v2.0/token"
    return {
        "token_endpoint": case.env.get("MICROSOFT_TOKEN_ENDPOINT", token),
        "userinfo_endpoint": case.env.get("MICROSOFT_USERINFO_ENDPOINT", ME),
    }


def said(case: Case, name: str) -> Any:
    """Return what the case's provider answers at an endpoint, where that can be read."""
    found = answered(case, endpoints(case)[name])
    return document(found.body) if isinstance(found, HttpResponse) else None


def signed(case: Case) -> str:
    """Return the ID token in which the case's provider signs who it is, and the claims of the unsigned one."""
    person, tokens = said(case, "userinfo_endpoint"), said(case, "token_endpoint")
    claims = dict(claims_of(tokens.get("id_token") if isinstance(tokens, dict) else None).members)
    person = person if isinstance(person, dict) else {}
    if is_google(case):
        return SIGNER.id_token(
            **claims | {"iss": "https://accounts.google.com", "aud": "g-client", "sub": person.get("sub")}
        )
    issuer = f"https://login.microsoftonline.com/{A_TENANT}/v2.0"
    own = {"iss": issuer, "aud": "ms-client", "sub": "pairwise", "oid": person.get("id"), "tid": A_TENANT}
    return SIGNER.id_token(**claims | own)


def response_of(case: Case) -> AuthorizationResponse:
    """Return what the browser brings, its state that of a login which was begun here."""
    query = query_of(Request("GET", "/sso/callback", urlsplit(case.args["request"]["url"]).query))
    return parse_authorization_response(query | {"state": STATE})


def ours(case: Case, *, is_signed: bool = True) -> dict[str, Any]:
    try:
        options = loaded_for(of_its_kind(case))
    except SettingsError as error:
        return {"asked": [], "ending": [name for name in lacks(of_its_kind(case)) if name in str(error)]}
    (provider,) = options.providers
    assert isinstance(provider, OpenIdProvider)
    try:
        response = response_of(case)
    except Refusal as refusal:
        return {"asked": [], "ending": refused(refusal.failure)}
    login = pending_login(
        provider_id=provider.provider_id, namespace=provider.issuer, redirect_uri=CALLBACK, **endpoints(case)
    )
    state: Working | Resting = TakingLogin(attempt(provider, settings=settings(provider), response=response))
    asked: list[list[str]] = []

    def answer_of(effect: Effect) -> Event:
        match effect:
            case Take():
                return Taken(encode_login(login))
            case HttpRequest(purpose=Purpose.GROUPS):
                return respond(case, effect.url)
            case HttpRequest():
                asked.append([effect.method, effect.url.partition("?")[0]])
                found = answered(case, effect.url.partition("?")[0])
                tokens = said(case, "token_endpoint")
                if effect.purpose is Purpose.TOKEN and isinstance(tokens, dict) and "access_token" in tokens:
                    return token_answer(id_token=signed(case) if is_signed else tokens.get("id_token"))
                return found
            case _:
                raise AssertionError(f"the case's world does not know {effect}")

    while isinstance(state, Working) and not isinstance(state, ReadingAccount):
        state = advance_any(state, [answer_of(effect) for effect in state.awaits], now=NOW)
    return {"asked": asked, "ending": ending_of(state)}


def ending_of(state: Working | Resting) -> Any:
    if isinstance(state, ReadingAccount):
        return told(state.identity)
    assert isinstance(state, Failed), state
    return refused(state.failure)


def told(identity: Identity) -> dict[str, Any]:
    values = (
        identity.handle or identity.subject,
        identity.email,
        identity.first_name,
        identity.last_name,
        identity.display_name,
        identity.provider,
        list(identity.teams.team_ids),
        identity.role,
    )
    return dict(zip(FIELDS, values, strict=True))


def theirs(case: Case) -> dict[str, Any]:
    asked = [
        [request["method"], request["url"]]
        for request in case.effects.get("http", ())
        if ".well-known" not in request["url"] and request["url"] in endpoints(case).values()
    ]
    if case.error is not None and case.error["status"] == 500 and case.error["param"]:
        return {"asked": asked, "ending": [case.error["param"]]}
    if case.error is not None:
        return {"asked": asked, "ending": sense_of(case)}
    person = {"team_ids": [], "user_role": None} | case.result
    return {"asked": asked, "ending": {name: person.get(name) for name in FIELDS}}


def is_set_up(case: Case) -> bool:
    return (
        not lacks(attrs.evolve(of_its_kind(case), error=None))
        and case.env.get("GOOGLE_CLIENT_SECRET" if is_google(case) else "MICROSOFT_CLIENT_SECRET") is not None
    )


def describes(case: Case) -> bool:
    return is_set_up(case) and not case.args.get("raw") and isinstance(theirs(case)["ending"], dict)


def roles(case: Case) -> list[str]:
    """Return the roles on the ladder that the case's ID token lists, in its order."""
    tokens = said(case, "token_endpoint")
    listed = claims_of(tokens.get("id_token") if isinstance(tokens, dict) else None).members
    named = [*_list(listed.get("app_roles")), *_list(listed.get("roles"))]
    return [role for role in (role_named(name, REFERENCE_LADDER) for name in named) if role]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def highest(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    best = next((role for role in REFERENCE_LADDER.roles if role in roles(case)), None)
    return outcome | {"ending": outcome["ending"] | {"user_role": best}}


def is_unverified(case: Case) -> bool:
    person = said(case, "userinfo_endpoint")
    brings_a_code = "code=" in case.args["request"]["url"]
    return (
        is_google(case)
        and is_set_up(case)
        and brings_a_code
        and (isinstance(person, dict) and person.get("email_verified") is not True)
    )


ROWS = (
    Row(
        Verdict.SAME,
        "the domain of an address is the same in any case of letters, and so is what stands before it here",
        describes,
        lambda _case, outcome: (
            outcome | {"ending": outcome["ending"] | {"email": email_address(outcome["ending"]["email"])}}
        ),
    ),
    Row(
        Verdict.DIFFERENT,
        "W21, W22: what a provider answers is handed to nobody as it came; whoever looks is shown the person's claims",
        lambda case: bool(case.args.get("raw")) and case.error is None and is_set_up(case),
        lambda case, _outcome: ours(case),
    ),
    Row(
        Verdict.DIFFERENT,
        "W17: the most powerful role counts, not the first",
        lambda case: describes(case) and not is_google(case),
        highest,
    ),
    Row(
        Verdict.DIFFERENT,
        "W11: an address counts as verified by the boolean true alone (OIDC Core 5.1)",
        is_unverified,
        lambda _case, outcome: outcome | {"ending": Refused(401, "email_not_verified")},
    ),
    Row(
        Verdict.DIFFERENT,
        "F15-F21: an answer of the token endpoint is what its own table says",
        lambda case: is_set_up(case) and bool(theirs(case)["asked"]) and _fails(case) is not None,
        lambda case, outcome: {"asked": outcome["asked"][:1], "ending": _fails(case)},
    ),
)


def _fails(case: Case) -> Refused | None:
    return token_failure(case, endpoints(case)["token_endpoint"])


@each("microsoft", "get_google_callback_response", "get_microsoft_callback_response")
def test_who_comes_back_from_google_or_entra_is_whom_the_reference_sees(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)


@each("microsoft", "get_google_callback_response", "get_microsoft_callback_response")
def test_without_a_verified_id_token_nobody_is_seen(case: Case) -> None:
    """W4: what the reference's cases bring is not signed by anybody."""
    assert not isinstance(ours(case, is_signed=False)["ending"], dict)
