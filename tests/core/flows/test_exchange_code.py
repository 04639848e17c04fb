from __future__ import annotations

import attrs
import pytest
from scenes import (
    ENTROPY,
    ISSUER,
    NOW,
    OPENID,
    PLAIN,
    SEALING,
    SIGNER,
    Signer,
    answer,
    attempt,
    pending_login,
    plain_login,
    settings,
    token_answer,
    tokens,
)

from sso_core.effects import Drop, HttpRequest, Keep, ReadKeys
from sso_core.events import (
    Dropped,
    Event,
    HttpResponse,
    Kept,
    KeysRead,
    Occupied,
    StoreUnreachable,
    Unavailable,
    Unreachable,
)
from sso_core.failures import Failure, Reason
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.exchange_code import (
    ExchangingCode,
    ExchangingCodeAndReadingKeys,
    ExchangingPlainCode,
    PuttingLoginBack,
    RefreshingKeys,
    ReleasingLogin,
)
from sso_core.flows.gather_claims import GatheringClaims, GatheringPlainClaims
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.machine import Failed, advance
from sso_core.oauth.tenants import Tenants
from sso_core.providers.kinds import UserinfoPolicy
from sso_core.secret import Secret
from sso_core.sessions.pending_login import decode_login
from sso_core.wire import parse_form

CODE = Secret("code-canary")
FAILURE = Failure(Reason.TOKEN_ENDPOINT_NOT_REACHED, "refused")


def warm() -> ExchangingCode:
    return ExchangingCode(attempt(), pending_login(), OPENID, CODE, SIGNER.keys)


def cold() -> ExchangingCodeAndReadingKeys:
    return ExchangingCodeAndReadingKeys(attempt(keys=None), pending_login(), OPENID, CODE)


def plain() -> ExchangingPlainCode:
    return ExchangingPlainCode(attempt(PLAIN), plain_login(), PLAIN, CODE)


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def test_the_token_request_proves_possession_of_the_verifier() -> None:
    (request,) = warm().awaits
    assert isinstance(request, HttpRequest)
    assert request.url == ISSUER + "/token"
    assert parse_form(request.body or b"") == {
        "grant_type": "authorization_code",
        "code": "code-canary",
        "redirect_uri": "https://app.example/sso/callback",
        "code_verifier": ENTROPY.code_verifier.reveal(),
    }
    assert dict(request.headers)["authorization"].startswith("Basic ")


def test_a_verified_id_token_leads_to_userinfo() -> None:
    state = advance(warm(), [token_answer()], now=NOW)
    assert isinstance(state, GatheringClaims)
    assert state.verified.subject == "alice"


def test_without_a_userinfo_endpoint_the_id_token_suffices() -> None:
    state = attrs.evolve(warm(), login=pending_login(userinfo_endpoint=None))
    assert isinstance(advance(state, [token_answer()], now=NOW), ReadingAccount)


