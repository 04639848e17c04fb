from __future__ import annotations

import attrs
import pytest
from scenes import (
    CLIENT,
    ISSUER,
    NOW,
    OPENID,
    PLAIN,
    SIGNER,
    STATE,
    VERIFIED,
    Signer,
    answer,
    attempt,
    granted,
    pending_login,
    plain_login,
    settings,
    tokens,
)

from sso_core.events import HttpResponse, KeysRead, Unavailable, Unreachable
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.checks import (
    MAY_FAIL,
    accepted_algorithms,
    access_token_claims,
    check_admission,
    check_login_not_expired,
    check_login_provider,
    granted_code,
    keys_of,
    kid_of,
    userinfo_may_fail,
    verified_claims,
    verified_userinfo,
)
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.oauth.authorization import AuthorizationResponse, NotGranted
from sso_core.oauth.id_token import VerifiedClaims
from sso_core.oauth.tenants import Tenants
from sso_core.providers.kinds import OpenIdProvider, Profile, Provider, UserinfoPolicy
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin
from sso_core.wire import b64url_encode

LOGIN = pending_login()
PROMISED = pending_login(response_issuer_promised=True)
KEYS = SIGNER.keys
NAMELESS = b'{"alg": "EdDSA"}'
DENIED = Failure(Reason.ACCESS_DENIED)
SIGNED_ONLY = attrs.evolve(OPENID, userinfo_signed=True)


def denied(issuer: str | None = None) -> NotGranted:
    return NotGranted(Secret(STATE), DENIED, issuer)


def verify(id_token: str, provider: OpenIdProvider = OPENID, login: PendingLogin = LOGIN) -> VerifiedClaims:
    return verified_claims(Secret(id_token), tokens(), SIGNER.keys, settings(provider), login, provider, NOW)


def signed(signer: Signer = SIGNER, **changes: object) -> HttpResponse:
    claims = {"iss": ISSUER, "aud": CLIENT.client_id, "sub": "alice"} | changes
    return answer(signer.sign(claims), content_type="application/jwt")


@pytest.mark.parametrize("left", [500.0, 0.5])
def test_a_login_is_good_until_its_time_is_up(left: float) -> None:
    check_login_not_expired(LOGIN, LOGIN.expires_at - left)


@pytest.mark.parametrize("past", [0.0, 1.0, 1e9])
def test_a_login_past_its_time_is_refused(past: float) -> None:
    with pytest.raises(Refusal) as refused:
        check_login_not_expired(LOGIN, LOGIN.expires_at + past)
    assert refused.value.failure.reason is Reason.LOGIN_EXPIRED


@pytest.mark.parametrize(("login", "provider"), [(LOGIN, OPENID), (plain_login(), PLAIN)])
def test_a_login_ends_at_the_provider_where_it_began(login: PendingLogin, provider: Provider) -> None:
    check_login_provider(login, provider)


@pytest.mark.parametrize(
    ("login", "provider"),
    [
        (pending_login(provider_id="other"), OPENID),
        (pending_login(namespace=ISSUER + "/"), OPENID),
        (plain_login(), OPENID),
        (LOGIN, PLAIN),
    ],
)
def test_a_login_that_began_elsewhere_is_refused(login: PendingLogin, provider: Provider) -> None:
    with pytest.raises(Refusal) as refused:
        check_login_provider(login, provider)
    assert refused.value.failure.reason is Reason.WRONG_PROVIDER


def test_where_it_began_is_told_in_one_short_line() -> None:
    with pytest.raises(Refusal) as refused:
        check_login_provider(attrs.evolve(LOGIN, provider_id="a\nb", namespace="\u202e" + "x" * 1000), PLAIN)
    assert str(refused.value.failure).isprintable()
    assert len(str(refused.value.failure)) < 500


@pytest.mark.parametrize(
    ("response", "login", "provider"),
    [
        (granted(), LOGIN, OPENID),
        (granted(issuer=ISSUER), LOGIN, OPENID),
        (granted(issuer=ISSUER), PROMISED, OPENID),
        (granted(issuer="https://never.looked.at"), plain_login(), PLAIN),
    ],
)
def test_the_code_of_the_right_provider_is_taken(
    response: AuthorizationResponse, login: PendingLogin, provider: Provider
) -> None:
    assert granted_code(response, login, provider) == Secret("code-canary")


@pytest.mark.parametrize(
    ("response", "login", "expected"),
    [
        (granted(), PROMISED, Reason.RESPONSE_ISSUER_MISSING),
        (granted(issuer=ISSUER + "/"), LOGIN, Reason.RESPONSE_ISSUER_MISMATCH),
        (denied(), PROMISED, Reason.RESPONSE_ISSUER_MISSING),
        (denied(issuer="https://other.example"), LOGIN, Reason.RESPONSE_ISSUER_MISMATCH),
        (denied(), LOGIN, Reason.ACCESS_DENIED),
        (denied(issuer=ISSUER), PROMISED, Reason.ACCESS_DENIED),
    ],
)
def test_the_issuer_of_an_answer_is_checked_before_its_error_is_believed(
    response: AuthorizationResponse, login: PendingLogin, expected: Reason
) -> None:
    with pytest.raises(Refusal) as refused:
        granted_code(response, login, OPENID)
    assert refused.value.failure.reason is expected


