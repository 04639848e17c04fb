"""`sso-core demo` shows a person signing in; `sso-core serve` serves sign-in against a provider of yours."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sqlite3
import sys
import webbrowser
from collections.abc import Callable, Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from sso_adapters.server import LifespanError
from sso_core import __version__
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.environment import SettingsError, settings_from_environment
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import CALLBACK, SignInSettings

CLIENT_ID = "sso-core-demo"
NEEDED = ("alembic", "jinja2", "sqlalchemy")
"""What the extra `demo` brings: pages, and accounts in a database."""
PORTS = 65536
INTERRUPTED = 130
"""The exit status of a command that was interrupted before it served."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0, 1 for what cannot be served, 2 for settings that do not hold."""
    options = _parser().parse_args(arguments)
    if not all(map(find_spec, NEEDED)):  # asked for before anything starts
        return _complain(f"the command needs {', '.join(NEEDED)}: install sso-core[demo]")
    try:
        return int(options.run(options))
    except SettingsError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        return _complain(f"the settings do not hold together, so nothing was started:\n{lines}", status=2)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, sqlite3.Error, LifespanError) as error:
        return _complain(f"the service cannot start: {error}")


def _complain(text: str, status: int = 1) -> int:
    sys.stderr.write(f"sso-core: {text}\n")
    return status


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sso-core", description="Sign-in that is right.")
    parser.add_argument("--version", action="version", version=f"sso-core {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="a service and a provider on this machine, to look at")
    demo.add_argument("--port", type=_port, default=4000, help="of the service (default 4000)")
    demo.add_argument("--provider-port", type=_port, default=4001, help="of the provider (default 4001)")
    demo.add_argument("--no-open", action="store_true", help="do not open a browser")
    demo.set_defaults(run=_demo)
    serve = commands.add_parser("serve", help="sign-in against the provider that the environment names")
    serve.add_argument("--host", default="127.0.0.1", help="to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=_port, default=4000, help="to listen on (default 4000)")
    serve.set_defaults(run=_serve)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < PORTS:
        raise ValueError
    return port


def _demo(options: argparse.Namespace) -> int:
    from sso_adapters.demo.provider import DemoProvider  # noqa: PLC0415 -- needs the extra

    issuer, address = f"http://localhost:{options.provider_port}", f"http://127.0.0.1:{options.port}"
    secret = Secret(secrets.token_urlsafe())
    provider = DemoProvider(issuer, client_id=CLIENT_ID, client_secret=secret, redirect_uri=address + CALLBACK)
    settings = SignInSettings(Origin(address), (OpenIdProvider(issuer, Client(CLIENT_ID, secret)),))

    def ready() -> None:
        _say(f"Open {address} and sign in as alice, bob, carol, dave or erin; the password is the name.")
        _say(f"The provider is {issuer}. End with Ctrl-C.")
        _say(f"Ready: {address}")
        if not options.no_open:
            webbrowser.open(address)

    async def both(folder: Path) -> None:
        from sso_adapters.server import serve_asgi  # noqa: PLC0415 -- beside what needs the extra
        from sso_adapters.service import build_service, serve  # noqa: PLC0415 -- needs the extra

        stop, listening = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_interrupted, stop)

            async def provide() -> None:
                port = options.provider_port
                await serve_asgi(
                    provider, host="127.0.0.1", port=port, on_ready=lambda _address: listening.set(), stop=stop
                )

            tasks.start_soon(provide)
            await listening.wait()
            service = build_service(settings, folder, title="sso-core demo")
            await serve(service, host="127.0.0.1", port=options.port, on_ready=ready, stop=stop)
            tasks.cancel_scope.cancel()

    chosen = os.environ.get("SSO_DATA_DIR")
    if chosen:
        _run(both, Path(chosen))
    else:
        with TemporaryDirectory(prefix="sso-core-demo-") as folder:
            _run(both, Path(folder))
    return 0


def _serve(options: argparse.Namespace) -> int:
    host = f"[{options.host}]" if ":" in options.host else options.host
    settings = settings_from_environment(os.environ, default_base_url=f"http://{host}:{options.port}")
    folder = Path(os.environ.get("SSO_DATA_DIR") or "sso-data")

    async def one(folder: Path) -> None:
        from sso_adapters.service import build_service, serve  # noqa: PLC0415 -- needs the extra

        service = build_service(settings, folder, database=os.environ.get("DATABASE_URL") or None)
        stop = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_interrupted, stop)
            await serve(
                service,
                host=options.host,
                port=options.port,
                on_ready=lambda: _say(f"Ready: {settings.origin.base}"),
                stop=stop,
            )
            tasks.cancel_scope.cancel()

    _run(one, folder)
    return 0


async def _until_interrupted(stop: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _signal in signals:
            stop.set()
            return


def _run(program: Callable[[Path], Coroutine[object, object, None]], folder: Path) -> None:
    try:
        anyio.run(program, folder)
    except BaseExceptionGroup as group:
        raise _innermost(group) from None


def _innermost(error: BaseException) -> BaseException:
    """Return what task groups wrapped, where it is one exception."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
