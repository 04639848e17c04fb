"""What comes back from a store, from a browser's cookie, or from a file: ours once, anybody's since."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import attrs

from fuzz.promise import CANARY, Target, hides, promise
from sso_adapters.cli.credentials import Credentials
from sso_adapters.cli.terminal import CommandError
from sso_adapters.session_key_file import kept_session_keys
from sso_core.failures import Reason
from sso_core.identity.explanation import Step
from sso_core.identity.identity import ShownClaim
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import CliLogin, Loopback, decode_cli_login, encode_cli_login
from sso_core.sessions.login_cookie import LoginCookie, decode_login_cookie
from sso_core.sessions.pending_login import PendingLogin, decode_login, encode_login
from sso_core.sessions.revocation import decode_revocation, encode_revocation, is_revoked
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session import Session, decode_session, encode_session

NOW = 1_800_000_000.5
LOGIN = PendingLogin(
    "generic",
    "https://op.example",
    "https://app.example/sso/callback",
    "nonce",
    Secret(CANARY),
    "/ui",
    NOW + 300,
    "https://op.example/token",
    "https://op.example/userinfo",
    "https://op.example/jwks",
    ("EdDSA", "RS256"),
    True,
)
SESSION = Session(
    "account",
    "generic",
    "https://op.example",
    "alice",
    "Alice",
    "alice@example.org",
    True,
    (ShownClaim("name", '"Alice"', "userinfo"),),
    NOW,
    NOW + 3600,
    "alice",
    "reader",
    ("team-a", "team-b"),
    explanation=(Step("role map", "groups", "userinfo", "readers gives reader"),),
)
CLI = CliLogin(
    "poll hash",
    "code hash",
    "a terminal",
    "192.0.2.1",
    NOW,
    NOW + 600,
    session=SESSION,
    aliases=(("team-a", "A"),),
    loopback=Loopback("http://127.0.0.1:1/callback", "c" * 43, "h"),
)
KEYS = SealingKeys((b"k" * 32, b"o" * 32))


def _login(data: bytes) -> object:
    login = decode_login(data)
    promise(decode_login(encode_login(login)) == login, "written again it is another login")
    hides(login, login.code_verifier.reveal(), data)
    return login


def _session(data: bytes) -> object:
    session = decode_session(data)
    if session is not None:
        promise(bool(session.account_id), "a session is nobody's")
        promise(decode_session(encode_session(session)) == session, "written again it is another session")
    return session


def _cli(data: bytes) -> object:
    login = decode_cli_login(data)
    promise(decode_cli_login(encode_cli_login(login)) == login, "written again it is another login")
    return login


def _cookie(data: bytes) -> object:
    cookie = decode_login_cookie(data.decode("latin-1"))
    if cookie is not None:
        promise(decode_login_cookie(cookie.encode()) == cookie, "written again it is another cookie")
        hides(cookie, cookie.secret.reveal(), data)
    return cookie


def _unsealed(data: bytes) -> object:
    plain = KEYS.unseal(data.decode("latin-1"), context="state")
    promise(plain in (None, encode_login(LOGIN)), "what nobody sealed opens")
    return plain


@attrs.frozen
class File:
    """A file that is not there, and yet is read."""

    content: bytes

    def __str__(self) -> str:
        return "credentials.json"

    def exists(self) -> bool:
        return True

    def read_bytes(self) -> bytes:
        return self.content

    def open(self, _mode: str) -> BytesIO:
        return BytesIO(self.content)


def _credentials(data: bytes) -> object:
    file: Any = File(data)
    credentials = Credentials(file)
    return credentials.latest, credentials.get("https://app.example")


def _session_keys(data: bytes) -> object:
    file: Any = File(data)
    return kept_session_keys(file)


_CREDENTIAL = {"token": CANARY, "user_id": "alice", "team_id": None, "expires_at": NOW}
_REASONS_OF_LOGINS = frozenset(
    {Reason.UNREADABLE_LOGIN, Reason.UNKNOWN_LOGIN_VERSION, Reason.EMPTY_VERIFIER, Reason.LEGACY_LOGIN}
)

TARGETS = (
    Target(
        name="pending-login",
        parse=_login,
        covers=(decode_login,),
        seeds=(
            encode_login(LOGIN),
            encode_login(attrs.evolve(LOGIN, userinfo_endpoint=None, cli_login="c" * 43, cli_claim=Secret(CANARY))),
        ),
        reasons=_REASONS_OF_LOGINS,
        words=(b'{"code_verifier": "x"}', b"a" * 43, b"[2,", b'"cli"', b'"debug"'),
    ),
    Target(
        name="session",
        parse=_session,
        covers=(decode_session,),
        seeds=(encode_session(SESSION), encode_session(attrs.evolve(SESSION, email=None, claims=(), team_id="team-a"))),
        words=(b"[4,", b'"browser"', b'"key"', b"[[]]"),
        most=1 << 20,
    ),
    Target(
        name="cli-entry",
        parse=_cli,
        covers=(decode_cli_login,),
        seeds=(encode_cli_login(CLI), encode_cli_login(attrs.evolve(CLI, session=None, aliases=(), loopback=None))),
        reasons=frozenset({Reason.NO_CLI_LOGIN}),
        most=1 << 20,
    ),
    Target(
        name="revocation",
        parse=lambda data: (decode_revocation(data), is_revoked(SESSION, data)),
        covers=(is_revoked, decode_revocation),
        seeds=(encode_revocation(NOW), b"1", b"null"),
    ),
    Target(
        name="login-cookie",
        parse=_cookie,
        covers=(decode_login_cookie,),
        seeds=(
            LoginCookie(int(NOW), Secret(CANARY), "/ui?a=b").encode().encode(),
            LoginCookie(0, Secret(""), "/").encode().encode(),
        ),
        words=(b".", "\u0663".encode(), b"\xb2"),
    ),
    Target(
        name="sealed-login",
        parse=_unsealed,
        covers=(SealingKeys.unseal,),
        seeds=(
            KEYS.seal(encode_login(LOGIN), context="state", nonce=b"n" * 12).encode(),
            SealingKeys(KEYS.secrets[1:]).seal(encode_login(LOGIN), context="state", nonce=b"m" * 12).encode(),
            KEYS.seal(encode_login(LOGIN), context="another", nonce=b"n" * 12).encode(),
        ),
    ),
    Target(
        name="credentials-file",
        parse=_credentials,
        covers=(Credentials,),
        seeds=(
            json.dumps(
                {"version": 1, "latest": "https://app.example", "services": {"https://app.example": _CREDENTIAL}}
            ).encode(),
        ),
        fails=(CommandError,),
        most=1 << 20,
    ),
    Target(
        name="session-key-file",
        parse=_session_keys,
        covers=(kept_session_keys,),
        seeds=(b"A" * 43 + b"\n" + b"E" * 43 + b"\n",),
        fails=(OSError,),
        secrets=("A" * 43, "E" * 43),
    ),
)