def test_an_id_token_is_held_to_what_this_login_asked_for() -> None:
    assert verify(SIGNER.id_token()).subject == "alice"


@pytest.mark.parametrize(
    ("id_token", "provider", "login", "expected"),
    [
        (SIGNER.id_token(iss="https://other.example"), OPENID, LOGIN, Reason.WRONG_ISSUER),
        (SIGNER.id_token(aud="other"), OPENID, LOGIN, Reason.WRONG_AUDIENCE),
        (SIGNER.id_token(), OPENID, pending_login(nonce="other"), Reason.WRONG_NONCE),
        (SIGNER.id_token(at_hash="other"), OPENID, LOGIN, Reason.WRONG_ACCESS_TOKEN_HASH),
        (SIGNER.id_token(exp=NOW - 3600), OPENID, LOGIN, Reason.TOKEN_EXPIRED),
        (SIGNER.id_token(auth_time=NOW - 3600), attrs.evolve(OPENID, max_age=9), LOGIN, Reason.AUTHENTICATION_TOO_OLD),
        (SIGNER.id_token(), OPENID, pending_login(id_token_algorithms=("RS256",)), Reason.ALGORITHM_REFUSED),
        (SIGNER.id_token(), attrs.evolve(OPENID, algorithms=("RS256",)), LOGIN, Reason.ALGORITHM_REFUSED),
        (Signer("k2").id_token(), OPENID, LOGIN, Reason.UNKNOWN_KEY),
    ],
)
def test_an_id_token_for_anything_else_is_refused(
    id_token: str, provider: OpenIdProvider, login: PendingLogin, expected: Reason
) -> None:
    with pytest.raises(Refusal) as refused:
        verify(id_token, provider, login)
    assert refused.value.failure.reason is expected


@pytest.mark.parametrize(
    ("offered", "allowed", "accepted"),
    [
        (("RS256", "EdDSA"), ("EdDSA", "RS256"), ("RS256", "EdDSA")),
        (("RS256", "EdDSA"), ("EdDSA",), ("EdDSA",)),
        (("none", "HS256"), ("RS256",), ()),
    ],
)
def test_an_algorithm_needs_the_word_of_both(
    offered: tuple[str, ...], allowed: tuple[str, ...], accepted: tuple[str, ...]
) -> None:
    provider = attrs.evolve(OPENID, algorithms=allowed)
    assert accepted_algorithms(pending_login(id_token_algorithms=offered), provider) == accepted


@pytest.mark.parametrize(
    ("answered", "provider"), [(answer({"sub": "alice"}), OPENID), (signed(), OPENID), (signed(), SIGNED_ONLY)]
)
def test_userinfo_about_the_subject_is_believed(answered: HttpResponse, provider: OpenIdProvider) -> None:
    claims = verified_userinfo(answered, VERIFIED, SIGNER.keys, LOGIN, provider)
    assert claims.get("sub") == "alice"


@pytest.mark.parametrize(
    ("answered", "provider", "expected"),
    [
        (answer({"sub": "mallory"}), OPENID, Reason.OTHER_SUBJECT),
        (signed(sub="mallory"), OPENID, Reason.OTHER_SUBJECT),
        (answer({"sub": "alice"}), SIGNED_ONLY, Reason.BAD_USERINFO),
        (signed(aud="other"), OPENID, Reason.BAD_USERINFO),
        (signed(iss="https://other.example"), OPENID, Reason.BAD_USERINFO),
        (signed(Signer("k2")), OPENID, Reason.UNKNOWN_KEY),
        (signed(), attrs.evolve(OPENID, algorithms=("RS256",)), Reason.ALGORITHM_REFUSED),
        (Unreachable(sent=True), SIGNED_ONLY, Reason.USERINFO_UNREACHABLE),
    ],
)
def test_userinfo_that_proves_nothing_is_refused(
    answered: HttpResponse | Unreachable, provider: OpenIdProvider, expected: Reason
) -> None:
    with pytest.raises(Refusal) as refused:
        verified_userinfo(answered, VERIFIED, SIGNER.keys, LOGIN, provider)
    assert refused.value.failure.reason is expected


@pytest.mark.parametrize("policy", UserinfoPolicy)
def test_only_silence_is_forgiven_and_only_where_userinfo_is_a_wish(policy: UserinfoPolicy) -> None:
    provider = attrs.evolve(OPENID, userinfo=policy)
    forgiven = {reason for reason in Reason if userinfo_may_fail(Failure(reason), provider)}
    assert forgiven == (MAY_FAIL if policy is UserinfoPolicy.PREFERRED else set())


def test_a_contradiction_is_never_silence() -> None:
    assert not MAY_FAIL & {Reason.OTHER_SUBJECT, Reason.BAD_USERINFO, Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY}


def test_keys_that_cannot_be_had_are_refused_with_the_reason_why() -> None:
    assert keys_of(KeysRead(KEYS)) is KEYS
    failure = Failure(Reason.KEYS_UNREACHABLE, "why")
    with pytest.raises(Refusal) as refused:
        keys_of(Unavailable(failure))
    assert refused.value.failure is failure


