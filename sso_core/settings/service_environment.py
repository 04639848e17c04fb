"""Where the service is reached, what it keeps where, and how long things last, by the operator's settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, TypeVar

from sso_core.secret import Secret
from sso_core.sessions.reference_token import SECRET_SIZE, ReferenceToken
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.limits_environment import read_limits
from sso_core.settings.origin import Origin
from sso_core.settings.reading import Reading
from sso_core.settings.service import DATA_DIR
from sso_core.settings.sign_in import LONGEST, LONGEST_KEY, KeyHolders
from sso_core.settings.ui import UiSettings
from sso_core.wire import WireError, b64url_decode, parse_http_url

K = TypeVar("K", SealingKeys, SessionKeys)

HOUR = 3600
MOST_LEEWAY = 300

SHARED = ("postgres", "postgresql", "postgresql+psycopg")
"""Databases that several machines can use at once, by the schemes of their addresses."""
DATABASES = ("sqlite", *SHARED)
IN_MEMORY = ("sqlite://", "sqlite:///:memory:")
STORES = ("redis", "rediss", "unix")

_SCHEME = re.compile(r"([a-z0-9+]+)://", re.ASCII)
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+){1,20}", re.ASCII)
"""Segments of plain letters, none of them empty or dots."""
_PATH_LIMIT = 500
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def read_origin(reading: Reading, default_base_url: str) -> Origin | None:
    """Return the one address of the service: that which is set, with the root path below it unless it ends so."""
    root = "/" + (reading.text("SERVER_ROOT_PATH") or "").strip("/")
    if root != "/" and not _is_path(root):
        reading.problem("SERVER_ROOT_PATH", "is no path", "such as /gateway")
        root = "/"
    try:
        origin = Origin(reading.text("PROXY_BASE_URL") or default_base_url)
        return origin if root == "/" or origin.mount.endswith(root) else Origin(origin.base + root)
    except ValueError as error:
        reading.problem("PROXY_BASE_URL", f"is not usable: {error}", "such as https://app.example.com")
        return None


def read_sign_in_options(reading: Reading) -> dict[str, Any]:
    """Return the fields of SignInSettings that are set, beside address, providers and policy."""
    hours = reading.number("LITELLM_CLI_JWT_EXPIRATION_HOURS", most=LONGEST / HOUR)
    given = {
        "sealing_keys": _keys(reading, "SSO_SEALING_KEYS", SealingKeys),
        "session_keys": _keys(reading, "SSO_SESSION_KEYS", SessionKeys),
        "key_ttl": reading.number("SSO_KEY_TTL", most=LONGEST_KEY),
        "reference_token": _reference_token(reading),
        "login_ttl": reading.number("SSO_LOGIN_TTL", most=LONGEST),
        "session_ttl": reading.number("SSO_SESSION_TTL", most=LONGEST),
        "account_check_interval": reading.whole("SSO_ACCOUNT_CHECK_INTERVAL", least=0, most=LONGEST),
        "cli_session_ttl": None if hours is None else hours * HOUR,
        "landing_path": _landing_path(reading),
        "leeway": _leeway(reading),
        "header_proxies": _networks(reading, "SSO_HEADER_PROXIES"),
        "address_proxies": _networks(reading, "SSO_ADDRESS_PROXIES"),
        "limits": read_limits(reading),
    }
    flags = {
        "ui_disabled": reading.flag("DISABLE_ADMIN_UI"),
        "announce_login": reading.flag("SSO_ANNOUNCE_LOGIN"),
        "password_sign_in": reading.flag("SSO_PASSWORD_SIGN_IN"),
        "debug_page": reading.flag("SSO_DEBUG_PAGE"),
        "debug_for_anybody_unsafe": reading.flag("SSO_DEBUG_FOR_ANYBODY_UNSAFE"),
        "cli_enabled": reading.flag("SSO_CLI", default=True),
    }
    values = {
        "key_holders": reading.choice("SSO_KEY_HOLDERS", KeyHolders, KeyHolders.NOBODY),
        "ui": UiSettings(
            proxy_base_url=reading.text("PROXY_BASE_URL"),
            logout_url=_link(reading, "PROXY_LOGOUT_URL"),
            api_doc_base_url=_link(reading, "LITELLM_UI_API_DOC_BASE_URL"),
            default_team_disabled=reading.flag("PROXY_DEFAULT_TEAM_DISABLED"),
        ),
    }
    return {name: value for name, value in given.items() if value is not None} | flags | values


def read_service_options(reading: Reading) -> dict[str, Any]:
    """Return the fields of ServiceSettings that say where things are kept."""
    database, redis = _stored_at(reading, "DATABASE_URL", DATABASES), _stored_at(reading, "REDIS_URL", STORES)
    _check_shared(reading, database)
    data_dir = reading.text("SSO_DATA_DIR") or DATA_DIR
    return {"database_url": database, "redis_url": redis, "data_dir": data_dir}


def _check_shared(reading: Reading, database: Secret | None) -> None:
    """Report several processes that would not find each other's accounts, sessions and pending logins.

    A file of SQLite is shared by the processes of one machine, memory by none, PostgreSQL by all machines.
    """
    instances, workers = reading.whole("SSO_INSTANCES") or 1, reading.whole("WEB_CONCURRENCY") or 1
    address = database.reveal() if database is not None else ""
    if instances > 1 and address.partition("://")[0] not in SHARED:
        hint = "the address of PostgreSQL: files of SQLite are for the processes of one machine"
        reading.problem("DATABASE_URL", f"is not shared by {reading.label('SSO_INSTANCES')}", hint)
    elif workers > 1 and address in IN_MEMORY:
        hint = "a file of SQLite, or PostgreSQL"
        reading.problem("DATABASE_URL", f"is not shared by {reading.label('WEB_CONCURRENCY')}", hint)


def _stored_at(reading: Reading, name: str, schemes: tuple[str, ...]) -> Secret | None:
    address = reading.secret(name)
    if address is None:
        return None
    scheme = _SCHEME.match(address.reveal())
    if scheme is None or scheme[1] not in schemes:
        reading.problem(name, "is no address of a kind that is known", f"it begins with {schemes[-1]}://")
        return None
    return address


def _keys(reading: Reading, name: str, made_of: Callable[[tuple[bytes, ...]], K]) -> K | None:
    written = reading.items(name)
    if written is None:
        return None
    try:
        return made_of(tuple(map(b64url_decode, written)))
    except ValueError:
        reading.problem(name, "is not usable", "base64url of 32 random bytes each, the newest first")
        return None


def _reference_token(reading: Reading) -> ReferenceToken | None:
    secret, cookie = reading.secret("SSO_REFERENCE_TOKEN_SECRET"), reading.text("SSO_REFERENCE_TOKEN_COOKIE")
    header = reading.text("SSO_REFERENCE_TOKEN_AUTH_HEADER")
    flags = {
        "premium_user": reading.flag("SSO_REFERENCE_TOKEN_PREMIUM_USER"),
        "readable_by_scripts_unsafe": reading.flag("SSO_REFERENCE_TOKEN_READABLE_UNSAFE"),
        "user_token_as_key_unsafe": reading.flag("SSO_REFERENCE_TOKEN_KEY_UNSAFE"),
    }
    for name, text in (("SSO_REFERENCE_TOKEN_COOKIE", cookie), ("SSO_REFERENCE_TOKEN_AUTH_HEADER", header)):
        if text is not None and not _TOKEN.fullmatch(text):
            reading.problem(name, "is no name", "letters, digits, hyphens and underscores")
    if secret is None:
        return None
    key = secret.reveal().encode("utf-8", "replace")
    if len(key) < SECRET_SIZE:
        hint = f"{SECRET_SIZE} bytes or more, drawn at random (RFC 7518 3.2)"
        reading.problem("SSO_REFERENCE_TOKEN_SECRET", "is too short", hint)
        return None
    return ReferenceToken(key, cookie=cookie or "token", auth_header_name=header or "Authorization", **flags)


def _landing_path(reading: Reading) -> str | None:
    path = reading.text("SSO_LANDING_PATH")
    if path is None or path == "/" or _is_path(path.rstrip("/")):
        return path
    reading.problem("SSO_LANDING_PATH", "is no path of this service", "such as /ui")
    return None


def _is_path(text: str) -> bool:
    return len(text) <= _PATH_LIMIT and _PATH.fullmatch(text) is not None


def _leeway(reading: Reading) -> int | None:
    leeway = reading.whole("SSO_LEEWAY", least=0)
    if leeway is not None and leeway > MOST_LEEWAY:
        reading.problem("SSO_LEEWAY", f"is more than {MOST_LEEWAY}", "a clock that is off further has to be set")
        return None
    return leeway


def _networks(reading: Reading, name: str) -> tuple[str, ...] | None:
    networks = reading.items(name)
    try:
        return None if networks is None else tuple(str(ip_network(network)) for network in networks)
    except ValueError:
        reading.problem(name, "holds what is no network", "such as 10.0.0.0/24 or 10.0.0.1")
        return None


def _link(reading: Reading, name: str) -> str | None:
    """Return an address or a path that a page may link to: nothing that a browser would run."""
    text = reading.text(name)
    if text is None or _is_path(text.rstrip("/")) or text == "/":
        return text
    try:
        parse_http_url(text)
    except WireError as error:
        reading.problem(name, f"is no address: {error}", "https://... or a path of this service")
        return None
    return text
