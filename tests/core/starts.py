"""Where the tests that go everywhere begin, and what they answer with.

A new flow has its doors in `STARTS`; a state that waits for something new has a valid answer to it in `MATERIAL`.
"""

from __future__ import annotations

import json

from scenes import (
    ENTROPY,
    IDENTITY,
    ISSUER,
    METADATA,
    NOW,
    PLAIN,
    SEALING,
    SIGNER,
    Signer,
    attempt,
    pending_login,
    plain_login,
    settings,
    token_answer,
)

from sso_core.facts import Account, Warm
from sso_core.flows.begin_login import begin_login
from sso_core.flows.finish_login import TakingLogin, TakingSealedLogin
from sso_core.flows.read_documents import read_keys, read_metadata
from sso_core.flows.sessions import EndingSession, ReadingSession
from sso_core.sessions.pending_login import encode_login
from sso_core.sessions.session import encode_session, session_of
from sso_core.testing.exploration import Material

TOKEN = token_answer().body
ROTATED = Signer("k2")
SESSION = session_of(IDENTITY, account_id="a1", provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
DOCUMENT = json.dumps(
    {
        "issuer": ISSUER,
        "authorization_endpoint": METADATA.authorization_endpoint,
        "token_endpoint": METADATA.token_endpoint,
        "jwks_uri": METADATA.jwks_uri,
    }
).encode()
ECHO = json.dumps({"error": "invalid_grant", "error_description": "code-canary, client-secret-canary"}).encode()
"""A provider that repeats what it was told."""
MATERIAL = Material(
    bodies=(
        TOKEN,
        token_answer(ROTATED).body,
        b'{"sub": "alice", "name": "Alice"}',
        b'{"sub": "mallory"}',
        ROTATED.sign({"iss": ISSUER, "aud": "client", "sub": "alice"}).encode(),
        SIGNER.jwks,
        DOCUMENT,
        ECHO,
    ),
    values=(
        encode_login(pending_login()),
        encode_login(plain_login()),
        encode_session(SESSION),
        b"x" * 43,
        b'{"code_verifier": "v"}',
        b'{"code_verifier": "canary"}',
    ),
    keys=(SIGNER.keys, ROTATED.keys),
    metadata=(METADATA,),
    accounts=(None, Account("a1", ISSUER, "alice", "Alice", 1), Account("a1", ISSUER, "alice", "Old", 1)),
)
"""Valid answers to everything that the flows ask, and some that only look valid."""
TIMES = (NOW, NOW + 1, NOW + 100, NOW + 501)
STARTS = (
    TakingLogin(attempt()),
    TakingLogin(attempt(keys=None)),
    TakingLogin(attempt(PLAIN)),
    TakingSealedLogin(attempt(settings=settings(sealing_keys=SEALING)), pending_login()),
    TakingSealedLogin(attempt(PLAIN, settings=settings(PLAIN, sealing_keys=SEALING)), plain_login()),
    begin_login(settings(), return_to="/", entropy=ENTROPY, now=NOW, warm=Warm()),
    begin_login(settings(PLAIN), return_to="/", entropy=ENTROPY, now=NOW, warm=Warm()),
    read_metadata(ISSUER),
    read_keys(ISSUER + "/keys"),
    ReadingSession("key"),
    EndingSession("key"),
)
"""Where flows begin; every working state of the map is reached from one of them."""
SECRETS = (
    "canary",
    ENTROPY.code_verifier.reveal(),
    ENTROPY.login_cookie.reveal(),
    ENTROPY.session_id.reveal(),
    SIGNER.id_token(),
)
