"""A whole service: the routes, a store and a directory in a database, pages, and a server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import anyio
from sqlalchemy import URL

from sso_adapters.asgi import GRACE, AsgiSignIn
from sso_adapters.directories.sql import SqlDirectory, open_directory
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.pages import Pages
from sso_adapters.server import serve_asgi
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, Store
from sso_core.facts import Warm
from sso_core.providers.kinds import OpenIdProvider, Provider
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.site import Site

DIRECTORY_FILE = "directory.sqlite3"
STORE_FILE = "short_lived.sqlite3"


def build_service(
    settings: SignInSettings, folder: Path, *, database: str | None = None, title: str = "sso-core"
) -> AsgiSignIn:
    """Return the service as an ASGI application.

    Accounts and short-lived values lie in SQLite files in `folder`, which is made where it is missing; or in the
    `database` at this address, which several instances may share. Raises OSError or sqlite3.Error where that cannot be
    used.
    """
    with ExitStack() as opened:
        store, directory = _keepers(folder, database, opened)
        kept = opened.pop_all()
    sender = AsyncHttpxSender()
    library = AsyncLibrary(sender)

    def warm(provider: Provider) -> Warm:
        return library.warm(provider.issuer) if isinstance(provider, OpenIdProvider) else Warm()

    async def close() -> None:
        with kept:
            await sender.aclose()

    world = AsyncWorld(sender, library, store, directory)
    return AsgiSignIn(Site(settings), world, warm=warm, render=Pages(title=title), beside=library.tend, closed=close)


def _keepers(folder: Path, database: str | None, opened: ExitStack) -> tuple[Store, SqlDirectory]:
    if database is not None:
        directory = open_directory(database)
        opened.callback(directory.close)
        return SqlStore(directory.engine), directory
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = SqliteStore(folder / STORE_FILE)
    opened.callback(store.close)
    directory = open_directory(URL.create("sqlite", database=str(folder / DIRECTORY_FILE)))
    opened.callback(directory.close)
    return store, directory


async def serve(
    service: AsgiSignIn, *, host: str, port: int, on_ready: Callable[[], None], stop: anyio.Event | None = None
) -> None:
    """Serve until `stop` is set or the caller is cancelled; see `serve_asgi` for what it raises."""
    # The server's patience with the lifespan has to outlast the lifespan's own with the logins under way.
    await serve_asgi(service, host=host, port=port, on_ready=lambda _address: on_ready(), stop=stop, grace=GRACE + 1)
