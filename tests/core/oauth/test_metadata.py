from __future__ import annotations

from typing import Any

import pytest
from scenes import ISSUER, answer

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse
from sso_core.facts import ProviderMetadata
from sso_core.failures import Reason, Refusal
from sso_core.oauth.metadata import (
    LIMIT,
    authorization_server_metadata_request,
    openid_configuration_request,
    parse_metadata,
)

LEAST = {
    "issuer": ISSUER,
    "authorization_endpoint": ISSUER + "/authorize",
    "token_endpoint": ISSUER + "/token",
    "jwks_uri": ISSUER + "/keys",
}
LOCAL = "http://127.0.0.1:8000"


def refusal(document: object, issuer: str = ISSUER) -> tuple[Reason, str]:
    with pytest.raises(Refusal) as caught:
        parse_metadata(answer(document), issuer)
    return caught.value.failure.reason, caught.value.failure.detail


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in LEAST.items() if key != name}


def test_a_page_is_no_metadata_whatever_it_holds() -> None:
    with pytest.raises(Refusal) as caught:
        parse_metadata(answer(LEAST, content_type="text/html"), ISSUER)
    assert caught.value.failure.reason is Reason.BAD_METADATA


@pytest.mark.parametrize(
    ("issuer", "openid", "oauth"),
    [
        (
            "https://idp.example",
            "https://idp.example/.well-known/openid-configuration",
            "https://idp.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://idp.example:444/tenant/v2/",
            "https://idp.example:444/tenant/v2/.well-known/openid-configuration",
            "https://idp.example:444/.well-known/oauth-authorization-server/tenant/v2",
        ),
    ],
)
def test_metadata_is_asked_for_where_the_specifications_put_it(issuer: str, openid: str, oauth: str) -> None:
    headers = (("accept", "application/json"),)
    assert openid_configuration_request(issuer) == HttpRequest(Purpose.METADATA, openid, headers, limit=LIMIT)
    assert authorization_server_metadata_request(issuer) == HttpRequest(Purpose.METADATA, oauth, headers, limit=LIMIT)


def test_the_least_metadata_is_enough() -> None:
    assert parse_metadata(answer(LEAST), ISSUER) == ProviderMetadata(
        ISSUER, ISSUER + "/authorize", ISSUER + "/token", None, ISSUER + "/keys"
    )


def test_optional_members_are_taken_where_they_are_present() -> None:
    more = {
        "userinfo_endpoint": ISSUER + "/me",
        "end_session_endpoint": ISSUER + "/bye",
        "authorization_response_iss_parameter_supported": True,
    }
    metadata = parse_metadata(answer(LEAST | more), ISSUER)
    assert metadata.userinfo_endpoint == ISSUER + "/me"
    assert metadata.end_session_endpoint == ISSUER + "/bye"
    assert metadata.response_issuer_promised


@pytest.mark.parametrize("name", ["userinfo_endpoint", "end_session_endpoint"])
def test_null_is_as_good_as_absent_for_an_optional_endpoint(name: str) -> None:
    assert parse_metadata(answer(LEAST | {name: None}), ISSUER) == parse_metadata(answer(LEAST), ISSUER)


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_only_true_promises_the_issuer_in_the_response(said: object) -> None:
    document = LEAST | {"authorization_response_iss_parameter_supported": said}
    assert not parse_metadata(answer(document), ISSUER).response_issuer_promised


@pytest.mark.parametrize("document", ["", "<html>", "[]", '{"issuer": 1, "issuer": 2}'])
def test_a_document_that_is_no_object_is_bad_metadata(document: str) -> None:
    assert refusal(document)[0] is Reason.BAD_METADATA


def test_a_document_beyond_the_limit_is_bad_metadata() -> None:
    with pytest.raises(Refusal, match="larger than"):
        parse_metadata(HttpResponse(200, b" " * (LIMIT + 1)), ISSUER)


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        (ISSUER + "/", ISSUER + "/"),
        (ISSUER.upper(), ISSUER.upper()),
        (ISSUER + ":443", ISSUER + ":443"),
        ("https://evil.example\n", "https://evil.example "),
        (None, "no issuer"),
        ([ISSUER], "no issuer"),
    ],
)
def test_metadata_of_another_issuer_is_refused_to_the_letter(issuer: object, said: str) -> None:
    assert refusal(LEAST | {"issuer": issuer}) == (
        Reason.ISSUER_MISMATCH,
        f"the metadata of {ISSUER} says {said}",
    )


