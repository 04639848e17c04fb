"""The checks of a callback that need the pending login beside the provider's answer."""

from __future__ import annotations

from sso_core.effects import HttpResponse, KeysRead, Unavailable, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.oauth.authorization import AuthorizationResponse, NotGranted, check_response_issuer
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.id_token import Expectations, VerifiedClaims, verify_id_token
from sso_core.oauth.jws import split_compact
from sso_core.oauth.token import TokenResponse
from sso_core.oauth.userinfo import check_userinfo_subject, is_signed, parse_signed_userinfo, parse_userinfo
from sso_core.providers.kinds import OpenIdProvider, Provider, UserinfoPolicy
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin
from sso_core.settings.sign_in import SignInSettings


def check_login_not_expired(login: PendingLogin, now: float) -> None:
    """Refuse a login past its time by the server's clock, whatever the cookie and the store say."""
    if now >= login.expires_at:
        refuse(Reason.LOGIN_EXPIRED, f"the login expired {now - login.expires_at:.0f} s ago")


def check_login_provider(login: PendingLogin, provider: Provider) -> None:
    """Refuse a login that was begun at another provider, or before its issuer changed (RFC 9700 4.4)."""
    if login.provider_id != provider.provider_id or login.namespace != provider.namespace:
        refuse(Reason.WRONG_PROVIDER, f"the login was begun at {login.provider_id}, {login.namespace}")


def granted_code(response: AuthorizationResponse, login: PendingLogin, provider: Provider) -> Secret:
    """Return the code of an answer that comes from the provider to which this login went.

    The issuer is checked first: an error may be forged as well as a code.
    """
    if isinstance(provider, OpenIdProvider):
        promised = login.response_issuer_promised
        check_response_issuer(response.issuer, issuer=login.namespace, promised=promised)
    if isinstance(response, NotGranted):
        raise Refusal(response.failure)
    return response.code


def verified_claims(
    id_token: Secret,
    tokens: TokenResponse,
    keys: KeySet,
    settings: SignInSettings,
    login: PendingLogin,
    provider: OpenIdProvider,
    now: float,
) -> VerifiedClaims:
    """Verify the ID token against what this very login asked for (OIDC Core 3.1.3.7)."""
    expected = Expectations(
        issuer=login.namespace,
        client_id=provider.client.client_id,
        nonce=login.nonce,
        algorithms=accepted_algorithms(login, provider),
        leeway=settings.leeway,
        max_age=provider.max_age,
    )
    return verify_id_token(id_token.reveal(), keys, expected, access_token=tokens.access_token, now=now)


def accepted_algorithms(login: PendingLogin, provider: OpenIdProvider) -> tuple[str, ...]:
    """Return the algorithms that both the operator and the metadata allow; a token's header adds none."""
    return tuple(name for name in login.id_token_algorithms if name in provider.algorithms)


def verified_userinfo(
    answer: HttpResponse | Unreachable, subject: str, keys: KeySet, login: PendingLogin, provider: OpenIdProvider
) -> ClaimSet:
    """Return the claims of a userinfo answer about `subject`, its signature checked where it has one.

    Refuses a plain answer where a signed one is registered (OIDC Core 5.3.2).
    """
    if isinstance(answer, HttpResponse) and is_signed(answer):
        claims = parse_signed_userinfo(
            answer,
            keys,
            issuer=login.namespace,
            client_id=provider.client.client_id,
            allowed=accepted_algorithms(login, provider),
        )
    else:
        claims = parse_userinfo(answer)
        if provider.userinfo_signed:
            refuse(Reason.BAD_USERINFO, "the userinfo answer is not signed, though this client is registered for that")
    check_userinfo_subject(claims, subject)
    return claims


MAY_FAIL = frozenset(
    {
        Reason.USERINFO_UNREACHABLE,
        Reason.USERINFO_STATUS,
        Reason.USERINFO_NOT_JSON,
        Reason.USERINFO_NOT_AN_OBJECT,
        Reason.EMPTY_USERINFO,
    }
)
"""Ways of saying nothing. An answer that contradicts the ID token, or is badly signed, is not among them."""


def userinfo_may_fail(failure: Failure, provider: OpenIdProvider) -> bool:
    """Whether the login goes on with the ID token's claims alone."""
    return failure.reason in MAY_FAIL and provider.userinfo is UserinfoPolicy.PREFERRED


def keys_of(answer: KeysRead | Unavailable) -> KeySet:
    """Return the keys, or refuse with the reason why there are none: without keys nothing is believed."""
    if isinstance(answer, Unavailable):
        raise Refusal(answer.failure)
    return answer.keys


def kid_of(token: Secret) -> str:
    """Return the name of the key that a token is signed with, the empty text where it names none."""
    return split_compact(token.reveal(), malformed=Reason.BAD_ID_TOKEN).header.kid or ""
