"""What becomes of users, against the reference: found, made, updated, promoted, put into teams."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from accounts_of import ISSUER, LADDER, account_of, identity_of, policy_of
from cases import Case, Row, Verdict, each, expected

from sso_core.accounts.decision import Decision, decide
from sso_core.accounts.linking import find_account
from sso_core.accounts.membership import plan_teams
from sso_core.accounts.policy import AccessPolicy, Linking, TeamSync
from sso_core.accounts.roles import decide_role, is_admin_id
from sso_core.events import AccountFacts
from sso_core.failures import Refusal
from sso_core.hosts import Wishes
from sso_core.identity.attributes import email_address
from sso_core.identity.groups import name_of
from sso_core.records import Account, IssueKey, JoinTeam, Team

NEW = "new"


def decided(facts: AccountFacts, identity: Any, policy: AccessPolicy, **more: Any) -> Decision:
    return decide(facts, identity, policy, new_account_id=NEW, **more)


# A role for the session


def _stored(case: Case) -> Account | None:
    user = case.args["user_info"]
    return account_of(user) if user and user.get("user_id") else None


ROLE_ROWS = (
    Row(
        Verdict.SAME,
        "without values there is nobody to speak of",
        lambda case: case.args["user_defined_values"] is None,
    ),
    Row(
        Verdict.DIFFERENT,
        "W17: a role is spelled as the ladder spells it",
        lambda case: case.result is not None,
        lambda _, role: LADDER.named(role) or role,
    ),
    Row(Verdict.DIFFERENT, "W24: an empty role is none", lambda case: True, lambda _, role: role or LADDER.default),
)


@each("users", "apply_user_info_values_to_sso_user_defined_values")
def test_the_session_has_the_role_and_the_models_that_the_reference_gives(case: Case) -> None:
    values, stored = case.args["user_defined_values"], _stored(case)
    if values is None:
        assert case.result is None
        return
    role, _ = decide_role(stored, identity_of({"user_role": values["user_role"]}), policy_of({}))
    given = attrs.evolve(case, result=case.result["user_role"])
    assert role == expected(given, ROLE_ROWS).outcome
    if stored is not None:
        assert stored.account_id == case.result["user_id"]
        # Defaults of new users are none of a user who is there.
        assert not stored.models or list(stored.models) == case.result["models"]


# An update


UPDATE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W24: an address that is absent or none overwrites nothing",
        lambda case: not case.args["user_email"] or "@" not in case.args["user_email"],
        lambda _, data: data | {"user_email": "stored@ex.com"},
    ),
    Row(
        Verdict.DIFFERENT,
        "W17: a role counts in whatever shape a result or a claim names it (S106), spelled as on the ladder",
        lambda case: _said_role(case) is not None,
        lambda case, data: data | {"user_role": _said_role(case)},
    ),
)


def _said_role(case: Case) -> str | None:
    result = case.args["result"]
    role = result.get("user_role") if isinstance(result, dict) else None
    if isinstance(role, list):
        return LADDER.highest(named for item in role if (named := LADDER.named(item)))
    return LADDER.named(role)


@each("users", "_build_sso_user_update_data")
def test_a_known_user_is_updated_with_what_the_login_says(case: Case) -> None:
    stored = account_of({"user_id": "u1", "sso_user_id": "u1", "user_email": "stored@ex.com", "user_role": "stored"})
    result = case.args["result"] or {}
    after = decided(
        AccountFacts(stored), identity_of(result, id="u1", email=case.args["user_email"]), policy_of({})
    ).account
    ours = {"user_email": after.email} | ({} if after.role == "stored" else {"user_role": after.role})
    assert ours == expected(case, UPDATE_ROWS).outcome


# Somebody new


def _made(case: Case) -> dict[str, Any] | None:
    values = case.args["user_defined_values"]
    result = case.args["result_openid" if "result_openid" in case.args else "result"]
    if values is None or result is None:
        return None
    wishes = Wishes(
        models=tuple(values["models"]) or None,
        max_budget=values["max_budget"],
        budget_duration=values["budget_duration"],
    )
    identity = identity_of(result, email=values["user_email"], user_role=values["user_role"], handle=values["user_id"])
    decision = decided(AccountFacts(None), identity, policy_of(case.world), wishes=wishes)
    assert not any(isinstance(change, IssueKey) for change in decision.changes)
    return _shown(decision.account)


def _shown(account: Account) -> dict[str, Any]:
    return {
        "user_id": account.handle,
        "user_email": account.email,
        "user_role": account.role,
        "models": list(account.models),
        "max_budget": account.max_budget,
        "budget_duration": account.budget_duration,
        "provider": account.auth_provider,
    }


def _recorded(case: Case) -> dict[str, Any] | None:
    """What the reference made, from the values that it used and the user that it stored."""
    made = case.effects.get("new_user")
    if not made or case.error is not None:
        return None
    values = (case.result or {}).get("user_defined_values_after") or case.args["user_defined_values"]
    (user,) = made
    return {
        "user_id": user["user_id"],
        "user_email": user["user_email"],
        "user_role": user["user_role"],
        "models": values["models"],
        "max_budget": user.get("max_budget"),
        "budget_duration": user.get("budget_duration"),
        "provider": user.get("metadata", {}).get("auth_provider"),
    }


def _is_refused_by_a_type(case: Case) -> bool:
    return case.error is not None and case.args["user_defined_values"] is not None


def _in_place_of_an_error(case: Case, _: Any) -> dict[str, Any] | None:
    values, result = case.args["user_defined_values"], case.args.get("result_openid")
    if result is None:
        return None
    defaults = case.world.get("default_internal_user_params") or {}
    role = LADDER.named(values["user_role"]) or LADDER.named(defaults.get("user_role")) or LADDER.default
    budgeted = role == LADDER.budgeted
    return {
        "user_id": values["user_id"],
        "user_email": email_address(values["user_email"]),
        "user_role": role,
        "models": values["models"] or defaults.get("models") or [],
        "max_budget": defaults.get("max_budget") or (case.world.get("max_internal_user_budget") if budgeted else None),
        "budget_duration": defaults.get("budget_duration")
        or (case.world.get("internal_user_budget_duration") if budgeted else None),
        "provider": result.get("provider"),
    }


CREATION_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "a role that is none is no role, and every role of the ladder may be somebody's, instead of an unhandled error",
        _is_refused_by_a_type,
        _in_place_of_an_error,
    ),
)


@each("users", "insert_sso_user")
def test_somebody_new_gets_what_the_reference_gives(case: Case) -> None:
    assert _made(case) == expected(attrs.evolve(case, result=_recorded(case)), CREATION_ROWS).outcome


@each("users", "upsert_sso_user")
def test_somebody_is_made_or_updated_and_nothing_is_swallowed(case: Case) -> None:
    # Where the reference's database fails, ours ends in DIRECTORY_UNREACHABLE (W23): what would be written is the same.
    if case.args["user_info"] is None:
        assert _made(case) == _recorded(case)
        return
    (update,) = case.effects["db"]
    stored = attrs.evolve(account_of(case.args["user_info"]), identities=((ISSUER, "u1"),))
    identity = identity_of(case.args["result"], id="u1", email=case.args["user_email"])
    after = decided(AccountFacts(stored), identity, policy_of({})).account
    data = update["data"]
    assert (after.email, after.role) == (data["user_email"], data.get("user_role", stored.role))


# Teams


TEAM_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "what is no id of a team names none",
        lambda case: case.error is not None or "" in (case.args.get("sso_teams") or ()),
        lambda case, _: sorted({team for team in case.args.get("sso_teams") or () if name_of(team)} - _here(case)),
    ),
)


def _here(case: Case) -> set[str]:
    return set((case.args["user_info"] or {}).get("teams") or ())


def _joined(case: Case, named: Any) -> list[str]:
    user = case.args["user_info"]
    if user is None:
        return []
    identity = identity_of({"team_ids": list(named or ())})
    existing = tuple(Team(team_id) for team_id in identity.teams.team_ids)
    plan = plan_teams(account_of(user), identity, existing, policy_of({}, team_sync=TeamSync.ADD_ONLY))
    assert plan.left == ()
    return sorted(membership.team_id for membership in plan.joined)


def _added(case: Case) -> Case:
    return attrs.evolve(case, result=sorted(add["team_id"] for add in case.effects.get("team_member_add", ())))


@each("users", "add_missing_team_member")
def test_missing_teams_are_joined_as_in_the_reference(case: Case) -> None:
    assert _joined(case, case.args["sso_teams"]) == expected(_added(case), TEAM_ROWS).outcome


@each("users", "add_user_to_teams_from_sso_response")
def test_the_teams_of_a_result_are_joined(case: Case) -> None:
    named = case.args["result"].get("team_ids") if case.args["result"] else ()
    assert _joined(case, named) == expected(_added(case), TEAM_ROWS).outcome


# Finding


def _facts(case: Case) -> AccountFacts:
    """What a directory would say, in one moment, of the people in the reference's database."""
    accounts = [account_of(user) for user in case.world.get("db", {}).get("users", ())]
    result = case.args["result"] or {}
    subject, email = result.get("id"), (result.get("email") or "").lower()
    by_handle = [
        account
        for handle in (case.args.get("alternate_user_id"), subject)
        for account in accounts
        if account.handle == handle
    ]
    return AccountFacts(
        next((account for account in accounts if (ISSUER, subject) in account.identities), None),
        email_holders=tuple([account for account in accounts if email and (account.email or "").lower() == email][:2]),
        handle_holder=by_handle[0].account_id if by_handle else None,
        handle_account=by_handle[0] if by_handle else None,
        teams=tuple(map(Team, result.get("team_ids", ()))),
    )


