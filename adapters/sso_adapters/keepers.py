"""Where a service keeps accounts and what is short-lived, as its settings say: opened at the start, closed at the end.

What lies on this machine has to work at once. A server elsewhere may be down: the service starts, says so, answers
503, and heals as soon as the server is back.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.late_database import LateDatabase, LateDirectory, LateStore, Tell
from sso_adapters.session_key_file import kept_session_keys
from sso_adapters.sql_engine import DatabaseError, open_engine
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import Directory, Store
from sso_core.effects import Kind, Peek
from sso_core.events import StoreUnreachable
from sso_core.secret import Secret
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.environment import Problem, SettingsError
from sso_core.settings.service import ServiceSettings
from sso_core.settings.service_environment import SHARED

DIRECTORY_FILE = "directory.sqlite3"
STORE_FILE = "short_lived.sqlite3"
SESSION_KEY_FILE = "session.key"


def open_keepers(settings: ServiceSettings, opened: ExitStack, tell: Tell) -> tuple[Store, Directory]:
    """Return the store and the directory; `opened` closes them. `tell` is told of a server that is down.

    Raises OSError or sqlite3.Error, none with a secret in its text, where nobody but the operator can help.
    """
    if is_shared(settings):
        return _on_servers(settings, opened, tell)
    directory = open_directory(_own_database(settings))
    opened.callback(directory.close)
    if settings.redis_url is not None:
        return _redis(settings.redis_url, opened, tell), directory
    store = SqliteStore(_folder(settings) / STORE_FILE)
    opened.callback(store.close)
    return store, directory


def session_keys_of(settings: ServiceSettings) -> SessionKeys:
    """Return what signs sessions: the operator's keys, or one that is made once and kept in the data folder.

    Raises SettingsError where several machines have to agree on the keys and none are set, and OSError.
    """
    if settings.sign_in.session_keys is not None:
        return settings.sign_in.session_keys
    if is_shared(settings):
        hint = "base64url of 32 random bytes, the same for all that share the database"
        raise SettingsError((Problem("SSO_SESSION_KEYS", "is missing", hint),))
    return kept_session_keys(_folder(settings) / SESSION_KEY_FILE)


def is_shared(settings: ServiceSettings) -> bool:
    """Whether the accounts lie in a database that several machines can use at once."""
    return settings.database_url is not None and settings.database_url.reveal().partition("://")[0] in SHARED


def _on_servers(settings: ServiceSettings, opened: ExitStack, tell: Tell) -> tuple[Store, Directory]:
    assert settings.database_url is not None
    engine = open_engine(settings.database_url.reveal())
    opened.callback(engine.dispose)
    database = LateDatabase(engine, tell=tell)
    database.start()
    directory = LateDirectory(SqlDirectory(engine), database)
    if settings.redis_url is not None:
        return _redis(settings.redis_url, opened, tell), directory
    return LateStore(SqlStore(engine), database), directory


def _redis(url: Secret, opened: ExitStack, tell: Tell) -> Store:
    try:
        from sso_adapters.stores.redis import open_redis_store  # noqa: PLC0415 -- its client is an extra
    except ModuleNotFoundError as error:
        raise DatabaseError(f"a store in Redis needs {error.name}: install sso-core[redis]") from None
    try:
        store = open_redis_store(url.reveal())
    except ValueError as error:
        raise DatabaseError(str(error)) from None
    opened.callback(store.close)
    answer = store.perform(Peek(Kind.SESSION, "start"))
    if isinstance(answer, StoreUnreachable):
        tell(f"the store cannot be used: {answer.why}; until it can be, people are told to try again later")
    return store


def _own_database(settings: ServiceSettings) -> str | URL:
    if settings.database_url is not None:
        return settings.database_url.reveal()
    return URL.create("sqlite", database=str(_folder(settings) / DIRECTORY_FILE))


def _folder(settings: ServiceSettings) -> Path:
    """Return the data folder, made for its owner only where it is missing."""
    folder = Path(settings.data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
