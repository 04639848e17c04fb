from __future__ import annotations

import json
from hmac import digest
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sso_core.facts import KeySet
from sso_core.failures import Reason, Refusal
from sso_core.oauth.jws import KID_LIMIT, TOKEN_LIMIT, Header, split_compact, verify_signature
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.keys import ALGORITHMS
from sso_core.testing.signing_keys import SigningKey, compact, signing_key
from sso_core.wire import b64url_decode, b64url_encode

PAYLOAD = {"sub": "alice"}
RSA, EC, ED = signing_key("RS256"), signing_key("ES256"), signing_key("EdDSA")
MALFORMED = Reason.BAD_ID_TOKEN


def key_set(*keys: SigningKey) -> KeySet:
    return parse_key_set(json.dumps({"keys": [key.jwk for key in keys]}).encode())


def header(key: SigningKey = ED, **changes: Any) -> dict[str, Any]:
    return {"alg": key.alg, "kid": key.kid} | changes


def token(key: SigningKey = ED, **changes: Any) -> str:
    return compact(header(key, **changes), PAYLOAD, key)


def signed(protected: bytes, key: SigningKey = ED) -> str:
    """Return a token whose header is these bytes, with a signature that is right."""
    message = f"{b64url_encode(protected)}.{b64url_encode(b'{}')}"
    return f"{message}.{b64url_encode(key.sign(message.encode()))}"


def believe(text: str, *keys: SigningKey, allowed: tuple[str, ...] = ALGORITHMS) -> bytes:
    jws = split_compact(text, malformed=MALFORMED)
    verify_signature(jws, key_set(*keys or (ED,)), allowed=allowed)
    return jws.payload


def refusal(text: str, *keys: SigningKey, allowed: tuple[str, ...] = ALGORITHMS) -> Reason:
    with pytest.raises(Refusal) as caught:
        believe(text, *keys, allowed=allowed)
    assert "alice" not in str(caught.value)
    return caught.value.failure.reason


# What is believed


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_is_believed_under_each_algorithm(alg: str) -> None:
    key = signing_key(alg)
    assert json.loads(believe(token(key), key, allowed=(alg,))) == PAYLOAD


def test_a_token_is_taken_apart_to_the_byte() -> None:
    text = token(typ="JWT")
    jws = split_compact(text, malformed=MALFORMED)
    assert jws.header == Header("EdDSA", "k1", "JWT")
    assert jws.signing_input == text.rpartition(".")[0].encode()
    assert jws.signature == b64url_decode(text.rpartition(".")[2])
    assert "alice" not in repr(jws)


def test_keys_and_addresses_of_keys_in_a_header_are_never_looked_at() -> None:
    thief = signing_key(seed="thief")
    own: dict[str, Any] = {
        "jwk": thief.jwk,
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/",
        "x5c": ["AA"],
    }
    assert refusal(compact(header(**own), PAYLOAD, thief)) is Reason.BAD_SIGNATURE
    assert json.loads(believe(token(**own))) == PAYLOAD


# The form (RFC 7515 3.1)

