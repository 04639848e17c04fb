"""`sso-core demo`: a person signs in at a service on this machine, through a provider on this machine."""

from __future__ import annotations

import argparse
import os
import secrets
import webbrowser
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import anyio

from sso_adapters.cli.serving import LOOPBACK, listening_at, serve_until_interrupted
from sso_adapters.cli.terminal import complain, port_number, say
from sso_adapters.demo.people import NAMES
from sso_adapters.demo.provider import CLIENT_ID, DemoProvider
from sso_adapters.demo.settings import demo_settings
from sso_adapters.server import serve_asgi
from sso_adapters.service import build_service, serve
from sso_core.secret import Secret
from sso_core.settings.sign_in import CALLBACK, DEBUG_CALLBACK
from sso_core.web.debug import DEBUG_LOGIN


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--port", type=port_number, default=4000, help="of the service (default 4000)")
    parser.add_argument("--provider-port", type=port_number, default=4001, help="of the provider (default 4001)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")


def run(options: argparse.Namespace) -> int:
    """Serve both until Ctrl-C."""
    issuer, address = f"http://localhost:{options.provider_port}", f"http://{LOOPBACK}:{options.port}"
    secret = Secret(secrets.token_urlsafe())
    redirect_uris = (address + CALLBACK, address + DEBUG_CALLBACK)
    provider = DemoProvider(issuer, client_id=CLIENT_ID, client_secret=secret, redirect_uris=redirect_uris)

    def ready() -> None:
        say(f"Open {address} and sign in as {NAMES}; the password is the name.")
        say(f"Alice administers: once she is in, {address}{DEBUG_LOGIN} tells why somebody like frank is refused.")
        say(f"Or sign a terminal in: sso-core login {address}")
        say(f"The provider is {issuer}. End with Ctrl-C.")
        say(f"Ready: {address}")
        if not options.no_open:
            webbrowser.open(address)

    with ExitStack() as stack:
        chosen = os.environ.get("SSO_DATA_DIR")
        folder = chosen or stack.enter_context(TemporaryDirectory(prefix="sso-core-demo-"))
        settings = demo_settings(address=address, issuer=issuer, client_secret=secret, data_dir=folder)

        async def both(stop: anyio.Event) -> None:
            listening = anyio.Event()

            async def provide() -> None:
                with listening_at(LOOPBACK, options.provider_port, "--provider-port"):
                    await serve_asgi(
                        provider,
                        host=LOOPBACK,
                        port=options.provider_port,
                        on_ready=lambda _address: listening.set(),
                        stop=stop,
                    )

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(provide)
                await listening.wait()
                service = build_service(settings, title="sso-core demo", tell=complain)
                with listening_at(LOOPBACK, options.port):
                    await serve(service, host=LOOPBACK, port=options.port, on_ready=ready, stop=stop)
                tasks.cancel_scope.cancel()

        serve_until_interrupted(both)
    return 0
