from __future__ import annotations

import attrs
import pytest
from scenes import (
    COOKIE,
    ENTROPY,
    ISSUER,
    NOW,
    OPENID,
    PLAIN,
    SEALING,
    SIGNER,
    STATE,
    attempt,
    granted,
    pending_login,
    plain_login,
    settings,
)

from sso_core.effects import Keep, Kind, Take
from sso_core.events import AlreadyTaken, Event, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.flows.exchange_code import ExchangingCode, ExchangingCodeAndReadingKeys, ExchangingPlainCode
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin, finish_login, read_callback
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.machine import Failed, advance
from sso_core.oauth.authorization import CodeGranted, NotGranted
from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import encode_login, login_key
from sso_core.sessions.session import session_key


def finish(cookie: LoginCookie | None = COOKIE, sealed: bool = False, former: Secret | None = None) -> object:
    return finish_login(
        settings(sealing_keys=SEALING if sealed else None),
        OPENID,
        response=granted(),
        cookie=cookie,
        former_session=former,
        entropy=ENTROPY,
        warm=Warm(keys=SIGNER.keys),
    )


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


# The door


def test_without_the_logins_cookie_the_store_is_not_touched() -> None:
    assert reason(finish(cookie=None)) is Reason.LOGIN_OF_ANOTHER_BROWSER


def test_a_spent_cookie_gets_a_soft_answer() -> None:
    assert finish(COOKIE.spent()) == Repeated("/back")


def test_the_login_is_taken_from_where_state_and_cookie_lead() -> None:
    state = finish(former=Secret("old"))
    assert isinstance(state, TakingLogin)
    (take,) = state.awaits
    assert isinstance(take, Take)
    assert (take.kind, take.key) == (Kind.LOGIN, login_key(STATE, COOKIE.secret))
    assert state.attempt.former_session == session_key(Secret("old"))


def test_a_cookie_that_was_not_sealed_here_is_unreadable() -> None:
    assert reason(finish(sealed=True)) is Reason.UNREADABLE_LOGIN


def test_a_sealed_login_opens_for_its_own_state_only() -> None:
    sealed = SEALING.seal(encode_login(pending_login()), context=STATE, nonce=ENTROPY.seal_nonce)
    state = finish(LoginCookie(0, Secret(sealed), "/back"), sealed=True)
    assert isinstance(state, TakingSealedLogin)
    assert state.login == pending_login()
    other = SEALING.seal(encode_login(pending_login()), context="other", nonce=ENTROPY.seal_nonce)
    assert reason(finish(LoginCookie(0, Secret(other), "/back"), sealed=True)) is Reason.UNREADABLE_LOGIN


def test_the_flow_is_seen_through_from_its_first_state() -> None:
    assert TakingLogin(attempt()).uninterruptible
    assert TakingSealedLogin(attempt(), pending_login()).uninterruptible


# Reading the callback


@pytest.mark.parametrize("parameters", [f"state={STATE}&code=code-canary", f"code=code-canary&state={STATE}".encode()])
def test_a_callback_is_read_from_a_query_or_a_form(parameters: str | bytes) -> None:
    assert read_callback(parameters) == granted()


def test_an_error_of_the_provider_is_an_answer_to_a_login_too() -> None:
    response = read_callback(f"state={STATE}&error=access_denied")
    assert isinstance(response, NotGranted)
    assert response.failure.reason is Reason.ACCESS_DENIED


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", Reason.NO_STATE),
        ("code=c", Reason.NO_STATE),
        ("state=a&state=b", Reason.MALFORMED_CALLBACK),
        ("state=%FF", Reason.MALFORMED_CALLBACK),
        (b"state=\xff", Reason.MALFORMED_CALLBACK),
    ],
)
def test_what_answers_no_login_is_refused_like_anything_else(parameters: str | bytes, expected: Reason) -> None:
    assert reason(read_callback(parameters)) is expected


# Taking the login


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Missing(), Reason.NO_PENDING_LOGIN),
        (Taken(b"x" * 43), Reason.LEGACY_LOGIN),
        (Taken(encode_login(pending_login(expires_at=NOW))), Reason.LOGIN_EXPIRED),
    ],
)
def test_a_login_that_is_over_takes_the_browsers_former_session_along(event: Event, expected: Reason) -> None:
    state = advance(TakingLogin(attempt(former_session="old")), [event], now=NOW)
    assert isinstance(state, EndingFormerSession)
    assert (state.key, state.failure.reason) == ("old", expected)


def test_so_does_one_that_the_person_declines_sealed_or_not() -> None:
    declined = read_callback(f"state={STATE}&error=access_denied&iss={ISSUER}")
    assert isinstance(declined, NotGranted)
    gone = attrs.evolve(attempt(former_session="old"), response=declined)
    for state in (
        advance(TakingLogin(gone), [Taken(encode_login(pending_login()))], now=NOW),
        advance(TakingSealedLogin(gone, pending_login()), [Kept()], now=NOW),
    ):
        assert isinstance(state, EndingFormerSession)
        assert (state.key, state.failure.reason) == ("old", Reason.ACCESS_DENIED)


