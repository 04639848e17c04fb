"""A command line that waits for a person: what is remembered from its start until it has its token.

Two secrets keep it apart from everybody else. The poll secret stays in the terminal: no browser ever sees it. The user
code goes from the terminal into the browser by the person's own hand, so that a link that somebody sent is worth
nothing (RFC 8628 5.4).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import compare_digest

import attrs

from sso_core.failures import Reason, refuse
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.sessions.session import Session, decode_session, encode_session
from sso_core.wire import WireError, b64url_encode, encode_json, parse_http_url, parse_json

VERSION = 1
TRIES = 5
"""Wrong codes that one login forgives: with 20^8 codes nobody guesses one (RFC 8628 5.1)."""
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word comes out, and nothing that looks like a digit (RFC 8628 6.1)."""
CODE_LENGTH = 8
CLIENT_LIMIT = 100
ENTRY_LIMIT = 1024 * 1024
"""Bytes of an entry: a session, and the names of its teams."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
LOOPBACK_HOSTS = ("127.0.0.1", "::1")
LOOPBACK_PATH = "/callback"


@attrs.frozen
class Loopback:
    """A command line on the browser's machine: it listens itself, and proves that it began (RFC 8252, RFC 7636)."""

    redirect_uri: str
    code_challenge: str
    code_hash: str = ""
    """Of the code that the browser takes there once the person is known."""


@attrs.frozen
class CliLogin:
    """What is known of the command line, and how far the person has come. Times in seconds since the epoch."""

    poll_hash: str
    user_code_hash: str
    client: str
    """What the command line calls itself; shown to the person, never believed."""
    address: str
    """Where its start came from."""
    started_at: float
    expires_at: float
    tries: int = 0
    claim_hash: str = ""
    """Of what the browser holds that confirmed the user code last."""
    session: Session | None = None
    """Whom the person turned out to be; what the token will stand for."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Names of the person's teams, where they have names."""
    loopback: Loopback | None = None


def user_code(entropy: bytes) -> str:
    """Return a code for a person to type, such as `WDJB-MJHT`, from 32 random bytes."""
    number = int.from_bytes(entropy)
    letters = []
    for _ in range(CODE_LENGTH):
        number, digit = divmod(number, len(LETTERS))
        letters.append(LETTERS[digit])
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def typed_code(text: str) -> str:
    """Return what a person typed as `user_code` writes it: blanks, hyphens and case of letters are forgiven."""
    letters = "".join(character for character in text.upper() if character in LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


def cli_login_key(login_id: str) -> str:
    """Return the store's key for a command-line login."""
    return b64url_encode(sha256(f"cli login {login_id}".encode()).digest())


def cli_hash(login_id: str, secret: Secret) -> str:
    """Return what is kept of a secret of this login: whoever reads the store can present none."""
    return b64url_encode(sha256(f"cli secret {len(login_id)} {login_id} {secret.reveal()}".encode()).digest())


def is_secret(login_id: str, secret: Secret, kept: str) -> bool:
    """Whether it is the secret of which `kept` is the hash, compared in constant time; nothing is nobody's secret."""
    return bool(kept) and compare_digest(cli_hash(login_id, secret), kept)


def check_loopback_uri(uri: str) -> str:
    """Return the redirect URI of a command line on this machine (RFC 8252 7.3, 8.3), or refuse.

    A loopback address by number, any port, and the one path: a name such as `localhost` may lead elsewhere.
    """
    try:
        url = parse_http_url(uri)
    except WireError as error:
        refuse(Reason.MALFORMED_CALLBACK, f"the command line's redirect URI is not usable: {error}")
    if url.scheme != "http" or url.host not in LOOPBACK_HOSTS or url.path != LOOPBACK_PATH or "?" in uri:
        refuse(Reason.MALFORMED_CALLBACK, "the command line's redirect URI is not its own loopback address")
    return uri


def check_code_challenge(challenge: str) -> str:
    """Return an S256 challenge (RFC 7636 4.2), or refuse what cannot be one."""
    if not _CHALLENGE.fullmatch(challenge):
        refuse(Reason.MALFORMED_CALLBACK, "the command line's code challenge is none")
    return challenge


def proves_challenge(verifier: Secret, challenge: str) -> bool:
    """Whether the verifier (RFC 7636 4.1) is the one of which this is the challenge."""
    return _VERIFIER.fullmatch(verifier.reveal()) is not None and compare_digest(code_challenge(verifier), challenge)


def shown_client(name: str) -> str:
    """Return what a command line calls itself, fit for a page: one line, printable, short."""
    flat = "".join(character if character.isprintable() else " " for character in name[:CLIENT_LIMIT]).strip()
    return flat or "a command line"


def encode_cli_login(login: CliLogin) -> bytes:
    """Return the login as compact JSON, positions instead of names, the version first.

    Refuses with SESSION_NOT_KEPT one that is too large to be read back.
    """
    loopback = login.loopback
    session = "" if login.session is None else b64encode(encode_session(login.session)).decode()
    values = [
        VERSION,
        login.poll_hash,
        login.user_code_hash,
        login.client,
        login.address,
        login.started_at,
        login.expires_at,
        login.tries,
        login.claim_hash,
        session,
        login.aliases,
        [] if loopback is None else [loopback.redirect_uri, loopback.code_challenge, loopback.code_hash],
    ]
    value = encode_json(values)
    if len(value) > ENTRY_LIMIT:
        refuse(Reason.SESSION_NOT_KEPT, f"the entry of the command line, with {len(login.aliases)} teams, is too large")
    return value


_TIMES = (float, int)
_TYPES = frozenset(
    (int, str, str, str, str, start, end, int, str, str, list, list) for start in _TIMES for end in _TIMES
)
_LOOPBACK_TYPES = (str, str, str)


def decode_cli_login(value: bytes) -> CliLogin:
    """Return the login that `encode_cli_login` wrote; refuses with NO_CLI_LOGIN anything else."""
    try:
        values = parse_json(value, limit=ENTRY_LIMIT)
        if type(values) is not list or tuple(map(type, values)) not in _TYPES or values[0] != VERSION:
            raise WireError("it is no login")
        _, poll, code, client, address, start, end, tries, claim, session, aliases, loopback = values
        if loopback and tuple(map(type, loopback)) != _LOOPBACK_TYPES:
            raise WireError("its loopback is none")
        if not all(type(pair) is list and tuple(map(type, pair)) == (str, str) for pair in aliases):
            raise WireError("its names of teams are none")
        return CliLogin(
            poll,
            code,
            client,
            address,
            start,
            end,
            tries,
            claim,
            _session(session),
            tuple((team, alias) for team, alias in aliases),
            Loopback(*loopback) if loopback else None,
        )
    except ValueError:
        refuse(Reason.NO_CLI_LOGIN, "the entry of the command-line login is damaged, or of another version")


def _session(text: str) -> Session | None:
    if not text:
        return None
    session = decode_session(b64decode(text))
    if session is None:
        raise WireError("its session is none")
    return session
