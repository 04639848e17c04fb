"""A command line that has begun, and what a test needs to go on with it."""

from __future__ import annotations

from typing import Any

import attrs
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, settings

from sso_core.failures import Reason
from sso_core.flows.start_cli import CountingStart, KeepingCliLogin, start_cli_login
from sso_core.machine import Failed, Resting, Working
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, encode_cli_login
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)
LOOPBACK = "http://127.0.0.1:5000/callback"
CHALLENGE = code_challenge(Secret("v" * 43))


def begun(redirect_uri: str | None = None, challenge: str = CHALLENGE) -> KeepingCliLogin:
    state = start_cli_login(
        settings(),
        client="cli on box",
        address="192.0.2.1",
        entropy=ENTROPY,
        now=NOW,
        redirect_uri=redirect_uri,
        code_challenge=challenge,
    )
    assert isinstance(state, CountingStart)
    return state.keeping


STARTED = begun().started
LOGIN = begun().login
ID = STARTED.login_id


def kept(login: CliLogin = LOGIN, **changes: Any) -> bytes:
    return encode_cli_login(attrs.evolve(login, **changes))


def reason(state: Working | Resting) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason
