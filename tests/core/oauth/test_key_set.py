from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from sso_core.facts import KeySet, PreparedKey
from sso_core.failures import Reason, Refusal
from sso_core.oauth.key_set import KEYS_CONSIDERED, KEYS_LIMIT, parse_key_set, prepare_key
from sso_core.oauth.keys import ALGORITHMS, choose_key
from sso_core.testing.signing_keys import signing_key
from sso_core.wire import b64url_decode, b64url_encode

MESSAGE = b"header.payload"


def jwk(alg: str = "EdDSA", /, *, kid: str | None = "k1", seed: str = "", **changes: Any) -> dict[str, Any]:
    """Return the entry of a made-up key; a change to None takes the member away."""
    entry = signing_key(alg, kid=kid, seed=seed).jwk or {}
    return {name: value for name, value in (entry | changes).items() if value is not None}


RSA, EC, ED = jwk("RS256"), jwk("ES256"), jwk("EdDSA")


def key_set(*entries: object) -> KeySet:
    return parse_key_set(json.dumps({"keys": entries}).encode())


def usable(entry: dict[str, Any]) -> PreparedKey:
    key = prepare_key(entry)
    assert key is not None
    return key


def number(value: int) -> str:
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8 or 1))


def value_of(text: str) -> int:
    return int.from_bytes(b64url_decode(text))


# What a key can do


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_verifies_what_was_signed_under_its_algorithm(alg: str) -> None:
    key = usable(jwk(alg))
    signature = signing_key(alg).sign(MESSAGE)
    assert key.algorithms == {alg}
    assert key.verify(MESSAGE, signature, alg) is True
    assert key.verify(MESSAGE + b".", signature, alg) is False
    assert usable(jwk(alg, seed="other")).verify(MESSAGE, signature, alg) is False


@given(st.sampled_from(ALGORITHMS), st.binary(max_size=300))
def test_no_signature_brings_anything_but_a_no(alg: str, signature: bytes) -> None:
    assert usable(jwk(alg)).verify(MESSAGE, signature, alg) is False


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_zeros_that_are_left_out_or_put_in_front_make_no_other_spelling_of_a_signature(alg: str) -> None:
    key, signer = usable(jwk(alg)), signing_key(alg)
    messages = (str(number).encode() for number in range(10_000))
    message, signature = next(
        (message, signature) for message in messages if not (signature := signer.sign(message))[0]
    )
    assert key.verify(message, signature, alg) is True
    assert key.verify(message, signature[1:], alg) is False
    assert key.verify(message, b"\0" + signature, alg) is False


@pytest.mark.parametrize("alg", ["", "none", "HS256", "ES256K", "RS256", "ES256", "ES384"])
@pytest.mark.parametrize("entry", [jwk("RS512"), jwk("ES512"), jwk("EdDSA")], ids=lambda entry: entry["kty"])
def test_a_key_says_no_to_an_algorithm_that_is_not_its_own(entry: dict[str, Any], alg: str) -> None:
    assert usable(entry).verify(MESSAGE, bytes(64), alg) is False


