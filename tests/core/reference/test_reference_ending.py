"""What becomes of a person once a provider has described them, against the reference.

The reference makes the user and a key first, and refuses administrators-only afterwards; here a decision comes first,
and what it writes is written whole.
"""

from __future__ import annotations

from typing import Any

import attrs
import jwt
from accounts_of import LADDER, account_of, identity_of, policy_of
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused, without_directory
from scenes import ENTROPY, NOW, arrival, settings

from sso_core.accounts.decision import Decision, decide
from sso_core.accounts.policy import AccessPolicy
from sso_core.accounts.values import with_wishes
from sso_core.events import AccountFacts, HostAnswered, HostFailed, Kept
from sso_core.facts import Warm
from sso_core.failures import Refusal
from sso_core.flows.enter import let_in
from sso_core.flows.host_answers import wishes_of
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.hosts import Wishes
from sso_core.identity.attributes import email_address
from sso_core.identity.groups import read_groups
from sso_core.identity.identity import Identity
from sso_core.machine import advance
from sso_core.records import Account, CreateAccount, JoinTeam, Team
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.settings.reading import Reading, Report
from sso_core.settings.service_environment import read_origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.messages import Request
from sso_core.web.signing_in import signed_in
from sso_core.web.site import Site

NOBODY = {"ending": Refused(401, "no identity"), "new": False, "joined": []}


def mode(case: Case) -> Any:
    return case.args.get("ui_access_mode", case.world.get("general_settings", {}).get("ui_access_mode"))


def policy(case: Case) -> AccessPolicy:
    rules: dict[str, Any] = {}
    domains = case.env.get("ALLOWED_EMAIL_DOMAINS")
    if domains:
        rules["email_domains"] = tuple(name.strip().lower() for name in domains.split(",") if name.strip())
    wanted = mode(case)
    if wanted == "admin_only":
        rules["admins_only"] = True
    if isinstance(wanted, dict) and wanted.get("type") == "restricted_sso_group":
        rules["restricted_group"] = wanted.get("restricted_sso_group") or None
    if case.env.get("PROXY_ADMIN_ID"):
        rules["admin_id"] = case.env["PROXY_ADMIN_ID"]
    return policy_of(case.world, **rules)


def known(case: Case) -> Account | None:
    """Return the account of the case's person; who is found by what is told in another table."""
    result = case.args["result"]
    email = email_address(result.get("email"))
    for user in (case.world.get("db") or {}).get("users", ()):
        if result["id"] in (user["user_id"], user.get("sso_user_id")) or (email and email == user.get("user_email")):
            return account_of(user | {"sso_user_id": result["id"]})
    return None


def directory_fails(case: Case) -> bool:
    return "db" not in case.world or bool(case.world.get("fail"))


def named_teams(case: Case) -> tuple[str, ...]:
    return read_groups(case.args["result"].get("team_ids") or []).names


def wishes(case: Case) -> Wishes:
    """Return what the host's function wishes for the case's person; refuses what is no wish."""
    if "custom_sso" not in case.world:
        return Wishes()
    values = case.world["custom_sso"]
    if not isinstance(values, dict):
        return wishes_of(HostFailed("the function answers nothing that is a wish"), LADDER)
    models = values.get("models")
    wish = Wishes(
        role=values.get("user_role"),
        handle=values.get("user_id"),
        models=tuple(models) if models else None,
        max_budget=values.get("max_budget"),
        budget_duration=values.get("budget_duration"),
    )
    return wishes_of(HostAnswered(wish), LADDER)


def decided(case: Case) -> tuple[Identity, Decision]:
    """Return who it is and what is decided; refuses as the flow does."""
    # A handle of the same text as the reference's user id.
    result = case.args["result"]
    facts = AccountFacts(known(case), teams=tuple(Team(team) for team in named_teams(case)))
    identity = attrs.evolve(identity_of(result), handle=result["id"])
    wished = wishes(case)
    decision = decide(facts, identity, policy(case), new_account_id="new", wishes=wished)
    return with_wishes(identity, wished, LADDER), decision


