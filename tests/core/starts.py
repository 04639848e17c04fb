"""Where the tests that go everywhere begin, and what they answer with.

A new flow has its doors in `STARTS`; a state that waits for something new has a valid answer to it in `MATERIAL`.
"""

from __future__ import annotations

import json

import attrs
from scenes import (
    ACCOUNT,
    ENTROPY,
    IDENTITY,
    ISSUER,
    METADATA,
    NOW,
    OPENID,
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

from sso_core.facts import Warm
from sso_core.flows.begin_login import begin_login
from sso_core.flows.confirm_cli import confirm_cli_login
from sso_core.flows.finish_login import TakingLogin, TakingSealedLogin
from sso_core.flows.poll_cli import Poll, poll_cli
from sso_core.flows.read_documents import read_keys, read_metadata
from sso_core.flows.sessions import EndingSession, ReadingSession
from sso_core.flows.start_cli import show_cli_login, start_cli_login
from sso_core.providers.graph import GRAPH, GraphGroups
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, cli_hash, encode_cli_login, user_code
from sso_core.sessions.pending_login import encode_login
from sso_core.sessions.session import encode_session, session_of
from sso_core.testing.exploration import Material

CLI_CODE = user_code(ENTROPY.user_code)
CLI_LOGIN = CliLogin(
    cli_hash(CLI_ID := "i" * 43, ENTROPY.poll_secret), cli_hash(CLI_ID, Secret(CLI_CODE)), "cli", "", NOW, NOW + 600
)
POLL = Poll(settings(), CLI_ID, ENTROPY.poll_secret, None, ENTROPY)
TOKEN = token_answer().body
ROTATED = Signer("k2")
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
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
PAGES = (
    json.dumps({"value": [{"id": "g1"}], "@odata.nextLink": f"{GRAPH}/me/memberOf?page=2"}).encode(),
    b'{"value": [{"id": "g2", "displayName": "Second"}]}',
)
LISTED = attrs.evolve(OPENID, groups=GraphGroups())
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
        *PAGES,
    ),
    values=(
        encode_login(pending_login()),
        encode_login(plain_login()),
        encode_session(SESSION),
        encode_cli_login(CLI_LOGIN),
        encode_cli_login(attrs.evolve(CLI_LOGIN, session=SESSION)),
        encode_cli_login(attrs.evolve(CLI_LOGIN, session=attrs.evolve(SESSION, team_ids=("blue", "green")))),
        b"x" * 43,
        b'{"code_verifier": "v"}',
        b'{"code_verifier": "canary"}',
    ),
    keys=(SIGNER.keys, ROTATED.keys),
    metadata=(METADATA,),
    accounts=(None, ACCOUNT, attrs.evolve(ACCOUNT, display_name="Old")),
)
"""Valid answers to everything that the flows ask, and some that only look valid."""
TIMES = (NOW, NOW + 1, NOW + 100, NOW + 501)
STARTS = (
    TakingLogin(attempt()),
    TakingLogin(attempt(keys=None)),
    TakingLogin(attempt(PLAIN)),
    TakingLogin(attempt(LISTED)),
    TakingSealedLogin(attempt(settings=settings(sealing_keys=SEALING)), pending_login()),
    TakingSealedLogin(attempt(PLAIN, settings=settings(PLAIN, sealing_keys=SEALING)), plain_login()),
    begin_login(settings(), OPENID, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm()),
    begin_login(settings(PLAIN), PLAIN, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm()),
    start_cli_login(settings(), client="cli", address="", entropy=ENTROPY, now=NOW),
    show_cli_login(settings(), CLI_ID),
    *(
        confirm_cli_login(settings(), OPENID, login_id=CLI_ID, code=code, peer="", entropy=ENTROPY, warm=warm)
        for code, warm in ((CLI_CODE, Warm(METADATA)), (CLI_CODE, Warm()), ("", Warm()))
    ),
    poll_cli(POLL),
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
    ENTROPY.poll_secret.reveal(),
    CLI_CODE,
    SIGNER.id_token(),
)
