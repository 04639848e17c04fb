from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from scenes import CLIENT, ENTROPY, ISSUER, METADATA, NOW, OPENID, PLAIN, SEALING, SIGNER, settings

from sso_core.effects import Keep, Kind, ReadKeys, ReadMetadata
from sso_core.events import (
    DirectoryUnreachable,
    Event,
    Kept,
    KeyFacts,
    MetadataRead,
    Missing,
    Occupied,
    StoreUnreachable,
    Unavailable,
)
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.begin_login import (
    CheckingBackends,
    KeepingLogin,
    ResolvingProvider,
    SentToProvider,
    begin_login,
    check_backends,
)
from sso_core.flows.readiness import Readiness, check_readiness
from sso_core.machine import Failed, advance
from sso_core.oauth.pkce import code_challenge
from sso_core.oauth.tenants import Tenants
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, ResponseMode
from sso_core.sessions.pending_login import decode_login, login_key
from sso_core.settings.sign_in import SignInSettings

WARM = Warm(METADATA, SIGNER.keys)


def begin(chosen: SignInSettings | None = None, warm: Warm = WARM, return_to: str = "/back") -> object:
    chosen = chosen or settings()
    return begin_login(chosen, chosen.providers[0], return_to=return_to, entropy=ENTROPY, now=NOW, warm=warm)


def sent(state: object) -> SentToProvider:
    assert isinstance(state, KeepingLogin)
    ending = advance(state, [Kept()], now=NOW)
    assert isinstance(ending, SentToProvider)
    return ending


def query(ending: SentToProvider) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(ending.location).query).items()}


def test_the_authorization_request_says_all_that_the_protocol_asks_for() -> None:
    ending = sent(begin())
    assert ending.location.startswith(METADATA.authorization_endpoint + "?")
    assert query(ending) == {
        "response_type": "code",
        "client_id": CLIENT.client_id,
        "redirect_uri": "https://app.example/sso/callback",
        "scope": "openid email profile",
        "state": ENTROPY.state,
        "nonce": ENTROPY.nonce,
        "code_challenge": code_challenge(ENTROPY.code_verifier),
        "code_challenge_method": "S256",
    }


def test_the_pending_login_is_kept_where_only_this_browser_leads() -> None:
    state = begin()
    assert isinstance(state, KeepingLogin)
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.ttl) == (Kind.LOGIN, 600)
    assert keep.key == login_key(ENTROPY.state, ENTROPY.login_cookie)
    assert decode_login(keep.value) == state.login
    assert state.login.expires_at == NOW + 600