def test_a_store_that_is_down_and_a_repeated_callback_end_no_session() -> None:
    state = TakingLogin(attempt(former_session="old"))
    assert isinstance(advance(state, [StoreUnreachable("down")], now=NOW), Failed)
    assert isinstance(advance(state, [AlreadyTaken(b"used")], now=NOW), Repeated)


def taken(value: bytes) -> object:
    return advance(TakingLogin(attempt()), [Taken(value)], now=NOW)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Missing(), Reason.NO_PENDING_LOGIN),
        (StoreUnreachable("down"), Reason.STORE_UNREACHABLE),
        (Taken(b"x" * 43), Reason.LEGACY_LOGIN),
        (Taken(b'"a-bare-verifier"'), Reason.LEGACY_LOGIN),
        (Taken(b'{"code_verifier": "v"}'), Reason.LEGACY_LOGIN),
        (Taken(b'{"code_verifier": ""}'), Reason.EMPTY_VERIFIER),
        (Taken(b'{"code_verifier": null}'), Reason.EMPTY_VERIFIER),
        (Taken(encode_login(pending_login(code_verifier=Secret("")))), Reason.EMPTY_VERIFIER),
        (Taken(b"[]"), Reason.UNREADABLE_LOGIN),
        (Taken(b"{"), Reason.UNREADABLE_LOGIN),
        (Taken(b"[99]"), Reason.UNKNOWN_LOGIN_VERSION),
        (Taken(encode_login(pending_login(expires_at=NOW))), Reason.LOGIN_EXPIRED),
        (Taken(encode_login(pending_login(provider_id="other"))), Reason.WRONG_PROVIDER),
        (Taken(encode_login(pending_login(namespace=ISSUER + "/"))), Reason.WRONG_PROVIDER),
    ],
)
def test_each_way_to_have_no_login_is_a_reason_of_its_own(event: Event, expected: Reason) -> None:
    assert reason(advance(TakingLogin(attempt()), [event], now=NOW)) is expected


def test_a_login_that_was_taken_gets_a_soft_answer() -> None:
    assert advance(TakingLogin(attempt()), [AlreadyTaken(b"used")], now=NOW) == Repeated("/back")


def test_a_login_with_warm_keys_goes_on_to_the_token_endpoint() -> None:
    state = taken(encode_login(pending_login()))
    assert isinstance(state, ExchangingCode)
    assert state.code == Secret("code-canary")


def test_cold_keys_are_read_beside_the_exchange() -> None:
    state = advance(TakingLogin(attempt(keys=None)), [Taken(encode_login(pending_login()))], now=NOW)
    assert isinstance(state, ExchangingCodeAndReadingKeys)


def test_a_plain_provider_needs_no_keys() -> None:
    state = advance(TakingLogin(attempt(PLAIN)), [Taken(encode_login(plain_login()))], now=NOW)
    assert isinstance(state, ExchangingPlainCode)


def test_an_error_of_the_provider_uses_the_login_up() -> None:
    failure = Failure(Reason.ACCESS_DENIED)
    state = TakingLogin(attempt(response=NotGranted(Secret(STATE), failure, None)))
    assert advance(state, [Taken(encode_login(pending_login()))], now=NOW) == Failed(failure)


@pytest.mark.parametrize(
    ("promised", "said", "expected"),
    [
        (True, None, Reason.RESPONSE_ISSUER_MISSING),
        (True, ISSUER + "1", Reason.RESPONSE_ISSUER_MISMATCH),
        (False, ISSUER + "1", Reason.RESPONSE_ISSUER_MISMATCH),
        (False, "", Reason.RESPONSE_ISSUER_MISMATCH),
    ],
)
def test_an_answer_of_another_issuer_is_refused_before_the_code_goes_anywhere(
    promised: bool, said: str | None, expected: Reason
) -> None:
    state = TakingLogin(attempt(response=CodeGranted(Secret(STATE), Secret("c"), said)))
    value = encode_login(pending_login(response_issuer_promised=promised))
    assert reason(advance(state, [Taken(value)], now=NOW)) is expected


# Taking a sealed login


def test_the_mark_of_a_sealed_login_is_left_by_the_first_only() -> None:
    state = TakingSealedLogin(attempt(), pending_login())
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert keep.only_if_absent
    assert isinstance(advance(state, [Kept()], now=NOW), ExchangingCode)
    assert advance(state, [Occupied(b"used")], now=NOW) == Repeated("/back")
    assert reason(advance(state, [StoreUnreachable()], now=NOW)) is Reason.STORE_UNREACHABLE
