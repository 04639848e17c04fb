"""Hints about a provider's errors, against the reference."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cases import Case, Row, Verdict, each, expected

from sso_core.failures import Failure, Reason
from sso_core.providers.quirks import with_hint

SETTING = "GENERIC_CLIENT_USE_PKCE"


def endpoints(case: Case) -> tuple[str, ...]:
    named = (case.args.get("authorization_endpoint"), case.args.get("token_endpoint"))
    return tuple(endpoint for endpoint in named if isinstance(endpoint, str))


def ours(case: Case) -> dict[str, bool]:
    failure = with_hint(Failure(Reason.TOKEN_ENDPOINT_STATUS, case.args["error"]["message"]), endpoints(case))
    return {"hint": "PKCE" in failure.hint or "S256" in failure.hint, "okta": "Okta" in failure.hint}


def _said(case: Case, _outcome: Any) -> dict[str, bool]:
    error = case.error or {}
    hint = error.get("param") == SETTING
    return {"hint": hint, "okta": hint and "Okta requires" in error["message"]}


def _speaks_of_pkce(case: Case) -> bool:
    said = case.args["error"]["message"].lower().replace("_", " ")
    return any(word in said for word in ("pkce", "code verifier", "code challenge"))


def _at_okta(case: Case) -> bool:
    return any("okta" in (urlsplit(endpoint).hostname or "") for endpoint in endpoints(case))


def _hinted(case: Case, _outcome: Any) -> dict[str, bool]:
    return {"hint": True, "okta": _at_okta(case)}


ROWS = (
    Row(Verdict.SAME, "the reason stays the provider's, the hint stands beside it", lambda _case: True, _said),
    Row(
        Verdict.DIFFERENT,
        "W3: PKCE is always sent, so what is wrong is at the provider, however spelt; Okta is known by its host",
        _speaks_of_pkce,
        _hinted,
    ),
)


@each("config", "_handle_generic_sso_error")
def test_an_error_about_pkce_comes_with_a_hint_as_in_the_reference(case: Case) -> None:
    assert ours(case) == expected(case, ROWS).outcome
