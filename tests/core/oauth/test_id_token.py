from __future__ import annotations

import hmac
import json
import tracemalloc
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal
from sso_core.oauth import id_token
from sso_core.oauth.id_token import (
    SID_LIMIT,
    SUBJECT_LIMIT,
    Expectations,
    VerifiedClaims,
    check_access_token_hash,
    check_audience,
    check_auth_time,
    check_authorized_party,
    check_issuer,
    check_nonce,
    check_subject,
    check_times,
    check_type,
    usable_sid,
    verify_id_token,
)
from sso_core.oauth.jws import Header
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.keys import ALGORITHMS
from sso_core.oauth.tenants import Tenants
from sso_core.secret import Secret
from sso_core.testing.signing_keys import SigningKey, compact, signing_key, token_hash
from sso_core.wire import b64url_decode, b64url_encode

NOW = 1_800_000_000
ISSUER = "https://idp.example"
NONCE = "nonce-canary"
ACCESS_TOKEN = Secret("access-token-canary")
RSA, EC, ED = signing_key("RS256"), signing_key("ES256", kid="k2"), signing_key("EdDSA", kid="k3")
KEYS = parse_key_set(json.dumps({"keys": [RSA.jwk, EC.jwk, ED.jwk]}).encode())
ALL = Expectations(ISSUER, "client", NONCE, ALGORITHMS)
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "client",
    "sub": "alice",
    "nonce": NONCE,
    "iat": NOW,
    "exp": NOW + 300,
    "email": "alice@canary.example",
}
HUGE = int("9" * 300)


