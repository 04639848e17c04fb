"""Variants of what a provider answers: to the browser, at the token endpoint, at userinfo."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.testing.mischief import (
    Alteration,
    Arrangement,
    Mischief,
    corrupt_body,
    derive,
    drop,
    extend,
    put,
    replace_body,
    then,
)
from sso_core.testing.provider_state import Alterations

_AFTER_THE_BROWSER = frozenset({"token", "userinfo"})


# To the browser


def _callback(name: str, title: str, alteration: Alteration, *reasons: Reason, mode: str = "query") -> Mischief:
    return Mischief(
        name,
        title,
        "refused before the code is sent anywhere",
        "REJ0",
        frozenset(reasons),
        Alterations(authorization_response=alteration),
        Arrangement(response_mode=mode),
        untouched=_AFTER_THE_BROWSER,
    )


CALLBACKS = (
    _callback(
        "C20",
        "login_required comes back by form_post",
        then(drop("code"), put(error="login_required")),
        Reason.PROVIDER_ERROR,
        mode="form_post",
    ),
    _callback("C64", "state is another", extend("state"), Reason.LOGIN_OF_ANOTHER_BROWSER, Reason.NO_PENDING_LOGIN),
    _callback("C65", "no state", drop("state"), Reason.NO_STATE),
    _callback("C66", "iss is another", extend("iss"), Reason.RESPONSE_ISSUER_MISMATCH),
    _callback("C67", "no iss, though it was promised", drop("iss"), Reason.RESPONSE_ISSUER_MISSING),
)


# At the token endpoint


def _token(name: str, title: str, alteration: Alteration, *reasons: Reason, requirement: str = "refused") -> Mischief:
    return Mischief(
        name,
        title,
        requirement,
        "REJ" if reasons else "ACC",
        frozenset(reasons),
        Alterations(token_response=alteration),
        untouched=frozenset({"userinfo"}) if reasons else frozenset(),
    )


def _token_body(name: str, title: str, body: bytes, reason: Reason) -> Mischief:
    altered = Alterations(token_answer=replace_body(body))
    return attrs.evolve(_token(name, title, dict, reason), alterations=altered)


_BAD = Reason.BAD_TOKEN_RESPONSE

TOKENS = (
    _token(
        "C68",
        "token_type in letters of the other case",
        derive("token_type", lambda answer: answer["token_type"].swapcase()),
        requirement="accepted",
    ),
    _token("C70", "no expires_in", drop("expires_in"), requirement="accepted; the lifetime is not known"),
    _token("C74", "no scope", drop("scope"), requirement="accepted; granted is what was asked for"),
    _token_body("C76-not-JSON", "the answer is not JSON", b"access_token=a&token_type=Bearer", Reason.TOKEN_NOT_JSON),
    _token_body("C76-array", "the answer is an array", b"[]", Reason.TOKEN_NOT_AN_OBJECT),
    _token_body("C76-null", "the answer is null", b"null", Reason.TOKEN_NOT_AN_OBJECT),
    _token("C77-access_token-missing", "no access_token", drop("access_token"), Reason.NO_ACCESS_TOKEN, _BAD),
    _token("C77-access_token-not-text", "access_token is a number", put(access_token=1), Reason.NO_ACCESS_TOKEN, _BAD),
    _token("C77-token_type-missing", "no token_type", drop("token_type"), _BAD),
    _token("C77-token_type-not-text", "token_type is a number", put(token_type=1), _BAD),
    _token("C77-token_type-other", "token_type was not asked for", put(token_type="DPoP"), _BAD),
    _token("C77-scope-not-text", "scope is an array", put(scope=["openid"]), _BAD),
    _token("C77-refresh_token-not-text", "refresh_token is a number", put(refresh_token=1), _BAD),
    _token("C77-expires_in-not-number", "expires_in is an array", put(expires_in=[3600]), _BAD),
    _token("C77-id_token-not-text", "id_token is an object", put(id_token={}), _BAD, Reason.NO_ID_TOKEN),
    _token("C77-id_token-missing", "no id_token", drop("id_token"), Reason.NO_ID_TOKEN),
)


# At userinfo


def _userinfo(name: str, title: str, requirement: str, alteration: Alteration, *reasons: Reason) -> Mischief:
    return Mischief(
        name,
        title,
        requirement,
        "REJ" if reasons else "ACC",
        frozenset(reasons),
        Alterations(userinfo_claims=alteration),
        at_least=(("userinfo", 1),),
    )


def _signed(
    name: str,
    title: str,
    *reasons: Reason,
    claims: Alteration = dict,
    answer: Callable[[HttpResponse], HttpResponse] | None = None,
) -> Mischief:
    requirement = "refused" if reasons else "signature, iss, aud and sub are verified; accepted"
    alterations = Alterations(userinfo_claims=claims)
    if answer is not None:
        alterations = attrs.evolve(alterations, userinfo_answer=answer)
    return attrs.evolve(
        _userinfo(name, title, requirement, dict, *reasons),
        alterations=alterations,
        arrangement=Arrangement(userinfo_alg="RS256"),
    )


_PLAIN = HttpResponse(200, b'{"sub":"alice","email":"alice@example.org"}', (("content-type", "application/json"),))

_AGGREGATED = put(_claim_names={"birthdate": "source"}, _claim_sources={"source": {"JWT": "eyJhbGciOiJub25lIn0.e30."}})
_DISTRIBUTED = put(
    _claim_names={"birthdate": "source"},
    _claim_sources={"source": {"endpoint": "https://claims.example/alice", "access_token": "at"}},
)

USERINFO = (
    _userinfo(
        "C10",
        "userinfo is about another subject",
        "refused; none of its claims is used",
        extend("sub", "invalid"),
        Reason.OTHER_SUBJECT,
    ),
    _userinfo(
        "C10-missing-sub",
        "userinfo names no subject",
        "refused; none of its claims is used",
        drop("sub"),
        Reason.OTHER_SUBJECT,
    ),
    _signed("C26", "userinfo is a signed token"),
    _signed(
        "C26-unsigned", "userinfo is plain, though signed is registered", Reason.BAD_USERINFO, answer=lambda _: _PLAIN
    ),
    _signed("C26-invalid-sig", "its signature is corrupted", Reason.BAD_SIGNATURE, answer=corrupt_body),
    _signed("C26-invalid-iss", "its iss is another", Reason.BAD_USERINFO, claims=extend("iss")),
    _signed("C26-invalid-aud", "its aud is another", Reason.BAD_USERINFO, claims=extend("aud")),
    _signed("C26-invalid-sub", "its sub is another", Reason.OTHER_SUBJECT, claims=extend("sub", "invalid")),
    _userinfo("C27-aggregated", "a claim comes in a token of somebody else", "ignored; accepted", _AGGREGATED),
    _userinfo("C27-distributed", "a claim is to be had from somebody else", "never fetched; accepted", _DISTRIBUTED),
)

ANSWERS = (*CALLBACKS, *TOKENS, *USERINFO)
