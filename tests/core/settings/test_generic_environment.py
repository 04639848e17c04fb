from __future__ import annotations

from typing import Any

import pytest

from sso_core.oauth.client import AuthenticationMethod
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider, ResponseMode, UserinfoPolicy
from sso_core.settings.generic_environment import ENDPOINTS, PROTOCOL_HEADERS, read_generic, read_headers
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.reading import Reading, Report

CLIENT = {"GENERIC_CLIENT_ID": "id", "GENERIC_CLIENT_SECRET": "secret-canary"}
OPENID = CLIENT | {"GENERIC_ISSUER": "https://idp.example"}
NAMED = dict(zip(ENDPOINTS, (f"https://idp.example/{name}" for name in "atu"), strict=True))
PLAIN = CLIENT | NAMED


def read(environ: dict[str, Any]) -> tuple[Provider | None, Report]:
    report = Report()
    provider = read_generic(Reading(environ, report), REFERENCE_LADDER, ("groups",), "corp")
    assert "canary" not in str(report)
    assert "canary" not in repr(provider)
    return provider, report


def whole(environ: dict[str, Any]) -> Provider:
    provider, report = read(environ)
    assert report.problems == []
    assert provider is not None
    return provider


def problems(environ: dict[str, Any]) -> list[str]:
    return [f"{problem.variable} {problem.what}" for problem in read(environ)[1].problems]


def test_an_issuer_makes_an_openid_provider() -> None:
    provider = whole(
        OPENID
        | {
            "GENERIC_RESPONSE_MODE": "form_post",
            "GENERIC_SCOPE": " openid  email\tgroups",
            "GENERIC_LABEL": "Corp",
            "GENERIC_USERINFO": "required",
            "GENERIC_MAX_AGE": "0",
            "GENERIC_VERIFIED_EMAIL_REQUIRED": "true",
            "GENERIC_LOGOUT_AT_PROVIDER": "true",
            "GENERIC_SSO_HEADERS": "X-A=b",
        }
    )
    assert isinstance(provider, OpenIdProvider)
    assert (provider.issuer, provider.provider_id, provider.label) == ("https://idp.example", "corp", "Corp")
    assert provider.scope == "openid email groups"
    assert provider.response_mode is ResponseMode.FORM_POST
    assert provider.userinfo is UserinfoPolicy.REQUIRED
    assert (provider.max_age, provider.verified_email_required, provider.logout_at_provider) == (0, True, True)
    assert provider.extra_headers == (("x-a", "b"),)
    assert provider.rules.team_claims == ("groups",)


def test_three_endpoints_make_a_plain_provider_with_a_fixed_namespace() -> None:
    provider = whole(PLAIN)
    assert isinstance(provider, OAuthProvider)
    assert (provider.namespace, provider.subject_claim, provider.scope) == (
        *("https://idp.example", "sub", "openid email profile"),
    )
    named = whole(PLAIN | {"GENERIC_NAMESPACE": "corp", "GENERIC_SUBJECT_CLAIM": "id"})
    assert isinstance(named, OAuthProvider)
    assert (named.namespace, named.subject_claim) == ("corp", "id")


def test_a_provider_that_got_an_issuer_says_what_it_was_before() -> None:
    provider = whole(OPENID | {"GENERIC_NAMESPACE": "corp"})
    assert isinstance(provider, OpenIdProvider)
    assert (provider.namespace, provider.former_namespace) == (OPENID["GENERIC_ISSUER"], "corp")
    unnamed = whole(OPENID)
    assert isinstance(unnamed, OpenIdProvider)
    assert unnamed.former_namespace is None


