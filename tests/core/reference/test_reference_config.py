"""What the reference reads from its environment, against the same environment read by ours.

The reference reads at each login, and reports one thing at a time or none. Ours reads once, and nothing starts with a
setting that is wrong: a case whose outcome is an error there, or a shrug, is one of our problems.
"""

from __future__ import annotations

from typing import Any

from cases import Case, Row, Verdict, each, expected, hold
from playing import without_directory
from rules_of import gathered

from sso_core.identity.identity import identify
from sso_core.oauth.client import AuthenticationMethod
from sso_core.providers.kinds import OAuthProvider
from sso_core.records import Mappings, RoleMap
from sso_core.settings.generic_environment import read_generic, read_headers
from sso_core.settings.identity_environment import GROUP_CLAIM, ROLES, read_generic_rules
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.literal import LiteralError, parse_literal
from sso_core.settings.reading import Reading, Report

WRONG = "a problem at start"


def problem_of(report: Report) -> str | None:
    """Return the first variable that is missing or wrong."""
    return report.problems[0].variable if report.problems else None


def ours_of_headers(case: Case) -> Any:
    report = Report()
    headers = read_headers(Reading(case.env, report), "GENERIC_SSO_HEADERS")
    return WRONG if report.problems else dict(headers)


def _pairs(case: Case) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in case.env.get("GENERIC_SSO_HEADERS", "").split(",") if part.strip()]
    return [(name.strip().lower(), value.strip()) for name, _, value in parts]


HEADER_ROWS = (
    Row(
        Verdict.SAME,
        "names of headers are the same in any case of letters (RFC 9110 5.1); ours are kept in small ones",
        lambda case: case.error is None and bool(case.result),
        lambda _, headers: {name.lower(): value for name, value in headers.items()},
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: the first equals sign ends a name, and blanks around both are nobody's",
        lambda case: case.bug is not None,
        lambda case, _: dict(_pairs(case)),
    ),
    Row(
        Verdict.DIFFERENT,
        "what has no equals sign, or no name or value, is no header: a problem at start",
        lambda case: any(not name or not value for name, value in _pairs(case)),
        lambda _case, _outcome: WRONG,
    ),
)


@each("config", "_parse_generic_sso_headers")
def test_headers_are_those_of_the_reference(case: Case) -> None:
    assert ours_of_headers(case) == expected(case, HEADER_ROWS).outcome


def ours_of_role_map(case: Case) -> Any:
    report = Report()
    rules = read_generic_rules(Reading(case.env, report), REFERENCE_LADDER, ())
    return WRONG if report.problems else rules.role_map


def _as_role_map(outcome: dict[str, Any]) -> RoleMap:
    roles = tuple((role, tuple(groups)) for role, groups in outcome["roles"].items())
    return RoleMap(outcome["group_claim"], roles, outcome["default_role"], outcome["provider"])


def _literal(case: Case) -> object:
    try:
        return parse_literal(case.env.get(ROLES, ""))
    except LiteralError:
        return None


