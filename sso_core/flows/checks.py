"""The checks of a callback that need the pending login beside the provider's answer."""

from __future__ import annotations

from sso_core.events import HttpResponse, KeysRead, Unavailable, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal, refuse
from sso_core.flows.attempt import Attempt
from sso_core.identity.rules import AccessTokenClaims
from sso_core.oauth.access_token import read_access_token_unsafe, verify_access_token
from sso_core.oauth.authorization import AuthorizationResponse, NotGranted, check_response_issuer
from sso_core.oauth.claims import ClaimSet
from sso_core.oauth.id_token import Expectations, VerifiedClaims, verify_id_token
from sso_core.oauth.jws import split_compact
from sso_core.oauth.provider_text import quote_provider
from sso_core.oauth.tenants import check_response_tenant
from sso_core.oauth.token import TokenResponse
from sso_core.oauth.userinfo import check_userinfo_subject, is_signed, parse_signed_userinfo, parse_userinfo
from sso_core.providers.admission import check_hosted_domain
from sso_core.providers.graph import check_profile_subject
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Profile, Provider, UserinfoPolicy
from sso_core.providers.quirks import with_hint
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
        begun = f"{quote_provider(login.provider_id)}, {quote_provider(login.namespace)}"
        refuse(Reason.WRONG_PROVIDER, f"the login was begun at {begun}")


def granted_code(response: AuthorizationResponse, login: PendingLogin, provider: Provider) -> Secret:
    """Return the code of an answer that comes from the provider to which this login went.

    The issuer is checked first: an error may be forged as well as a code.
    """
    if isinstance(provider, OpenIdProvider):
        promised = login.response_issuer_promised
        if provider.tenants is None or response.issuer is None:
            check_response_issuer(response.issuer, issuer=login.namespace, promised=promised)
        else:
            check_response_tenant(response.issuer, provider.tenants)
    if isinstance(response, NotGranted):
        raise Refusal(with_hint(response.failure, endpoints_of(login, provider)))
    return response.code


def endpoints_of(login: PendingLogin, provider: Provider) -> tuple[str, ...]:
    """Return the addresses by which a provider can be told, for hints about it."""
    if isinstance(provider, OAuthProvider):
        return provider.authorization_endpoint, login.token_endpoint
    return provider.issuer, login.token_endpoint


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
        tenants=provider.tenants,
    )
    return verify_id_token(id_token.reveal(), keys, expected, access_token=tokens.access_token, now=now)


def accepted_algorithms(login: PendingLogin, provider: OpenIdProvider) -> tuple[str, ...]:
    """Return the algorithms that both the operator and the metadata allow; a token's header adds none."""
    return tuple([name for name in login.id_token_algorithms if name in provider.algorithms])


def check_admission(attempt: Attempt, provider: OpenIdProvider, verified: VerifiedClaims) -> None:
    """Refuse whom the provider's signed word alone keeps out, before anything is asked about them.

    The issuer of many that signed must be the one that the browser's answer named, where it named one (RFC 9207 2.4).
    """
    if provider.hosted_domains:
        check_hosted_domain(verified.claims, provider.hosted_domains)
    if provider.tenants is not None:
        check_response_issuer(attempt.response.issuer, issuer=verified.issuer, promised=False)


def verified_userinfo(
    answer: HttpResponse | Unreachable,
    verified: VerifiedClaims,
    keys: KeySet,
    login: PendingLogin,
    provider: OpenIdProvider,
) -> ClaimSet:
    """Return the claims of a userinfo answer about the person of the ID token, its signature checked where it has one.

    Refuses a plain answer where a signed one is registered (OIDC Core 5.3.2). Graph's profile is never signed, and is
    bound to the person in its own way.
    """
    if provider.profile is Profile.GRAPH:
        claims = parse_userinfo(answer)
        check_profile_subject(claims, verified.claims.get("oid"))
        return claims
    if isinstance(answer, HttpResponse) and is_signed(answer):
        claims = parse_signed_userinfo(
            answer,
            keys,
            issuer=verified.issuer,
            client_id=provider.client.client_id,
            allowed=accepted_algorithms(login, provider),
        )
    else:
        claims = parse_userinfo(answer)
        if provider.userinfo_signed:
            refuse(Reason.BAD_USERINFO, "the userinfo answer is not signed, though this client is registered for that")
    check_userinfo_subject(claims, verified.subject)
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


def access_token_claims(
    access_token: Secret,
    verified: VerifiedClaims,
    keys: KeySet,
    settings: SignInSettings,
    login: PendingLogin,
    provider: OpenIdProvider,
    now: float,
) -> tuple[ClaimSet, tuple[Failure, ...]]:
    """Return the claims of an access token that is a source, and why there are none where there should be.

    A token that cannot be verified ends no login. It says nothing, and the note tells that something is missing.
    """
    rules = provider.rules
    if rules.access_token is not AccessTokenClaims.VERIFIED:
        return read_access_token_unsafe(access_token.reveal()), ()
    try:
        claims = verify_access_token(
            access_token.reveal(),
            keys,
            issuer=verified.issuer,
            audience=rules.access_token_audience or "",
            subject=verified.subject,
            algorithms=accepted_algorithms(login, provider),
            leeway=settings.leeway,
            now=now,
        )
    except Refusal as refusal:
        return ClaimSet(), (refusal.failure,)
    return claims, ()


def keys_of(answer: KeysRead | Unavailable) -> KeySet:
    """Return the keys, or refuse with the reason why there are none: without keys nothing is believed."""
    if isinstance(answer, Unavailable):
        raise Refusal(answer.failure)
    return answer.keys


def kid_of(token: Secret) -> str:
    """Return the name of the key that a token is signed with, the empty text where it names none."""
    return split_compact(token.reveal(), malformed=Reason.BAD_ID_TOKEN).header.kid or ""
