from __future__ import annotations

from typing import Any

import pytest

from sso_core.secret import Secret
from sso_core.sessions.limits import Limits
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.settings.reading import Reading, Report
from sso_core.settings.service_environment import read_origin, read_service_options, read_sign_in_options
from sso_core.settings.sign_in import KeyHolders
from sso_core.settings.ui import UiSettings
from sso_core.wire import b64url_encode

KEYS = ",".join(b64url_encode(bytes([number]) * 32) for number in (1, 2))


def said(report: Report) -> list[str]:
    assert "canary" not in str(report)
    return [f"{problem.variable} {problem.what}" for problem in report.problems]


def origin(environ: dict[str, Any]) -> tuple[str | None, list[str]]:
    report = Report()
    found = read_origin(Reading(environ, report), "http://127.0.0.1:4000")
    return None if found is None else found.base, said(report)


@pytest.mark.parametrize(
    ("environ", "base"),
    [
        ({}, "http://127.0.0.1:4000"),
        ({"PROXY_BASE_URL": "https://app.example/"}, "https://app.example"),
        ({"SERVER_ROOT_PATH": "/"}, "http://127.0.0.1:4000"),
        ({"SERVER_ROOT_PATH": "sub/"}, "http://127.0.0.1:4000/sub"),
        ({"PROXY_BASE_URL": "https://app.example", "SERVER_ROOT_PATH": "/a/b"}, "https://app.example/a/b"),
        ({"PROXY_BASE_URL": "https://app.example/sub/", "SERVER_ROOT_PATH": "/sub"}, "https://app.example/sub"),
        ({"PROXY_BASE_URL": "https://app.example/a/sub", "SERVER_ROOT_PATH": "sub"}, "https://app.example/a/sub"),
        ({"PROXY_BASE_URL": "https://app.example/ab", "SERVER_ROOT_PATH": "b"}, "https://app.example/ab/b"),
    ],
)
def test_the_root_path_stands_once_below_the_address(environ: dict[str, str], base: str) -> None:
    assert origin(environ) == (base, [])


@pytest.mark.parametrize("root", ["a//b", "../x", "a/./b", "a?b", "a b", "a\\b", "/x" * 300, "a%2f"])
def test_a_root_path_that_is_none_is_a_problem(root: str) -> None:
    assert origin({"SERVER_ROOT_PATH": root}) == ("http://127.0.0.1:4000", ["SERVER_ROOT_PATH is no path"])


@pytest.mark.parametrize("base", ["canary.example", "http://canary.example", "https://canary@app.example"])
def test_an_address_that_is_not_safe_to_serve_under_is_a_problem(base: str) -> None:
    found, problems = origin({"PROXY_BASE_URL": base})
    assert found is None
    assert [problem.partition(":")[0] for problem in problems] == ["PROXY_BASE_URL is not usable"]