def token(key: SigningKey = ED, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    return compact({"alg": key.alg, "kid": key.kid, "typ": "JWT"} | dict(header or {}), CLAIMS | changes, key)


def signed(payload: bytes, key: SigningKey = ED) -> str:
    """Return a token with these bytes for claims, and a signature that is right."""
    protected = b64url_encode(json.dumps({"alg": key.alg, "kid": key.kid}).encode())
    message = f"{protected}.{b64url_encode(payload)}"
    return f"{message}.{b64url_encode(key.sign(message.encode()))}"


def verify(text: str, expected: Expectations = ALL, keys: KeySet = KEYS, now: float = NOW) -> VerifiedClaims:
    return verify_id_token(text, keys, expected, access_token=ACCESS_TOKEN, now=now)


def failure(action: Callable[[], object]) -> Failure:
    with pytest.raises(Refusal) as caught:
        action()
    assert "canary" not in str(caught.value.failure)
    return caught.value.failure


def refusal(text: str, expected: Expectations = ALL, now: float = NOW) -> Reason:
    return failure(lambda: verify(text, expected, now=now)).reason


# A token that is as it should be


@pytest.mark.parametrize("key", [RSA, EC, ED, signing_key("PS512"), signing_key("ES384")], ids=lambda key: key.alg)
def test_an_honest_token_says_who_somebody_is(key: SigningKey) -> None:
    keys = parse_key_set(json.dumps({"keys": [key.jwk]}).encode())
    text = token(key, at_hash=token_hash(ACCESS_TOKEN.reveal(), key.alg))
    verified = verify(text, Expectations(ISSUER, "client", NONCE, (key.alg,)), keys)
    assert (verified.issuer, verified.subject) == (ISSUER, "alice")
    assert verified.claims["email"] == "alice@canary.example"


def test_rs256_is_expected_where_nothing_else_is_said() -> None:
    expected = Expectations(ISSUER, "client", NONCE)
    assert verify(token(RSA), expected).subject == "alice"
    assert refusal(token(ED), expected) is Reason.ALGORITHM_REFUSED


def test_verified_claims_are_hashable_and_show_no_personal_data() -> None:
    verified = verify(token())
    assert hash(verified) == hash(verify(token()))
    assert verified == verify(token())
    assert "canary" not in repr(verified)


# Forgeries: a valid token, changed in one place


def without(name: str) -> str:
    return compact({"alg": ED.alg, "kid": ED.kid}, {key: value for key, value in CLAIMS.items() if key != name}, ED)


def resigned(key: SigningKey, signature: Callable[[bytes], bytes]) -> str:
    message = token(key).rpartition(".")[0]
    return f"{message}.{b64url_encode(signature(message.encode()))}"


def with_secret(secret: bytes) -> str:
    message = token(RSA, {"alg": "HS256"}).rpartition(".")[0]
    return f"{message}.{b64url_encode(hmac.digest(secret, message.encode(), sha256))}"


def public(encoding: Encoding) -> bytes:
    bits: bytes = RSA.private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return bits


def flipped(text: str) -> str:
    message, _, signature = text.rpartition(".")
    data = bytearray(b64url_decode(signature))
    data[7] ^= 1
    return f"{message}.{b64url_encode(bytes(data))}"


GOOD = token()
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")

FORGERIES = {
    "alg none": (token(header={"alg": "none"}), Reason.ALGORITHM_REFUSED),
    "alg None": (token(header={"alg": "None"}), Reason.ALGORITHM_REFUSED),
    "alg nOnE": (token(header={"alg": "nOnE"}), Reason.ALGORITHM_REFUSED),
    "alg none, not signed": (compact({"alg": "none"}, CLAIMS, signing_key("none")), Reason.BAD_ID_TOKEN),
    "HS256 with the public key as PEM": (with_secret(public(Encoding.PEM)), Reason.ALGORITHM_REFUSED),
    "HS256 with the public key as DER": (with_secret(public(Encoding.DER)), Reason.ALGORITHM_REFUSED),
    "HS256 with the public key as JWK": (with_secret(json.dumps(RSA.jwk).encode()), Reason.ALGORITHM_REFUSED),
    "HS256 with the client secret": (with_secret(b"client-secret"), Reason.ALGORITHM_REFUSED),
    "ES256K": (token(header={"alg": "ES256K"}), Reason.ALGORITHM_REFUSED),
    "an allowed algorithm of another kind of key": (token(ED, {"alg": "RS256"}), Reason.UNKNOWN_KEY),
    "another algorithm of the family": (token(RSA, {"alg": "RS512"}), Reason.UNKNOWN_KEY),
    "an unknown kid": (token(header={"kid": "k4"}), Reason.UNKNOWN_KEY),
    "a corrupted RSA signature": (flipped(token(RSA)), Reason.BAD_SIGNATURE),
    "a corrupted ECDSA signature": (flipped(token(EC)), Reason.BAD_SIGNATURE),
    "a corrupted EdDSA signature": (flipped(token(ED)), Reason.BAD_SIGNATURE),
    "a DER signature": (resigned(EC, lambda text: EC.private.sign(text, ec.ECDSA(SHA256()))), Reason.BAD_SIGNATURE),
    "r and s are 0": (resigned(EC, lambda _: bytes(64)), Reason.BAD_SIGNATURE),
    "a signature that is too short": (resigned(RSA, lambda text: RSA.sign(text)[1:]), Reason.BAD_SIGNATURE),
    "signed by a stranger": (token(signing_key(kid="k3", seed="stranger")), Reason.BAD_SIGNATURE),
    "another payload": (f"{HEADER}.{token(sub='mallory').split('.')[1]}.{SIGNATURE}", Reason.BAD_SIGNATURE),
    "another header": (f"{token(header={'x': 1}).split('.')[0]}.{PAYLOAD}.{SIGNATURE}", Reason.BAD_SIGNATURE),
    "two segments": (f"{HEADER}.{PAYLOAD}", Reason.BAD_ID_TOKEN),
    "four segments": (f"{GOOD}.{SIGNATURE}", Reason.BAD_ID_TOKEN),
    "five segments": (f"{GOOD}.{SIGNATURE}.{SIGNATURE}", Reason.BAD_ID_TOKEN),
    "a million dots": ("." * 10**6, Reason.BAD_ID_TOKEN),
    "nothing": ("", Reason.BAD_ID_TOKEN),
    "padding": (f"{GOOD}==", Reason.BAD_ID_TOKEN),
    "plain base64": (f"{HEADER}.{PAYLOAD}.+/{SIGNATURE[2:]}", Reason.BAD_ID_TOKEN),
    "a line end": (f"{GOOD}\n", Reason.BAD_ID_TOKEN),
    "written as JSON": (
        json.dumps({"protected": HEADER, "payload": PAYLOAD, "signature": SIGNATURE}),
        Reason.BAD_ID_TOKEN,
    ),
    "crit": (token(header={"crit": ["exp"]}), Reason.BAD_ID_TOKEN),
    "an access token": (token(header={"typ": "at+jwt"}), Reason.BAD_ID_TOKEN),
    "claims twice": (signed(json.dumps(CLAIMS).encode()[:-1] + b', "sub": "mallory"}'), Reason.BAD_ID_TOKEN),
    "claims in a list": (signed(b"[]"), Reason.BAD_ID_TOKEN),
    "claims that nest": (signed(b'{"a":' + b"[" * 10**4 + b"]" * 10**4 + b"}"), Reason.BAD_ID_TOKEN),
    "claims that nest without an end": (compact({}, {}, ED) + "[" * 10**5, Reason.BAD_ID_TOKEN),
    "claims with NaN": (signed(b'{"exp": NaN}'), Reason.BAD_ID_TOKEN),
    "claims in UTF-16": (signed(json.dumps(CLAIMS).encode("utf-16")), Reason.BAD_ID_TOKEN),
    "a look-alike issuer": (token(iss=ISSUER + "1"), Reason.WRONG_ISSUER),
    "another audience": (token(aud="client1"), Reason.WRONG_AUDIENCE),
    "a second audience": (token(aud=["client", "client1"]), Reason.WRONG_AUTHORIZED_PARTY),
    "another party": (token(azp="client1"), Reason.WRONG_AUTHORIZED_PARTY),
    "expired": (token(exp=NOW - 360), Reason.TOKEN_EXPIRED),
    "of the future": (token(iat=NOW + 360), Reason.TOKEN_NOT_YET_VALID),
    "of long ago": (token(iat=NOW - 3600), Reason.TOKEN_TOO_OLD),
    "another nonce": (token(nonce=NONCE + "1"), Reason.WRONG_NONCE),
    "another at_hash": (token(at_hash=token_hash("another", "EdDSA")), Reason.WRONG_ACCESS_TOKEN_HASH),
    "an empty subject": (token(sub=""), Reason.BAD_SUBJECT),
    "no iss": (without("iss"), Reason.WRONG_ISSUER),
    "no aud": (without("aud"), Reason.WRONG_AUDIENCE),
    "no exp": (without("exp"), Reason.BAD_ID_TOKEN),
    "no iat": (without("iat"), Reason.BAD_ID_TOKEN),
    "no nonce": (without("nonce"), Reason.WRONG_NONCE),
    "no sub": (without("sub"), Reason.BAD_SUBJECT),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_token_that_is_changed_in_one_place_is_refused_for_that(name: str) -> None:
    text, reason = FORGERIES[name]
    assert refusal(text) is reason


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("ABwxyz012_-.=+/ é\0"))
def test_no_letter_of_a_token_can_be_replaced(position: int, letter: str) -> None:
    forged = GOOD[:position] + letter + GOOD[position + 1 :]
    if forged == GOOD:
        assert verify(forged).subject == "alice"
    else:
        refusal(forged)


@given(st.text(max_size=80) | st.text("ey.AJ_-=", max_size=80))
def test_no_text_brings_anything_but_a_refusal(text: str) -> None:
    assert refusal(text) in {Reason.BAD_ID_TOKEN, Reason.ALGORITHM_REFUSED}


def test_a_token_of_a_mebibyte_is_refused_before_any_of_it_is_looked_at() -> None:
    text = "eyJhbGciOiJSUzI1NiJ9." + "A" * (1 << 20)
    refusal(text)
    tracemalloc.start()
    try:
        assert refusal(text) is Reason.BAD_ID_TOKEN
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(text) // 10


# The order


def test_the_first_check_that_fails_gives_the_reason() -> None:
    wrong: dict[str, Any] = {"iss": "x", "aud": "x", "exp": 0, "nonce": "x", "at_hash": "x", "auth_time": 0, "sub": ""}
    expected = attrs.evolve(ALL, max_age=60)
    assert refusal(flipped(token(header={"alg": "none", "typ": "x"}, **wrong)), expected) is Reason.BAD_ID_TOKEN
    assert refusal(flipped(token(header={"alg": "none"}, **wrong)), expected) is Reason.ALGORITHM_REFUSED
    assert refusal(flipped(token(header={"alg": "ES256"}, **wrong)), expected) is Reason.UNKNOWN_KEY
    assert refusal(flipped(token(**wrong)), expected) is Reason.BAD_SIGNATURE
    right = CLAIMS | {"at_hash": token_hash(ACCESS_TOKEN.reveal(), "EdDSA"), "auth_time": NOW}
    for name, reason in {
        "iss": Reason.WRONG_ISSUER,
        "aud": Reason.WRONG_AUDIENCE,
        "exp": Reason.TOKEN_EXPIRED,
        "nonce": Reason.WRONG_NONCE,
        "at_hash": Reason.WRONG_ACCESS_TOKEN_HASH,
        "auth_time": Reason.AUTHENTICATION_TOO_OLD,
        "sub": Reason.BAD_SUBJECT,
    }.items():
        assert refusal(token(**wrong), expected) is reason
        wrong[name] = right[name]
    assert verify(token(**wrong), expected).subject == "alice"


def test_no_claim_is_read_before_the_signature_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(id_token, "parse_json_object")
    assert refusal(flipped(GOOD)) is Reason.BAD_SIGNATURE


# The type


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT"])
def test_the_type_of_an_id_token_is_jwt_or_is_left_out(typ: str | None) -> None:
    check_type(Header("RS256", None, typ))


@pytest.mark.parametrize("typ", ["", "at+jwt", "logout+jwt", "application/at+jwt", "secevent+jwt", "JWT ", "JOSE"])
def test_a_token_of_another_type_is_refused(typ: str) -> None:
    assert failure(lambda: check_type(Header("RS256", None, typ))).reason is Reason.BAD_ID_TOKEN


# The issuer


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        ISSUER + "/",
        ISSUER + "1",
        ISSUER.upper(),
        ISSUER[:-1],
        "http://idp.example",
        [ISSUER],
        {"iss": ISSUER},
        1,
        True,
    ],
)
def test_another_issuer_is_refused(said: Any) -> None:
    assert failure(lambda: check_issuer({"iss": said}, ISSUER)).reason is Reason.WRONG_ISSUER


def test_the_failure_names_both_issuers_in_one_short_line() -> None:
    detail = failure(lambda: check_issuer({"iss": "https://evil.example/\r\n\x1b[0m" + "a" * 5000}, ISSUER)).detail
    assert "https://evil.example/" in detail
    assert ISSUER in detail
    assert detail.isprintable()
    assert len(detail) < 300


# The audience, and the authorized party


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "client"},
        {"aud": ["client"]},
        {"aud": ["client", "client"]},
        {"aud": "client", "azp": "client"},
        {"aud": ["client"], "azp": "client"},
        {"aud": ["other", "client"], "azp": "client"},
        {"aud": "client", "azp": None},
    ],
)
def test_a_token_for_this_client_is_taken(claims: dict[str, Any]) -> None:
    check_audience(claims, "client")


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        [],
        "other",
        ["other"],
        "Client",
        "client1",
        "clien",
        "client other",
        {"client": 1},
        1,
        True,
        ["client", 1],
        ["client", None],
        [["client"]],
        ["client", {}],
    ],
)
def test_a_token_for_somebody_else_is_refused(audience: Any) -> None:
    assert failure(lambda: check_audience({"aud": audience}, "client")).reason is Reason.WRONG_AUDIENCE
    claims = {"aud": audience, "azp": "client"}
    assert failure(lambda: check_audience(claims, "client")).reason is Reason.WRONG_AUDIENCE


