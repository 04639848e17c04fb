from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, GATHERED, NOW, attempt, pending_login

from sso_core.audit import AuditEvent, AuditKind
from sso_core.effects import Keep, Kind
from sso_core.events import AccountFacts, Event, Kept, Occupied, StoreUnreachable
from sso_core.failures import Reason
from sso_core.flows.enter import read_account
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.machine import Failed, advance
from sso_core.sessions.audit_marks import session_began
from sso_core.sessions.session import decode_session, session_key
from sso_core.settings.ladder import REFERENCE_LADDER

CREATED = AuditEvent(AuditKind.ACCOUNT_CREATED, "a1")


def keeping(former: str | None = None) -> KeepingSession:
    state = read_account(attempt(former_session=former), pending_login(), GATHERED)
    after = advance(state, [AccountFacts(ACCOUNT)], now=NOW)
    assert isinstance(after, KeepingSession)
    return after


def test_the_session_takes_the_place_of_the_browsers_former_one() -> None:
    state = keeping(former="old")
    (keep,) = state.awaits
    assert isinstance(keep, Keep)
    assert (keep.kind, keep.key, keep.instead_of) == (Kind.SESSION, session_key(ENTROPY.session_id), "old")
    assert keep.ttl == 8 * 3600
    assert decode_session(keep.value) == state.session


def test_the_session_tells_the_account_as_decided() -> None:
    session = keeping().session
    assert (session.account_id, session.handle, session.role) == ("a1", "alice", REFERENCE_LADDER.default)
    assert session.provider_id == "generic"


def test_the_person_is_signed_in_when_the_session_is_kept() -> None:
    ending = advance(keeping(), [Kept()], now=NOW)
    assert isinstance(ending, SignedIn)
    assert (ending.session_id, ending.return_to) == (ENTROPY.session_id, "/back")
    assert ENTROPY.session_id.reveal() not in repr(ending)


@pytest.mark.parametrize("event", [StoreUnreachable("down"), Occupied(b"")])
def test_a_session_that_is_not_kept_is_none(event: Event) -> None:
    ending = advance(attrs.evolve(keeping(), changed=(CREATED,)), [event], now=NOW)
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.SESSION_NOT_KEPT
    assert ending.deeds == (CREATED,)


def test_the_log_hears_of_the_account_and_of_the_login() -> None:
    state = attrs.evolve(keeping(), changed=(CREATED,))
    began = session_began(AuditKind.SIGNED_IN, state.session, session_key(ENTROPY.session_id))
    assert advance(state, [Kept()], now=NOW).deeds == (CREATED, began)
