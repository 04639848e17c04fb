"""The redirect URI, and whether a provider is used at all, against the reference."""

from __future__ import annotations

from typing import Any

from cases import Case, Row, Verdict, each, expected

from sso_core.settings.readiness import named_provider
from sso_core.settings.reading import Reading, Report
from sso_core.settings.service_environment import read_origin
from sso_core.settings.sign_in import CALLBACK
from sso_core.wire import WireError, parse_http_url

REFUSED = "a problem at start"


def ours_of_redirect(case: Case) -> str:
    origin = read_origin(Reading(case.env, Report()), case.args["base_url"])
    return REFUSED if origin is None else origin.url(CALLBACK)


def _is_unsafe(case: Case) -> bool:
    base = case.env.get("PROXY_BASE_URL", "").strip() or case.args["base_url"]
    try:
        url = parse_http_url(base)
    except WireError:
        return True
    return url.scheme == "http" and not url.is_loopback


def _base(case: Case) -> str:
    return str(case.env.get("PROXY_BASE_URL", "").strip() or case.args["base_url"]).rstrip("/")


REDIRECT_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23: an empty variable counts as unset, so the address is where the service listens",
        lambda case: case.env.get("PROXY_BASE_URL") == "",
        lambda case, _: (
            "/".join(filter(None, (_base(case), case.env.get("SERVER_ROOT_PATH", "").strip("/")))) + CALLBACK
        ),
    ),
    Row(
        Verdict.SAME,
        "the route is ours to say: it is the callback",
        lambda case: case.args.get("route", CALLBACK.lstrip("/")).strip("/") != CALLBACK.strip("/"),
        lambda case, outcome: outcome.replace(case.args["route"].strip("/"), CALLBACK.strip("/")),
    ),
    Row(
        Verdict.DIFFERENT,
        "W19: one slash joins, however many were written",
        lambda case: case.error is None and "//" in case.result.partition("://")[2],
        lambda _, outcome: "://".join(part.replace("//", "/") for part in outcome.split("://")),
    ),
    Row(
        Verdict.DIFFERENT,
        "W10, W19: an address without a scheme, or by plain http beyond the loopback, is refused at start",
        _is_unsafe,
        lambda _case, _outcome: REFUSED,
    ),
)


@each("redirect", "get_redirect_url_for_sso")
def test_the_redirect_uri_is_that_of_the_reference(case: Case) -> None:
    assert ours_of_redirect(case) == expected(case, REDIRECT_ROWS).outcome


def ours_of_use(case: Case) -> bool:
    named: dict[str, Any] = {name.upper(): value for name, value in case.args.items() if value is not None}
    return named_provider(named) is not None


USE_ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W23: an empty client id names no provider",
        lambda case: any(value == "" for value in case.args.values()),
        lambda case, _: any(case.args.values()),
    ),
)


@each("redirect", "should_use_sso_handler")
def test_a_provider_is_used_where_the_reference_uses_one(case: Case) -> None:
    assert ours_of_use(case) == expected(case, USE_ROWS).outcome
