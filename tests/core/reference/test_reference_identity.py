"""Who may come in, against the reference: domains, the restricted group, administrators."""

from __future__ import annotations

from typing import Any

import attrs
import jwt
from accounts_of import LADDER, identity_of
from cases import Case, Row, Verdict, each, expected, hold
from scenes import settings
from starts import SESSION

from sso_core.accounts.access import check_email_domain, check_group
from sso_core.accounts.policy import AccessPolicy
from sso_core.failures import Reason, Refusal
from sso_core.identity.attributes import email_address, text_at
from sso_core.identity.identity import Identity
from sso_core.oauth.claims import ClaimSet
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.settings.policy_environment import read_policy
from sso_core.settings.reading import Reading, Report
from sso_core.settings.sign_in import KeyHolders
from sso_core.web.cookies import Cookies

MISCONFIGURED = "misconfigured"


def let_in(check: Any, identity: Identity, **rules: Any) -> Any:
    """True, the reason of the refusal, or that the rule is none."""
    try:
        policy = AccessPolicy(LADDER, **rules)
    except ValueError:
        return MISCONFIGURED
    try:
        check(identity, policy)
    except Refusal as refusal:
        return refusal.failure.reason
    return True


# Who it is, and the domain


def _domains(case: Case) -> tuple[str, ...] | None:
    text = case.env.get("ALLOWED_EMAIL_DOMAINS")
    return None if text is None else tuple(part for part in text.split(",") if part.strip())


def _ours(case: Case) -> dict[str, Any]:
    result = case.args["result"] or {}
    allowed = let_in(check_email_domain, identity_of(result), email_domains=_domains(case))
    return {
        "allowed": allowed,
        "user_email": email_address(result.get("email")),
        "user_id": text_at(ClaimSet(result), ("id",)),
    }


def _recorded(case: Case) -> Case:
    if case.error is not None:
        allowed = Reason.EMAIL_DOMAIN_REFUSED if case.error["status"] == 401 else None
        return attrs.evolve(case, result={"allowed": allowed})
    outcome = {"allowed": True} | {name: case.result[name] for name in ("user_email", "user_id")}
    return attrs.evolve(case, result=outcome)


def _email(case: Case) -> str | None:
    return email_address((case.args["result"] or {}).get("email"))


WHO_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W12: who has no id is nobody; no name and no address stands in for it",
        lambda case: not (case.args["result"] or {}).get("id"),
        lambda _, outcome: outcome | {"user_id": None},
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: every shape of a result is read alike, and a number by its digits",
        lambda case: bool(case.args["result"]) and ("$type" not in case.args["result"] or case.error is not None),
        lambda case, outcome: (
            outcome | {"user_email": _email(case), "user_id": text_at(ClaimSet(case.args["result"]), ("id",))}
        ),
    ),
    Row(
        Verdict.DIFFERENT,
        "an unhandled error is no judgement of the domain",
        lambda case: case.error is not None and case.error["status"] != 401 and _domains(case) is None,
        lambda _, outcome: outcome | {"allowed": True},
    ),
    Row(
        Verdict.DIFFERENT,
        "W13, A95: a list without a domain is refused when it is set, not when somebody comes",
        lambda case: _domains(case) == (),
        lambda _, outcome: outcome | {"allowed": MISCONFIGURED},
    ),
    Row(
        Verdict.DIFFERENT,
        "W13: one address at exactly one of the domains, and no address is none of them; the list is read with care",
        lambda case: bool(_domains(case)),
        lambda case, outcome: (
            outcome
            | {"allowed": True if _is_allowed(_email(case), _domains(case) or ()) else Reason.EMAIL_DOMAIN_REFUSED}
        ),
    ),
)


def _is_allowed(email: str | None, domains: tuple[str, ...]) -> bool:
    return email is not None and any(email.endswith("@" + domain.strip().lower()) for domain in domains)


@each("identity", "_get_user_email_and_id_from_result")
def test_a_result_names_whom_the_reference_names_at_the_domains_that_it_allows(case: Case) -> None:
    assert _ours(case) == expected(_recorded(case), WHO_ROWS).outcome