def _default(case: Case) -> str:
    return case.env.get("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "").strip()


def _is_written(case: Case) -> bool:
    return bool(case.env.get(ROLES, "").strip())


def _ranked(case: Case) -> bool:
    written = _literal(case)
    return isinstance(written, dict) and all(
        REFERENCE_LADDER.named(role) in REFERENCE_LADDER.roles and isinstance(groups, list)
        for role, groups in written.items()
    )


ROLE_ROWS = (
    Row(
        Verdict.SAME,
        "the map that an administrator keeps in the directory is read with the account, not with the settings",
        lambda case: not _is_written(case),
        lambda _case, _outcome: None,
    ),
    Row(Verdict.SAME, "a map is a value", lambda case: isinstance(case.result, dict) and _is_written(case),
        lambda case, _: _as_role_map(case.result)),
    Row(
        Verdict.DIFFERENT,
        "W23: a map that is none is a problem at start, and never ignored",
        lambda case: _is_written(case) and not _ranked(case),
        lambda _case, _outcome: WRONG,
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: a map without its claim of groups is a problem at start",
        lambda case: _is_written(case) and not case.env.get(GROUP_CLAIM, "").strip(),
        lambda _case, _outcome: WRONG,
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: a default that is no role is a problem at start",
        lambda case: bool(_default(case)) and REFERENCE_LADDER.named(_default(case)) is None,
        lambda _case, _outcome: WRONG,
    ),
    Row(
        Verdict.DIFFERENT,
        "a role is known in any case of letters",
        lambda case: case.error is not None and _is_written(case) and _ranked(case)
        and bool(case.env.get(GROUP_CLAIM, "").strip())
        and (not _default(case) or REFERENCE_LADDER.named(_default(case)) is not None),
        lambda case, _: _as_role_map(
            {
                "roles": {REFERENCE_LADDER.named(role): groups for role, groups in dict(_literal(case)).items()},  # type: ignore[call-overload] # a dictionary, as `_ranked` has seen
                "group_claim": case.env[GROUP_CLAIM].strip(),
                "default_role": REFERENCE_LADDER.named(_default(case)),
                "provider": "generic",
            }
        ),
    ),
)  # fmt: skip


@each("config", "_setup_role_mappings")
def test_the_role_map_is_that_of_the_reference(case: Case) -> None:
    assert ours_of_role_map(case) == expected(case, ROLE_ROWS).outcome


REQUIRED = (
    "GENERIC_CLIENT_SECRET",
    "GENERIC_AUTHORIZATION_ENDPOINT",
    "GENERIC_TOKEN_ENDPOINT",
    "GENERIC_USERINFO_ENDPOINT",
)


def ours_of_generic(case: Case) -> Any:
    report = Report()
    environ = {"GENERIC_CLIENT_ID": "client"} | case.env
    provider = read_generic(Reading(environ, report), REFERENCE_LADDER, (), "generic")
    if provider is None:
        return problem_of(report)
    assert isinstance(provider, OAuthProvider)
    client = provider.client
    return (
        client.secret.reveal() if client.secret is not None else None,
        provider.scope.split(" "),
        provider.authorization_endpoint,
        provider.token_endpoint,
        provider.userinfo_endpoint,
        client.method is AuthenticationMethod.POST,
    )


def _first_missing(case: Case) -> str | None:
    return next((name for name in REQUIRED if not case.env.get(name, "").strip()), None)


GENERIC_ROWS = (
    Row(
        Verdict.SAME,
        "what is missing first is said first, by its name",
        lambda case: case.error is not None,
        lambda case, _: (case.error or {})["param"],
    ),
    Row(Verdict.SAME, "a list is a tuple", lambda case: case.error is None, lambda _, outcome: tuple(outcome)),
    Row(
        Verdict.DIFFERENT,
        "W23: an empty variable counts as unset, hence as missing",
        lambda case: case.error is None and _first_missing(case) is not None,
        lambda case, _: _first_missing(case),
    ),
    Row(
        Verdict.DIFFERENT,
        "scopes are parted by blanks of any kind and number (RFC 6749 3.3 knows no empty one)",
        lambda case: case.error is None and _first_missing(case) is None,
        lambda _, outcome: (outcome[0], " ".join(outcome[1]).split(), *outcome[2:]),
    ),
    Row(
        Verdict.DIFFERENT,
        "without any endpoint an issuer is missing as well: it would name them",
        lambda case: (
            not any(case.env.get(name, "").strip() for name in REQUIRED[1:])
            and bool(case.env.get(REQUIRED[0], "").strip())
        ),
        lambda _case, _outcome: "GENERIC_ISSUER",
    ),
)


@each("config", "_setup_generic_sso_env_vars")
def test_a_generic_provider_is_that_of_the_reference(case: Case) -> None:
    assert ours_of_generic(case) == expected(case, GENERIC_ROWS).outcome


def ours_of_team_maps(case: Case) -> Any:
    """Return the claim by which the directory's map names somebody's teams; how a login ends where none can be read.

    An environment names claims of teams, and no map.
    """
    rules = read_generic_rules(Reading(case.env, Report()), REFERENCE_LADDER, ())
    assert rules.default_team_claim is None
    if case.world.get("fail"):
        return without_directory()
    written = ((case.world.get("db") or {}).get("sso_settings") or {}).get("team_mappings")
    claim = written.get("team_ids_jwt_field") if isinstance(written, dict) else None
    path = claim if isinstance(claim, str) and claim else "teams"
    nested: Any = ["t"]
    for name in reversed(path.split(".")):
        nested = {name: nested}
    person = gathered(nested)
    named = identify(person, rules, REFERENCE_LADDER, Mappings(team_claim=path if path == claim else None))
    return path if named.teams.team_ids == ("t",) else None


TEAM_MAP_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23: a directory that cannot be read ends the login, instead of letting people in without their teams",
        lambda case: bool(case.world.get("fail")),
        lambda _case, _outcome: without_directory(),
    ),
)


@each("config", "_setup_team_mappings")
def test_team_maps_come_from_the_directory_alone(case: Case) -> None:
    theirs = (case.result or {}).get("team_ids_jwt_field") or None
    hold(case, theirs, ours_of_team_maps(case), TEAM_MAP_ROWS)


def test_a_team_map_of_the_directory_names_the_teams() -> None:
    def of(written: object) -> Any:
        world = {"db": {"sso_settings": {"team_mappings": written}}}
        return ours_of_team_maps(Case("", "", {}, {}, world, None, None, {}, None))

    assert (of({"team_ids_jwt_field": "a.b"}), of({"team_ids_jwt_field": ""}), of({})) == ("a.b", None, None)
