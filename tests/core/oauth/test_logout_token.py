from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.keys import ALGORITHMS
from sso_core.oauth.logout_token import (
    EVENT,
    LONGEST_AGE,
    AllSessions,
    LogoutExpectations,
    LogoutToken,
    OneSession,
    read_logout_token,
    remembered_for,
    verify_logout_token,
)
from sso_core.oauth.tenants import Tenants
from sso_core.testing.mischief import corrupt_signature
from sso_core.testing.signing_keys import SigningKey, compact, signing_key
from sso_core.wire import b64url_encode

NOW = 1_800_000_000
ISSUER = "https://idp.example"
RSA, EC, ED = signing_key("RS256"), signing_key("ES256", kid="k2"), signing_key("EdDSA", kid="k3")
KEYS = parse_key_set(json.dumps({"keys": [RSA.jwk, EC.jwk, ED.jwk]}).encode())
ALL = LogoutExpectations(ISSUER, "client", ALGORITHMS, leeway=30)
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "client",
    "sub": "alice",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "j1",
    "events": {EVENT: {}},
}
TENANT = "11111111-1111-4111-8111-111111111111"
TENANTS = Tenants("https://login.example/{tenantid}/v2.0", (TENANT,))
MANY = attrs.evolve(ALL, issuer="https://login.example/common/v2.0", tenants=TENANTS)
OF_TENANT = TENANTS.issuer(TENANT)


def token(key: SigningKey = ED, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not Ellipsis}
    return compact({"alg": key.alg, "kid": key.kid, "typ": "logout+jwt"} | dict(header or {}), claims, key)


def signed(payload: bytes) -> str:
    """Return a token with these bytes for claims, and a signature that is right."""
    protected = b64url_encode(json.dumps({"alg": ED.alg, "kid": ED.kid}).encode())
    message = f"{protected}.{b64url_encode(payload)}"
    return f"{message}.{b64url_encode(ED.sign(message.encode()))}"


def verify(text: str, expected: LogoutExpectations = ALL, keys: KeySet = KEYS, now: float = NOW) -> LogoutToken:
    return verify_logout_token(read_logout_token(text, expected, now=now), keys, expected)


def failure(text: str, expected: LogoutExpectations = ALL, keys: KeySet = KEYS, now: float = NOW) -> Failure:
    with pytest.raises(Refusal) as caught:
        verify(text, expected, keys, now)
    return caught.value.failure


# A token that is as it should be


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({}, AllSessions("alice")),
        ({"sub": ..., "sid": "s1"}, OneSession("s1")),
        ({"sid": "s1"}, OneSession("s1")),
    ],
)
def test_a_token_ends_the_session_that_it_names_or_else_all_of_the_person(changes: Any, over: object) -> None:
    assert verify(token(**changes)) == LogoutToken(ISSUER, "j1", over)  # type: ignore[arg-type] # one of the two


@pytest.mark.parametrize("key", [RSA, EC, ED], ids=lambda key: key.alg)
def test_a_provider_signs_it_as_it_signs_id_tokens(key: SigningKey) -> None:
    assert verify(token(key), attrs.evolve(ALL, algorithms=(key.alg,))).issuer == ISSUER


@pytest.mark.parametrize("typ", ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", "application/jwt"])
def test_its_type_is_its_own_or_that_of_any_token(typ: str) -> None:
    assert verify(token(header={"typ": typ})).jti == "j1"
    untyped = compact({"alg": ED.alg, "kid": ED.kid}, CLAIMS, ED)
    assert verify(untyped).jti == "j1"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ...},
        {"aud": ["client"]},
        {"aud": ["client", "other"], "azp": "client"},
        {"iat": NOW + 30},
        {"iat": NOW - LONGEST_AGE - 30, "exp": NOW - 30},
        {"iat": NOW + 0.5},
        {"unknown": {"a": 1}},
        {"events": {EVENT: {"more": 1}}},
    ],
)
def test_what_the_specification_leaves_open_is_taken(changes: Any) -> None:
    assert verify(token(**changes)).over == AllSessions("alice")


def test_the_key_that_it_claims_is_known_before_it_is_believed() -> None:
    assert read_logout_token(token(), ALL, now=NOW).kid == "k3"
    nameless = compact({"alg": ED.alg}, CLAIMS, ED)
    assert read_logout_token(nameless, ALL, now=NOW).kid == ""