def test_metadata_without_an_issuer_is_refused() -> None:
    assert refusal(without("issuer"))[0] is Reason.ISSUER_MISMATCH


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [None, 5, [ISSUER]])
def test_a_required_endpoint_that_is_no_text_is_missing(name: str, value: object) -> None:
    expected = (Reason.BAD_METADATA, f"the metadata of {ISSUER} has no {name}")
    assert refusal(LEAST | {name: value}) == expected
    assert refusal(without(name)) == expected


ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "end_session_endpoint",
)


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "value",
    [
        "",
        "/token",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user@idp.example/token",
        "https://idp.example/#token",
        "https://idp.example/\r\nset-cookie: a=b",
    ],
)
def test_an_endpoint_that_is_no_plain_address_is_refused(name: str, value: str) -> None:
    reason, detail = refusal(LEAST | {name: value})
    assert reason is Reason.BAD_METADATA
    assert detail.startswith(f"the {name} of {ISSUER} is not usable: ")


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("value", ["http://idp.example/token", "http://127.0.0.1/token"])
def test_an_endpoint_of_an_https_issuer_is_https(name: str, value: str) -> None:
    assert refusal(LEAST | {name: value}) == (Reason.BAD_METADATA, f"the {name} of {ISSUER} is not https")


def test_plain_http_stays_on_one_machine() -> None:
    document = {name: value.replace(ISSUER, LOCAL) for name, value in LEAST.items()}
    assert parse_metadata(answer(document), LOCAL).token_endpoint == LOCAL + "/token"
    assert refusal(document | {"token_endpoint": "http://idp.example/token"}, LOCAL)[0] is Reason.BAD_METADATA
    mixed = document | {"token_endpoint": "https://idp.example/token"}
    assert parse_metadata(answer(mixed), LOCAL).token_endpoint == "https://idp.example/token"


@pytest.mark.parametrize(
    ("listed", "algorithms"),
    [
        ([], ("RS256",)),
        (["ES256", "PS256"], ("RS256", "PS256", "ES256")),
        (["none", "HS256", "RS256", 5, None, ["EdDSA"]], ("RS256",)),
    ],
)
def test_of_the_listed_algorithms_the_sound_ones_are_kept(listed: list[object], algorithms: tuple[str, ...]) -> None:
    document = LEAST | {"id_token_signing_alg_values_supported": listed}
    assert parse_metadata(answer(document), ISSUER).id_token_algorithms == algorithms


@pytest.mark.parametrize("listed", ["RS256", None, {}])
def test_algorithms_that_are_no_list_are_bad_metadata(listed: object) -> None:
    assert refusal(LEAST | {"id_token_signing_alg_values_supported": listed})[0] is Reason.BAD_METADATA


AUTHORITY, TEMPLATE = "https://login.example/common/v2.0", "https://login.example/{tenantid}/v2.0"


def test_an_authority_of_many_tenants_publishes_a_template() -> None:
    metadata = parse_metadata(answer(LEAST | {"issuer": TEMPLATE}), AUTHORITY, (TEMPLATE,))
    assert metadata.issuer == AUTHORITY


@pytest.mark.parametrize("said", [AUTHORITY, TEMPLATE + "1", "https://evil.example/{tenantid}/v2.0", None])
def test_an_authority_of_many_tenants_publishes_nothing_else(said: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        parse_metadata(answer(LEAST | {"issuer": said}), AUTHORITY, (TEMPLATE,))
    assert caught.value.failure.reason is Reason.ISSUER_MISMATCH


def test_a_template_is_believed_of_nobody_else() -> None:
    assert refusal(LEAST | {"issuer": TEMPLATE}, AUTHORITY)[0] is Reason.ISSUER_MISMATCH
