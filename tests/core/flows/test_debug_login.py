from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import (
    ACCOUNT,
    COOKIE,
    ENTROPY,
    IDENTITY,
    METADATA,
    NOW,
    OPENID,
    SEALING,
    SIGNER,
    granted,
    pending_login,
    settings,
    token_answer,
)

from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    DirectoryUnreachable,
    Event,
    Found,
    HttpResponse,
    Kept,
    Missing,
    StoreUnreachable,
    Taken,
)
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.flows.begin_login import KeepingLogin, ResolvingProvider, SentToProvider
from sso_core.flows.debug_login import (
    CheckingInspector,
    Inspecting,
    Inspection,
    InspectionRefused,
    Passed,
    TakingInspection,
    begin_debug_login,
    finish_debug_login,
)
from sso_core.flows.exchange_code import ExchangingCode
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.sessions import CheckingRevocation, ReadingSession
from sso_core.machine import Failed, Working, advance, advance_any
from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import LoginPurpose, encode_login
from sso_core.sessions.session import encode_session, session_key, session_of

ON = settings(debug_page=True)
ANYBODY = settings(debug_page=True, debug_for_anybody_unsafe=True)
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
ADMIN = attrs.evolve(SESSION, role="proxy_admin")
WARM = Warm(METADATA, SIGNER.keys)
LOGIN = pending_login(purpose=LoginPurpose.DEBUG, userinfo_endpoint=None)
STORED = Taken(encode_login(LOGIN))


def begun(sign_in: Any = ON, session_id: str | None = "id", warm: Warm = WARM) -> object:
    presented = None if session_id is None else Secret(session_id)
    return begin_debug_login(sign_in, OPENID, session_id=presented, entropy=ENTROPY, now=NOW, warm=warm)


def finished(sign_in: Any = ON, cookie: LoginCookie | None = COOKIE) -> object:
    return finish_debug_login(sign_in, OPENID, response=granted(), cookie=cookie, entropy=ENTROPY, warm=WARM)