def _found(case: Case, linking: Linking) -> dict[str, Any]:
    result = case.args["result"] or {}
    if not result.get("id"):
        return {"found": None}
    policy = policy_of({}, linking=linking, team_sync=TeamSync.ADD_ONLY)
    decision = decided(_facts(case), identity_of(result), policy)
    if decision.account.account_id == NEW:
        return {"found": None}
    joined = [change.membership.team_id for change in decision.changes if isinstance(change, JoinTeam)]
    return {"found": decision.account.account_id, "user_email": decision.account.email, "joined": joined}


def _reference_found(case: Case) -> Case:
    result = case.result
    if result is None or result.get("$type") == "NewUserResponse":
        return attrs.evolve(case, result={"found": None})
    written = [write for write in case.effects.get("db", ()) if "user_email" in write["data"]]
    outcome = {
        "found": result["user_id"],
        "user_email": written[0]["data"]["user_email"] if written else result.get("user_email"),
        "joined": [add["team_id"] for add in case.effects.get("team_member_add", ())],
    }
    return attrs.evolve(case, result=outcome)


def _by_identity(case: Case) -> str | None:
    account = _facts(case).account
    return account.account_id if account else None


def _handle_account(case: Case) -> Account | None:
    return _facts(case).handle_account


def _kept_address(case: Case) -> dict[str, Any]:
    account = _handle_account(case)
    return {} if account is None else {"user_email": account.email}


