"""Variants of the ID token: its claims, its header, its signature (OIDC Core 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from sso_core.failures import Reason
from sso_core.testing.mischief import (
    Alteration,
    Arrangement,
    Mischief,
    corrupt_signature,
    derive,
    drop,
    extend,
    put,
)
from sso_core.testing.provider_state import Alterations, ProviderState
from sso_core.testing.signing_keys import SigningKey, signing_key
from sso_core.wire import b64url_encode

_USERINFO = frozenset({"userinfo"})
_LATE = 360
_WEEK = 7 * 24 * 3600
_HOUR = 3600


def _claims(
    name: str, title: str, requirement: str, alteration: Alteration, *reasons: Reason, max_age: int | None = None
) -> Mischief:
    """Return a variant with other claims, refused for these reasons, if any."""
    return Mischief(
        name,
        title,
        requirement,
        "REJ" if reasons else "ACC",
        frozenset(reasons),
        Alterations(id_token_claims=alteration),
        Arrangement(max_age=max_age),
        untouched=_USERINFO if reasons else frozenset(),
    )


def _two_audiences(claims: dict[str, str]) -> list[str]:
    return [claims["aud"], claims["aud"] + "1"]


CLAIMS = (
    _claims("C2", "iss is another", "refused, userinfo never called", extend("iss"), Reason.WRONG_ISSUER),
    _claims("C3", "no sub", "refused, userinfo never called", drop("sub"), Reason.BAD_SUBJECT),
    _claims("C4", "aud is another", "refused, userinfo never called", extend("aud"), Reason.WRONG_AUDIENCE),
    _claims("C5", "no iat", "refused, userinfo never called", drop("iat"), Reason.BAD_ID_TOKEN),
    _claims("C11", "nonce is another", "refused", extend("nonce"), Reason.WRONG_NONCE),
    _claims("C21", "no aud", "refused", drop("aud"), Reason.WRONG_AUDIENCE),
    _claims(
        "C29", "at_hash is another", "refused, in the code flow too", extend("at_hash"), Reason.WRONG_ACCESS_TOKEN_HASH
    ),
    _claims("C56-invalid-iss", "iss is another", "refused", extend("iss"), Reason.WRONG_ISSUER),
    _claims("C56-missing-iss", "no iss", "refused", drop("iss"), Reason.WRONG_ISSUER),
    _claims("C57-invalid-aud", "aud is another", "refused", extend("aud"), Reason.WRONG_AUDIENCE),
    _claims("C57-missing-aud", "no aud", "refused", drop("aud"), Reason.WRONG_AUDIENCE),
    _claims(
        "C58",
        "a second audience and no azp",
        "refused",
        derive("aud", _two_audiences),
        Reason.WRONG_AUTHORIZED_PARTY,
        Reason.WRONG_AUDIENCE,
    ),
    _claims("C59", "aud is an array of one", "accepted", derive("aud", lambda claims: [claims["aud"]])),
    _claims(
        "C62-expired",
        "expired six minutes ago",
        "refused",
        derive("exp", lambda claims: claims["iat"] - _LATE),
        Reason.TOKEN_EXPIRED,
    ),
    _claims("C62-missing-exp", "no exp", "refused", drop("exp"), Reason.BAD_ID_TOKEN, Reason.TOKEN_EXPIRED),
    _claims("C63-invalid-nonce", "nonce is another", "refused", extend("nonce"), Reason.WRONG_NONCE),
    _claims("C63-missing-nonce", "no nonce, though one was sent", "refused", drop("nonce"), Reason.WRONG_NONCE),
    _claims(
        "C73",
        "issued a week ago, not yet expired",
        "refused: too old to be of this login",
        derive("iat", lambda claims: claims["iat"] - _WEEK),
        Reason.TOKEN_TOO_OLD,
    ),
    _claims(
        "C78-array-without-azp",
        "two audiences, no azp",
        "refused",
        derive("aud", _two_audiences),
        Reason.WRONG_AUTHORIZED_PARTY,
        Reason.WRONG_AUDIENCE,
    ),
    _claims(
        "C78-array-with-other-azp",
        "two audiences, issued to the other",
        "refused",
        lambda claims: {**claims, "aud": _two_audiences(claims), "azp": claims["aud"] + "1"},
        Reason.WRONG_AUTHORIZED_PARTY,
        Reason.WRONG_AUDIENCE,
    ),
    _claims(
        "C78-single-with-other-azp",
        "one audience, issued to another party",
        "refused",
        derive("azp", lambda claims: claims["aud"] + "1"),
        Reason.WRONG_AUTHORIZED_PARTY,
    ),
    _claims("C79-fresh", "max_age is sent, and the person has just signed in", "accepted", dict, max_age=300),
    _claims(
        "C79-missing",
        "max_age is sent, and there is no auth_time",
        "refused",
        drop("auth_time"),
        Reason.BAD_ID_TOKEN,
        Reason.AUTHENTICATION_TOO_OLD,
        max_age=300,
    ),
    _claims(
        "C79-old",
        "max_age is sent, and the person signed in an hour ago",
        "refused",
        derive("auth_time", lambda claims: claims["iat"] - _HOUR),
        Reason.AUTHENTICATION_TOO_OLD,
        max_age=300,
    ),
)


def _header(name: str, title: str, requirement: str, alteration: Alteration, *reasons: Reason) -> Mischief:
    return attrs.evolve(
        _claims(name, title, requirement, dict, *reasons), alterations=Alterations(id_token_header=alteration)
    )


HEADERS = (
    _header("C80-JWT", "typ is JWT", "accepted", put(typ="JWT")),
    _header("C80-media-type", "typ is application/jwt", "accepted", put(typ="application/jwt")),
    _header("C80-absent", "no typ", "accepted", drop("typ")),
    _header("C80-access-token", "typ is at+jwt", "refused", put(typ="at+jwt"), Reason.BAD_ID_TOKEN),
    _header("C80-logout-token", "typ is logout+jwt", "refused", put(typ="logout+jwt"), Reason.BAD_ID_TOKEN),
)


def _signed(
    name: str,
    title: str,
    requirement: str,
    *reasons: Reason,
    alg: str | None = None,
    key: Callable[[SigningKey], SigningKey] | None = None,
    token: Callable[[str], str] | None = None,
) -> Mischief:
    alterations = Alterations()
    if key is not None:
        alterations = attrs.evolve(alterations, signing_key=key)
    if token is not None:
        alterations = attrs.evolve(alterations, id_token=token)
    return Mischief(
        name,
        title,
        requirement,
        "REJ",
        frozenset(reasons),
        alterations,
        Arrangement(id_token_alg=alg),
        untouched=_USERINFO,
    )


def _unsigned(key: SigningKey) -> SigningKey:
    return signing_key("none", kid=key.kid)


def _alternate(key: SigningKey) -> SigningKey:
    """Return an RSA key that the provider does not publish, under the name of the right one."""
    return signing_key("RS256", kid=key.kid, seed="alternate")


def _encrypted(_token: str) -> str:
    """Return what has the form of a JWE (RFC 7516 7.1); there is nothing in it, since nobody may look."""
    header = b64url_encode(b'{"alg":"RSA1_5","enc":"A128CBC-HS256","cty":"JWT","typ":"JWT"}')
    return ".".join((header, *(b64url_encode(bytes(size)) for size in (256, 16, 512, 16))))


def _keep_signature(token: str) -> str:
    """Say that there is no signature, and leave it there."""
    _, _, rest = token.partition(".")
    header = b64url_encode(b'{"alg":"none"}')
    return f"{header}.{rest}"


def _shared_secret(state: ProviderState) -> ProviderState:
    """Sign with the client's secret, as nobody registered."""
    clients = tuple(attrs.evolve(client, id_token_alg="HS256") for client in state.clients)
    secret = state.clients[0].client_secret
    key = signing_key("HS256", kid=None, seed=secret.reveal() if secret else "")
    return attrs.evolve(state, clients=clients, keys=(*state.keys, key))