def refused(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


# To the provider


def test_the_page_is_off_unless_the_operator_wants_it() -> None:
    assert refused(begun(settings(debug_for_anybody_unsafe=True))) is Reason.SWITCHED_OFF


def test_an_administrator_who_is_signed_in_is_sent_to_a_callback_of_its_own() -> None:
    state = begun()
    assert isinstance(state, CheckingInspector)
    assert state.reading == ReadingSession(session_key(Secret("id")), 300)
    checking = advance(state, [Found(encode_session(ADMIN))], now=NOW)
    assert isinstance(checking, CheckingInspector)
    assert checking.reading == CheckingRevocation(ADMIN, ReadingSession(session_key(Secret("id")), 300))
    keeping = advance(checking, [Missing()], now=NOW)
    assert isinstance(keeping, KeepingLogin)
    assert keeping.login.purpose is LoginPurpose.DEBUG
    assert keeping.login.redirect_uri == "https://app.example/sso/debug/callback"


@pytest.mark.parametrize(
    ("session", "answer", "reason"),
    [
        (SESSION, Missing(), Reason.NOT_ADMIN),
        (ADMIN, Found(b"damaged"), Reason.NOT_SIGNED_IN),
        (ADMIN, StoreUnreachable(), Reason.STORE_UNREACHABLE),
    ],
)
def test_nobody_else_is(session: Any, answer: Event, reason: Reason) -> None:
    state = begun()
    assert isinstance(state, CheckingInspector)
    checking = attrs.evolve(state, reading=CheckingRevocation(session, ReadingSession("key", 300)))
    assert refused(advance_any(checking, [answer], now=NOW)) is reason
    assert refused(begun(session_id=None)) is Reason.NOT_SIGNED_IN


def test_an_administrator_is_one_who_is_so_by_now() -> None:
    state = begun()
    assert isinstance(state, CheckingInspector)
    after: Any = attrs.evolve(state, reading=CheckingRevocation(ADMIN, ReadingSession("key", 0)))
    for answer in (Missing(), AccountFacts(ACCOUNT)):
        after = advance_any(after, [answer], now=NOW)
    assert refused(after) is Reason.NOT_ADMIN


def test_by_the_loud_option_anybody_is() -> None:
    assert isinstance(begun(ANYBODY, None), KeepingLogin)
    assert isinstance(begun(ANYBODY, None, Warm()), ResolvingProvider)
    assert isinstance(begun(attrs.evolve(ANYBODY, sealing_keys=SEALING), None), SentToProvider)


# And back


def test_a_login_is_looked_at_from_its_start_to_the_decision() -> None:
    state = finished()
    assert isinstance(state, TakingInspection)
    assert isinstance(state.taking, TakingLogin)
    after: object = state
    for answer in (STORED, token_answer(), AccountFacts(ACCOUNT)):
        assert isinstance(after, Working)
        after = advance_any(after, [answer], now=NOW)
    assert isinstance(after, Inspection)
    assert after.inspected.identity.subject == "alice"
    assert after.deeds == after.inspected.deeds != ()
    assert after.timeline == (
        Passed("TakingLogin", ("Take",), ("Taken",)),
        Passed("ExchangingCode", ("HttpRequest",), ("HttpResponse",)),
        Passed("ReadingAccount", ("ReadAccount",), ("AccountFacts",)),
    )


def test_a_login_that_travelled_sealed_is_looked_at_too() -> None:
    sealed = TakingSealedLogin(
        attrs.evolve(_attempt(), settings=attrs.evolve(ON, sealing_keys=SEALING)), attrs.evolve(LOGIN)
    )
    assert isinstance(advance(TakingInspection(sealed), [Kept()], now=NOW), Inspecting)


def _attempt() -> Any:
    state = finished()
    assert isinstance(state, TakingInspection)
    return state.taking.attempt


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HttpResponse(200, b"{}"), Reason.NO_ACCESS_TOKEN),
        (HttpResponse(500, b""), Reason.TOKEN_ENDPOINT_UNAVAILABLE),
    ],
)
def test_where_it_ends_early_it_is_told_why_and_how_far_it_went(answer: Event, reason: Reason) -> None:
    exchanging = ExchangingCode(_attempt(), LOGIN, OPENID, Secret("code-canary"), SIGNER.keys)
    ending = advance_any(Inspecting(exchanging, ()), [answer], now=NOW)
    assert isinstance(ending, InspectionRefused)
    assert ending.failure.reason is reason
    assert [passed.state for passed in ending.timeline] == ["ExchangingCode"]
    assert "canary" not in repr(ending)


def test_a_login_that_was_begun_to_sign_in_is_not_looked_at() -> None:
    state = TakingInspection(TakingLogin(_attempt()))
    assert refused(advance(state, [Taken(encode_login(pending_login()))], now=NOW)) is Reason.NO_PENDING_LOGIN


def test_what_fails_before_it_is_known_what_it_is_for_is_refused_like_any_login() -> None:
    state = TakingInspection(TakingLogin(_attempt()))
    assert refused(advance(state, [Missing()], now=NOW)) is Reason.NO_PENDING_LOGIN
    assert advance(state, [AlreadyTaken(b"")], now=NOW) == Repeated("/back")
    assert refused(finished(cookie=None)) is Reason.LOGIN_OF_ANOTHER_BROWSER
    assert finished(cookie=COOKIE.spent()) == Repeated("/back")


def test_an_unreachable_directory_is_told_too() -> None:
    exchanging = ExchangingCode(_attempt(), LOGIN, OPENID, Secret("c"), SIGNER.keys)
    reading = advance_any(Inspecting(exchanging, ()), [token_answer()], now=NOW)
    assert isinstance(reading, Inspecting)
    ending = advance_any(reading, [DirectoryUnreachable("down")], now=NOW)
    assert isinstance(ending, InspectionRefused)
    assert ending.failure.reason is Reason.DIRECTORY_UNREACHABLE


def test_a_verdict_is_an_ending_and_no_session() -> None:
    assert set(attrs.fields_dict(Inspected)) == {"identity", "verdict"}