def options(environ: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    report = Report()
    return read_sign_in_options(Reading(environ, report)), said(report)


def test_without_a_word_only_flags_are_set() -> None:
    flags = dict.fromkeys(
        ("ui_disabled", "announce_login", "password_sign_in", "debug_page", "debug_for_anybody_unsafe"), False
    )
    values = {"cli_enabled": True, "key_holders": KeyHolders.NOBODY, "ui": UiSettings()}
    assert options({}) == (flags | values, [])


def test_durations_and_options_are_read() -> None:
    read, problems = options(
        {
            "SSO_SEALING_KEYS": KEYS,
            "SSO_SESSION_KEYS": KEYS,
            "SSO_ANNOUNCE_LOGIN": "true",
            "SSO_KEY_HOLDERS": "admins",
            "SSO_KEY_TTL": "60",
            "PROXY_BASE_URL": "https://app.example",
            "PROXY_LOGOUT_URL": "/sso/sign-out",
            "LITELLM_UI_API_DOC_BASE_URL": "http://docs.example",
            "PROXY_DEFAULT_TEAM_DISABLED": "true",
            "SSO_LOGIN_TTL": "60",
            "SSO_SESSION_TTL": "3600",
            "SSO_ACCOUNT_CHECK_INTERVAL": "0",
            "LITELLM_CLI_JWT_EXPIRATION_HOURS": "0.5",
            "SSO_LANDING_PATH": "/ui/",
            "SSO_LEEWAY": "0",
            "SSO_HEADER_PROXIES": "10.0.0.0/24, ::1",
            "SSO_ADDRESS_PROXIES": "10.0.1.0/24",
            "SSO_LIMIT_PASSWORDS": "5",
            "DISABLE_ADMIN_UI": "true",
            "SSO_PASSWORD_SIGN_IN": "true",
            "SSO_DEBUG_PAGE": "true",
            "SSO_DEBUG_FOR_ANYBODY_UNSAFE": "true",
            "SSO_CLI": "false",
        }
    )
    assert problems == []
    assert read.pop("sealing_keys").secrets == read.pop("session_keys").secrets == (b"\x01" * 32, b"\x02" * 32)
    assert read == {
        "announce_login": True,
        "key_holders": KeyHolders.ADMINS,
        "key_ttl": 60.0,
        "ui": UiSettings("https://app.example", "/sso/sign-out", "http://docs.example", default_team_disabled=True),
        "login_ttl": 60.0,
        "session_ttl": 3600.0,
        "account_check_interval": 0,
        "cli_session_ttl": 1800.0,
        "landing_path": "/ui/",
        "leeway": 0,
        "header_proxies": ("10.0.0.0/24", "::1/128"),
        "address_proxies": ("10.0.1.0/24",),
        "limits": Limits(passwords=5),
        "ui_disabled": True,
        "password_sign_in": True,
        "debug_page": True,
        "debug_for_anybody_unsafe": True,
        "cli_enabled": False,
    }
    assert options({"SSO_LANDING_PATH": "/"})[0]["landing_path"] == "/"
    assert options({"PROXY_LOGOUT_URL": "/"})[0]["ui"].logout_url == "/"


def test_the_reference_s_token_is_set_where_there_is_a_secret() -> None:
    token = {
        "SSO_REFERENCE_TOKEN_SECRET": "canary" * 6,
        "SSO_REFERENCE_TOKEN_COOKIE": "ui-token",
        "SSO_REFERENCE_TOKEN_PREMIUM_USER": "true",
        "SSO_REFERENCE_TOKEN_AUTH_HEADER": "X-Key",
        "SSO_REFERENCE_TOKEN_READABLE_UNSAFE": "true",
        "SSO_REFERENCE_TOKEN_KEY_UNSAFE": "true",
    }
    read, problems = options(token)
    assert problems == []
    assert "canary" not in repr(read)
    assert read["reference_token"] == ReferenceToken(b"canary" * 6, "ui-token", True, "X-Key", True, True)
    plain = options({"SSO_REFERENCE_TOKEN_SECRET": "canary" * 6})[0]["reference_token"]
    assert plain == ReferenceToken(b"canary" * 6)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SSO_SEALING_KEYS": "c2hvcnQ"}, "SSO_SEALING_KEYS is not usable"),
        ({"SSO_SEALING_KEYS": "the canary"}, "SSO_SEALING_KEYS is not usable"),
        ({"SSO_SESSION_KEYS": "canary"}, "SSO_SESSION_KEYS is not usable"),
        ({"SSO_KEY_HOLDERS": "canary"}, "SSO_KEY_HOLDERS is not known"),
        ({"SSO_REFERENCE_TOKEN_SECRET": "canary"}, "SSO_REFERENCE_TOKEN_SECRET is too short"),
        ({"SSO_REFERENCE_TOKEN_COOKIE": "a canary;"}, "SSO_REFERENCE_TOKEN_COOKIE is no name"),
        ({"SSO_REFERENCE_TOKEN_AUTH_HEADER": "canary:"}, "SSO_REFERENCE_TOKEN_AUTH_HEADER is no name"),
        ({"PROXY_LOGOUT_URL": "javascript:canary()"}, "PROXY_LOGOUT_URL is no address: it is neither http nor https"),
        ({"SSO_LANDING_PATH": "/a?canary"}, "SSO_LANDING_PATH is no path of this service"),
        ({"SSO_LOGIN_TTL": "0"}, "SSO_LOGIN_TTL is not a number above 0"),
        ({"SSO_LOGIN_TTL": "31622401"}, "SSO_LOGIN_TTL is more than 31622400"),
        ({"SSO_SESSION_TTL": "1e300"}, "SSO_SESSION_TTL is more than 31622400"),
        ({"SSO_ACCOUNT_CHECK_INTERVAL": "-1"}, "SSO_ACCOUNT_CHECK_INTERVAL is not a number above -1"),
        ({"SSO_ACCOUNT_CHECK_INTERVAL": "31622401"}, "SSO_ACCOUNT_CHECK_INTERVAL is more than 31622400"),
        ({"SSO_KEY_TTL": "1e300"}, "SSO_KEY_TTL is more than 316224000"),
        ({"LITELLM_CLI_JWT_EXPIRATION_HOURS": "1e306"}, "LITELLM_CLI_JWT_EXPIRATION_HOURS is more than 8784"),
        ({"LITELLM_CLI_JWT_EXPIRATION_HOURS": "canary"}, "LITELLM_CLI_JWT_EXPIRATION_HOURS is not a number above 0"),
        ({"SSO_LANDING_PATH": "//canary.example"}, "SSO_LANDING_PATH is no path of this service"),
        ({"SSO_LANDING_PATH": "https://canary.example"}, "SSO_LANDING_PATH is no path of this service"),
        ({"SSO_LEEWAY": "301"}, "SSO_LEEWAY is more than 300"),
        ({"SSO_HEADER_PROXIES": "canary"}, "SSO_HEADER_PROXIES holds what is no network"),
        ({"SSO_ADDRESS_PROXIES": "10.0.0.1/8"}, "SSO_ADDRESS_PROXIES holds what is no network"),
        ({"SSO_LIMIT_WINDOW": "canary"}, "SSO_LIMIT_WINDOW is not a number above 0"),
        ({"SSO_HEADER_PROXIES": "10.0.0.1/8"}, "SSO_HEADER_PROXIES holds what is no network"),
    ],
)
def test_an_option_that_is_wrong_is_a_problem(environ: dict[str, str], expected: str) -> None:
    assert options(environ)[1] == [expected]


