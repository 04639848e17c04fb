from __future__ import annotations

from typing import get_args

import pytest
from scenes import METADATA, NOW, OPENID, SIGNER, attempt, pending_login, plain_login, token_answer

from sso_core.events import Event, HttpResponse, KeysRead, MetadataRead, Missing, Unavailable, Unreachable
from sso_core.flows.exchange_code import ExchangingCode, ExchangingCodeAndReadingKeys, PuttingLoginBack
from sso_core.flows.finish_login import Repeated, TakingLogin
from sso_core.flows.read_documents import ReadingAuthorizationServerMetadata, ReadingOpenIdConfiguration, read_metadata
from sso_core.flows.sessions import ReadingSession
from sso_core.flows.sign_out import EndingSession
from sso_core.machine import Failed, Working
from sso_core.secret import Secret
from sso_core.sessions.pending_login import encode_login
from sso_core.testing.exploration import Material, answered, by_name, combinations, explored, samples

MATERIAL = Material(
    bodies=(token_answer().body,),
    values=(encode_login(pending_login()), encode_login(plain_login())),
    keys=(SIGNER.keys,),
    metadata=(METADATA,),
)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_kind_of_event_has_a_sample_of_its_own_kind(kind: type) -> None:
    assert {type(event) for event in samples(MATERIAL)[kind]} == {kind}


def test_only_metadata_cannot_be_made_up() -> None:
    assert [kind for kind, some in samples(Material()).items() if not some] == [MetadataRead]


def test_what_is_valid_comes_beside_what_is_damaged() -> None:
    bodies = {
        (event.status, event.body) for event in samples(MATERIAL)[HttpResponse] if isinstance(event, HttpResponse)
    }
    assert {(200, token_answer().body), (200, b"{"), (200, b"\xff\xfe"), (401, b"<html>"), (503, b"<html>")} <= bodies
    assert set(samples(MATERIAL)[Unreachable]) == {Unreachable(sent=False), Unreachable(sent=True)}


def test_classes_are_ordered_by_name() -> None:
    assert by_name({Unreachable, HttpResponse, Missing}) == (HttpResponse, Missing, Unreachable)


def test_each_effect_of_a_state_adds_a_column() -> None:
    state = ExchangingCodeAndReadingKeys(attempt(), pending_login(), OPENID, Secret("c"))
    assert combinations(state) == (
        (HttpResponse, KeysRead),
        (HttpResponse, Unavailable),
        (Unreachable, KeysRead),
        (Unreachable, Unavailable),
    )
    assert len(list(answered((Unreachable, KeysRead), MATERIAL))) == 2


def test_what_a_state_leads_to_is_found_and_what_rests_is_not_asked_further() -> None:
    found = explored([TakingLogin(attempt())], MATERIAL, now=NOW)
    assert {TakingLogin, ExchangingCode, PuttingLoginBack} <= set(found)
    assert not {Repeated, Failed} & set(found)
    assert all(type(state) is kind and isinstance(state, Working) for kind, states in found.items() for state in states)


def test_each_start_brings_the_first_state_of_a_class() -> None:
    starts = [ReadingOpenIdConfiguration("https://a.example"), ReadingOpenIdConfiguration("https://b.example")]
    found = explored(starts, MATERIAL, now=NOW)
    assert found[ReadingOpenIdConfiguration] == tuple(starts)
    assert found[ReadingAuthorizationServerMetadata] == (
        ReadingAuthorizationServerMetadata("https://a.example"),
        ReadingAuthorizationServerMetadata("https://b.example"),
    )


def test_a_start_that_rests_brings_nothing() -> None:
    assert explored([read_metadata("no address")], MATERIAL, now=NOW) == {}
    assert set(explored([ReadingSession("a", 300), EndingSession("a")], MATERIAL, now=NOW)) == {
        ReadingSession,
        EndingSession,
    }


def test_the_same_answers_lead_the_same_way_each_time() -> None:
    once, again = (explored([TakingLogin(attempt(keys=SIGNER.keys))], MATERIAL, now=NOW) for _ in range(2))
    assert list(once) == list(again)
