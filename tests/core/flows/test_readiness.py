from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.effects import Kind, Peek, ReadKey
from sso_core.events import DirectoryUnreachable, Event, Found, KeyFacts, Missing, StoreUnreachable
from sso_core.flows.readiness import AskingBackends, Readiness, check_readiness
from sso_core.machine import advance_any
from sso_core.records import ApiKey
from sso_core.sessions.session import encode_session, session_of

SESSION = encode_session(session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10))
OVER = encode_session(session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW))
KEY = ApiKey("hash", "a1", "ci", created_at=NOW)


def test_the_store_and_the_directory_are_asked_together() -> None:
    assert check_readiness(None, None).awaits == (Peek(Kind.SESSION, "readiness"), ReadKey("readiness"))
    assert check_readiness("session", "hash").awaits == (Peek(Kind.SESSION, "session"), ReadKey("hash"))


@pytest.mark.parametrize(
    ("stored", "written", "store", "directory", "known"),
    [
        (Missing(), KeyFacts(None, None), True, True, False),
        (StoreUnreachable(), KeyFacts(None, None), False, True, False),
        (Missing(), DirectoryUnreachable(), True, False, False),
        (StoreUnreachable(), DirectoryUnreachable(), False, False, False),
        (Found(SESSION), KeyFacts(None, None), True, True, True),
        (Found(SESSION), DirectoryUnreachable(), True, False, True),
        (Found(OVER), KeyFacts(None, None), True, True, False),
        (Found(b"{"), KeyFacts(None, None), True, True, False),
        (Missing(), KeyFacts(KEY, ACCOUNT), True, True, True),
        (Missing(), KeyFacts(attrs.evolve(KEY, expires_at=NOW + 1), ACCOUNT), True, True, True),
        (Missing(), KeyFacts(attrs.evolve(KEY, expires_at=NOW), ACCOUNT), True, True, False),
        (Missing(), KeyFacts(KEY, attrs.evolve(ACCOUNT, disabled=True)), True, True, False),
        (Missing(), KeyFacts(KEY, None), True, True, False),
    ],
)
def test_any_answer_is_a_sign_of_life_and_says_who_asks(
    stored: Event,
    written: Event,
    store: bool,
    directory: bool,
    known: bool,
) -> None:
    ending = advance_any(AskingBackends("s", "k"), [stored, written], now=NOW)
    assert ending == Readiness(store=store, directory=directory, known=known)
    assert isinstance(ending, Readiness)
    assert ending.is_ready is (store and directory)
