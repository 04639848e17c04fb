"""A whole service in one process: the routes, an SQLite directory, a store in memory, pages, and a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.directories.sqlite import SqliteDirectory
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.pages import Pages
from sso_adapters.server import serve_asgi
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld
from sso_core.facts import Warm
from sso_core.providers.kinds import OpenIdProvider
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.site import Site

DIRECTORY_FILE = "directory.sqlite3"


def build_service(settings: SignInSettings, folder: Path, *, title: str = "sso-core") -> AsgiSignIn:
    """Return the service as an ASGI application; its directory lies in `folder`, which is made where it is missing.

    Raises OSError or sqlite3.Error where the folder cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sender, directory = AsyncHttpxSender(), SqliteDirectory(folder / DIRECTORY_FILE)
    library = AsyncLibrary(sender)
    provider = settings.provider

    def warm() -> Warm:
        return library.warm(provider.issuer) if isinstance(provider, OpenIdProvider) else Warm()

    async def close() -> None:
        await sender.aclose()
        directory.close()

    world = AsyncWorld(sender, library, MemoryStore(), directory)
    return AsgiSignIn(Site(settings), world, warm=warm, render=Pages(title=title), closed=close)


async def serve(
    service: AsgiSignIn, *, host: str, port: int, on_ready: Callable[[], None], stop: anyio.Event | None = None
) -> None:
    """Serve until `stop` is set or the caller is cancelled; see `serve_asgi` for what it raises."""
    await serve_asgi(service, host=host, port=port, on_ready=lambda _address: on_ready(), stop=stop)