def test_a_domain_that_the_reference_refuses_is_refused() -> None:
    refused = identity_of({"id": "u", "email": "a@sub.ex.com"})
    assert let_in(check_email_domain, refused, email_domains=("ex.com",)) is Reason.EMAIL_DOMAIN_REFUSED


# The group


def _mode(case: Case) -> dict[str, Any]:
    mode = case.args["general_settings"].get("ui_access_mode")
    return mode if isinstance(mode, dict) and mode.get("type") == "restricted_sso_group" else {}


def _group(case: Case) -> dict[str, Any]:
    """The rule, if the settings hold one; one that names no group is empty, and no rule at all."""
    return {"restricted_group": _mode(case).get("restricted_sso_group") or ""} if _mode(case) else {}


GROUP_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "A95: a rule that names no group is refused when it is set",
        lambda case: bool(_mode(case)) and not _mode(case).get("restricted_sso_group"),
        lambda *_: MISCONFIGURED,
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: every shape of a result is read alike, and a text is no list of teams",
        lambda case: bool(_mode(case).get("restricted_sso_group")),
        lambda case, _: True if _is_member(case) else Reason.NOT_IN_GROUP,
    ),
)


def _is_member(case: Case) -> bool:
    named = (case.args["result"] or {}).get("team_ids")
    return isinstance(named, list) and _mode(case)["restricted_sso_group"] in named


@each("identity", "verify_user_in_restricted_sso_group")
def test_the_restricted_group_lets_in_whom_the_reference_lets_in(case: Case) -> None:
    recorded = attrs.evolve(case, result=case.result if case.error is None else Reason.NOT_IN_GROUP)
    ours = let_in(check_group, identity_of(case.args["result"] or {}), **_group(case))
    assert ours == expected(recorded, GROUP_ROWS).outcome


@each("identity", "has_admin_ui_access")
def test_the_same_roles_administer(case: Case) -> None:
    assert LADDER.is_admin(case.args["user_role"]) == case.result


# Administrators only, and keys for them alone


def admins_only(case: Case) -> bool | str:
    """Return what the settings make of a mode; MISCONFIGURED where it is none."""
    mode, report = case.args["ui_access_mode"], Report()
    if isinstance(mode, dict):
        written = {"SSO_RESTRICTED_GROUP": mode.get("restricted_sso_group")}
    else:
        written = {"SSO_ACCESS_MODE": mode}
    found = read_policy(Reading(written, report), LADDER)
    return MISCONFIGURED if report.problems else found.admins_only


MODE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23, A95: a mode that is none, or names no group, is refused when it is set; the letters' case does not count",
        lambda case: case.args["ui_access_mode"] not in (None, "admin_only"),
        lambda case, _: admins_only(case),
    ),
)


@each("identity", "check_is_admin_only_access")
def test_the_same_mode_keeps_everybody_out_but_administrators(case: Case) -> None:
    hold(case, case.result, admins_only(case), MODE_ROWS)


def test_a_mode_that_is_none_is_refused_and_a_group_is_no_such_mode() -> None:
    def of(mode: object) -> bool | str:
        return admins_only(Case("", "", {}, {"ui_access_mode": mode}, {}, None, None, {}, None))

    assert [of(mode) for mode in ("everybody", "Admin_Only", "admins")] == [False, True, MISCONFIGURED]
    assert of({"type": "restricted_sso_group", "restricted_sso_group": "g"}) is False


def keys_for_admins_only(case: Case) -> bool:
    """Return what the user interface is told where the operator lets those have keys who may in the case."""
    rule = (case.world.get("key_generation_settings") or {}).get("personal_key_generation") or {}
    listed = "proxy_admin" in (rule.get("allowed_user_roles") or ())
    holders = KeyHolders.ADMINS if listed else KeyHolders.EVERYBODY
    cookies = Cookies(settings(key_holders=holders, reference_token=ReferenceToken(b"s" * 32)))
    (header,) = cookies.set_reference_token(SESSION, 60)
    token = header.partition("=")[2].partition(";")[0]
    told: bool = jwt.decode(token, options={"verify_signature": False})["disabled_non_admin_personal_key_creation"]
    return told


@each("identity", "get_disabled_non_admin_personal_key_creation")
def test_the_interface_is_told_alike_whether_only_administrators_have_keys(case: Case) -> None:
    hold(case, case.result, keys_for_admins_only(case), ())
