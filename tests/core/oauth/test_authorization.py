from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from sso_core.failures import Failure, Reason, Refusal
from sso_core.oauth.authorization import (
    CODE_LIMIT,
    STATE_LIMIT,
    AuthorizationResponse,
    CodeGranted,
    NotGranted,
    authorization_url,
    check_response_issuer,
    parse_authorization_response,
)
from sso_core.secret import Secret

ISSUER = "https://idp.example"
VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
REQUIRED = [
    ("response_type", "code"),
    ("client_id", "client"),
    ("redirect_uri", "https://app.example/sso/callback"),
    ("scope", "openid email"),
    ("code_challenge_method", "S256"),
]
OF_THIS_LOGIN = [
    ("state", "st"),
    ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
]


def url(
    endpoint: str = ISSUER + "/authorize",
    nonce: str | None = None,
    response_mode: str | None = None,
    extra: tuple[tuple[str, str], ...] = (),
) -> str:
    return authorization_url(
        endpoint,
        client_id="client",
        redirect_uri="https://app.example/sso/callback",
        scope="openid email",
        state="st",
        nonce=nonce,
        code_verifier=VERIFIER,
        response_mode=response_mode,
        extra=extra,
    )


def failure(response: AuthorizationResponse) -> Failure:
    assert isinstance(response, NotGranted), response
    return response.failure


def test_the_request_has_what_the_protocol_requires() -> None:
    address, _, query = url().partition("?")
    assert address == ISSUER + "/authorize"
    assert parse_qsl(query) == [*REQUIRED, *OF_THIS_LOGIN]


def test_a_nonce_a_response_mode_and_extras_are_added_where_there_are_any() -> None:
    query = urlsplit(url(nonce="no", response_mode="form_post", extra=(("max_age", "60"),))).query
    added = [("response_mode", "form_post"), ("max_age", "60")]
    assert parse_qsl(query) == [*REQUIRED, *added, *OF_THIS_LOGIN, ("nonce", "no")]


def test_query_values_of_the_endpoint_are_kept() -> None:
    query = urlsplit(url(ISSUER + "/authorize?tenant=a%20b")).query
    assert parse_qsl(query) == [("tenant", "a b"), *REQUIRED, *OF_THIS_LOGIN]


def test_logins_differ_in_what_is_theirs_alone() -> None:
    assert "nonce" not in url()
    assert url(nonce="one").replace("nonce=one", "nonce=two") == url(nonce="two")
    assert url(extra=(("max_age", "60"),)) != url(extra=(("max_age", "61"),))


def test_the_verifier_stays_here() -> None:
    assert VERIFIER.reveal() not in url()


@pytest.mark.parametrize("issuer", [None, ISSUER])
def test_a_code_is_granted(issuer: str | None) -> None:
    parameters = {"state": "st", "code": "co", "session_state": "ignored"} | ({"iss": issuer} if issuer else {})
    assert parse_authorization_response(parameters) == CodeGranted(Secret("st"), Secret("co"), issuer)


def test_the_longest_state_and_code_are_taken() -> None:
    response = parse_authorization_response({"state": "s" * STATE_LIMIT, "code": "c" * CODE_LIMIT})
    assert isinstance(response, CodeGranted)


@pytest.mark.parametrize("parameters", [{}, {"state": ""}, {"state": "s" * (STATE_LIMIT + 1)}])
@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"code": "co"}, ""),
        ({"error": "server_error"}, "the provider reported an error without the state"),
    ],
)
def test_without_a_usable_state_nothing_is_told(parameters: dict[str, str], more: dict[str, str], hint: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_authorization_response(parameters | more)
    assert caught.value.failure == Failure(Reason.NO_STATE, "the callback has no usable state", hint)


def test_what_a_provider_says_is_told_without_the_state_and_the_code() -> None:
    said = {"error": "not st4te", "error_description": "c0de of st4te is over"}
    response = parse_authorization_response({"state": "st4te", "code": "c0de", **said})
    assert isinstance(response, NotGranted)
    assert response.failure.detail == "the provider answers not … (… of … is over)"


@pytest.mark.parametrize(
    ("parameters", "reason", "detail"),
    [
        ({}, Reason.NO_CODE, "the callback has neither a code nor an error"),
        ({"code": ""}, Reason.NO_CODE, "the callback has neither a code nor an error"),
        ({"code": "c" * (CODE_LIMIT + 1)}, Reason.MALFORMED_CALLBACK, "the code is longer than 4096 characters"),
        ({"error": "access_denied"}, Reason.ACCESS_DENIED, "the provider answers access_denied"),
        ({"error": "server_error", "code": "co"}, Reason.PROVIDER_ERROR, "the provider answers server_error"),
        ({"error": ""}, Reason.PROVIDER_ERROR, "the provider answers "),
        (
            {"error": "temporarily_unavailable", "error_description": "come\nback"},
            Reason.PROVIDER_ERROR,
            "the provider answers temporarily_unavailable (come back)",
        ),
    ],
)
def test_everything_but_a_code_uses_the_login_up(parameters: dict[str, str], reason: Reason, detail: str) -> None:
    response = parse_authorization_response({"state": "st", "iss": ISSUER} | parameters)
    assert response == NotGranted(Secret("st"), Failure(reason, detail), ISSUER)


@pytest.mark.parametrize("name", ["access_token", "id_token", "response"])
def test_tokens_in_the_front_channel_were_never_asked_for(name: str) -> None:
    response = parse_authorization_response({"state": "st", "code": "co", name: "canary"})
    assert failure(response).reason is Reason.UNEXPECTED_PARAMETER
    assert name in failure(response).detail
    assert "canary" not in repr(response)


@pytest.mark.parametrize("error", ["invalid_scope", "unauthorized_client", "invalid_request", "login_required"])
def test_an_error_that_operators_can_mend_comes_with_a_hint(error: str) -> None:
    assert failure(parse_authorization_response({"state": "st", "error": error})).hint


def test_neither_the_state_nor_the_code_shows_in_a_text() -> None:
    response = parse_authorization_response({"state": "state-canary", "code": "code-canary"})
    assert "canary" not in repr(response)


@pytest.mark.parametrize(("said", "promised"), [(None, False), (ISSUER, False), (ISSUER, True)])
def test_the_right_issuer_or_none_where_none_was_promised_is_fine(said: str | None, promised: bool) -> None:
    check_response_issuer(said, issuer=ISSUER, promised=promised)


@pytest.mark.parametrize(
    ("said", "promised", "reason"),
    [
        (None, True, Reason.RESPONSE_ISSUER_MISSING),
        ("", True, Reason.RESPONSE_ISSUER_MISMATCH),
        (ISSUER + "/", True, Reason.RESPONSE_ISSUER_MISMATCH),
        ("https://evil.example", False, Reason.RESPONSE_ISSUER_MISMATCH),
        ("https://idp.exämple", False, Reason.RESPONSE_ISSUER_MISMATCH),
    ],
)
def test_a_mix_up_is_refused(said: str | None, promised: bool, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        check_response_issuer(said, issuer=ISSUER, promised=promised)
    assert caught.value.failure.reason is reason
