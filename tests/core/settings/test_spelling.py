from __future__ import annotations

import pytest

from sso_core.settings.spelling import meant, misspelt, shown


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("GENERIC_ISUER", "GENERIC_ISSUER"),
        ("GENERIC_CLIENT_SECERT", "GENERIC_CLIENT_SECRET"),
        ("generic_issuer", "GENERIC_ISSUER"),
        ("MICROSOFT_TENNANT", "MICROSOFT_TENANT"),
        ("ALLOWED_EMAIL_DOMAIN", "ALLOWED_EMAIL_DOMAINS"),
        ("ALLOWED_EMAILS_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("SSO_RESTRICTED_GROUPS", "SSO_RESTRICTED_GROUP"),
        ("ALLOWED_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("EMAIL_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("email_domain_allowed", "ALLOWED_EMAIL_DOMAINS"),
        ("SSO_EMAIL_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("SSO_ALLOWED_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("GENERIC_ALLOWED_DOMAINS", "ALLOWED_EMAIL_DOMAINS"),
        ("SSO_ALLOWED_GROUP", "SSO_RESTRICTED_GROUP"),
        ("SSO_RESTRICTED_TO_GROUP", "SSO_RESTRICTED_GROUP"),
        ("ACCESS_MODE", "SSO_ACCESS_MODE"),
        ("UI_ACCESS_MODE", "SSO_ACCESS_MODE"),
        ("SSO_ADMIN_ONLY", "SSO_ACCESS_MODE"),
        ("SSO_ADMINS_ONLY", "SSO_ACCESS_MODE"),
        ("SSO_MAX_SEATS", "SSO_SEATS"),
        ("SSO_DISABLE_CLI", "SSO_CLI"),
        ("GENERIC_EMAIL_VERIFIED_REQUIRED", "GENERIC_VERIFIED_EMAIL_REQUIRED"),
    ],
)
def test_a_name_like_a_setting_s_is_taken_for_it_misspelt(name: str, close: str) -> None:
    assert misspelt([name, "PATH", "HOME"]) == ((name, close),)


@pytest.mark.parametrize(
    "name",
    [
        *("GENERIC_ISSUER", "PATH", "GOOGLE_APPLICATION_CREDENTIALS", "SSO_CHROMIUM", "GENERIC_ISUER\x1b[2J"),
        *("DATABASE_UR", "SERVICE_ID", "ALLOWED_HOSTS", "DB_ACCESS_MODE", "GOOGLE_CLI_TOKEN", "SEATS", "GROUP", "SSO"),
        *("_", "SSO_EMAIL"),
    ],
)
def test_other_names_are_left_alone(name: str) -> None:
    assert misspelt([name]) == ()


def test_names_come_in_order() -> None:
    assert [name for name, _ in misspelt(["SSO_SEAT", "GENERIC_SCOPES"])] == ["GENERIC_SCOPES", "SSO_SEAT"]


@pytest.mark.parametrize(("name", "close"), [("isuer", "issuer"), ("colour", None)])
def test_the_nearest_name_is_meant(name: str, close: str | None) -> None:
    assert meant(name, ("issuer", "scope")) == close


@pytest.mark.parametrize(("name", "text"), [("a-b_C1", "a-b_C1"), ("a b", "…"), ("\x1b[2J", "…"), ("x" * 65, "…")])
def test_only_what_looks_like_a_name_is_shown(name: str, text: str) -> None:
    assert shown(name) == text
