from __future__ import annotations

from typing import Any

import pytest
from scenes import ISSUER, SIGNER, Signer, answer

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Reason, Refusal
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.userinfo import (
    check_userinfo_subject,
    is_signed,
    parse_signed_userinfo,
    parse_userinfo,
    userinfo_request,
)
from sso_core.secret import Secret

ENDPOINT = ISSUER + "/me"
TOKEN = Secret("at-canary")
SIGNED = {"iss": ISSUER, "aud": "client", "sub": "alice"}


def signed(claims: dict[str, Any], signer: Signer = SIGNER, **header: Any) -> HttpResponse:
    return answer(signer.sign(claims, **header), content_type="application/jwt")


def read(response: HttpResponse, keys: KeySet = SIGNER.keys) -> ClaimSet:
    return parse_signed_userinfo(response, keys, issuer=ISSUER, client_id="client", allowed=("EdDSA",))


def reason_of_plain(response: HttpResponse | Unreachable) -> Reason:
    with pytest.raises(Refusal) as caught:
        parse_userinfo(response)
    return caught.value.failure.reason


def reason_of_signed(response: HttpResponse, keys: KeySet = SIGNER.keys) -> Reason:
    with pytest.raises(Refusal) as caught:
        read(response, keys)
    return caught.value.failure.reason


# What is asked


def test_the_token_is_sent_in_the_header() -> None:
    assert userinfo_request(ENDPOINT, TOKEN) == HttpRequest(
        Purpose.USERINFO,
        ENDPOINT,
        (("accept", "application/json, application/jwt"), ("authorization", "Bearer at-canary")),
    )


def test_the_operators_headers_come_along_but_replace_no_token() -> None:
    request = userinfo_request(ENDPOINT, TOKEN, (("X-Tenant", "T"), ("Authorization", "other"), ("Accept", "*/*")))
    assert request.headers == (*userinfo_request(ENDPOINT, TOKEN).headers, ("x-tenant", "T"))


def test_the_token_shows_in_no_text() -> None:
    assert "canary" not in repr(userinfo_request(ENDPOINT, TOKEN))


@pytest.mark.parametrize(
    ("content_type", "answer_is_signed"),
    [
        ("application/jwt", True),
        ("Application/JWT ; charset=utf-8", True),
        ("application/json", False),
        ("application/jwt+json", False),
        ("", False),
    ],
)
def test_a_signed_answer_is_told_by_its_content_type(content_type: str, answer_is_signed: bool) -> None:
    assert is_signed(answer({}, content_type=content_type)) is answer_is_signed


# Plain answers


def test_a_plain_answer_is_taken_as_it_is() -> None:
    assert parse_userinfo(answer({"sub": "alice", "name": None})) == ClaimSet({"sub": "alice", "name": None})


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Unreachable(sent=True, why="reset"), Reason.USERINFO_UNREACHABLE),
        (answer({"sub": "alice"}, 500), Reason.USERINFO_UNREACHABLE),
        (answer({"sub": "alice"}, 503), Reason.USERINFO_UNREACHABLE),
        (answer({"sub": "alice"}, 401), Reason.USERINFO_STATUS),
        (answer({"sub": "alice"}, 201), Reason.USERINFO_STATUS),
        (answer({"sub": "alice"}, 302), Reason.USERINFO_STATUS),
        (answer(""), Reason.USERINFO_NOT_JSON),
        (answer("<html>"), Reason.USERINFO_NOT_JSON),
        (answer({"sub": "alice"}, content_type="text/html"), Reason.USERINFO_NOT_JSON),
        (answer('{"sub": "alice", "sub": "bob"}'), Reason.USERINFO_NOT_JSON),
        (answer("null"), Reason.EMPTY_USERINFO),
        (answer("{}"), Reason.EMPTY_USERINFO),
        (answer("[]"), Reason.USERINFO_NOT_AN_OBJECT),
        (answer('"alice"'), Reason.USERINFO_NOT_AN_OBJECT),
        (answer("false"), Reason.USERINFO_NOT_AN_OBJECT),
        (answer("0"), Reason.USERINFO_NOT_AN_OBJECT),
    ],
)
def test_each_way_to_have_no_claims_is_a_reason_of_its_own(
    response: HttpResponse | Unreachable, reason: Reason
) -> None:
    assert reason_of_plain(response) is reason