@pytest.mark.parametrize(
    ("alg", "algorithms"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("ES512", {"ES512"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_a_key_without_an_algorithm_may_be_used_for_those_of_its_kind(alg: str, algorithms: set[str]) -> None:
    assert usable(jwk(alg, alg=None)).algorithms == algorithms


@pytest.mark.parametrize(
    "changes",
    [
        {"use": None},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"kid": None},
        {"x5c": ["AA"]},
        {"a": {}},
    ],
    ids=str,
)
def test_members_that_change_nothing_are_passed_over(changes: dict[str, Any]) -> None:
    assert usable(jwk(**changes)).algorithms == {"EdDSA"}


def test_a_key_shows_its_name_and_no_more() -> None:
    assert usable(ED).kid == "k1"
    assert usable(jwk(kid=None)).kid is None
    assert "verify" not in repr(usable(ED))


# What is no key

OFF_CURVE = EC | {"y": number(value_of(EC["y"]) ^ 1)}
WEAK = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
KOBLITZ = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key(), as_dict=True)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "k1", "alg": "HS256"}, id="a shared secret"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, id="a shared secret without a name"),
        pytest.param(ED | {"kty": "AKP"}, id="an unknown kind"),
        pytest.param(ED | {"kty": None}, id="no kind"),
        pytest.param(ED | {"kty": ["OKP"]}, id="a list as kind"),
        pytest.param(ED | {"kty": "okp"}, id="a kind in lower case"),
        pytest.param(EC | {"kty": "RSA"}, id="the kind of another"),
        pytest.param(RSA | {"d": "AQAB"}, id="the private member of an RSA key"),
        pytest.param(RSA | {"p": "AQAB"}, id="a prime of an RSA key"),
        pytest.param(EC | {"d": "AQAB"}, id="the private member of an elliptic key"),
        pytest.param(ED | {"d": ED["x"]}, id="the private member of an Edwards key"),
        pytest.param(ED | {"d": None}, id="an empty private member"),
        pytest.param(ED | {"use": "enc"}, id="for encryption"),
        pytest.param(ED | {"use": None}, id="for null"),
        pytest.param(ED | {"use": ["sig"]}, id="for a list"),
        pytest.param(ED | {"key_ops": ["sign"]}, id="for signing"),
        pytest.param(ED | {"key_ops": ["encrypt", "wrapKey"]}, id="for encryption by its operations"),
        pytest.param(ED | {"key_ops": []}, id="for nothing"),
        pytest.param(ED | {"key_ops": None}, id="for no operations"),
        pytest.param(ED | {"key_ops": 1}, id="for a number"),
        pytest.param(ED | {"key_ops": "verify"}, id="for a text"),
        pytest.param(ED | {"alg": "RS256"}, id="the algorithm of another kind"),
        pytest.param(EC | {"alg": "ES384"}, id="the algorithm of another curve"),
        pytest.param(RSA | {"alg": "RSA-OAEP"}, id="an algorithm of encryption"),
        pytest.param(RSA | {"alg": "HS256"}, id="the algorithm of a shared secret"),
        pytest.param(RSA | {"alg": "none"}, id="no algorithm at all"),
        pytest.param(RSA | {"alg": ["RS256"]}, id="a list of algorithms"),
        pytest.param(ED | {"kid": 1}, id="a number as name"),
        pytest.param(ED | {"kid": ["k1"]}, id="a list as name"),
        pytest.param(WEAK, id="an RSA key of 1024 bits"),
        pytest.param(RSA | {"n": number((1 << 8200) + 1)}, id="an RSA key of 8201 bits"),
        pytest.param(RSA | {"n": number((1 << 400_000) + 1)}, id="an RSA key of 50 KB"),
        pytest.param(RSA | {"e": "AQ"}, id="the exponent 1"),
        pytest.param(RSA | {"e": "Ag"}, id="the exponent 2"),
        pytest.param(RSA | {"e": "AQAA"}, id="an even exponent"),
        pytest.param(RSA | {"e": "AA"}, id="the exponent 0"),
        pytest.param(RSA | {"e": RSA["n"]}, id="the modulus as exponent"),
        pytest.param(RSA | {"n": "AA"}, id="the modulus 0"),
        pytest.param(RSA | {"n": number(value_of(RSA["n"]) - 1)}, id="an even modulus"),
        pytest.param(RSA | {"n": ""}, id="an empty modulus"),
        pytest.param(RSA | {"n": "A"}, id="a modulus that is not base64"),
        pytest.param(RSA | {"n": 65537}, id="a modulus as number"),
        pytest.param(RSA | {"n": None}, id="no modulus"),
        pytest.param(RSA | {"e": None}, id="no exponent"),
        pytest.param({"kty": "RSA"}, id="an RSA key of nothing"),
        pytest.param(OFF_CURVE, id="a point off the curve"),
        pytest.param(EC | {"x": number(0), "y": number(0)}, id="the point at infinity"),
        pytest.param(EC | {"crv": "P-384"}, id="a point of another curve"),
        pytest.param(EC | {"crv": "P-192"}, id="an unknown curve"),
        pytest.param(EC | {"crv": None}, id="no curve"),
        pytest.param(EC | {"crv": ["P-256"]}, id="a list of curves"),
        pytest.param(EC | {"y": None}, id="half a point"),
        pytest.param(EC | {"x": EC["x"][:-4]}, id="a short point"),
        pytest.param(KOBLITZ, id="the curve of coins"),
        pytest.param(ED | {"crv": "X25519"}, id="a curve for key agreement"),
        pytest.param({"kty": "OKP", "crv": "Ed448", "x": b64url_encode(bytes(57))}, id="a curve that is not supported"),
        pytest.param(ED | {"x": ED["x"][:-4]}, id="a short Edwards key"),
        pytest.param(ED | {"x": None}, id="no Edwards key"),
        pytest.param(ED | {"x": 1}, id="an Edwards key as number"),
    ],
)
def test_an_entry_that_is_no_sound_public_key_is_passed_over_and_the_others_are_not(entry: dict[str, Any]) -> None:
    assert prepare_key(entry) is None
    good = jwk(kid="good")
    assert [key.kid for key in key_set(entry, good).keys] == ["good"]