PROTECTED, CLAIMS, SIGNATURE = token().split(".")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(PROTECTED, id="one segment"),
        pytest.param(f"{PROTECTED}.{CLAIMS}", id="two segments"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE}.", id="four segments, the last empty"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE}.{SIGNATURE}", id="four segments"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE}.AA.AA", id="five segments, as encrypted tokens have"),
        pytest.param(f".{CLAIMS}.{SIGNATURE}", id="no header"),
        pytest.param(f"{PROTECTED}..{SIGNATURE}", id="a detached payload"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.", id="no signature"),
        pytest.param("..", id="two dots"),
        pytest.param("." * 10**6, id="a million dots"),
        pytest.param("A" * 10**6, id="a million letters"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{'A' * TOKEN_LIMIT}", id="a long signature"),
        pytest.param(f" {PROTECTED}.{CLAIMS}.{SIGNATURE}", id="a blank before"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE}\n", id="a line end after"),
        pytest.param(f"{PROTECTED}=.{CLAIMS}.{SIGNATURE}", id="a padded header"),
        pytest.param(f"{PROTECTED}.{CLAIMS}=.{SIGNATURE}", id="a padded payload"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE}==", id="a padded signature"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.+/{SIGNATURE[2:]}", id="the letters of plain base64"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.{SIGNATURE[:-1]}_", id="bits to spare"),
        pytest.param(f"{PROTECTED}.{CLAIMS}.é{SIGNATURE[1:]}", id="a letter outside ASCII"),
        pytest.param(f"\ud800{PROTECTED}.{CLAIMS}.{SIGNATURE}", id="half of a character"),
        pytest.param(
            json.dumps({"protected": PROTECTED, "payload": CLAIMS, "signature": SIGNATURE}),
            id="a token written as JSON",
        ),
        pytest.param(
            json.dumps({"payload": CLAIMS, "signatures": [{"protected": PROTECTED, "signature": SIGNATURE}]}),
            id="a token with several signatures",
        ),
        pytest.param(f"Bearer {PROTECTED}.{CLAIMS}.{SIGNATURE}", id="a header's value"),
    ],
)
@pytest.mark.parametrize("malformed", [Reason.BAD_ID_TOKEN, Reason.BAD_USERINFO])
def test_what_is_not_exactly_one_token_is_refused_as_the_caller_calls_it(text: str, malformed: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        split_compact(text, malformed=malformed)
    assert caught.value.failure.reason is malformed


def test_a_token_may_be_as_long_as_the_limit() -> None:
    signature = "A" * (TOKEN_LIMIT - len(f"{PROTECTED}.{CLAIMS}.") - 2)
    signature += "A" * (-len(signature) % 4)
    text = f"{PROTECTED}.{CLAIMS}.{signature}"[:TOKEN_LIMIT]
    assert refusal(text) is Reason.BAD_SIGNATURE
    assert refusal(text + "A" * 4) is MALFORMED


@pytest.mark.parametrize(
    "protected",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b'["EdDSA"]', id="a list"),
        pytest.param(b'"EdDSA"', id="a text"),
        pytest.param(b'{"alg": "EdDSA"', id="no end"),
        pytest.param(b'{"alg": "none", "alg": "EdDSA"}', id="the algorithm twice"),
        pytest.param(b'{"alg": "EdDSA", "\\u0061lg": "none"}', id="the algorithm twice, once escaped"),
        pytest.param(b'{"alg": "EdDSA", "x": {"a": 1, "a": 2}}', id="a name twice further in"),
        pytest.param(b'{"alg": "EdDSA", "x": NaN}', id="NaN"),
        pytest.param(b'{"alg": "EdDSA", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}", id="nesting"),
        pytest.param(b'{"alg": "EdDSA", "x": "\\ud800"}', id="half of a character"),
        pytest.param(b'{"alg": "EdDSA", "x": "\xff"}', id="no UTF-8"),
        pytest.param('{"alg": "EdDSA"}'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_a_header_that_could_be_read_in_two_ways_is_refused(protected: bytes) -> None:
    assert refusal(signed(protected)) is MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": None},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
        {"kid": 1},
        {"kid": None},
        {"kid": ["k1"]},
        {"kid": "k" * (KID_LIMIT + 1)},
        {"kid": "k" * 65536},
        {"typ": 1},
        {"typ": None},
        {"typ": ["JWT"]},
    ],
    ids=lambda changes: str(changes)[:30],
)
def test_a_header_with_more_than_is_understood_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(token(**changes)) is MALFORMED


def test_a_kid_may_be_as_long_as_the_limit() -> None:
    key = signing_key(kid="k" * KID_LIMIT)
    assert json.loads(believe(token(key), key)) == PAYLOAD


# The algorithm (RFC 8725 3.1)

PEM = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DER = RSA.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", "eddsa", "EDDSA", "EdDSA ", "RS1", "ES256K", "dir"]
)
@pytest.mark.parametrize("allowed", [ALGORITHMS, ("none", "None", "nOnE"), ()], ids=["all", "none", "nothing"])
def test_an_algorithm_outside_of_the_table_is_refused_even_where_it_is_allowed(
    alg: str, allowed: tuple[str, ...]
) -> None:
    assert refusal(token(alg=alg), allowed=allowed) is Reason.ALGORITHM_REFUSED


@pytest.mark.parametrize("alg", [None, 1, True, ["EdDSA"], {"EdDSA": 1}])
def test_an_algorithm_that_is_no_text_is_refused(alg: Any) -> None:
    assert refusal(token(alg=alg)) is Reason.ALGORITHM_REFUSED