def test_userinfo_is_not_asked_where_the_operator_wants_none() -> None:
    state = attrs.evolve(warm(), provider=attrs.evolve(OPENID, userinfo=UserinfoPolicy.UNUSED))
    assert isinstance(advance(state, [token_answer()], now=NOW), ReadingAccount)


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (answer({"error": "invalid_grant"}, 400), Reason.CODE_REFUSED),
        (answer({"error": "invalid_client"}, 401), Reason.CLIENT_REFUSED),
        (answer("teapot", 418), Reason.TOKEN_ENDPOINT_STATUS),
        (answer("", 302), Reason.TOKEN_ENDPOINT_STATUS),
        (answer("", 503), Reason.TOKEN_ENDPOINT_UNAVAILABLE),
        (answer("{"), Reason.TOKEN_NOT_JSON),
        (answer("null"), Reason.TOKEN_NOT_AN_OBJECT),
        (answer([]), Reason.TOKEN_NOT_AN_OBJECT),
        (token_answer(access_token=None), Reason.NO_ACCESS_TOKEN),
        (answer({"access_token": None, "token_type": "Bearer"}), Reason.NO_ACCESS_TOKEN),
        (token_answer(access_token=""), Reason.NO_ACCESS_TOKEN),
        (token_answer(access_token=7), Reason.NO_ACCESS_TOKEN),
        (token_answer(token_type="mac"), Reason.BAD_TOKEN_RESPONSE),
        (token_answer(id_token=None), Reason.NO_ID_TOKEN),
        (token_answer(id_token=""), Reason.NO_ID_TOKEN),
        (token_answer(id_token=7), Reason.BAD_TOKEN_RESPONSE),
        (token_answer(id_token="garbage"), Reason.BAD_ID_TOKEN),
        (token_answer(id_token=SIGNER.sign({})), Reason.WRONG_ISSUER),
        (token_answer(id_token=SIGNER.id_token(nonce="other")), Reason.WRONG_NONCE),
        (token_answer(id_token=SIGNER.id_token(aud="other")), Reason.WRONG_AUDIENCE),
    ],
)
def test_each_bad_answer_of_the_token_endpoint_is_a_reason_of_its_own(answered: HttpResponse, expected: Reason) -> None:
    assert reason(advance(warm(), [answered], now=NOW)) is expected


def test_a_code_that_may_have_been_sent_is_never_sent_again() -> None:
    for state, beside in ((warm(), []), (cold(), [KeysRead(SIGNER.keys)]), (plain(), [])):
        events: list[Event] = [Unreachable(sent=True, why="reset"), *beside]
        assert reason(advance(state, events, now=NOW)) is Reason.TOKEN_ANSWER_LOST


def test_a_code_that_was_not_sent_gives_the_login_back_with_what_is_left_of_its_time() -> None:
    for state, beside in ((warm(), []), (cold(), [KeysRead(SIGNER.keys)]), (plain(), [])):
        events: list[Event] = [Unreachable(sent=False, why="refused"), *beside]
        after = advance(state, events, now=NOW + 100)
        assert isinstance(after, PuttingLoginBack)
        assert (after.key, after.ttl) == ("key", 400)


def test_a_sealed_login_is_given_back_by_removing_its_mark() -> None:
    state = attrs.evolve(warm(), attempt=attempt(settings=settings(sealing_keys=SEALING)))
    after = advance(state, [Unreachable(sent=False)], now=NOW)
    assert isinstance(after, ReleasingLogin)
    assert [type(effect) for effect in after.awaits] == [Drop]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Kept(), Reason.TOKEN_ENDPOINT_NOT_REACHED),
        (Occupied(b""), Reason.TOKEN_ENDPOINT_UNAVAILABLE),
        (StoreUnreachable(), Reason.TOKEN_ENDPOINT_UNAVAILABLE),
    ],
)
def test_only_a_login_that_is_back_may_be_tried_again(event: Event, expected: Reason) -> None:
    state = PuttingLoginBack("key", pending_login(), 400, FAILURE)
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert decode_login(keep.value) == pending_login()
    assert reason(advance(state, [event], now=NOW)) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Dropped(), Reason.TOKEN_ENDPOINT_NOT_REACHED),
        (StoreUnreachable(), Reason.TOKEN_ENDPOINT_UNAVAILABLE),
    ],
)
def test_only_a_released_login_may_be_tried_again(event: Event, expected: Reason) -> None:
    assert reason(advance(ReleasingLogin("key", FAILURE), [event], now=NOW)) is expected


def test_keys_read_beside_the_exchange_verify_the_token() -> None:
    assert [type(effect) for effect in cold().awaits] == [HttpRequest, ReadKeys]
    after = advance(cold(), [token_answer(), KeysRead(SIGNER.keys)], now=NOW)
    assert isinstance(after, GatheringClaims)


def test_without_keys_nothing_is_believed() -> None:
    unavailable = Unavailable(Failure(Reason.KEYS_UNREACHABLE))
    assert reason(advance(cold(), [token_answer(), unavailable], now=NOW)) is Reason.KEYS_UNREACHABLE