def ours(case: Case) -> dict[str, Any]:
    if is_nobody(case):
        return NOBODY
    if directory_fails(case):
        return {"ending": without_directory(), "new": False, "joined": []}
    try:
        _, decision = decided(case)
    except Refusal as refusal:
        return {"ending": refused(refusal.failure), "new": False, "joined": []}
    account = decision.account
    return {
        "ending": {"user_id": account.handle, "user_email": account.email, "user_role": account.role},
        "new": any(isinstance(change, CreateAccount) for change in decision.changes),
        "joined": sorted(change.membership.team_id for change in decision.changes if isinstance(change, JoinTeam)),
    }


_WORDS = (
    ("not in the restricted SSO group", "not_in_group"),
    ("not allowed to access proxy", "admins_only"),
    ("email domain", "email_domain_refused"),
)


def theirs(case: Case) -> dict[str, Any]:
    told = {
        "new": bool(case.effects.get("new_user")),
        "joined": sorted(call["team_id"] for call in case.effects.get("team_member_add", ())),
    }
    if case.error is not None:
        message = str(case.error["message"])
        senses = (sense for words, sense in _WORDS if words.lower() in message.lower())
        return {"ending": Refused(case.error["status"], next(senses, message))} | told
    claims = case.result["cookie"]["claims_HS256_with_master_key"]
    return {"ending": {name: claims[name] for name in ("user_id", "user_email", "user_role")}} | told


def nothing_written(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"new": False, "joined": []}


def is_nobody(case: Case) -> bool:
    return not (case.args.get("result") or {}).get("id")


def is_untyped(case: Case) -> bool:
    """Whether the reference sees nothing of a result, since it has no type (its id vanishes, and its role)."""
    return not is_nobody(case) and "$type" not in case.args["result"]


def is_of_the_host(case: Case) -> bool:
    """Whether the host's function was asked, and its word is not what the reference makes of it."""
    return "custom_sso" in case.world and not is_nobody(case)


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W14: first the decision, then one transaction: a refused person leaves no row",
        lambda case: case.error is not None,
        nothing_written,
    ),
    Row(
        Verdict.DIFFERENT,
        "W24: an address that is absent overwrites nothing",
        lambda case: not is_nobody(case) and case.error is None and _keeps_an_address(case),
        lambda case, outcome: outcome | {"ending": outcome["ending"] | {"user_email": _account(case).email}},
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: a result is read whatever its type, so that nobody signs in as nobody",
        is_untyped,
        lambda case, _outcome: ours(typed(case)),
    ),
    Row(
        Verdict.DIFFERENT,
        "W8, W11, W23: the host's word is a wish, judged by the same policy; it is no e-mail address, and a wrong one "
        "lets nobody in",
        is_of_the_host,
        lambda case, _outcome: ours(typed(case)),
    ),
    Row(
        Verdict.DIFFERENT,
        "W23, F40: what cannot be read or written whole ends the login",
        directory_fails,
        lambda _case, _outcome: {"ending": Refused(503, "directory_unreachable"), "new": False, "joined": []},
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: who has no subject is nobody",
        is_nobody,
        lambda _case, _outcome: NOBODY,
    ),
)


def typed(case: Case) -> Case:
    return attrs.evolve(case, args=case.args | {"result": case.args["result"] | {"$type": "CustomOpenID"}})


def _keeps_an_address(case: Case) -> bool:
    return email_address(case.args["result"].get("email")) is None and known(case) is not None


def _account(case: Case) -> Account:
    account = known(case)
    assert account is not None
    return account


@each("flow", "get_redirect_response_from_openid")
def test_a_person_ends_where_they_end_in_the_reference(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)


# What the browser is given, and where it goes

SECRET = b"s" * 32


def options(case: Case) -> SignInSettings:
    """Return settings with the loud options that make ours as like the reference's as they can be."""
    origin = read_origin(Reading(case.env, Report()), "https://proxy.example.com/")
    assert origin is not None
    said = case.world.get("general_settings") or {}
    header = said.get("litellm_key_header_name") or "Authorization"
    token = ReferenceToken(
        SECRET,
        premium_user=case.world.get("premium_user", True),
        auth_header_name=header,
        readable_by_scripts_unsafe=True,
        user_token_as_key_unsafe=True,
    )
    return settings(origin=origin, policy=policy(case), reference_token=token, landing_path="/ui/", announce_login=True)


