"""Where the tests that go everywhere begin, and what they answer with.

A new flow has its doors in `STARTS`; a state that waits for something new has a valid answer to it in `MATERIAL`.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
from scenes import (
    ACCOUNT,
    COOKIE,
    ENTROPY,
    GATHERED,
    IDENTITY,
    ISSUER,
    METADATA,
    NOW,
    OPENID,
    PLAIN,
    SEALING,
    SIGNER,
    Signer,
    arrival,
    attempt,
    granted,
    pending_login,
    plain_login,
    settings,
    token_answer,
)

from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.events import AccountFacts
from sso_core.facts import Warm
from sso_core.flows.backchannel_logout import backchannel_logout
from sso_core.flows.begin_login import begin_login
from sso_core.flows.confirm_cli import confirm_cli_login
from sso_core.flows.debug_login import begin_debug_login, finish_debug_login
from sso_core.flows.enter import enter
from sso_core.flows.finish_login import TakingLogin, TakingSealedLogin
from sso_core.flows.host_login import CountingTries, sign_in_by_headers, sign_in_with_password
from sso_core.flows.personal_keys import CheckingHolder, KeyToRevoke, KeyWish, issue_key, revoke_key
from sso_core.flows.poll_cli import Poll, poll_cli
from sso_core.flows.provider_logout import SignOut, sign_out_at_provider
from sso_core.flows.read_documents import read_keys, read_metadata
from sso_core.flows.readiness import check_readiness
from sso_core.flows.sessions import CheckingAccount, CheckingRevocation, ReadingSession, read_bearer
from sso_core.flows.sign_out import EndingSession, sign_out_everywhere
from sso_core.flows.start_cli import show_cli_login, start_cli_login
from sso_core.hosts import Declined, Person, Vouched, Wishes
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.providers.graph import GRAPH, GraphGroups
from sso_core.records import ApiKey, Mappings, Team
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, cli_hash, encode_cli_login, user_code
from sso_core.sessions.pending_login import LoginPurpose, encode_login
from sso_core.sessions.revocation import encode_revocation
from sso_core.sessions.session import encode_session, session_of
from sso_core.sessions.tokens import api_key
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.sign_in import KeyHolders
from sso_core.testing.exploration import Material

CLI_CODE = user_code(ENTROPY.user_code)
CLI_LOGIN = CliLogin(
    cli_hash(CLI_ID := "i" * 43, ENTROPY.poll_secret), cli_hash(CLI_ID, Secret(CLI_CODE)), "cli", "", NOW, NOW + 600
)
CLI_CLAIM = Secret("claim-canary")
POLL = Poll(settings(), CLI_ID, ENTROPY.poll_secret, None, ENTROPY)
WISH = KeyWish(settings(key_holders=KeyHolders.EVERYBODY), ENTROPY, "ci")
DEBUGGING = settings(debug_page=True)
TOKEN = token_answer().body
ROTATED = Signer("k2")
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
OF_PROVIDER = attrs.evolve(SESSION, sid="sid")
LOGOUT_EVENT: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
LEAVING = attrs.evolve(OPENID, logout_at_provider=True)
SIGN_OUT = SignOut(settings(LEAVING), "state-canary", everywhere=False, to_leave=((LEAVING, None),))
TO_SIGN_OUT = attrs.evolve(METADATA, end_session_endpoint=ISSUER + "/end-session")


def logout_token(signer: Signer = SIGNER, **changes: Any) -> Secret:
    claims = {"iss": ISSUER, "aud": "client", "iat": NOW, "jti": "j1", "events": LOGOUT_EVENT} | changes
    return Secret(signer.sign({name: value for name, value in claims.items() if value is not None}, typ="logout+jwt"))


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
        encode_login(pending_login(purpose=LoginPurpose.DEBUG)),
        encode_session(attrs.evolve(SESSION, role="proxy_admin")),
        encode_login(pending_login()),
        encode_login(plain_login()),
        encode_session(SESSION),
        encode_session(OF_PROVIDER),
        encode_revocation(NOW - 1),
        encode_cli_login(CLI_LOGIN),
        encode_cli_login(attrs.evolve(CLI_LOGIN, claim_hash=cli_hash(CLI_ID, CLI_CLAIM))),
        encode_cli_login(attrs.evolve(CLI_LOGIN, session=SESSION)),
        encode_cli_login(attrs.evolve(CLI_LOGIN, session=attrs.evolve(SESSION, team_ids=("blue", "green")))),
        b"x" * 43,
        b'{"code_verifier": "v"}',
        b'{"code_verifier": "canary"}',
    ),
    keys=(SIGNER.keys, ROTATED.keys),
    metadata=(METADATA, TO_SIGN_OUT),
    accounts=(
        None,
        ACCOUNT,
        attrs.evolve(ACCOUNT, display_name="Old"),
        attrs.evolve(ACCOUNT, disabled=True),
        attrs.evolve(ACCOUNT, role="proxy_admin"),
    ),
    facts=(
        AccountFacts(None, email_holders=(attrs.evolve(ACCOUNT, identities=()),), teams=(Team("t"),)),
        AccountFacts(None, email_holders=(attrs.evolve(ACCOUNT, identities=(), role="proxy_admin"),)),
        AccountFacts(None, handle_holder="b", seats_taken=5),
        AccountFacts(ACCOUNT, mappings=Mappings(team_claim="groups")),
    ),
    host_answers=(
        Wishes(),
        Wishes(role="proxy_admin", team_ids=("t", "u"), handle="al"),
        Declined(),
        Vouched(Person("host", "alice", role="internal_user")),
    ),
    api_keys=(ApiKey("hash", "a1", "ci", created_at=NOW),),
)
"""Valid answers to everything that the flows ask, and some that only look valid."""
RULES = AccessPolicy(REFERENCE_LADDER, restricted_group="t", seats=5, linking=Linking.VERIFIED_EMAIL)
CLAIMS = ClaimSet({"name": "Alice", "email": "a@b.example", "email_verified": True, "teams": ["t"]})
MEMBER = attrs.evolve(GATHERED, claims=merge_claims(CLAIMS, ClaimSet(), ClaimSet()))
HOSTED = settings(
    policy=RULES,
    host_after_login=True,
    debug_page=True,
    debug_for_anybody_unsafe=True,
    password_sign_in=True,
    header_proxies=("10.0.0.0/8",),
)
RULED = arrival(settings=HOSTED, rules=IdentityRules(team_claims=("teams",)), former_session="former")
BY_PASSWORD = sign_in_with_password(
    HOSTED, username="al", password=Secret("canary"), address="", return_to="/", former_session=None, entropy=ENTROPY
)
assert isinstance(BY_PASSWORD, CountingTries)
LAST_COUNT = attrs.evolve(BY_PASSWORD, quotas=BY_PASSWORD.quotas[-1:])
ENTERING = (
    enter(RULED, MEMBER),
    enter(RULED, GATHERED),
    enter(attrs.evolve(RULED, settings=settings(policy=RULES)), MEMBER),
    enter(attrs.evolve(RULED, purpose=LoginPurpose.DEBUG), MEMBER),
    enter(attrs.evolve(RULED, purpose=LoginPurpose.CLI, cli_login=CLI_ID, cli_claim=CLI_CLAIM), MEMBER),
    BY_PASSWORD,
    LAST_COUNT,
    sign_in_by_headers(HOSTED, headers=(("x", "canary"),), return_to="/", former_session=None, entropy=ENTROPY),
)
"""Where a person is known who has yet to come in: under many rules, for each purpose, with a host that has wishes."""
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
    begin_login(settings(), OPENID, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm(backends_in_doubt=True)),
    start_cli_login(settings(), client="cli", address="", entropy=ENTROPY, now=NOW),
    show_cli_login(settings(), CLI_ID),
    *(
        confirm_cli_login(
            settings(), OPENID, login_id=CLI_ID, code=code, address="", peer="", entropy=ENTROPY, warm=warm
        )
        for code, warm in ((CLI_CODE, Warm(METADATA)), (CLI_CODE, Warm()), ("", Warm()))
    ),
    poll_cli(POLL),
    read_metadata(ISSUER),
    read_keys(ISSUER + "/keys"),
    ReadingSession("key", 300),
    CheckingAccount(SESSION, ReadingSession("key", 300)),
    read_bearer(None, api_key(Secret("k" * 43)), check_interval=300),
    EndingSession("key"),
    CheckingRevocation(OF_PROVIDER, ReadingSession("key", 300)),
    *ENTERING,
    sign_out_everywhere(Secret("s"), longest=9),
    *(
        sign_out_at_provider(attrs.evolve(SIGN_OUT, everywhere=everywhere, to_leave=to_leave), Secret("s"))
        for everywhere in (False, True)
        for to_leave in ((), ((LEAVING, None),), ((LEAVING, TO_SIGN_OUT),))
    ),
    *(
        backchannel_logout(settings(), OPENID, token=logout_token(signer, **named), warm=warm, now=NOW)
        for signer, warm in ((SIGNER, Warm()), (SIGNER, Warm(METADATA, SIGNER.keys)), (ROTATED, Warm(METADATA)))
        for named in ({"sub": "alice"}, {"sid": "sid"})
    ),
    issue_key(WISH, Secret("s")),
    CheckingHolder(CheckingRevocation(SESSION, ReadingSession("key", 300)), WISH),
    CheckingHolder(CheckingRevocation(OF_PROVIDER, ReadingSession("key", 300)), WISH),
    revoke_key("hash", Secret("s"), check_interval=300),
    CheckingHolder(CheckingRevocation(SESSION, ReadingSession("key", 300)), KeyToRevoke("hash")),
    begin_debug_login(DEBUGGING, OPENID, session_id=Secret("s"), entropy=ENTROPY, now=NOW, warm=Warm()),
    finish_debug_login(DEBUGGING, OPENID, response=granted(), cookie=COOKIE, entropy=ENTROPY, warm=Warm()),
    check_readiness(None, None),
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