def test_an_unknown_key_has_the_keys_read_anew() -> None:
    state = advance(warm(), [token_answer(Signer("k2"))], now=NOW)
    assert isinstance(state, RefreshingKeys)
    assert state.awaits == (ReadKeys(ISSUER, ISSUER + "/keys", lacks="k2"),)


def test_a_fresh_key_verifies_the_token() -> None:
    rotated = Signer("k2")
    state = RefreshingKeys(attempt(), pending_login(), OPENID, tokens(rotated), "k2")
    assert isinstance(advance(state, [KeysRead(rotated.keys)], now=NOW), GatheringClaims)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (KeysRead(SIGNER.keys), Reason.UNKNOWN_KEY),
        (Unavailable(Failure(Reason.KEYS_UNREACHABLE)), Reason.KEYS_UNREACHABLE),
    ],
)
def test_a_key_that_stays_unknown_is_told_from_keys_that_cannot_be_had(event: Event, expected: Reason) -> None:
    state = RefreshingKeys(attempt(), pending_login(), OPENID, tokens(Signer("k2")), "k2")
    assert reason(advance(state, [event], now=NOW)) is expected


def test_a_plain_provider_is_asked_who_it_is() -> None:
    after = advance(plain(), [token_answer(id_token="never looked at")], now=NOW)
    assert isinstance(after, GatheringPlainClaims)


def test_an_error_of_the_token_endpoint_that_speaks_of_pkce_comes_with_a_hint() -> None:
    refused = answer({"error": "invalid_request", "error_description": "PKCE code challenge required"}, 400)
    ending = advance(warm(), [refused], now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.TOKEN_ENDPOINT_STATUS
    assert "S256" in ending.failure.hint


def test_whom_a_verified_id_token_keeps_out_the_former_session_ends_for() -> None:
    many = attrs.evolve(OPENID, tenants=Tenants("https://login.example/{tenantid}", ("t-1",)))
    rotated, former = Signer("k2"), attempt(former_session="old")
    claims = {"iss": "https://login.example/t-2", "tid": "t-2"}
    answered = token_answer(id_token=SIGNER.id_token(**claims))
    brought = attrs.evolve(tokens(), id_token=Secret(rotated.id_token(**claims)))
    waiting = RefreshingKeys(former, pending_login(), many, brought, "k2")
    for state in (
        advance(attrs.evolve(warm(), attempt=former, provider=many), [answered], now=NOW),
        advance(waiting, [KeysRead(rotated.keys)], now=NOW),
    ):
        assert isinstance(state, EndingFormerSession)
        assert (state.key, state.failure.reason) == ("old", Reason.TENANT_REFUSED)


def test_an_answer_that_ends_the_login_ends_the_browsers_former_session() -> None:
    former, bad = attempt(former_session="old"), answer({"error": "invalid_grant"}, 400)
    without_keys = ExchangingCodeAndReadingKeys(former, pending_login(), OPENID, Secret("c"))
    broken = Unavailable(Failure(Reason.BAD_KEYS))
    for state, expected in (
        (advance(attrs.evolve(warm(), attempt=former), [bad], now=NOW), Reason.CODE_REFUSED),
        (advance(attrs.evolve(warm(), attempt=former), [token_answer(id_token=None)], now=NOW), Reason.NO_ID_TOKEN),
        (advance(attrs.evolve(plain(), attempt=former), [bad], now=NOW), Reason.CODE_REFUSED),
        (advance(without_keys, [token_answer(), broken], now=NOW), Reason.BAD_KEYS),
        (
            advance(RefreshingKeys(former, pending_login(), OPENID, tokens(Signer("k2")), "k2"), [broken], now=NOW),
            Reason.BAD_KEYS,
        ),
    ):
        assert isinstance(state, EndingFormerSession), expected
        assert (state.key, state.failure.reason) == ("old", expected)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_provider_in_trouble_ends_no_session(status: int) -> None:
    for state in (attrs.evolve(warm(), attempt=attempt(former_session="old")), plain()):
        assert isinstance(advance(state, [answer("", status)], now=NOW), Failed)