@pytest.mark.parametrize("fault", [StoreUnreachable("down"), Occupied(b"")])
def test_a_login_that_cannot_be_kept_is_not_begun(fault: StoreUnreachable | Occupied) -> None:
    state = begin()
    assert isinstance(state, KeepingLogin)
    ending = advance(state, [fault], now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.STORE_UNREACHABLE


# The store and the directory


DOUBTED = attrs.evolve(WARM, backends_in_doubt=True)
SIGN_OF_LIFE = (Missing(), KeyFacts(None, None))


def test_a_doubt_about_the_backends_is_settled_before_anybody_is_sent_away() -> None:
    state = begin(warm=DOUBTED)
    assert isinstance(state, CheckingBackends)
    assert state.awaits == check_readiness(None, None).awaits
    assert advance(state, SIGN_OF_LIFE, now=NOW) == begin()


def test_without_a_doubt_nobody_is_asked() -> None:
    assert isinstance(begin(), KeepingLogin)


@pytest.mark.parametrize("chosen", [settings(), settings(sealing_keys=SEALING), settings(PLAIN)])
@pytest.mark.parametrize(
    ("stored", "written", "reason"),
    [
        (StoreUnreachable("down"), KeyFacts(None, None), Reason.STORE_UNREACHABLE),
        (Missing(), DirectoryUnreachable("down"), Reason.DIRECTORY_UNREACHABLE),
        (StoreUnreachable("down"), DirectoryUnreachable("down"), Reason.STORE_UNREACHABLE),
    ],
)
def test_a_login_that_could_not_be_finished_is_not_begun(
    chosen: SignInSettings, stored: Event, written: Event, reason: Reason
) -> None:
    state = begin(chosen, DOUBTED)
    assert isinstance(state, CheckingBackends)
    ending = advance(state, [stored, written], now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is reason
    assert ending.failure.reason.status == 503


@pytest.mark.parametrize(
    ("store", "directory", "works"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_backends_are_needed_both(store: bool, directory: bool, works: bool) -> None:
    readiness = Readiness(store=store, directory=directory, known=False)
    if works:
        check_backends(readiness)
        return
    with pytest.raises(Refusal):
        check_backends(readiness)


# The provider


def test_cold_metadata_is_read_first() -> None:
    state = begin(warm=Warm())
    assert isinstance(state, ResolvingProvider)
    assert state.awaits == (ReadMetadata(ISSUER),)
    after = advance(state, [MetadataRead(METADATA)], now=NOW)
    assert sent(after).afterwards == (ReadKeys(ISSUER, METADATA.jwks_uri),)


def test_without_metadata_nobody_is_sent_anywhere() -> None:
    state = begin(warm=Warm())
    assert isinstance(state, ResolvingProvider)
    failure = Failure(Reason.METADATA_UNREACHABLE, "refused")
    assert advance(state, [Unavailable(failure)], now=NOW) == Failed(failure)


def test_warm_keys_are_not_fetched_again() -> None:
    assert sent(begin()).afterwards == ()


def test_a_plain_provider_is_asked_without_a_nonce_and_without_keys() -> None:
    ending = sent(begin(settings(PLAIN), Warm()))
    assert "nonce" not in query(ending)
    assert query(ending)["code_challenge_method"] == "S256"
    assert ending.afterwards == ()


def test_a_limit_on_the_age_of_the_authentication_and_a_response_mode_are_asked_for() -> None:
    provider = OpenIdProvider(ISSUER, CLIENT, max_age=60, response_mode=ResponseMode.FORM_POST)
    asked = query(sent(begin(settings(provider))))
    assert (asked["max_age"], asked["response_mode"]) == ("60", "form_post")


def test_a_sealed_login_needs_no_store() -> None:
    ending = begin(settings(sealing_keys=SEALING))
    assert isinstance(ending, SentToProvider)
    plain = SEALING.unseal(ending.cookie.secret.reveal(), context=ENTROPY.state)
    assert plain is not None
    assert decode_login(plain).return_to == "/back"


def test_a_sealed_login_that_no_cookie_holds_is_refused() -> None:
    ending = begin(settings(sealing_keys=SEALING), return_to="/" + "x" * 4000)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.LOGIN_TOO_LARGE


def test_query_values_of_the_endpoint_are_kept() -> None:
    metadata = attrs.evolve(METADATA, authorization_endpoint=ISSUER + "/authorize?tenant=t")
    assert query(sent(begin(settings(OPENID), Warm(metadata, SIGNER.keys))))["tenant"] == "t"


def test_an_authority_of_many_tenants_is_asked_for_with_what_it_may_publish() -> None:
    tenants = Tenants("https://idp.example/{tenantid}", ("t-1",), ("https://idp.example/{tenantid}",))
    state = begin(settings(attrs.evolve(OPENID, tenants=tenants)), warm=Warm())
    assert isinstance(state, ResolvingProvider)
    assert state.awaits == (ReadMetadata(ISSUER, ("https://idp.example/{tenantid}",)),)


def test_the_operators_endpoints_go_before_those_of_the_metadata() -> None:
    named = EndpointOverrides("https://a.example/go", "https://t.example/token", "https://u.example/me")
    state = begin(settings(attrs.evolve(OPENID, endpoints=named)))
    assert isinstance(state, KeepingLogin)
    assert (state.login.token_endpoint, state.login.userinfo_endpoint) == (named.token, named.userinfo)
    assert state.login.jwks_uri == METADATA.jwks_uri
    assert state.sent.location.startswith("https://a.example/go?")


@pytest.mark.parametrize("provider", [OPENID, PLAIN])
def test_the_operators_parameters_stand_beside_those_of_the_protocol(provider: OpenIdProvider | OAuthProvider) -> None:
    asked = query(sent(begin(settings(attrs.evolve(provider, authorization_parameters=(("prompt", "login"),))))))
    assert (asked["prompt"], asked["state"]) == ("login", ENTROPY.state)
