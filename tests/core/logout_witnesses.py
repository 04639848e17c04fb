"""One witness for each edge of the flows by which somebody signs out at the provider, or is signed out by it."""

from __future__ import annotations

from typing import Any

import attrs
from scenes import ACCOUNT, METADATA, NOW, OPENID, SIGNER, settings
from starts import LEAVING, OF_PROVIDER, ROTATED, SESSION, SIGN_OUT, TO_SIGN_OUT, logout_token

from sso_core.effects import Keep, Kind
from sso_core.events import AccountFacts, Dropped, Found, Kept, KeysRead, MetadataRead, Missing, Occupied, Unavailable
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.flows.backchannel_logout import ReadingLogoutKeys, RefreshingLogoutKeys, backchannel_logout
from sso_core.flows.end_sessions import EndingSessions, FindingLoggedOut, LoggedOut, RememberingLogout, SettlingLogout
from sso_core.flows.provider_logout import (
    EndingBeforeProvider,
    FindingEndSession,
    FindingProvider,
    Leaving,
    SentToSignOut,
)
from sso_core.flows.sign_out import EndingSession, RevokingSessions, SignedOut
from sso_core.oauth.logout_token import AllSessions, LogoutToken, OneSession
from sso_core.sessions.revocation import encode_revocation
from sso_core.sessions.session import encode_session

NO_METADATA = Unavailable(Failure(Reason.METADATA_UNREACHABLE))


def opened(warm: Warm) -> Any:
    return backchannel_logout(settings(), OPENID, token=logout_token(sub="alice"), warm=warm, now=NOW)


reading, keys = opened(Warm()), opened(Warm(METADATA))
refreshing = opened(Warm(METADATA, ROTATED.keys))
OF_ALICE = LogoutToken(OPENID.issuer, "j1", AllSessions("alice"))
OF_SID = LogoutToken(OPENID.issuer, "j1", OneSession("sid"))
remembering = RememberingLogout(settings(), OF_ALICE, NOW)
finding = FindingLoggedOut(settings(), OF_ALICE, NOW, "alice")
ending = EndingSessions(settings(), OF_ALICE, NOW, Keep(Kind.REVOKED, "key", b"", 9))

BROWSER, ELSEWHERE = encode_session(OF_PROVIDER), encode_session(attrs.evolve(SESSION, provider_id="other"))
EVERYWHERE = attrs.evolve(SIGN_OUT, everywhere=True)
leaving = Leaving(SIGN_OUT, LEAVING, None, "sid")
before = EndingBeforeProvider(EndingSession("key"), leaving)
known = attrs.evolve(leaving, metadata=TO_SIGN_OUT)

LOGOUT_WITNESSES: list[tuple[Any, tuple[Any, ...], type]] = [
    (reading, (MetadataRead(METADATA),), ReadingLogoutKeys),
    (keys, (KeysRead(SIGNER.keys),), RememberingLogout),
    (keys, (KeysRead(ROTATED.keys),), RefreshingLogoutKeys),
    (refreshing, (KeysRead(SIGNER.keys),), RememberingLogout),
    (remembering, (Kept(),), FindingLoggedOut),
    (attrs.evolve(remembering, token=OF_SID), (Kept(),), EndingSessions),
    (finding, (AccountFacts(ACCOUNT),), EndingSessions),
    (finding, (AccountFacts(None),), SettlingLogout),
    (ending, (Kept(),), SettlingLogout),
    (ending, (Occupied(encode_revocation(NOW - 1)),), EndingSessions),
    (SettlingLogout(settings(), OF_ALICE), (Kept(),), LoggedOut),
    (FindingProvider(SIGN_OUT, "key"), (Missing(),), EndingSession),
    (FindingProvider(EVERYWHERE, "key"), (Found(ELSEWHERE),), RevokingSessions),
    (FindingProvider(SIGN_OUT, "key"), (Found(BROWSER),), EndingBeforeProvider),
    (before, (Dropped(),), FindingEndSession),
    (attrs.evolve(before, leaving=known), (Dropped(),), SentToSignOut),
    (attrs.evolve(before, leaving=attrs.evolve(leaving, metadata=METADATA)), (Dropped(),), SignedOut),
    (FindingEndSession(leaving, SignedOut("key")), (MetadataRead(TO_SIGN_OUT),), SentToSignOut),
    (FindingEndSession(leaving, SignedOut("key")), (NO_METADATA,), SignedOut),
]
"""Each state with the answers that lead along one edge."""
