"""A generic provider's claims as an identity, against the reference."""

from __future__ import annotations

from typing import Any

from cases import Case, Row, Verdict, each, expected
from rules_of import gathered, generic_names, highest_role, mapped_role, one_field, role_map

from sso_core.identity.attributes import email_address
from sso_core.identity.claim_path import ABSENT, value_at
from sso_core.identity.identity import identify
from sso_core.identity.roles import applies
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.oauth.claims import ClaimSet
from sso_core.records import Mappings
from sso_core.settings.ladder import REFERENCE_LADDER


def ours(case: Case) -> dict[str, Any]:
    args = case.args
    rules = IdentityRules(
        names=generic_names(case.env),
        team_claims=one_field(args.get("sso_team_field")),
        default_team_claim=args.get("team_field"),
    )
    team_mappings = args.get("team_mappings") or {}
    mappings = Mappings(role_map(args.get("role_mappings")), team_mappings.get("team_ids_jwt_field"))
    person = identify(gathered(args["response"]), rules, REFERENCE_LADDER, mappings)
    return {
        "id": person.handle,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "display_name": person.display_name,
        "provider": person.provider,
        "team_ids": list(person.teams.team_ids),
        "user_role": person.role,
        "extra_fields": None if person.extra is None else dict(person.extra),
    }


TEXTS = ("id", "first_name", "last_name", "display_name", "provider")


def _names(case: Case) -> AttributeNames:
    return generic_names(case.env)


def _claim(case: Case, path: str) -> Any:
    response = case.args["response"]
    value = value_at(ClaimSet(response if isinstance(response, dict) else {}), path)
    return None if value is ABSENT else value


def _without_error(case: Case, outcome: Any) -> dict[str, Any]:
    """Return what the reference would have said, had its library not refused one of the values."""
    if outcome is not None:
        return {name: value for name, value in outcome.items() if name not in {"$type", "picture"}}
    names = _names(case)
    paths = {
        "id": names.handle,
        "first_name": names.first_name,
        "last_name": names.last_name,
        "display_name": names.display_name,
        "provider": names.provider,
    }
    texts = {field: _text(_claim(case, path)) for field, (path,) in paths.items()}
    role = _claim(case, names.role[0])
    fields = [case.args.get("sso_team_field")]
    mapped = (case.args.get("team_mappings") or {}).get("team_ids_jwt_field")
    fields.append(case.args.get("team_field") if mapped is None else mapped)
    lists = [_claim(case, field) for field in fields if field]
    return texts | {
        "email": email_address(_claim(case, names.email[0])),
        "team_ids": [team for teams in lists if isinstance(teams, list) for team in teams],
        "user_role": _mapped_role(case) or REFERENCE_LADDER.named(role),
        "extra_fields": None if names.extra is None else {path: _claim(case, path) for path in names.extra},
    }


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _best_name(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    names = _names(case)
    parts = [_text(_claim(case, path)) for path in (*names.first_name, *names.last_name)]
    whole = " ".join(part for part in parts if part and part.strip())
    texts = (_claim(case, "name"), whole, _claim(case, "preferred_username"), _claim(case, names.email[0]))
    subject = _claim(case, "sub")
    best = next((text.strip() for text in texts if isinstance(text, str) and text.strip()), None)
    return outcome | {"display_name": best or (subject if isinstance(subject, str) and subject else "a-subject")}


def _teams(outcome: dict[str, Any]) -> dict[str, Any]:
    texts = (_text(team) for team in outcome["team_ids"])
    return outcome | {"team_ids": list(dict.fromkeys(text for text in texts if text))}


def _mapped_role(case: Case) -> str | None:
    mapped = role_map(case.args.get("role_mappings"))
    if mapped is None or not applies(mapped, None):
        return None
    return mapped_role(mapped, _claim(case, mapped.group_claim))


def _role_is_a_list(case: Case) -> bool:
    return _mapped_role(case) is None and isinstance(_claim(case, _names(case).role[0]), list)


def _highest(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    return outcome | {"user_role": highest_role(_claim(case, _names(case).role[0]))}


def _display_is_nothing(case: Case) -> bool:
    text = _text(_claim(case, _names(case).display_name[0]))
    return not text or not text.strip()


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "a value that the reference's library refuses is left out, or read where it is sound: a number by its digits, "
        "an address of a reserved domain",
        lambda case: case.error is not None,
        _without_error,
    ),
    Row(Verdict.SAME, "a picture is nobody's concern here", lambda case: case.error is None, _without_error),
    Row(
        Verdict.DIFFERENT,
        "W24: an empty name is no name",
        lambda _case: True,
        lambda _case, outcome: outcome | {name: None for name in TEXTS if not (outcome[name] or "").strip()},
    ),
    Row(
        Verdict.DIFFERENT,
        "somebody is always called something: the best name there is (OIDC Core 5.1)",
        _display_is_nothing,
        _best_name,
    ),
    Row(
        Verdict.DIFFERENT,
        "W13: what is not one address is no e-mail",
        lambda case: email_address(_claim(case, _names(case).email[0])) is None,
        lambda _case, outcome: outcome | {"email": None},
    ),
    Row(
        Verdict.DIFFERENT,
        "W15: team ids are texts, each once",
        lambda _case: True,
        lambda _case, outcome: _teams(outcome),
    ),
    Row(
        Verdict.DIFFERENT,
        "W17: of a list the most powerful role counts, not the first item",
        _role_is_a_list,
        _highest,
    ),
)


@each("generic_convertor", "generic_response_convertor")
def test_claims_become_who_they_are_to_the_reference(case: Case) -> None:
    assert ours(case) == expected(case, ROWS).outcome
