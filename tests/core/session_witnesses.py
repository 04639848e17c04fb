"""One witness for each edge of the flows of whoever is signed in, or looks at a login."""

from __future__ import annotations

from typing import Any

import attrs
from scenes import (
    ACCOUNT,
    COOKIE,
    ENTROPY,
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
from starts import SESSION

from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Dropped,
    Found,
    HttpResponse,
    Kept,
    KeyFacts,
    Missing,
    Taken,
    Written,
)
from sso_core.facts import Warm
from sso_core.flows.begin_login import CheckingBackends, KeepingLogin, ResolvingProvider, SentToProvider, Start
from sso_core.flows.debug_login import (
    CheckingInspector,
    Inspecting,
    Inspection,
    InspectionRefused,
    TakingInspection,
    finish_debug_login,
)
from sso_core.flows.exchange_code import ExchangingCode
from sso_core.flows.finish_login import Repeated
from sso_core.flows.personal_keys import (
    CheckingHolder,
    FindingKey,
    IssuingKey,
    KeyIssued,
    KeyRevoked,
    KeyToRevoke,
    KeyWish,
    RevokingKey,
)
from sso_core.flows.readiness import AskingBackends, Readiness
from sso_core.flows.sessions import (
    CheckingAccount,
    CheckingRevocation,
    DroppingSession,
    NoSession,
    ReadingKey,
    ReadingSession,
    RenewingSession,
    SessionFound,
)
from sso_core.flows.sign_out import EndingSession, FindingAccount, RevokingSessions, SignedOut
from sso_core.records import ApiKey
from sso_core.secret import Secret
from sso_core.sessions.pending_login import LoginPurpose, encode_login
from sso_core.sessions.revocation import encode_revocation
from sso_core.sessions.session import encode_session
from sso_core.settings.sign_in import KeyHolders

ON = settings(debug_page=True)
ADMIN = attrs.evolve(SESSION, role="proxy_admin")
READING, CHECKING = ReadingSession("key", 300), CheckingRevocation(ADMIN, ReadingSession("key", 300))
FOUND = Found(encode_session(ADMIN))
KEY = ApiKey("hash", "a1", "ci", created_at=NOW)
WISH = KeyWish(settings(key_holders=KeyHolders.EVERYBODY), ENTROPY, "ci")

WARM = Warm(METADATA, SIGNER.keys)
START = Start(ON, OPENID, "/", ENTROPY, keys_warm=True, purpose=LoginPurpose.DEBUG)
ASKING = AskingBackends("s", "k")
SEALED = attrs.evolve(START, settings=attrs.evolve(ON, sealing_keys=SEALING))
DEBUG = pending_login(purpose=LoginPurpose.DEBUG)
taking = finish_debug_login(ON, OPENID, response=granted(), cookie=COOKIE, entropy=ENTROPY, warm=WARM)
assert isinstance(taking, TakingInspection)
exchanging = ExchangingCode(
    taking.taking.attempt, attrs.evolve(DEBUG, userinfo_endpoint=None), OPENID, Secret("c"), SIGNER.keys
)
reading = exchanging.receive(token_answer(), now=NOW)
assert not isinstance(reading, Repeated)

SESSION_WITNESSES: list[tuple[Any, tuple[Any, ...], type]] = [
    (READING, (FOUND,), CheckingRevocation),
    (READING, (Missing(),), NoSession),
    (CHECKING, (Missing(),), SessionFound),
    (CHECKING, (Found(encode_revocation(NOW)),), NoSession),
    (CheckingRevocation(ADMIN, ReadingSession("key", 0)), (Missing(),), CheckingAccount),
    (CheckingAccount(ADMIN, ReadingSession("key", 300)), (AccountFacts(ACCOUNT),), RenewingSession),
    (CheckingAccount(ADMIN, ReadingSession("key", 300)), (AccountFacts(None),), DroppingSession),
    (CheckingAccount(ADMIN, ReadingSession("key", 0)), (AccountFacts(ACCOUNT),), SessionFound),
    (RenewingSession(ADMIN, "key"), (Kept(),), SessionFound),
    (RenewingSession(ADMIN, "key"), (Missing(),), NoSession),
    (DroppingSession("key"), (Dropped(),), NoSession),
    (ReadingKey("hash"), (KeyFacts(KEY, ACCOUNT),), SessionFound),
    (ReadingKey("hash"), (KeyFacts(None, None),), NoSession),
    (EndingSession("key"), (Dropped(),), SignedOut),
    (FindingAccount("key", 9), (FOUND,), RevokingSessions),
    (FindingAccount("key", 9), (Missing(),), SignedOut),
    (RevokingSessions("key", "a1", NOW, 9), (Kept(), Dropped()), SignedOut),
    (CheckingHolder(READING, WISH), (FOUND,), CheckingHolder),
    (CheckingHolder(CHECKING, WISH), (Missing(),), IssuingKey),
    (CheckingHolder(CHECKING, KeyToRevoke("hash")), (Missing(),), FindingKey),
    (IssuingKey(Secret("s"), KEY), (Written(),), KeyIssued),
    (FindingKey(SESSION, "hash"), (KeyFacts(KEY, ACCOUNT),), RevokingKey),
    (RevokingKey("account", "hash"), (Written(),), KeyRevoked),
    (CheckingInspector(READING, START, WARM), (FOUND,), CheckingInspector),
    (CheckingInspector(CHECKING, START, WARM), (Missing(),), KeepingLogin),
    (CheckingInspector(CHECKING, START, Warm()), (Missing(),), ResolvingProvider),
    (CheckingInspector(CHECKING, SEALED, WARM), (Missing(),), SentToProvider),
    (CheckingInspector(CHECKING, START, Warm(backends_in_doubt=True)), (Missing(),), CheckingBackends),
    (CheckingBackends(START, WARM, ASKING), (Missing(), KeyFacts(None, None)), KeepingLogin),
    (CheckingBackends(START, Warm(), ASKING), (Missing(), KeyFacts(None, None)), ResolvingProvider),
    (CheckingBackends(SEALED, WARM, ASKING), (Missing(), KeyFacts(None, None)), SentToProvider),
    (taking, (AlreadyTaken(b""),), Repeated),
    (taking, (Taken(encode_login(DEBUG)),), Inspecting),
    (Inspecting(exchanging, ()), (token_answer(),), Inspecting),
    (Inspecting(exchanging, ()), (HttpResponse(500, b""),), InspectionRefused),
    (Inspecting(reading, ()), (AccountFacts(None),), Inspection),
    (AskingBackends("s", "k"), (Missing(), KeyFacts(None, None)), Readiness),
]
"""Each state with the answers that lead along one edge."""
