from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from scenes import ISSUER, METADATA, NOW, OPENID, PLAIN, settings
from starts import LEAVING, OF_PROVIDER, SESSION, SIGN_OUT, TO_SIGN_OUT

from sso_core.audit import AuditKind
from sso_core.effects import Drop, Kind, Peek, ReadMetadata
from sso_core.events import Dropped, Found, Kept, MetadataRead, Missing, StoreUnreachable, Unavailable
from sso_core.failures import Failure, Reason
from sso_core.flows.provider_logout import (
    EndingBeforeProvider,
    FindingEndSession,
    FindingProvider,
    Leaving,
    SentToSignOut,
    providers_to_leave,
    sign_out_at_provider,
)
from sso_core.flows.sign_out import EndingSession, RevokingSessions, SignedOut
from sso_core.machine import Failed, advance
from sso_core.secret import Secret
from sso_core.sessions.session import Session, SessionKind, encode_session, session_key

KEY = session_key(Secret("id"))
FINDING = FindingProvider(SIGN_OUT, KEY)
EVERYWHERE = attrs.evolve(SIGN_OUT, everywhere=True)
LEAVES = Leaving(SIGN_OUT, LEAVING, None, "sid")
DOWN = StoreUnreachable("down")


def found(session: Session = OF_PROVIDER) -> Found:
    return Found(encode_session(session))


def test_only_providers_with_an_issuer_that_are_to_be_left_are_left() -> None:
    stays, plain = attrs.evolve(OPENID, provider_id="other"), attrs.evolve(PLAIN, provider_id="plain")
    assert providers_to_leave(settings(providers=(LEAVING, stays, plain))) == (LEAVING,)


def test_a_browser_without_a_session_is_signed_out() -> None:
    assert sign_out_at_provider(SIGN_OUT, None) == SignedOut()


def test_the_session_says_where_it_came_from() -> None:
    state = sign_out_at_provider(SIGN_OUT, Secret("id"))
    assert state == FINDING
    assert FINDING.awaits == (Peek(Kind.SESSION, KEY),)
    assert advance(FINDING, [found()], now=NOW) == EndingBeforeProvider(EndingSession(KEY), LEAVES)


def test_signing_out_everywhere_leaves_the_provider_as_well() -> None:
    ending = RevokingSessions(KEY, "a1", NOW, SIGN_OUT.settings.longest_session)
    after = advance(attrs.evolve(FINDING, sign_out=EVERYWHERE), [found()], now=NOW)
    assert after == EndingBeforeProvider(ending, attrs.evolve(LEAVES, sign_out=EVERYWHERE))
    assert isinstance(after, EndingBeforeProvider)
    assert isinstance(advance(after, [Kept(), Dropped()], now=NOW), FindingEndSession)


@pytest.mark.parametrize(
    "answer",
    [
        Missing(),
        Found(b"damaged"),
        found(attrs.evolve(SESSION, expires_at=NOW)),
        found(attrs.evolve(SESSION, kind=SessionKind.CLI)),
        found(attrs.evolve(SESSION, provider_id="another")),
    ],
)
def test_whoever_came_from_nowhere_in_particular_signs_out_here_alone(answer: Any) -> None:
    assert advance(FINDING, [answer], now=NOW) == EndingSession(KEY)


def test_all_sessions_end_here_alone_where_their_provider_is_not_to_be_left() -> None:
    elsewhere = found(attrs.evolve(SESSION, provider_id="another"))
    after = advance(attrs.evolve(FINDING, sign_out=EVERYWHERE), [elsewhere], now=NOW)
    assert isinstance(after, RevokingSessions)


def test_the_session_here_ends_before_the_browser_leaves() -> None:
    state = EndingBeforeProvider(EndingSession(KEY), attrs.evolve(LEAVES, metadata=TO_SIGN_OUT))
    assert state.awaits == (Drop(Kind.SESSION, KEY),)
    after = advance(state, [Dropped()], now=NOW)
    assert isinstance(after, SentToSignOut)
    assert [(deed.kind, deed.session) for deed in after.deeds] == [(AuditKind.SIGNED_OUT, KEY[:12])]
    address = urlsplit(after.location)
    assert (address.netloc, address.path) == ("idp.example", "/end-session")
    assert dict(parse_qsl(address.query)) == {
        "client_id": "client",
        "post_logout_redirect_uri": "https://app.example/sso/logout/return",
        "state": "state-canary",
        "logout_hint": "sid",
    }


def test_a_cold_service_asks_where_people_sign_out_once_they_are_out_here() -> None:
    after = advance(EndingBeforeProvider(EndingSession(KEY), LEAVES), [Dropped()], now=NOW)
    assert after == FindingEndSession(LEAVES, SignedOut(KEY))
    assert isinstance(after, FindingEndSession)
    assert after.awaits == (ReadMetadata(ISSUER),)
    assert isinstance(advance(after, [MetadataRead(TO_SIGN_OUT)], now=NOW), SentToSignOut)


@pytest.mark.parametrize(
    "answer", [Unavailable(Failure(Reason.METADATA_UNREACHABLE)), MetadataRead(METADATA)], ids=["down", "not offered"]
)
def test_whoever_cannot_sign_out_at_the_provider_is_out_here_all_the_same(answer: Any) -> None:
    assert advance(FindingEndSession(LEAVES, SignedOut(KEY)), [answer], now=NOW) == SignedOut(KEY)


def test_nobody_is_sent_away_who_is_still_signed_in() -> None:
    known = attrs.evolve(LEAVES, metadata=TO_SIGN_OUT)
    for state in (FINDING, EndingBeforeProvider(EndingSession(KEY), known)):
        ending = advance(state, [DOWN], now=NOW)
        assert isinstance(ending, Failed)
        assert ending.failure.reason is Reason.STORE_UNREACHABLE
