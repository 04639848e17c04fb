from __future__ import annotations

from itertools import product

import pytest

from sso_core.providers.kinds import OpenIdProvider
from sso_core.settings.environment import SettingsError, service_from_environment, settings_from_environment
from sso_core.settings.generic_environment import FOR_ENDPOINTS
from sso_core.settings.service import ServiceSettings
from sso_core.settings.variables import BY_NAME, VARIABLES, Variable
from sso_core.wire import b64url_encode

BASE = "http://127.0.0.1:4000"
OPENID = {
    "GENERIC_CLIENT_ID": "id",
    "GENERIC_CLIENT_SECRET": "secret-canary",
    "GENERIC_ISSUER": "https://idp.example",
}


def read(environ: dict[str, str]) -> ServiceSettings:
    return service_from_environment(environ, default_base_url=BASE)


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(environ)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(caught.value)
    return [problem.variable for problem in caught.value.problems]


def test_an_environment_becomes_one_value() -> None:
    service = read(
        OPENID
        | {
            "PROXY_BASE_URL": "https://app.example",
            "SERVER_ROOT_PATH": "/sub",
            "SSO_GROUP_JWT_FIELD": "groups",
            "ALLOWED_EMAIL_DOMAINS": "example.com",
            "DATABASE_URL": "postgresql://canary@db",
            "SSO_SESSION_TTL": "60",
        }
    )
    provider = service.sign_in.providers[0]
    assert isinstance(provider, OpenIdProvider)
    assert service.sign_in.redirect_uri(provider) == "https://app.example/sub/sso/callback"
    assert provider.rules.team_claims == ("groups",)
    assert service.sign_in.policy.email_domains == ("example.com",)
    assert service.sign_in.session_ttl == 60
    assert service.database_url is not None
    assert service.notes == ()
    assert "canary" not in repr(service)


def test_those_of_sign_in_are_part_of_the_whole() -> None:
    assert settings_from_environment(OPENID, default_base_url=BASE) == read(OPENID).sign_in
    assert read(OPENID).sign_in.origin.base == BASE


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["GENERIC_CLIENT_ID", "GENERIC_CLIENT_SECRET", "GENERIC_ISSUER"]),
        (OPENID | {"PROXY_BASE_URL": "http://app.example"}, ["PROXY_BASE_URL"]),
        (
            {"SSO_PASSWORD_SIGN_IN": "canary", "GENERIC_CLIENT_ID": "id", "GENERIC_CLIENT_SECRET": "s"},
            ["GENERIC_ISSUER", "SSO_PASSWORD_SIGN_IN"],
        ),
        (OPENID | {"SSO_GROUP_JWT_FIELD": " "}, ["SSO_GROUP_JWT_FIELD"]),
        (OPENID | {"ALLOWED_EMAIL_DOMAIN": "canary.example"}, ["ALLOWED_EMAIL_DOMAIN"]),
        (OPENID | {"ALLOWED_DOMAINS": "canary.example"}, ["ALLOWED_DOMAINS"]),
        (OPENID | {"SSO_NEW_ACCOUNTS": "", "SSO_CLI": " "}, ["SSO_CLI", "SSO_NEW_ACCOUNTS"]),
        (OPENID | {"GOOGLE_HOSTED_DOMAINS": "canary.example"}, ["GOOGLE_HOSTED_DOMAINS"]),
        ({"SSO_PASSWORD_SIGN_IN": "true", "GOOGLE_HOSTED_DOMAINS": "canary.example"}, ["GOOGLE_HOSTED_DOMAINS"]),
        (OPENID | {"SSO_RESTRICTED_GROUPS": "canary"}, ["SSO_RESTRICTED_GROUPS"]),
        (
            {"GENERIC_ISSUER": "x", "PROXY_BASE_URL": "x", "GENERIC_SCOPE": "x", "SSO_SEATS": "x", "SSO_CLI": "x"},
            [
                *("PROXY_BASE_URL", "GENERIC_CLIENT_ID", "GENERIC_CLIENT_SECRET", "GENERIC_ISSUER", "GENERIC_SCOPE"),
                *("SSO_SEATS", "SSO_CLI"),
            ],
        ),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(environ: dict[str, str], expected: list[str]) -> None:
    assert problems(environ) == expected


