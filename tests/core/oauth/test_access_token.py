from __future__ import annotations

from typing import Any

import pytest
from scenes import ISSUER, NOW, SIGNER, Signer

from sso_core.failures import Failure, Reason, Refusal
from sso_core.oauth.access_token import read_access_token_unsafe, verify_access_token
from sso_core.oauth.claims import ClaimSet

CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "api://us", "sub": "alice", "exp": NOW + 60, "roles": ["canary"]}


def token(signer: Signer = SIGNER, typ: str | None = "at+jwt", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return signer.sign(claims, **({} if typ is None else {"typ": typ}))


def verify(text: str, algorithms: tuple[str, ...] = ("EdDSA",)) -> ClaimSet:
    return verify_access_token(
        text,
        SIGNER.keys,
        issuer=ISSUER,
        audience="api://us",
        subject="alice",
        algorithms=algorithms,
        leeway=30,
        now=NOW,
    )


def refusal(text: str, algorithms: tuple[str, ...] = ("EdDSA",)) -> Failure:
    with pytest.raises(Refusal) as caught:
        verify(text, algorithms)
    assert caught.value.failure.reason is Reason.BAD_ACCESS_TOKEN
    assert "canary" not in str(caught.value.failure)
    return caught.value.failure


@pytest.mark.parametrize(
    "text",
    [
        token(),
        token(typ="application/at+JWT"),
        token(typ="JWT"),
        token(aud=["other", "api://us"]),
        token(exp=NOW - 30),
    ],
)
def test_a_token_for_this_service_is_a_source_of_claims(text: str) -> None:
    assert verify(text).get("roles") == ["canary"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("opaque-canary", "three segments"),
        ("a.b.c", "cannot be read"),
        (SIGNER.sign(CLAIMS, alg=None, typ="at+jwt"), "names no algorithm"),
        (token(typ=None), "its type"),
        (token(typ="logout+jwt"), "type"),
        (token(Signer("k1")), "signature is wrong"),
        (token(Signer("k2")), "no key of the provider"),
        (token(iss=ISSUER + "1"), "not issued by"),
        (token(iss=None), "not issued by"),
        (token(aud="client"), "somebody else"),
        (token(aud=["client"]), "somebody else"),
        (token(aud=None), "somebody else"),
        (token(sub="alice1"), "another person"),
        (token(sub=None), "another person"),
        (token(exp=NOW - 31), "expired"),
        (token(exp=None), "expired"),
        (token(exp=True), "expired"),
        (token(exp="soon"), "expired"),
    ],
)
def test_any_other_token_says_nothing(text: str, said: str) -> None:
    assert said in refusal(text).detail


def test_an_algorithm_that_is_not_allowed_is_refused_with_its_hint() -> None:
    assert "signing algorithm" in refusal(token(), ("RS256",)).hint


def test_claims_that_are_no_object_are_refused_though_signed() -> None:
    assert "cannot be read" in refusal(SIGNER.sign(["canary"], typ="JWT")).detail  # type: ignore[arg-type] # the point


def test_a_token_can_be_believed_without_any_check() -> None:
    assert read_access_token_unsafe(token(Signer("k9"), exp=0)).get("roles") == ["canary"]


@pytest.mark.parametrize("text", ["opaque", "a.b.c", SIGNER.sign(["canary"])])  # type: ignore[arg-type] # the point
def test_an_opaque_token_believed_without_check_says_nothing(text: str) -> None:
    assert not read_access_token_unsafe(text)