# Forgeries: a valid token, changed in one place


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": ISSUER + "/"}, Reason.WRONG_ISSUER),
        ({"iss": [ISSUER]}, Reason.WRONG_ISSUER),
        ({"iss": ...}, Reason.WRONG_ISSUER),
        ({"aud": "clientINVALID"}, Reason.WRONG_AUDIENCE),
        ({"aud": []}, Reason.WRONG_AUDIENCE),
        ({"aud": ...}, Reason.WRONG_AUDIENCE),
        ({"aud": ["client", "other"]}, Reason.WRONG_AUTHORIZED_PARTY),
        ({"azp": "other"}, Reason.WRONG_AUTHORIZED_PARTY),
        ({"iat": ...}, Reason.BAD_LOGOUT_TOKEN),
        ({"iat": str(NOW)}, Reason.BAD_LOGOUT_TOKEN),
        ({"iat": True}, Reason.BAD_LOGOUT_TOKEN),
        ({"iat": NOW + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": NOW - LONGEST_AGE - 31}, Reason.TOKEN_TOO_OLD),
        ({"iat": NOW - LONGEST_AGE - 31, "exp": ...}, Reason.TOKEN_TOO_OLD),
        ({"exp": NOW - 31}, Reason.TOKEN_EXPIRED),
        ({"exp": None}, Reason.BAD_LOGOUT_TOKEN),
        ({"jti": ...}, Reason.BAD_LOGOUT_TOKEN),
        ({"jti": ""}, Reason.BAD_LOGOUT_TOKEN),
        ({"jti": 5}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": ...}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": EVENT}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": {}}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": {EVENT: None}}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": {EVENT + "/": {}}}, Reason.BAD_LOGOUT_TOKEN),
        ({"events": {EVENT: {}, "other": {}}}, Reason.BAD_LOGOUT_TOKEN),
        ({"nonce": "n"}, Reason.BAD_LOGOUT_TOKEN),
        ({"nonce": None}, Reason.BAD_LOGOUT_TOKEN),
        ({"sub": ...}, Reason.BAD_LOGOUT_TOKEN),
        ({"sub": ""}, Reason.BAD_SUBJECT),
        ({"sub": None, "sid": "s1"}, Reason.BAD_SUBJECT),
        ({"sub": "a" * 256}, Reason.BAD_SUBJECT),
        ({"sid": ""}, Reason.BAD_LOGOUT_TOKEN),
        ({"sid": None}, Reason.BAD_LOGOUT_TOKEN),
        ({"sid": 5}, Reason.BAD_LOGOUT_TOKEN),
        ({"sid": "s" * 256}, Reason.BAD_LOGOUT_TOKEN),
    ],
)
def test_a_token_that_says_something_else_is_refused_before_its_key_is_looked_at(changes: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        read_logout_token(token(**changes), ALL, now=NOW)
    assert caught.value.failure.reason is reason


@pytest.mark.parametrize("typ", ["at+jwt", "secevent+jwt", "logout", "logout+jwt ", ""])
def test_a_token_of_another_type_is_refused(typ: str) -> None:
    assert failure(token(header={"typ": typ})).reason is Reason.BAD_LOGOUT_TOKEN


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.BAD_LOGOUT_TOKEN),
        ("a.b", Reason.BAD_LOGOUT_TOKEN),
        ("x" * 70000, Reason.BAD_LOGOUT_TOKEN),
        (signed(b"[]"), Reason.BAD_LOGOUT_TOKEN),
        (signed(b'{"a":1,"a":2}'), Reason.BAD_LOGOUT_TOKEN),
        (token(header={"alg": "none"}), Reason.ALGORITHM_REFUSED),
        (token(header={"alg": "HS256"}), Reason.ALGORITHM_REFUSED),
        (token(header={"kid": "unknown"}), Reason.UNKNOWN_KEY),
        (token(header={"alg": "RS256", "kid": "k1"}), Reason.BAD_SIGNATURE),
        (token(signing_key("EdDSA", kid="k3", seed="other")), Reason.BAD_SIGNATURE),
        (corrupt_signature(token()), Reason.BAD_SIGNATURE),
    ],
)
def test_a_token_that_nobody_known_has_signed_is_refused(text: str, reason: Reason) -> None:
    assert failure(text).reason is reason


def test_an_algorithm_that_is_not_registered_is_refused_before_any_key_is_asked_for() -> None:
    with pytest.raises(Refusal) as caught:
        read_logout_token(token(EC), attrs.evolve(ALL, algorithms=("RS256",)), now=NOW)
    assert caught.value.failure.reason is Reason.ALGORITHM_REFUSED


def test_an_id_token_is_no_logout_token() -> None:
    claims = {"iss": ISSUER, "aud": "client", "sub": "alice", "nonce": "n", "iat": NOW, "exp": NOW + 300}
    assert failure(compact({"alg": ED.alg, "kid": ED.kid, "typ": "JWT"}, claims, ED)).reason is Reason.BAD_LOGOUT_TOKEN


def test_what_the_token_claims_is_quoted_with_care() -> None:
    assert "\n" not in failure(token(iss="https://evil\n.example")).detail
    assert failure(token(aud="other")).detail == "the logout token is meant for other, not for this client"


# An authority of many tenants


def test_a_tenant_that_may_sign_in_may_sign_out() -> None:
    assert verify(token(iss=OF_TENANT), MANY).issuer == OF_TENANT


@pytest.mark.parametrize("issuer", [MANY.issuer, TENANTS.issuer(TENANT.replace("1", "2")), TENANTS.template])
def test_any_other_tenant_and_the_authority_itself_are_strangers(issuer: str) -> None:
    assert failure(token(iss=issuer), MANY).reason is Reason.WRONG_ISSUER


def test_a_key_that_is_another_tenants_signs_nobody_out() -> None:
    jwk = {**(ED.jwk or {}), "issuer": TENANTS.issuer(TENANT.replace("1", "2"))}
    foreign = parse_key_set(json.dumps({"keys": [jwk]}).encode())
    assert failure(token(iss=OF_TENANT), MANY, foreign).reason is Reason.WRONG_ISSUER


# Once


@pytest.mark.parametrize("leeway", [0, 30, 300])
def test_a_token_is_remembered_for_as_long_as_it_could_pass(leeway: int) -> None:
    expected, last = attrs.evolve(ALL, leeway=leeway), NOW + leeway + LONGEST_AGE + leeway
    text = token(iat=NOW + leeway, exp=...)
    assert verify(text, expected, now=NOW).jti == verify(text, expected, now=last).jti
    assert failure(text, expected, now=NOW + remembered_for(leeway)).reason is Reason.TOKEN_TOO_OLD
