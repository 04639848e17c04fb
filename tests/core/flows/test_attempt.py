from __future__ import annotations

from scenes import attempt

from sso_core.flows.attempt import Finishing
from sso_core.machine import Working


def test_a_finishing_state_is_seen_through() -> None:
    assert Finishing.uninterruptible
    assert not Working.uninterruptible


def test_what_is_known_of_an_attempt_shows_no_secret() -> None:
    text = repr(attempt())
    assert "canary" not in text
    assert attempt().cookie.secret.reveal() not in text
