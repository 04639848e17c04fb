from __future__ import annotations

import json
from typing import Any

import pytest
from scenes import ISSUER, answer

from sso_core.effects import Purpose
from sso_core.events import HttpResponse
from sso_core.failures import Failure, Reason, Refusal
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.token import TokenResponse, parse_token_response, token_request, with_extra
from sso_core.secret import Secret
from sso_core.wire import parse_form

CODE = Secret("code-CANARY")
ENDPOINT = ISSUER + "/token"
LEAST = {"access_token": "at-canary", "token_type": "Bearer"}
FORM = {
    "grant_type": "authorization_code",
    "code": "code-CANARY",
    "redirect_uri": "https://app.example/sso/callback",
    "code_verifier": "verifier-canary",
}


def ask(client: Client, *extra: tuple[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    request = token_request(
        ENDPOINT,
        client,
        code=CODE,
        redirect_uri="https://app.example/sso/callback",
        code_verifier=Secret("verifier-canary"),
        extra_headers=extra,
    )
    assert (request.purpose, request.url, request.method) == (Purpose.TOKEN, ENDPOINT, "POST")
    assert "canary" not in repr(request).lower()
    assert request.body is not None
    return parse_form(request.body), dict(request.headers)


def refused(response: HttpResponse) -> Failure:
    with pytest.raises(Refusal) as caught:
        parse_token_response(response, CODE)
    assert "canary" not in str(caught.value).lower()
    return caught.value.failure


# What is asked


def test_a_client_with_basic_proves_itself_in_a_header() -> None:
    client = Client("client", Secret("secret"))
    form, headers = ask(client)
    assert form == FORM
    assert headers == {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "authorization": client.headers[0][1],
    }


@pytest.mark.parametrize(
    ("client", "proof"),
    [
        (
            Client("client", Secret("secret"), AuthenticationMethod.POST),
            {"client_id": "client", "client_secret": "secret"},
        ),
        (Client("client", method=AuthenticationMethod.NONE), {"client_id": "client"}),
    ],
)
def test_other_clients_prove_themselves_in_the_form(client: Client, proof: dict[str, str]) -> None:
    form, headers = ask(client)
    assert form == FORM | proof
    assert "authorization" not in headers


def test_the_operators_headers_come_along_in_lower_case() -> None:
    assert ask(Client("client", Secret("secret")), ("X-Tenant", "T"))[1]["x-tenant"] == "T"


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
@pytest.mark.parametrize("method", [AuthenticationMethod.BASIC, AuthenticationMethod.POST])
def test_the_operators_headers_replace_none_of_the_protocol(name: str, method: AuthenticationMethod) -> None:
    client = Client("client", Secret("secret"), method)
    assert ask(client, (name, "other")) == ask(client)


def test_without_headers_of_the_operator_nothing_is_copied() -> None:
    headers = (("accept", "application/json"),)
    assert with_extra(headers, ()) is headers


# What comes back


def test_the_least_answer_is_enough() -> None:
    tokens = parse_token_response(answer(LEAST))
    assert tokens == TokenResponse(Secret("at-canary"), None, None, None, None, tokens.claims)
    assert tokens.claims.members == LEAST


def test_everything_that_is_present_is_taken() -> None:
    tokens = parse_token_response(
        answer(LEAST | {"id_token": "idt", "refresh_token": "rt", "expires_in": 3600, "scope": "openid"})
    )
    assert (tokens.id_token, tokens.refresh_token) == (Secret("idt"), Secret("rt"))
    assert (tokens.expires_in, tokens.scope) == (3600, "openid")


@pytest.mark.parametrize("name", ["id_token", "refresh_token"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_token_is_none(name: str, value: str | None) -> None:
    assert getattr(parse_token_response(answer(LEAST | {name: value})), name) is None


@pytest.mark.parametrize("value", [None, 0, 3600, 0.5])
def test_a_lifetime_is_a_number_or_absent(value: float | None) -> None:
    assert parse_token_response(answer(LEAST | {"expires_in": value})).expires_in == value


@pytest.mark.parametrize("token_type", ["bearer", "Bearer", "BEARER"])
def test_the_token_type_is_taken_in_any_case_of_letters(token_type: str) -> None:
    response = answer(LEAST | {"token_type": token_type})
    assert parse_token_response(response).access_token == Secret(LEAST["access_token"])


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.tokens+json", ""]
)
def test_json_is_told_by_its_content_type(content_type: str) -> None:
    assert parse_token_response(answer(LEAST, content_type=content_type)).access_token == Secret(LEAST["access_token"])


def test_a_missing_content_type_is_forgiven() -> None:
    response = HttpResponse(200, json.dumps(LEAST).encode())
    assert parse_token_response(response).access_token == Secret(LEAST["access_token"])


# What is refused


@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8", "application/jwt", "code-CANARY"])
def test_a_page_where_json_belongs_is_refused(content_type: str) -> None:
    assert refused(answer(LEAST, content_type=content_type)).reason is Reason.TOKEN_NOT_JSON


@pytest.mark.parametrize("body", ["", "access_token=at-canary&token_type=bearer", '{"a": 1, "a": 2}', "[" * 40])
def test_an_answer_that_is_not_strictly_json_is_refused(body: str) -> None:
    assert refused(answer(body)).reason is Reason.TOKEN_NOT_JSON


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("[]", "JSON array"),
        ('"canary"', "text"),
        ("true", "boolean"),
        ("1", "number"),
        ("1.5", "number"),
        ("null", "null"),
    ],
)
def test_an_answer_that_is_no_object_is_refused(body: str, what: str) -> None:
    assert refused(answer(body)) == Failure(Reason.TOKEN_NOT_AN_OBJECT, f"the token answer is a {what}, not an object")


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ({}, "has no access_token; it has nothing"),
        ({"b": 1, "a": 2}, "has no access_token; it has a, b"),
        ({"access_token": ""}, "has no access_token; it has access_token"),
        ({"access_token": None}, "has no access_token; it has access_token"),
        ({"access_token": ["x"]}, "has an access_token that is not text; it has access_token"),
        ({"error": "invalid_grant"}, "has no access_token: invalid_grant"),
        ({"error": "e", "error_description": "late code-CANARY"}, "has no access_token: e, late …"),
        ({"code-CANARY": 1}, "has no access_token; it has …"),
    ],
)
def test_an_answer_without_an_access_token_tells_what_it_has_instead(document: dict[str, Any], detail: str) -> None:
    assert refused(answer(document)) == Failure(Reason.NO_ACCESS_TOKEN, f"the token answer {detail}")