def test_the_failure_names_the_audience_in_one_short_line() -> None:
    detail = failure(lambda: check_audience({"aud": ["other\n", 1, "a" * 5000]}, "client")).detail
    assert detail.startswith("the ID token is meant for other , no name, aaa")
    assert detail.isprintable()
    assert len(detail) < 300
    assert "for nobody" in failure(lambda: check_audience({"aud": []}, "client")).detail


@pytest.mark.parametrize(
    ("party", "audiences"),
    [
        ("other", ["client"]),
        ("", ["client"]),
        (1, ["client"]),
        (["client"], ["client"]),
        (False, ["client"]),
        ("other", ["client", "other"]),
        (None, ["client", "other"]),
        (None, ["other", "client"]),
    ],
)
def test_a_token_issued_to_another_party_is_refused(party: Any, audiences: list[str]) -> None:
    wrong = Reason.WRONG_AUTHORIZED_PARTY
    assert failure(lambda: check_authorized_party(party, audiences, "client")).reason is wrong
    assert failure(lambda: check_audience({"aud": audiences, "azp": party}, "client")).reason is wrong


# The times


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": NOW - 30},
        {"exp": NOW - 29.5},
        {"exp": NOW + 0.5},
        {"exp": 1e300},
        {"exp": HUGE},
        {"iat": NOW + 30},
        {"iat": NOW - 630},
        {"iat": NOW + 0.25},
        {"nbf": NOW + 30},
        {"nbf": NOW - 30},
        {"nbf": 0},
        {"nbf": 0.0},
    ],
)
def test_a_token_of_the_right_time_is_taken(claims: dict[str, Any]) -> None:
    check_times({"exp": NOW + 300, "iat": NOW} | claims, ALL, NOW)