@pytest.mark.parametrize(("token", "kid"), [(SIGNER.id_token(), "k1"), (f"{b64url_encode(NAMELESS)}.e30.AA", "")])
def test_a_token_names_its_key_or_none(token: str, kid: str) -> None:
    assert kid_of(Secret(token)) == kid


def test_what_is_no_token_names_no_key() -> None:
    with pytest.raises(Refusal) as refused:
        kid_of(Secret("garbage"))
    assert refused.value.failure.reason is Reason.BAD_ID_TOKEN


# One of many tenants, and the provider's own word

TENANTS = Tenants("https://login.example/{tenantid}", ("t-1", "t-2"))
MANY = attrs.evolve(OPENID, tenants=TENANTS)
OF_ONE = VerifiedClaims("https://login.example/t-1", "alice", {"sub": "alice", "oid": "o", "hd": "example.org"})


def test_an_answer_may_name_one_of_the_tenants_or_no_issuer_unless_promised() -> None:
    for said in (None, "https://login.example/t-1", "https://login.example/t-2"):
        assert granted_code(granted(issuer=said), LOGIN, MANY) == Secret("code-canary")


@pytest.mark.parametrize(
    ("said", "login", "expected"),
    [
        (None, PROMISED, Reason.RESPONSE_ISSUER_MISSING),
        ("https://login.example/t-3", LOGIN, Reason.RESPONSE_ISSUER_MISMATCH),
        (ISSUER, LOGIN, Reason.RESPONSE_ISSUER_MISMATCH),
    ],
)
def test_an_answer_of_no_tenant_is_refused(said: str | None, login: PendingLogin, expected: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        granted_code(granted(issuer=said), login, MANY)
    assert refused.value.failure.reason is expected


@pytest.mark.parametrize("said", [None, OF_ONE.issuer])
def test_the_tenant_that_signs_is_the_one_that_answered(said: str | None) -> None:
    check_admission(attempt(response=granted(issuer=said)), MANY, OF_ONE)


def test_a_tenant_that_signs_for_another_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        check_admission(attempt(response=granted(issuer="https://login.example/t-2")), MANY, OF_ONE)
    assert refused.value.failure.reason is Reason.RESPONSE_ISSUER_MISMATCH


def test_people_of_a_hosted_domain_are_admitted_and_others_are_not() -> None:
    check_admission(attempt(), attrs.evolve(OPENID, hosted_domains=("example.org",)), OF_ONE)
    with pytest.raises(Refusal) as refused:
        check_admission(attempt(), attrs.evolve(OPENID, hosted_domains=("example.net",)), OF_ONE)
    assert refused.value.failure.reason is Reason.HOSTED_DOMAIN_REFUSED


def test_a_denial_that_speaks_of_pkce_comes_with_a_hint() -> None:
    denial = NotGranted(Secret(STATE), Failure(Reason.PROVIDER_ERROR, "invalid_request: PKCE required"), None)
    okta = attrs.evolve(PLAIN, authorization_endpoint="https://dev.okta.com/authorize")
    for provider, login, where in ((OPENID, LOGIN, "the provider"), (okta, plain_login(), "Okta")):
        with pytest.raises(Refusal) as refused:
            granted_code(denial, login, provider)
        assert where in refused.value.failure.hint


def test_the_profile_of_graph_is_held_against_the_object_id() -> None:
    graph = attrs.evolve(MANY, profile=Profile.GRAPH)
    assert verified_userinfo(answer({"id": "o"}), OF_ONE, KEYS, LOGIN, graph).get("id") == "o"
    with pytest.raises(Refusal) as refused:
        verified_userinfo(answer({"id": "p", "sub": "alice"}), OF_ONE, KEYS, LOGIN, graph)
    assert refused.value.failure.reason is Reason.OTHER_SUBJECT


AUDIENCE = attrs.evolve(
    OPENID, rules=IdentityRules(access_token=AccessTokenClaims.VERIFIED, access_token_audience="api://us")
)
UNSAFE = attrs.evolve(OPENID, rules=IdentityRules(access_token=AccessTokenClaims.UNVERIFIED_UNSAFE))


@pytest.mark.parametrize(
    ("provider", "signer", "role", "noted"),
    [
        (AUDIENCE, SIGNER, "reader", []),
        (AUDIENCE, Signer(), None, [Reason.BAD_ACCESS_TOKEN]),
        (UNSAFE, Signer(), "reader", []),
    ],
)
def test_an_access_token_says_what_its_rule_lets_it_say(
    provider: OpenIdProvider, signer: Signer, role: str | None, noted: list[Reason]
) -> None:
    claims = {"iss": ISSUER, "aud": "api://us", "sub": "alice", "exp": NOW + 9, "role": role or "admin"}
    token = Secret(signer.sign(claims, typ="at+jwt"))
    said, notes = access_token_claims(token, VERIFIED, KEYS, settings(provider), LOGIN, provider, NOW)
    assert said.get("role") == role
    assert [note.reason for note in notes] == noted