def test_a_token_without_an_algorithm_is_refused() -> None:
    assert refusal(signed(b'{"kid": "k1"}')) is Reason.ALGORITHM_REFUSED


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(PEM, id="the public key as PEM"),
        pytest.param(PEM.strip(), id="the public key as PEM without the last line end"),
        pytest.param(DER, id="the public key as DER"),
        pytest.param(json.dumps(RSA.jwk).encode(), id="the public key as JSON"),
        pytest.param(b"client-secret", id="the client's secret"),
    ],
)
@pytest.mark.parametrize("allowed", [ALGORITHMS, ("HS256", *ALGORITHMS)], ids=["asymmetric", "HS256 too"])
def test_no_secret_signs_what_only_a_private_key_may_sign(secret: bytes, allowed: tuple[str, ...]) -> None:
    # By hand: the library that signs refuses public keys as secrets, and an attacker's does not.
    message = compact({"alg": "HS256", "kid": "k1"}, PAYLOAD, signing_key("none")).rpartition(".")[0]
    forged = f"{message}.{b64url_encode(digest(secret, message.encode(), 'sha256'))}"
    assert refusal(forged, RSA, allowed=allowed) is Reason.ALGORITHM_REFUSED


def test_an_algorithm_that_this_provider_does_not_use_is_refused_before_its_keys_are_looked_at() -> None:
    with pytest.raises(Refusal) as caught:
        believe(token(), ED, allowed=("RS256", "ES256"))
    assert caught.value.failure.reason is Reason.ALGORITHM_REFUSED
    assert "RS256, ES256" in caught.value.failure.detail


@pytest.mark.parametrize(("said", "key"), [("RS256", ED), ("ES256", RSA), ("EdDSA", EC), ("ES384", EC)])
def test_a_key_of_another_kind_never_verifies(said: str, key: SigningKey) -> None:
    assert refusal(token(key, alg=said), key) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize(("said", "used"), [("RS512", "RS256"), ("PS256", "RS256"), ("RS256", "PS256")])
def test_another_algorithm_of_the_same_family_is_no_signature(said: str, used: str) -> None:
    key = signing_key(said)
    forged = compact(header(key), PAYLOAD, signing_key(used))
    assert refusal(forged, key) is Reason.BAD_SIGNATURE


# The signature


def with_signature(signature: bytes, key: SigningKey) -> str:
    return f"{token(key).rpartition('.')[0]}.{b64url_encode(signature)}"


@pytest.mark.parametrize("key", [RSA, EC, ED, signing_key("PS256"), signing_key("ES512")], ids=lambda key: key.alg)
@pytest.mark.parametrize("place", ["first", "middle", "last", "shorter", "longer", "twice", "one byte"])
def test_a_signature_that_is_changed_in_one_place_is_refused(key: SigningKey, place: str) -> None:
    signature = b64url_decode(token(key).rpartition(".")[2])
    position = {"first": 0, "middle": len(signature) // 2, "last": len(signature) - 1}.get(place)
    changed = {"shorter": signature[:-1], "longer": signature + b"\x00", "twice": signature * 2, "one byte": b"\x00"}
    if position is not None:
        flipped = bytes([signature[position] ^ 1])
        changed[place] = signature[:position] + flipped + signature[position + 1 :]
    assert refusal(with_signature(changed[place], key), key) is Reason.BAD_SIGNATURE


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(bytes(64), id="r and s are 0"),
        pytest.param(ORDER.to_bytes(32) * 2, id="r and s are the order"),
        pytest.param(bytes(31) + b"\x01" + bytes(32), id="r is 1 and s is 0"),
        pytest.param(bytes(32) + bytes(31) + b"\x01", id="r is 0 and s is 1"),
        pytest.param(b"\xff" * 64, id="beyond the order"),
        pytest.param(bytes(96), id="of another curve"),
    ],
)
def test_an_ecdsa_signature_of_no_key_is_refused(signature: bytes) -> None:
    assert refusal(with_signature(signature, EC), EC) is Reason.BAD_SIGNATURE


def test_an_ecdsa_signature_in_der_is_refused() -> None:
    message = token(EC).rpartition(".")[0].encode()
    assert refusal(with_signature(EC.private.sign(message, ec.ECDSA(SHA256())), EC), EC) is Reason.BAD_SIGNATURE


def test_a_signature_of_another_token_is_refused() -> None:
    other = compact(header(), {"sub": "mallory"}, ED).split(".")
    assert refusal(".".join((PROTECTED, other[1], SIGNATURE))) is Reason.BAD_SIGNATURE
    assert refusal(".".join((other[0], CLAIMS, other[2]))) is Reason.BAD_SIGNATURE


def test_a_signature_of_another_key_of_the_same_name_is_refused() -> None:
    assert refusal(token(signing_key(seed="thief"))) is Reason.BAD_SIGNATURE
