"""The public address and the choice of a provider, as the environment names them, against the reference."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cases import Case, Row, Verdict, each, hold

from sso_core.settings.environment import SettingsError, settings_from_environment

GENERIC = {
    "GENERIC_CLIENT_ID": "c",
    "GENERIC_CLIENT_SECRET": "s",
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example/authorize",
    "GENERIC_TOKEN_ENDPOINT": "https://idp.example/token",
    "GENERIC_USERINFO_ENDPOINT": "https://idp.example/userinfo",
}
EVERYTHING_BUT_AN_ID = {
    **{name: value for name, value in GENERIC.items() if name != "GENERIC_CLIENT_ID"},
    "GOOGLE_CLIENT_SECRET": "s",
    "MICROSOFT_CLIENT_SECRET": "s",
    "MICROSOFT_TENANT": "8b9a0c1d-0000-4000-8000-000000000001",
}
REFUSED = "no usable address"


def redirect_uri(case: Case) -> str:
    """Return the redirect URI of a service that listens where the case was asked."""
    try:
        options = settings_from_environment(case.env | GENERIC, default_base_url=case.args["base_url"])
    except SettingsError as error:
        named = {problem.variable for problem in error.problems}
        return REFUSED if named <= {"PROXY_BASE_URL", "SERVER_ROOT_PATH"} else str(error)
    return options.redirect_uri(options.providers[0]).removesuffix("sso/callback") + route(case)


def route(case: Case) -> str:
    return str(case.args.get("route", "sso/callback")).lstrip("/")


def base(case: Case) -> str:
    return (case.env.get("PROXY_BASE_URL") or case.args["base_url"]).strip()


def is_safe(address: str) -> bool:
    """Whether people may be sent to it: https, or the loopback of one machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"})


def joined(case: Case, _outcome: Any) -> str:
    """Return the address, the mount unless it stands there already, and the route, with one slash between them."""
    address, root = base(case).rstrip("/"), case.env.get("SERVER_ROOT_PATH", "").strip("/")
    mount = "" if not root or urlsplit(address).path.endswith("/" + root) else "/" + root
    return f"{address}{mount}/{route(case)}"


ADDRESS_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W19, W23: one slash joins the parts, and an empty variable counts as unset",
        lambda case: case.bug is not None or route(case) != case.args.get("route", route(case)),
        joined,
    ),
    Row(
        Verdict.DIFFERENT,
        "W10, W19: people are sent to https, or to the loopback of one machine",
        lambda case: not is_safe(base(case)),
        lambda _case, _outcome: REFUSED,
    ),
)


@each("redirect", "get_redirect_url_for_sso")
def test_people_come_back_where_they_come_back_to_the_reference(case: Case) -> None:
    hold(case, case.result, redirect_uri(case), ADDRESS_ROWS)


def names_a_provider(case: Case) -> bool:
    ids = {name.upper(): value for name, value in case.args.items() if value is not None}
    try:
        return bool(
            settings_from_environment(EVERYTHING_BUT_AN_ID | ids, default_base_url="https://a.example").providers
        )
    except SettingsError:
        return False


CHOICE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23: an empty variable names no provider",
        lambda case: not any(case.args.values()),
        lambda _case, _outcome: False,
    ),
)


@each("redirect", "should_use_sso_handler")
def test_a_provider_is_named_where_the_reference_finds_one(case: Case) -> None:
    hold(case, case.result, names_a_provider(case), CHOICE_ROWS)