JSON_VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)
)
MEMBERS = ("kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d")


@given(st.sampled_from([RSA, EC, ED]), st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=3))
def test_no_entry_brings_anything_but_a_key_or_nothing(entry: dict[str, Any], changes: dict[str, Any]) -> None:
    key = prepare_key(entry | changes)
    assert key is None or key.algorithms <= set(ALGORITHMS)


# A set of them


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": "k1"}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [' + b"[" * 5000,
        b"\xef\xbb\xbf" + b'{"keys": []}',
        b'{"keys": []}' + b" " * KEYS_LIMIT,
        b"<html></html>",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_key_set(body)
    assert caught.value.failure.reason is Reason.BAD_KEYS


@pytest.mark.parametrize("entries", [(), (None, 1, "k1", [], [ED]), ({},)])
def test_a_set_without_a_usable_key_is_an_empty_set(entries: tuple[object, ...]) -> None:
    assert key_set(*entries) == KeySet(())


def test_the_keys_come_in_their_order() -> None:
    assert [key.kid for key in key_set(RSA | {"kid": "b"}, EC | {"kid": "a"}, ED).keys] == ["b", "a", "k1"]


def test_of_ten_thousand_keys_only_the_first_are_imported() -> None:
    entry = {"kty": "OKP", "crv": "Ed25519", "x": "A"}
    body = json.dumps({"keys": [ED, *[entry] * 9_999]}).encode()
    assert len(body) < KEYS_LIMIT
    started = process_time()
    assert len(parse_key_set(body).keys) == 1
    assert process_time() - started < 0.5  # reading them takes milliseconds
    assert len(key_set(*[ED] * (KEYS_CONSIDERED + 1)).keys) == KEYS_CONSIDERED


# The thumbprint (RFC 7638)


def test_the_thumbprint_is_that_of_the_example_of_rfc_7638() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZH"
        "zu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEg"
        "U8awapJzKnqDKgw"
    )
    entry = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert usable(entry).thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_is_that_of_the_example_of_rfc_8037() -> None:
    entry = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert usable(entry).thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("entry", [RSA, EC, ED], ids=lambda entry: entry["kty"])
def test_the_thumbprint_is_of_the_key_and_not_of_what_is_said_beside_it(entry: dict[str, Any]) -> None:
    said = entry | {"kid": "other", "x5t": "a"}
    said.pop("alg")
    assert usable(said).thumbprint == usable(entry).thumbprint
    assert usable(jwk(entry["alg"], seed="other")).thumbprint != usable(entry).thumbprint


def test_the_thumbprint_is_of_the_key_however_it_is_spelled() -> None:
    padded = RSA | {"n": b64url_encode(b"\x00" + b64url_decode(RSA["n"]))}
    assert usable(padded).thumbprint == usable(RSA).thumbprint
    assert choose_key(key_set(RSA, padded), kid="k1", alg="RS256") == usable(RSA)


@pytest.mark.parametrize(
    ("said", "issuer"), [(None, None), ("https://login.example/t", "https://login.example/t"), (1, None)]
)
def test_a_key_of_a_shared_set_tells_whose_it_is(said: object, issuer: str | None) -> None:
    assert usable(jwk(issuer=said)).issuer == issuer