def test_the_cause_of_an_outage_is_told() -> None:
    with pytest.raises(Refusal, match="userinfo cannot be reached: reset"):
        parse_userinfo(Unreachable(sent=True, why="reset"))


# Signed answers


@pytest.mark.parametrize("audience", ["client", ["client"], ["other", "client"]])
def test_a_signed_answer_for_this_client_is_believed(audience: object) -> None:
    claims = SIGNED | {"aud": audience}
    assert read(signed(claims)) == ClaimSet(claims)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (signed(SIGNED | {"iss": "https://evil.example"}), Reason.BAD_USERINFO),
        (signed({"aud": "client", "sub": "alice"}), Reason.BAD_USERINFO),
        (signed(SIGNED | {"aud": "other"}), Reason.BAD_USERINFO),
        (signed(SIGNED | {"aud": ["other"]}), Reason.BAD_USERINFO),
        (signed(SIGNED | {"aud": {"client": True}}), Reason.BAD_USERINFO),
        (signed(SIGNED | {"aud": "my client"}), Reason.BAD_USERINFO),
        (signed({"iss": ISSUER, "sub": "alice"}), Reason.BAD_USERINFO),
        (answer('{"sub": "alice"}'), Reason.BAD_USERINFO),
        (HttpResponse(200, "ä.ä.ä".encode()), Reason.BAD_USERINFO),
        (signed(SIGNED, alg="none"), Reason.ALGORITHM_REFUSED),
        (signed(SIGNED, alg="RS256"), Reason.ALGORITHM_REFUSED),
        (signed(SIGNED, crit=["b64"]), Reason.BAD_USERINFO),
        (answer("", 401), Reason.USERINFO_STATUS),
        (answer("", 502), Reason.USERINFO_UNREACHABLE),
    ],
)
def test_a_signed_answer_that_is_not_for_this_login_is_refused(response: HttpResponse, reason: Reason) -> None:
    assert reason_of_signed(response) is reason


def test_a_signed_answer_that_is_no_object_is_refused() -> None:
    body = SIGNER.sign(["alice"])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # on purpose
    assert reason_of_signed(answer(body, content_type="application/jwt")) is Reason.BAD_USERINFO


def test_an_answer_of_another_signer_is_refused() -> None:
    assert reason_of_signed(signed(SIGNED, Signer())) is Reason.BAD_SIGNATURE


def test_a_key_that_is_not_there_yet_is_told_from_a_wrong_signature() -> None:
    stranger = Signer("k2")
    assert reason_of_signed(signed(SIGNED, stranger)) is Reason.UNKNOWN_KEY
    assert read(signed(SIGNED, stranger), stranger.keys).get("sub") == "alice"


# The subject


def test_userinfo_about_the_person_who_signed_in_is_fine() -> None:
    check_userinfo_subject(ClaimSet({"sub": "älice"}), "älice")


@pytest.mark.parametrize(
    ("claims", "what"),
    [
        ({"sub": "mallory"}, "names another subject than the ID token"),
        ({"sub": "Alice"}, "names another subject than the ID token"),
        ({"sub": ""}, "names another subject than the ID token"),
        ({"sub": 5}, "names no subject"),
        ({"sub": None}, "names no subject"),
        ({}, "names no subject"),
    ],
)
def test_userinfo_about_anybody_else_is_refused(claims: dict[str, Any], what: str) -> None:
    with pytest.raises(Refusal, match=what) as caught:
        check_userinfo_subject(ClaimSet(claims), "alice")
    assert caught.value.failure.reason is Reason.OTHER_SUBJECT