def service(environ: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    report = Report()
    return read_service_options(Reading(environ, report)), said(report)


def test_without_a_word_everything_lies_in_the_data_folder() -> None:
    read = {"database_url": None, "redis_url": None, "data_dir": "sso-data"}
    assert service({}) == (read, [])


def test_places_are_read() -> None:
    read, problems = service(
        {
            "DATABASE_URL": "postgresql://canary@db.example/sso",
            "REDIS_URL": "rediss://:canary@redis.example",
            "SSO_DATA_DIR": "/data",
        }
    )
    assert problems == []
    assert "canary" not in repr(read)
    assert read == {
        "database_url": Secret("postgresql://canary@db.example/sso"),
        "redis_url": Secret("rediss://:canary@redis.example"),
        "data_dir": "/data",
    }


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"DATABASE_URL": "canary"}, "DATABASE_URL is no address of a kind that is known"),
        ({"DATABASE_URL": "mysql://canary"}, "DATABASE_URL is no address of a kind that is known"),
        ({"REDIS_URL": "https://canary"}, "REDIS_URL is no address of a kind that is known"),
        ({"SSO_INSTANCES": "0"}, "SSO_INSTANCES is not a number above 0"),
        ({"WEB_CONCURRENCY": "canary"}, "WEB_CONCURRENCY is not a number above 0"),
        ({"SSO_INSTANCES": "2"}, "DATABASE_URL is not shared by SSO_INSTANCES"),
        ({"SSO_INSTANCES": "2", "DATABASE_URL": "sqlite:///a"}, "DATABASE_URL is not shared by SSO_INSTANCES"),
        ({"SSO_INSTANCES": "2", "REDIS_URL": "redis://r"}, "DATABASE_URL is not shared by SSO_INSTANCES"),
        ({"WEB_CONCURRENCY": "2", "DATABASE_URL": "sqlite://"}, "DATABASE_URL is not shared by WEB_CONCURRENCY"),
    ],
)
def test_a_place_that_is_wrong_or_not_shared_is_a_problem(environ: dict[str, str], expected: str) -> None:
    assert service(environ)[1] == [expected]


@pytest.mark.parametrize(
    "environ",
    [
        {"WEB_CONCURRENCY": "4"},
        {"WEB_CONCURRENCY": "4", "DATABASE_URL": "sqlite:///sso.sqlite3"},
        {"WEB_CONCURRENCY": "1", "DATABASE_URL": "sqlite://"},
        {"SSO_INSTANCES": "3", "WEB_CONCURRENCY": "4", "DATABASE_URL": "postgres://db.example/sso"},
    ],
)
def test_processes_that_share_what_they_keep_are_no_problem(environ: dict[str, str]) -> None:
    assert service(environ)[1] == []