@pytest.mark.parametrize(
    ("environ", "method"),
    [
        (OPENID, AuthenticationMethod.BASIC),
        (OPENID | {"GENERIC_INCLUDE_CLIENT_ID": "True"}, AuthenticationMethod.POST),
        (OPENID | {"GENERIC_CLIENT_AUTHENTICATION": "client_secret_post"}, AuthenticationMethod.POST),
        (
            {"GENERIC_CLIENT_ID": "id", "GENERIC_ISSUER": "https://i.example", "GENERIC_CLIENT_AUTHENTICATION": "none"},
            AuthenticationMethod.NONE,
        ),
    ],
)
def test_the_client_proves_itself_as_it_is_registered(environ: dict[str, str], method: AuthenticationMethod) -> None:
    assert whole(environ).client.method is method


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["GENERIC_CLIENT_ID is missing", "GENERIC_CLIENT_SECRET is missing", "GENERIC_ISSUER is missing"]),
        (
            {"GENERIC_CLIENT_ID": "id", "GENERIC_SUBJECT_CLAIM": "x", ENDPOINTS[0]: "https://idp.example"},
            [f"{name} is missing" for name in ("GENERIC_CLIENT_SECRET", *ENDPOINTS[1:])],
        ),
        (PLAIN | {ENDPOINTS[1]: "http://canary"}, [f"{ENDPOINTS[1]} is plain http"]),
        (
            OPENID | {"GENERIC_CLIENT_AUTHENTICATION": "none"},
            ["GENERIC_CLIENT_SECRET contradicts GENERIC_CLIENT_AUTHENTICATION=none"],
        ),
        (OPENID | NAMED, [f"{name} contradicts GENERIC_ISSUER" for name in ENDPOINTS]),
        (OPENID | {"GENERIC_SUBJECT_CLAIM": "x"}, ["GENERIC_SUBJECT_CLAIM is for plain OAuth 2.0"]),
        (OPENID | {"GENERIC_NAMESPACE": OPENID["GENERIC_ISSUER"]}, ["GENERIC_NAMESPACE is the issuer itself"]),
        (OPENID | {"GENERIC_SCOPE": "profile"}, ["GENERIC_SCOPE lacks openid"]),
        (OPENID | {"GENERIC_ISSUER": "http://canary"}, ["GENERIC_ISSUER is plain http"]),
        (OPENID | {"GENERIC_ACCESS_TOKEN_CLAIMS": "verified"}, ["GENERIC_ACCESS_TOKEN_AUDIENCE is missing"]),
        (PLAIN | {"GENERIC_USERINFO": "unused"}, ["GENERIC_USERINFO needs GENERIC_ISSUER"]),
        (PLAIN | {"GENERIC_LOGOUT_AT_PROVIDER": "true"}, ["GENERIC_LOGOUT_AT_PROVIDER needs GENERIC_ISSUER"]),
        (
            PLAIN | {"GENERIC_ACCESS_TOKEN_CLAIMS": "verified", "GENERIC_ACCESS_TOKEN_AUDIENCE": "a"},
            ["GENERIC_ACCESS_TOKEN_CLAIMS needs GENERIC_ISSUER"],
        ),
        (OPENID | {"GENERIC_CLIENT_STATE": "canary"}, ["GENERIC_CLIENT_STATE is not possible"]),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_the_order_of_need(environ: dict[str, str], expected: list[str]) -> None:
    assert problems(environ) == expected


@pytest.mark.parametrize("name", ["GENERIC_CLIENT_USE_PKCE", "PKCE_STRICT_CACHE_MISS"])
def test_what_cannot_be_switched_off_any_more_is_noted(name: str) -> None:
    _, report = read(OPENID | {name: "false"})
    assert [(note.variable, note.what) for note in report.notes] == [(name, "is always on")]
    assert report.problems == []
    assert read(OPENID | {name: "true"})[1] == Report()


@pytest.mark.parametrize(
    ("written", "headers"),
    [
        ("", ()),
        (",", ()),
        ("A=b", (("a", "b"),)),
        (" A = b , C=d,", (("a", "b"), ("c", "d"))),
        ("A=b=c", (("a", "b=c"),)),
        ("A=Zm9v==", (("a", "Zm9v=="),)),
        ('A="b"', (("a", '"b"'),)),
        ("A=b;C=d", (("a", "b;C=d"),)),
        ("Cookie=a", (("cookie", "a"),)),
        ({"A": "b, c"}, (("a", "b, c"),)),
    ],
)
def test_headers_are_read(written: object, headers: tuple[tuple[str, str], ...]) -> None:
    report = Report()
    assert read_headers(Reading({"X": written}, report), "X") == headers
    assert report == Report()


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("canary", "holds what is no header"),
        ("=canary", "holds what is no header"),
        ("a b=canary", "holds what is no header"),
        ("A=canary\r\nB: c", "holds what is no header"),
        ("A=canäry", "holds what is no header"),
        ({"A": 5}, "holds what is no header"),
        ("A=canary,a=b", "sets one header twice"),
        *((f"{name.upper()}=canary", f"sets {name}") for name in sorted(PROTOCOL_HEADERS)),
    ],
)
def test_headers_that_are_none_or_the_protocol_s_are_problems(written: object, what: str) -> None:
    report = Report()
    read_headers(Reading({"X": written}, report), "X")
    assert [problem.what for problem in report.problems] == [what]
    assert "canary" not in str(report)


def test_headers_that_are_no_text_are_one_problem() -> None:
    report = Report()
    assert read_headers(Reading({"X": 5}, report), "X") == ()
    assert read_headers(Reading({"X": {5: "a"}}, report), "X") == ()
    assert [problem.what for problem in report.problems] == ["is not a text", "is not a dictionary"]