def _alternate_is_published(state: ProviderState) -> ProviderState:
    return attrs.evolve(state, keys=(*state.keys, signing_key("RS256", kid="alternate")))


_SWITCHED = (Reason.ALGORITHM_REFUSED, Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE)
_NONE = (Reason.ALGORITHM_REFUSED, Reason.BAD_ID_TOKEN)

SIGNATURES = (
    _signed("C8", "alg is none", "refused", *_NONE, key=_unsigned),
    _signed(
        "C8-with-signature",
        "alg is none before a good signature",
        "refused",
        Reason.ALGORITHM_REFUSED,
        token=_keep_signature,
    ),
    _signed(
        "C9",
        "the RS256 signature is corrupted",
        "refused, at the token endpoint too",
        Reason.BAD_SIGNATURE,
        alg="RS256",
        token=corrupt_signature,
    ),
    _signed(
        "C22", "the ES256 signature is corrupted", "refused", Reason.BAD_SIGNATURE, alg="ES256", token=corrupt_signature
    ),
    attrs.evolve(
        _signed(
            "C23",
            "the HS256 signature is corrupted",
            "refused before the signature is looked at",
            Reason.ALGORITHM_REFUSED,
            token=corrupt_signature,
        ),
        provider=_shared_secret,
    ),
    attrs.evolve(
        _signed(
            "C23-good",
            "a good HS256 signature by the client's secret",
            "refused: it is not registered",
            Reason.ALGORITHM_REFUSED,
        ),
        provider=_shared_secret,
    ),
    _signed("C60", "alg is none", "refused", *_NONE, key=_unsigned),
    *(
        _signed(
            f"C61-{alg}",
            f"signed RS256 by an alternate key where {alg} is expected",
            "refused",
            *_SWITCHED,
            alg=alg,
            key=_alternate,
        )
        for alg in ("PS256", "ES256", "EdDSA")
    ),
    Mischief(
        "C61-published",
        "signed RS256 by a published key where EdDSA is registered",
        "refused by a relying party that knows its algorithm",
        "REJ",
        frozenset({Reason.ALGORITHM_REFUSED}),
        Alterations(signing_key=lambda _: signing_key("RS256", kid="alternate")),
        Arrangement(id_token_alg="EdDSA", only_registered_alg=True),
        _alternate_is_published,
        _USERINFO,
    ),
    _signed("C75", "an encrypted ID token, RSA1_5", "refused before anything is decrypted", *_NONE, token=_encrypted),
)

ID_TOKENS = (*CLAIMS, *HEADERS, *SIGNATURES)
