from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ISSUER, METADATA, NOW, OPENID, SIGNER, settings
from starts import ROTATED, logout_token

from sso_core.effects import ReadKeys, ReadMetadata
from sso_core.events import KeysRead, MetadataRead, Unavailable
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.flows.backchannel_logout import (
    ReadingLogoutKeys,
    ReadingLogoutMetadata,
    RefreshingLogoutKeys,
    backchannel_logout,
)
from sso_core.flows.end_sessions import RememberingLogout
from sso_core.machine import Failed, advance, advance_any
from sso_core.oauth.logout_token import AllSessions, LogoutToken, OneSession
from sso_core.oauth.tenants import Tenants
from sso_core.secret import Secret

SETTINGS = settings()
OF_ALICE = LogoutToken(ISSUER, "j1", AllSessions("alice"))
OF_SID = LogoutToken(ISSUER, "j1", OneSession("s1"))
WARM = Warm(METADATA, SIGNER.keys)
KEYS_URI = METADATA.jwks_uri


def opened(warm: Warm = WARM, token: Secret | None = None, provider: Any = OPENID) -> Any:
    token = logout_token(sub="alice") if token is None else token
    return backchannel_logout(SETTINGS, provider, token=token, warm=warm, now=NOW)


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_a_warm_service_believes_a_token_without_asking_anybody() -> None:
    assert opened() == RememberingLogout(SETTINGS, OF_ALICE, NOW)
    assert opened(token=logout_token(sid="s1")) == RememberingLogout(SETTINGS, OF_SID, NOW)


def test_a_cold_service_reads_the_documents_from_buckets_that_no_login_draws_from() -> None:
    reading = opened(Warm())
    assert isinstance(reading, ReadingLogoutMetadata)
    assert reading.awaits == (ReadMetadata(ISSUER, for_logout=True),)
    keys = advance(reading, [MetadataRead(METADATA)], now=NOW)
    assert isinstance(keys, ReadingLogoutKeys)
    assert keys.awaits == (ReadKeys(ISSUER, KEYS_URI, for_logout=True),)
    assert advance(keys, [KeysRead(SIGNER.keys)], now=NOW) == RememberingLogout(SETTINGS, OF_ALICE, NOW)


def test_keys_alone_are_read_where_the_metadata_is_at_hand() -> None:
    assert isinstance(opened(Warm(METADATA)), ReadingLogoutKeys)


def test_an_authority_of_many_tenants_is_asked_for_what_it_publishes() -> None:
    template = ISSUER + "/{tenantid}"
    many = attrs.evolve(OPENID, tenants=Tenants(template, ("t1",), (template,)))
    reading = opened(Warm(), logout_token(iss=ISSUER + "/t1", sub="alice"), many)
    assert reading.awaits == (ReadMetadata(ISSUER, (template,), for_logout=True),)


def test_a_key_that_is_not_known_is_asked_for_once() -> None:
    refreshing = opened(token=logout_token(ROTATED, sub="alice"))
    assert isinstance(refreshing, RefreshingLogoutKeys)
    assert refreshing.awaits == (ReadKeys(ISSUER, KEYS_URI, lacks="k2", for_logout=True),)
    assert advance(refreshing, [KeysRead(ROTATED.keys)], now=NOW) == RememberingLogout(SETTINGS, OF_ALICE, NOW)
    assert reason(advance(refreshing, [KeysRead(SIGNER.keys)], now=NOW)) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("token", "refused"),
    [
        (Secret("not-a-token"), Reason.BAD_LOGOUT_TOKEN),
        (logout_token(sub="alice", iss="https://evil.example"), Reason.WRONG_ISSUER),
        (logout_token(sub="alice", aud="other"), Reason.WRONG_AUDIENCE),
        (logout_token(sub="alice", nonce="n"), Reason.BAD_LOGOUT_TOKEN),
    ],
)
@pytest.mark.parametrize("warm", [Warm(), WARM], ids=["cold", "warm"])
def test_a_token_that_could_not_pass_costs_no_request(token: Secret, refused: Reason, warm: Warm) -> None:
    assert reason(opened(warm, token)) is refused


def test_an_algorithm_counts_where_both_the_operator_and_the_metadata_allow_it() -> None:
    assert reason(opened(provider=attrs.evolve(OPENID, algorithms=("RS256",)))) is Reason.ALGORITHM_REFUSED
    others = attrs.evolve(METADATA, id_token_algorithms=("RS256",))
    assert reason(opened(Warm(others, SIGNER.keys))) is Reason.ALGORITHM_REFUSED
    keys: Any = advance(opened(Warm()), [MetadataRead(others)], now=NOW)
    assert reason(advance_any(keys, [KeysRead(SIGNER.keys)], now=NOW)) is Reason.ALGORITHM_REFUSED


def test_a_forged_signature_leaves_no_trace_in_the_store() -> None:
    forged = Secret(logout_token(sub="alice").reveal()[:-6] + "AAAAAA")
    assert reason(opened(token=forged)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "state",
    [opened(Warm()), opened(Warm(METADATA)), opened(token=logout_token(ROTATED, sub="alice"))],
    ids=lambda state: type(state).__name__,
)
def test_a_provider_that_cannot_be_asked_is_told_to_come_again(state: Any) -> None:
    failure = Failure(Reason.KEYS_UNREACHABLE, "asked too often")
    assert advance_any(state, [Unavailable(failure)], now=NOW) == Failed(failure)