@pytest.mark.parametrize(
    ("claims", "reason", "measured"),
    [
        ({"exp": NOW - 31}, Reason.TOKEN_EXPIRED, "31 s"),
        ({"exp": NOW - 30.6}, Reason.TOKEN_EXPIRED, "31 s"),
        ({"exp": NOW - 300}, Reason.TOKEN_EXPIRED, "300 s"),
        ({"exp": 0}, Reason.TOKEN_EXPIRED, f"{NOW} s"),
        ({"iat": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, "31 s"),
        ({"iat": NOW + 300}, Reason.TOKEN_NOT_YET_VALID, "300 s"),
        ({"iat": 1e300}, Reason.TOKEN_NOT_YET_VALID, " s"),
        ({"iat": HUGE}, Reason.TOKEN_NOT_YET_VALID, " s"),
        ({"nbf": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, "31 s"),
        ({"nbf": NOW + 61, "iat": NOW + 40}, Reason.TOKEN_NOT_YET_VALID, "61 s"),
        ({"iat": NOW - 631}, Reason.TOKEN_TOO_OLD, "631 s"),
        ({"iat": 0}, Reason.TOKEN_TOO_OLD, f"{NOW} s"),
    ],
)
def test_a_token_of_another_time_is_refused_and_the_skew_told(
    claims: dict[str, Any], reason: Reason, measured: str
) -> None:
    refused = failure(lambda: check_times({"exp": NOW + 300, "iat": NOW} | claims, ALL, NOW))
    assert refused.reason is reason
    assert measured in refused.detail
    assert "clock" in refused.hint


@pytest.mark.parametrize("value", [None, "", str(NOW), True, False, -1, -0.5, -1e300, [NOW], {}])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_that_is_no_number_is_refused(name: str, value: Any) -> None:
    refused = failure(lambda: check_times({"exp": NOW + 300, "iat": NOW} | {name: value}, ALL, NOW))
    assert refused.reason is Reason.BAD_ID_TOKEN
    assert name in refused.detail


# The nonce


@pytest.mark.parametrize(
    "said", [None, "", "n", NONCE + "1", NONCE[:-1], NONCE.upper(), "é", 1, True, [NONCE], {"nonce": NONCE}]
)
def test_the_nonce_of_another_login_is_refused(said: Any) -> None:
    assert failure(lambda: check_nonce({"nonce": said}, NONCE)).reason is Reason.WRONG_NONCE


# The hash of the access token

HASH = token_hash(ACCESS_TOKEN.reveal(), "RS256")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_access_token_is_held_to_its_hash_in_each_algorithm(alg: str) -> None:
    check_access_token_hash({"at_hash": token_hash(ACCESS_TOKEN.reveal(), alg)}, alg, ACCESS_TOKEN)


@pytest.mark.parametrize("said", [HASH + "1", HASH[:-1], HASH.lower(), "", "é", None, 1, [HASH], {"at_hash": HASH}])
def test_an_access_token_with_another_hash_is_refused(said: Any) -> None:
    refused = failure(lambda: check_access_token_hash({"at_hash": said}, "RS256", ACCESS_TOKEN))
    assert refused.reason is Reason.WRONG_ACCESS_TOKEN_HASH


@pytest.mark.parametrize(("hashed", "signed_with"), [("RS256", "RS384"), ("RS512", "RS256"), ("RS256", "EdDSA")])
def test_the_hash_is_that_of_the_signature(hashed: str, signed_with: str) -> None:
    said = token_hash(ACCESS_TOKEN.reveal(), hashed)
    refused = failure(lambda: check_access_token_hash({"at_hash": said}, signed_with, ACCESS_TOKEN))
    assert refused.reason is Reason.WRONG_ACCESS_TOKEN_HASH


def test_the_hash_of_the_specification_is_computed() -> None:
    # OIDC Core A.3
    access_token = Secret("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
    check_access_token_hash({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "RS256", access_token)


def test_a_token_without_the_hash_of_the_access_token_is_taken() -> None:
    check_access_token_hash({}, "RS256", ACCESS_TOKEN)


@pytest.mark.parametrize("alg", ["", "none", "ES256K", "XX999", "Ed448"])
def test_a_hash_that_cannot_be_computed_is_refused(alg: str) -> None:
    refused = failure(lambda: check_access_token_hash({"at_hash": HASH}, alg, ACCESS_TOKEN))
    assert refused.reason is Reason.WRONG_ACCESS_TOKEN_HASH


# The time of the authentication


@pytest.mark.parametrize("said", [NOW, NOW - 60, NOW - 59.75, NOW + 10])
def test_a_recent_authentication_is_taken(said: float) -> None:
    check_auth_time({"auth_time": said}, 60, NOW)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"auth_time": NOW - 61}, Reason.AUTHENTICATION_TOO_OLD),
        ({"auth_time": NOW - 60.5}, Reason.AUTHENTICATION_TOO_OLD),
        ({"auth_time": 0}, Reason.AUTHENTICATION_TOO_OLD),
        ({}, Reason.BAD_ID_TOKEN),
        ({"auth_time": None}, Reason.BAD_ID_TOKEN),
        ({"auth_time": str(NOW)}, Reason.BAD_ID_TOKEN),
        ({"auth_time": True}, Reason.BAD_ID_TOKEN),
        ({"auth_time": -1}, Reason.BAD_ID_TOKEN),
    ],
)
def test_an_authentication_of_long_ago_or_of_no_time_is_refused(claims: dict[str, Any], reason: Reason) -> None:
    assert failure(lambda: check_auth_time(claims, 60, NOW)).reason is reason