FIND_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "nobody signs in without a subject",
        lambda case: not (case.args["result"] or {}).get("id"),
        lambda *_: {"found": None},
    ),
    Row(
        Verdict.DIFFERENT,
        "the subject finds its account before any name does",
        lambda case: _by_identity(case) is not None,
        lambda case, outcome: outcome | {"found": _by_identity(case)},
    ),
    Row(
        Verdict.DIFFERENT,
        "W11: where addresses tell accounts, nobody takes over the address of another",
        lambda case: any(holder != _handle_account(case) for holder in _facts(case).email_holders),
        lambda case, outcome: outcome | _kept_address(case),
    ),
)
SAFE_ROWS = (
    *FIND_ROWS,
    Row(
        Verdict.SAME_WITH_A_LOUD_OPTION,
        "W11: a handle or an address leads to an account only where the operator wants it (ANY_EMAIL_UNSAFE)",
        lambda case: _by_identity(case) is None,
        lambda *_: {"found": None},
    ),
)


@each("users", "get_user_info_from_db")
def test_with_the_unsafe_linking_the_account_is_found_that_the_reference_finds(case: Case) -> None:
    assert _found(case, Linking.ANY_EMAIL_UNSAFE) == expected(_reference_found(case), FIND_ROWS).outcome


@each("users", "get_user_info_from_db")
def test_without_it_only_the_subject_finds_an_account(case: Case) -> None:
    assert _found(case, Linking.NEVER) == expected(_reference_found(case), SAFE_ROWS).outcome


@each("users", "get_user_info_from_db")
def test_no_administrator_is_linked_by_an_address(case: Case) -> None:
    policy = policy_of({}, linking=Linking.VERIFIED_EMAIL)
    for holder in _facts(case).email_holders:
        if LADDER.is_admin(holder.role):
            with pytest.raises(Refusal):
                find_account(AccountFacts(None, email_holders=(holder,)), identity_of(case.args["result"]), policy)


# The one administrator


PROMOTION_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "an empty PROXY_ADMIN_ID makes nobody administrator",
        lambda case: case.env.get("PROXY_ADMIN_ID") == "",
        lambda case, _: case.args["user_role"],
    ),
)


@each("users", "check_and_update_if_proxy_admin_id")
def test_the_one_administrator_is_promoted(case: Case) -> None:
    policy = policy_of({}, admin_id=case.env.get("PROXY_ADMIN_ID") or None)
    account = account_of({"user_id": case.args["user_id"]})
    role = LADDER.promoted if is_admin_id(policy, account) else case.args["user_role"]
    assert role == expected(case, PROMOTION_ROWS).outcome
