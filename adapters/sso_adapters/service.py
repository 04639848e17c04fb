"""A whole service: the routes, a store and a directory, pages, and a server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack

import anyio
import attrs

from sso_adapters.asgi import GRACE, AsgiSignIn
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.http.senders import AsyncHttpxSender
from sso_adapters.keepers import open_keepers, session_keys_of
from sso_adapters.late_database import Tell
from sso_adapters.pages import Pages
from sso_adapters.server import serve_asgi
from sso_adapters.world import AsyncWorld, Host
from sso_core.facts import Warm
from sso_core.providers.kinds import OpenIdProvider, Provider
from sso_core.settings.service import ServiceSettings
from sso_core.web.site import Site

log = logging.getLogger("sso_adapters.service")


def build_service(
    settings: ServiceSettings, *, host: Host | None = None, title: str = "sso-core", tell: Tell = log.warning
) -> AsgiSignIn:
    """Return the service as an ASGI application.

    Accounts lie in `database_url`, what is short-lived in `redis_url`, or else in PostgreSQL beside the accounts;
    whatever has no address lies in SQLite files in `data_dir`, which is made where it is missing. `host` answers what
    the settings have asked of the host, and `tell` hears of a server that is down when the service starts: people get
    503 until it is back.

    Raises OSError or sqlite3.Error where something cannot be used at all, SettingsError where something has to be set;
    none has a secret in its text.
    """
    with ExitStack() as opened:
        sign_in = attrs.evolve(settings.sign_in, session_keys=session_keys_of(settings))
        store, directory = open_keepers(settings, opened, tell)
        kept = opened.pop_all()
    sender = AsyncHttpxSender()
    library = AsyncLibrary(sender)

    def warm(provider: Provider) -> Warm:
        return library.warm(provider.issuer) if isinstance(provider, OpenIdProvider) else Warm()

    async def close() -> None:
        with kept:
            await sender.aclose()

    world = AsyncWorld(sender, library, store, directory, host=host)
    facts = world.doubt.told_with(warm)
    return AsgiSignIn(Site(sign_in), world, warm=facts, render=Pages(title=title), beside=library.tend, closed=close)


async def serve(
    service: AsgiSignIn, *, host: str, port: int, on_ready: Callable[[], None], stop: anyio.Event | None = None
) -> None:
    """Serve until `stop` is set or the caller is cancelled; see `serve_asgi` for what it raises."""
    # The server's patience with the lifespan has to outlast the lifespan's own with the logins under way.
    await serve_asgi(service, host=host, port=port, on_ready=lambda _address: on_ready(), stop=stop, grace=GRACE + 1)
