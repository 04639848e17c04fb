from __future__ import annotations

import json

import pytest
from scenes import ISSUER, METADATA, NOW, SIGNER, answer

from sso_core.effects import HttpRequest
from sso_core.events import Event, HttpResponse, Unreachable
from sso_core.failures import Reason
from sso_core.flows.read_documents import (
    KeysKnown,
    MetadataKnown,
    ReadingAuthorizationServerMetadata,
    ReadingKeySet,
    ReadingOpenIdConfiguration,
    read_keys,
    read_metadata,
)
from sso_core.machine import Failed, advance

DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": METADATA.authorization_endpoint,
    "token_endpoint": METADATA.token_endpoint,
    "userinfo_endpoint": METADATA.userinfo_endpoint,
    "jwks_uri": METADATA.jwks_uri,
    "id_token_signing_alg_values_supported": ["EdDSA"],
}


def url(state: ReadingOpenIdConfiguration | ReadingAuthorizationServerMetadata | ReadingKeySet) -> str:
    (request,) = state.awaits
    assert isinstance(request, HttpRequest)
    return request.url


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_the_document_is_asked_for_where_discovery_puts_it() -> None:
    state = read_metadata("https://idp.example/tenant/")
    assert isinstance(state, ReadingOpenIdConfiguration)
    assert url(state) == "https://idp.example/tenant/.well-known/openid-configuration"


def test_metadata_is_believed_of_its_issuer() -> None:
    state = advance(ReadingOpenIdConfiguration(ISSUER), [answer(DOCUMENT)], now=NOW)
    assert isinstance(state, MetadataKnown)
    assert state.metadata.token_endpoint == METADATA.token_endpoint


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_provider_of_plain_metadata_is_asked_in_the_other_place(status: int) -> None:
    state = advance(ReadingOpenIdConfiguration("https://idp.example/t"), [answer("", status)], now=NOW)
    assert isinstance(state, ReadingAuthorizationServerMetadata)
    assert url(state) == "https://idp.example/.well-known/oauth-authorization-server/t"


def test_the_other_place_is_held_to_the_same_checks() -> None:
    state = ReadingAuthorizationServerMetadata(ISSUER)
    assert isinstance(advance(state, [answer(DOCUMENT)], now=NOW), MetadataKnown)
    wrong = answer(DOCUMENT | {"issuer": ISSUER + "INVALID"})
    assert reason(advance(state, [wrong], now=NOW)) is Reason.ISSUER_MISMATCH


@pytest.mark.parametrize("event", [Unreachable(sent=False), answer("", 500), answer("", 302)])
def test_metadata_that_cannot_be_had_is_told_from_bad_metadata(event: Event) -> None:
    assert reason(advance(ReadingOpenIdConfiguration(ISSUER), [event], now=NOW)) is Reason.METADATA_UNREACHABLE


def test_an_issuer_that_is_no_address_is_refused_before_anything_is_asked() -> None:
    assert reason(read_metadata("not an address")) is Reason.BAD_METADATA


def test_keys_are_prepared_once() -> None:
    state = read_keys(METADATA.jwks_uri)
    assert isinstance(state, ReadingKeySet)
    assert url(state) == METADATA.jwks_uri
    assert advance(state, [HttpResponse(200, SIGNER.jwks)], now=NOW) == KeysKnown(SIGNER.keys)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Unreachable(sent=True), Reason.KEYS_UNREACHABLE),
        (answer("", 500), Reason.KEYS_UNREACHABLE),
        (answer(json.dumps({})), Reason.BAD_KEYS),
        (HttpResponse(200, SIGNER.jwks, (("content-type", "text/html"),)), Reason.BAD_KEYS),
    ],
)
def test_keys_that_cannot_be_had_are_told_from_bad_keys(event: Event, expected: Reason) -> None:
    assert reason(advance(ReadingKeySet(METADATA.jwks_uri), [event], now=NOW)) is expected


def test_an_authority_of_many_tenants_is_believed_under_its_template_in_both_places() -> None:
    template = "https://idp.example/{tenantid}"
    first = read_metadata(ISSUER, (template,))
    assert isinstance(first, ReadingOpenIdConfiguration)
    second = advance(first, [answer("", 404)], now=NOW)
    assert isinstance(second, ReadingAuthorizationServerMetadata)
    for state in (first, second):
        assert isinstance(advance(state, [answer(DOCUMENT | {"issuer": template})], now=NOW), MetadataKnown)
        assert reason(advance(state, [answer(DOCUMENT)], now=NOW)) is Reason.ISSUER_MISMATCH