def test_the_time_of_the_authentication_matters_only_where_it_was_asked_for() -> None:
    old = token(auth_time=NOW - 91)
    assert verify(old).subject == "alice"
    assert refusal(old, attrs.evolve(ALL, max_age=60)) is Reason.AUTHENTICATION_TOO_OLD
    assert verify(token(auth_time=NOW - 90), attrs.evolve(ALL, max_age=60)).subject == "alice"
    assert refusal(token(), attrs.evolve(ALL, max_age=0)) is Reason.BAD_ID_TOKEN


# The subject


@pytest.mark.parametrize("subject", ["a", "248289761001", "auth0|Ab c", "é", "a" * SUBJECT_LIMIT, " "])
def test_a_subject_is_taken_as_it_is(subject: str) -> None:
    assert check_subject(subject) == subject


@pytest.mark.parametrize(
    "subject", [None, "", 1, True, ["a"], {}, "a" * (SUBJECT_LIMIT + 1), "a\x00", "a\n", "\x7f", "a\u202eb", "\u200b"]
)
def test_what_cannot_be_a_subject_is_refused(subject: Any) -> None:
    assert failure(lambda: check_subject(subject)).reason is Reason.BAD_SUBJECT


# A token of one of many tenants

TENANTS = Tenants("https://login.example/{tenantid}/v2.0", ("t-1", "t-2"))
MANY = attrs.evolve(ALL, issuer="https://login.example/common/v2.0", tenants=TENANTS)


def of_tenant(tenant: str, **changes: Any) -> str:
    return token(ED, {}, **{"tid": tenant, "iss": TENANTS.issuer(tenant)} | changes)


@pytest.mark.parametrize("tenant", ["t-1", "t-2"])
def test_the_issuer_of_many_is_the_tokens_own_tenant(tenant: str) -> None:
    assert verify(of_tenant(tenant), MANY).issuer == TENANTS.issuer(tenant)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (of_tenant("t-3"), Reason.TENANT_REFUSED),
        (of_tenant("t-1", tid="t-2"), Reason.WRONG_ISSUER),
        (of_tenant("t-1", iss=MANY.issuer), Reason.WRONG_ISSUER),
        (of_tenant("t-1", iss=TENANTS.template), Reason.WRONG_ISSUER),
        (of_tenant("t-1", aud="other"), Reason.WRONG_AUDIENCE),
    ],
)
def test_a_token_of_another_tenant_is_refused(text: str, expected: Reason) -> None:
    assert refusal(text, MANY) is expected


def test_a_key_that_is_published_for_one_tenant_signs_for_no_other() -> None:
    jwk = (ED.jwk or {}) | {"issuer": TENANTS.issuer("t-1")}
    keys = parse_key_set(json.dumps({"keys": [jwk]}).encode())
    assert verify(of_tenant("t-1"), MANY, keys).subject == "alice"
    assert failure(lambda: verify(of_tenant("t-2"), MANY, keys)).reason is Reason.WRONG_ISSUER


@pytest.mark.parametrize(
    ("sid", "usable"),
    [("s", True), ("s" * SID_LIMIT, True), ("s" * (SID_LIMIT + 1), False), ("", False), (None, False), (5, False)],
)
def test_a_providers_session_has_a_name_that_can_be_kept(sid: object, usable: bool) -> None:
    assert usable_sid(sid) == (sid if usable else None)