@pytest.mark.parametrize("environ", [{"SSO_PASSWORD_SIGN_IN": "true"}, {"SSO_HEADER_PROXIES": "10.0.0.1"}])
def test_where_the_host_vouches_for_people_no_provider_is_needed(environ: dict[str, str]) -> None:
    assert read(environ).sign_in.providers == ()
    assert len(read(OPENID | environ).sign_in.providers) == 1


def test_a_misspelt_name_that_restricts_nobody_is_noted() -> None:
    assert list(map(str, read(OPENID | {"GENERIC_SCOPES": "canary"}).notes)) == [
        "GENERIC_SCOPES is not known (do you mean GENERIC_SCOPE?)"
    ]


TENANT = "11111111-1111-1111-1111-111111111111"
COMPLETE = {
    "google": {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "s"},
    "microsoft": {"MICROSOFT_CLIENT_ID": "id", "MICROSOFT_CLIENT_SECRET": "s", "MICROSOFT_TENANT": TENANT},
    "generic": OPENID,
}
PLAIN = {"GENERIC_CLIENT_ID": "id", "GENERIC_CLIENT_SECRET": "s"} | {
    f"GENERIC_{name}_ENDPOINT": f"https://idp.example/{name}" for name in ("AUTHORIZATION", "TOKEN", "USERINFO")
}
TOKEN = {"SSO_REFERENCE_TOKEN_SECRET": "s" * 32}
IN_WORDS = {
    *("PROXY_BASE_URL", "DATABASE_URL", "REDIS_URL", "ALLOWED_EMAIL_DOMAINS", "SSO_SEATS", "GOOGLE_HOSTED_DOMAINS"),
    *("SSO_SESSION_KEYS", "GENERIC_NAMESPACE", "GENERIC_USER_DISPLAY_NAME_ATTRIBUTE"),
    *("GENERIC_USER_FIRST_NAME_ATTRIBUTE", "GENERIC_USER_LAST_NAME_ATTRIBUTE"),
}
"""Variables whose default is described rather than written."""


def outcome(environ: dict[str, str]) -> object:
    try:
        service = read(environ)
    except SettingsError as error:
        return error.problems
    return service, service.notes


def test_each_variable_matters() -> None:
    def matters(variable: Variable) -> bool:
        complete = COMPLETE.get(variable.table, OPENID | TOKEN)
        values = ("x", "true", "false", "https://x.example", "google", "['x']", "X=y")
        return any(outcome(complete | {variable.name: value}) != outcome(complete) for value in values)

    assert [variable.name for variable in VARIABLES if not matters(variable)] == []


def test_each_default_is_what_the_docs_say() -> None:
    def differs(variable: Variable) -> bool:
        complete = PLAIN if variable.name in FOR_ENDPOINTS else COMPLETE.get(variable.table, OPENID | TOKEN)
        return outcome(complete | {variable.name: variable.default}) != outcome(complete)

    written = [variable for variable in VARIABLES if variable.default and variable.name not in IN_WORDS]
    assert [variable.name for variable in written if differs(variable)] == []


@pytest.mark.parametrize("kind", COMPLETE)
def test_no_variable_shows_its_value_when_it_is_wrong(kind: str) -> None:
    complete = COMPLETE[kind] | {f"{kind.upper()}_CLIENT_SECRET": "s"}
    wrongs = ("https://canary@", "the canary\x1b", "{'canary': canary}", '{"a canary": ["canary"]}', "\x00canary")
    for name, wrong in product(BY_NAME, wrongs):
        match outcome(complete | {name: wrong}):
            case (ServiceSettings(), notes):
                assert "canary" not in str(notes), name
            case problems:
                assert "canary" not in str(problems), name


def test_sealing_keys_are_read_newest_first() -> None:
    keys = ",".join(b64url_encode(bytes([number]) * 32) for number in (1, 2))
    sealing = read(OPENID | {"SSO_SEALING_KEYS": keys}).sign_in.sealing_keys
    assert sealing is not None
    assert sealing.secrets == (b"\x01" * 32, b"\x02" * 32)