@pytest.mark.parametrize("token_type", [None, "", "DPoP", "mac", 5])
def test_a_token_of_a_type_that_was_not_asked_for_is_refused(token_type: object) -> None:
    assert refused(answer(LEAST | {"token_type": token_type})).reason is Reason.BAD_TOKEN_RESPONSE


def test_a_missing_token_type_is_refused() -> None:
    assert refused(answer({"access_token": "at-canary"})).reason is Reason.BAD_TOKEN_RESPONSE


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ({"id_token": {}}, "id_token is a JSON object, not text"),
        ({"refresh_token": 1}, "refresh_token is a number, not text"),
        ({"scope": ["openid"]}, "scope is a JSON array, not text"),
        ({"expires_in": "3600"}, "expires_in is a text, not a number"),
        ({"expires_in": True}, "expires_in is a boolean, not a number"),
    ],
)
def test_a_member_of_another_type_is_refused(member: dict[str, Any], what: str) -> None:
    assert refused(answer(LEAST | member)) == Failure(Reason.BAD_TOKEN_RESPONSE, f"the token answer's {what}")


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, "invalid_grant", Reason.CODE_REFUSED),
        (401, "invalid_client", Reason.CLIENT_REFUSED),
        (400, "unauthorized_client", Reason.CLIENT_REFUSED),
        (400, "invalid_request", Reason.TOKEN_ENDPOINT_STATUS),
        (302, "", Reason.TOKEN_ENDPOINT_STATUS),
        (201, "", Reason.TOKEN_ENDPOINT_STATUS),
        (429, "invalid_grant", Reason.TOKEN_ENDPOINT_UNAVAILABLE),
        (500, "invalid_client", Reason.TOKEN_ENDPOINT_UNAVAILABLE),
        (503, "", Reason.TOKEN_ENDPOINT_UNAVAILABLE),
    ],
)
def test_a_status_other_than_200_is_refused_for_what_it_says(status: int, error: str, reason: Reason) -> None:
    failure = refused(answer({"error": error}, status))
    said = f": {error}" if error else ""
    assert (failure.reason, failure.detail) == (reason, f"the token endpoint answers {status}{said}")
    assert bool(failure.hint) is (reason in {Reason.CODE_REFUSED, Reason.CLIENT_REFUSED})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"error": "invalid_scope", "error_description": "code-CANARY\nis wrong"}, ": invalid_scope, … is wrong"),
        ({"error": "code-CANARY", "error_description": 5}, ": …"),
        ({"error": 5, "error_description": "never mind"}, ""),
        ({}, ""),
        ([], ""),
        ("<html>canary</html>", ""),
    ],
)
def test_what_an_error_says_is_quoted_without_secrets(document: object, said: str) -> None:
    assert refused(answer(document, 400)).detail == f"the token endpoint answers 400{said}"
