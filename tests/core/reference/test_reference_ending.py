"""What becomes of a person once a provider has described them, against the reference.

The reference makes the user and a key first, and refuses administrators-only afterwards; here a decision comes first,
and what it writes is written whole.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from accounts_of import account_of, identity_of, policy_of
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused, without_directory

from sso_core.accounts.decision import decide
from sso_core.accounts.policy import AccessPolicy
from sso_core.events import AccountFacts
from sso_core.failures import Refusal
from sso_core.identity.attributes import email_address
from sso_core.identity.groups import read_groups
from sso_core.records import Account, CreateAccount, JoinTeam, Team

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


def ours(case: Case) -> dict[str, Any]:
    result = case.args["result"]
    if not result.get("id"):
        return NOBODY
    if directory_fails(case):
        return {"ending": without_directory(), "new": False, "joined": []}
    # A handle of the same text as the reference's user id.
    facts = AccountFacts(known(case), teams=tuple(Team(team) for team in named_teams(case)))
    identity = attrs.evolve(identity_of(result), handle=result["id"])
    try:
        decision = decide(facts, identity, policy(case), new_account_id="new")
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


def is_typed(case: Case) -> bool:
    return "$type" in case.args["result"]


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
        lambda case: case.error is None and email_address(case.args["result"].get("email")) is None and _stored(case),
        lambda case, outcome: outcome | {"ending": outcome["ending"] | {"user_email": _account(case).email}},
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
        lambda case: not case.args["result"].get("id"),
        lambda _case, _outcome: NOBODY,
    ),
)


def _stored(case: Case) -> bool:
    return bool(case.args["result"].get("id")) and known(case) is not None


def _account(case: Case) -> Account:
    account = known(case)
    assert account is not None
    return account


@each("flow", "get_redirect_response_from_openid")
def test_a_person_ends_where_they_end_in_the_reference(case: Case) -> None:
    if "custom_sso" in case.world or (case.args["result"] and not is_typed(case)):
        pytest.skip("the host's own values, and results of no type, have tables of their own")
    hold(case, theirs(case), ours(case), ROWS)