def given(case: Case) -> dict[str, Any] | None:
    """Return where the browser is sent, and its cookie for the reference's interface; None where nobody signs in."""
    if is_nobody(case) or directory_fails(case):
        return None
    try:
        identity, decision = decided(case)
    except Refusal:
        return None
    found = options(case)
    arrived = arrival(settings=found, return_to=found.landing)
    keeping = let_in(arrived, identity, decision, NOW)
    assert isinstance(keeping, KeepingSession)
    ending = advance(keeping, [Kept()], now=NOW)
    assert isinstance(ending, SignedIn)
    visit = Site(found).visit(Request("GET", "/sso/callback"), entropy=ENTROPY, now=NOW, warm=lambda _provider: Warm())
    response = signed_in(visit, ending, ())
    header = next(value for _, value in response.headers if value.startswith("token="))
    value, *attributes = header.removeprefix("token=").split("; ")
    return {
        "status": response.status,
        "location": found.origin.origin + response.header("location"),
        "attributes": sorted(attributes),
        "claims": told(value) | {"key": told(told(value)["key"])},
    }


def told(token: str) -> dict[str, Any]:
    """Return the claims of a token that ends with the session, without its times."""
    times: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], options=times)
    assert claims.pop("exp") - claims.pop("iat") == LASTS
    return claims


LASTS = 8 * 3600


def theirs_given(case: Case) -> dict[str, Any] | None:
    if case.error is not None:
        return None
    cookie = case.result["cookie"]
    claims = cookie["claims_HS256_with_master_key"]
    told_by = {"status": case.result["status"], "location": case.result["location"]}
    return told_by | {"attributes": sorted(cookie["attributes"]), "claims": claims}


def as_ours(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    attributes = [part.replace("=lax", "=Lax") for part in outcome["attributes"]]
    return outcome | {"attributes": sorted([f"Max-Age={LASTS}", "Secure", *attributes])}


def without_a_key(_case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    claims = outcome["claims"]
    key = {name: claims[name] for name in ("user_id", "user_email", "user_role")} | {"team_id": None}
    return outcome | {"claims": claims | {"key": key}}


def signs_in(case: Case) -> bool:
    return case.error is None and not is_nobody(case) and not directory_fails(case)


COOKIE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W9: the cookie never travels in the clear, and ends with the session",
        signs_in,
        as_ours,
    ),
    Row(
        Verdict.DIFFERENT,
        "W9: it holds no key and no budget but, by a loud option, a signed token of the person, good with the session",
        signs_in,
        without_a_key,
    ),
    Row(
        Verdict.DIFFERENT,
        "W8, W12: whom the host has wishes for, and a result without a type, are told as everybody is",
        lambda case: is_untyped(case) or is_of_the_host(case),
        lambda case, _outcome: given(typed(case)),
    ),
    Row(
        Verdict.DIFFERENT,
        "W12, W23: who is nobody is given nothing, nor is anybody while the directory cannot be read",
        lambda case: is_nobody(case) or directory_fails(case),
        lambda _case, _outcome: None,
    ),
)


@each("flow", "get_redirect_response_from_openid")
def test_a_browser_is_given_what_the_reference_gives_it_and_lands_there(case: Case) -> None:
    hold(case, theirs_given(case), given(case), COOKIE_ROWS)


def of(result: dict[str, Any], **world: Any) -> Any:
    return ours(Case("", "", {}, {"result": result}, {"db": {"users": []}} | world, None, None, {}, None))["ending"]


def test_a_result_without_a_type_and_a_wish_of_the_host_count() -> None:
    person = {"id": "u1", "email": "a@ex.com", "user_role": "internal_user"}
    assert of(person)["user_role"] == "internal_user"
    wished = of(person, custom_sso={"user_id": "h", "user_role": "proxy_admin", "models": [], "max_budget": 1.0})
    assert (wished["user_id"], wished["user_role"]) == ("h", "proxy_admin")
    assert of(person, custom_sso="no coroutine").sense == "host_failed"
    assert of(person, custom_sso={"user_role": "king"}).sense == "host_failed"
