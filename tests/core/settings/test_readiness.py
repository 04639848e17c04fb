from __future__ import annotations

import pytest

from sso_core.settings.generic_environment import ENDPOINTS
from sso_core.settings.readiness import named_provider, readiness

SECRET = "GENERIC_CLIENT_SECRET"
GENERIC = {"GENERIC_CLIENT_ID": "x"}
ISSUER = {"GENERIC_ISSUER": "https://idp.example"}


@pytest.mark.parametrize("environ", [{}, {"GOOGLE_CLIENT_ID": " "}, {"GENERIC_CLIENT_SECRET": "canary"}])
def test_an_environment_without_a_provider_is_healthy(environ: dict[str, str]) -> None:
    answer = readiness(environ)
    assert answer.status == 200
    assert answer.body == {"status": "healthy", "sso_configured": False, "message": answer.message}


@pytest.mark.parametrize(
    ("environ", "provider", "missing"),
    [
        ({"GOOGLE_CLIENT_ID": "x"}, "google", ["GOOGLE_CLIENT_SECRET"]),
        ({"GOOGLE_CLIENT_ID": "x"} | GENERIC, "google", ["GOOGLE_CLIENT_SECRET"]),
        ({"MICROSOFT_CLIENT_ID": "x"}, "microsoft", ["MICROSOFT_CLIENT_SECRET", "MICROSOFT_TENANT"]),
        ({"MICROSOFT_CLIENT_ID": "x", "MICROSOFT_TENANT": "t"}, "microsoft", ["MICROSOFT_CLIENT_SECRET"]),
        (GENERIC, "generic", [SECRET, *ENDPOINTS]),
        (GENERIC | {SECRET: " "}, "generic", [SECRET, *ENDPOINTS]),
        (GENERIC | {SECRET: "canary", ENDPOINTS[1]: "x"}, "generic", [ENDPOINTS[0], ENDPOINTS[2]]),
        (GENERIC | ISSUER, "generic", [SECRET]),
        (GENERIC | {"GENERIC_CLIENT_AUTHENTICATION": "none"}, "generic", list(ENDPOINTS)),
    ],
)
def test_what_the_provider_lacks_is_said_in_the_order_of_need(
    environ: dict[str, str], provider: str, missing: list[str]
) -> None:
    answer = readiness(environ)
    assert answer.status == 503
    assert answer.body == {
        "status": "unhealthy",
        "sso_configured": True,
        "provider": provider,
        "missing_environment_variables": missing,
        "message": answer.message,
    }
    assert all(name in answer.message for name in missing)
    assert "canary" not in repr(answer)


@pytest.mark.parametrize(
    "environ",
    [
        {"GOOGLE_CLIENT_ID": "x", "GOOGLE_CLIENT_SECRET": "canary"},
        {"MICROSOFT_CLIENT_ID": "x", "MICROSOFT_CLIENT_SECRET": "canary", "MICROSOFT_TENANT": "t"},
        GENERIC | ISSUER | {SECRET: "canary"},
        GENERIC | dict.fromkeys((SECRET, *ENDPOINTS), "canary"),
        GENERIC | ISSUER | {"GENERIC_CLIENT_AUTHENTICATION": "none"},
    ],
)
def test_a_provider_that_lacks_nothing_is_healthy(environ: dict[str, str]) -> None:
    answer = readiness(environ)
    assert (answer.status, answer.missing) == (200, ())
    assert answer.body["provider"] == answer.provider == named_provider(environ)
