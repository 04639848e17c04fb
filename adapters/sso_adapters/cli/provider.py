"""`sso-core provider`: the demo's provider alone, so that a program that embeds sign-in has one to talk to."""

from __future__ import annotations

import argparse
import secrets

import anyio

from sso_adapters.cli.serving import LOOPBACK, listening_at, serve_until_interrupted
from sso_adapters.cli.terminal import CommandError, port_number, say
from sso_adapters.demo.people import NAMES
from sso_adapters.demo.provider import CLIENT_ID, DemoProvider
from sso_adapters.server import serve_asgi
from sso_core.secret import Secret
from sso_core.settings.sign_in import CALLBACK
from sso_core.wire import WireError, parse_http_url

REDIRECT_URI = f"http://127.0.0.1:8000{CALLBACK}"


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--redirect-uri",
        metavar="URI",
        default=REDIRECT_URI,
        help=f"where your program takes people back, exactly (default {REDIRECT_URI})",
    )
    parser.add_argument("--port", type=port_number, default=4001, help="to listen on (default 4001)")


def run(options: argparse.Namespace) -> int:
    """Serve it until Ctrl-C, for one client whose secret is made anew each time."""
    try:
        parse_http_url(options.redirect_uri)
    except WireError as error:
        raise CommandError(f"--redirect-uri is no usable address: {error}", status=2) from None
    issuer, secret = f"http://localhost:{options.port}", Secret(secrets.token_urlsafe())
    provider = DemoProvider(issuer, client_id=CLIENT_ID, client_secret=secret, redirect_uris=(options.redirect_uri,))

    def ready() -> None:
        say(f"export GENERIC_ISSUER={issuer}")
        say(f"export GENERIC_CLIENT_ID={CLIENT_ID}")
        # Good for this provider alone, which knows nobody real and is gone with this process.
        say(f"export GENERIC_CLIENT_SECRET={secret.reveal()}")
        say()
        say(f"Paste these lines where your program starts. People are {NAMES}; the password is the name.")
        say(f"They are sent back to {options.redirect_uri} and nowhere else. End with Ctrl-C.")
        say(f"Ready: {issuer}")

    async def provide(stop: anyio.Event) -> None:
        with listening_at(LOOPBACK, options.port):
            await serve_asgi(provider, host=LOOPBACK, port=options.port, on_ready=lambda _address: ready(), stop=stop)

    serve_until_interrupted(provide)
    return 0
