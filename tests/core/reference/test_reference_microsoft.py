"""What Graph says of a person as an identity, against the reference."""

from __future__ import annotations

from typing import Any

from cases import Case, Row, Verdict, each, expected
from rules_of import gathered, microsoft_names

from sso_core.identity.attributes import email_address
from sso_core.identity.gathered import GroupListing
from sso_core.identity.identity import identify
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet
from sso_core.settings.ladder import REFERENCE_LADDER

FIELDS = ("id", "email", "first_name", "last_name", "display_name", "provider", "team_ids", "user_role")


def ours(case: Case) -> dict[str, Any]:
    rules = IdentityRules(microsoft_names(case.env), role_claim_names=("app_roles", "roles"), group_teams=True)
    person = gathered(
        case.args["response"],
        id_token=ClaimSet({"roles": [case.args.get("user_role")]}),
        listing=GroupListing(tuple(case.args.get("team_ids") or ())),
    )
    identity = identify(person, rules, REFERENCE_LADDER, provider_id="microsoft")
    values = (
        identity.handle,
        identity.email,
        identity.first_name,
        identity.last_name,
        identity.display_name,
        identity.provider,
        list(identity.teams.team_ids),
        identity.role,
    )
    return dict(zip(FIELDS, values, strict=True))


def _claims(case: Case) -> dict[str, Any]:
    return case.args["response"] or {}


def _raw(case: Case, what: str, default: str) -> Any:
    return _claims(case).get(case.env.get(f"MICROSOFT_USER_{what}_ATTRIBUTE", default))


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _told(case: Case, outcome: Any) -> dict[str, Any]:
    if outcome is not None:
        return {name: outcome[name] for name in FIELDS}
    values = (
        _text(_raw(case, "ID", "id")),
        email_address(_raw(case, "EMAIL", "userPrincipalName") or _claims(case).get("mail")),
        _text(_raw(case, "FIRST_NAME", "givenName")),
        _text(_raw(case, "LAST_NAME", "surname")),
        _text(_raw(case, "DISPLAY_NAME", "displayName")),
        "microsoft",
        list(case.args.get("team_ids") or []),
        case.args.get("user_role"),
    )
    return dict(zip(FIELDS, values, strict=True))


def _best_name(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    whole = " ".join(part for part in (outcome["first_name"], outcome["last_name"]) if part)
    email = _raw(case, "EMAIL", "userPrincipalName") or _claims(case).get("mail")
    texts = (_claims(case).get("name"), whole, _claims(case).get("preferred_username"), email)
    best = next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "a-subject")
    return outcome | {"display_name": best}


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W13: what is not one address is no e-mail, instead of an unhandled error",
        lambda case: case.error is not None,
        _told,
    ),
    Row(Verdict.SAME, "Entra tells no further claims", lambda case: case.error is None, _told),
    Row(
        Verdict.DIFFERENT,
        "W24: an empty name is no name",
        lambda _case: True,
        lambda _case, outcome: outcome | {name: outcome[name] or None for name in FIELDS[:5]},
    ),
    Row(
        Verdict.DIFFERENT,
        "W13: what is not one address is no e-mail",
        lambda case: email_address(_raw(case, "EMAIL", "userPrincipalName") or _claims(case).get("mail")) is None,
        lambda _case, outcome: outcome | {"email": None},
    ),
    Row(
        Verdict.DIFFERENT,
        "somebody is always called something: the best name there is (OIDC Core 5.1)",
        lambda case: _text(_raw(case, "DISPLAY_NAME", "displayName")) is None,
        _best_name,
    ),
    Row(
        Verdict.DIFFERENT,
        "W15: team ids are texts, each once",
        lambda _case: True,
        lambda _case, outcome: outcome | {"team_ids": list(dict.fromkeys(filter(None, outcome["team_ids"])))},
    ),
)


@each("microsoft", "MicrosoftSSOHandler.openid_from_response")
def test_graph_describes_whom_it_describes_to_the_reference(case: Case) -> None:
    assert ours(case) == expected(case, ROWS).outcome
