"""`sso-core serve`: sign-in against the provider that the environment names."""

from __future__ import annotations

import argparse
import logging

import anyio

from sso_adapters.cli.environment import add_options, read_settings
from sso_adapters.cli.serving import listening_at, serve_until_interrupted
from sso_adapters.cli.terminal import CommandError, complain, say
from sso_adapters.observe.logs import JsonFormatter
from sso_adapters.observe.logs import log as events
from sso_adapters.service import build_service, serve
from sso_core.settings.environment import SettingsError
from sso_core.settings.service import ServiceSettings


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--log", choices=sorted(FORMATS), default="text", help="how the log is written (default text)")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; nothing is started unless all settings hold together."""
    _begin_log(options.log)
    try:
        _serve(read_settings(options), options)
    except SettingsError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"the settings do not hold together, so nothing was started:\n{lines}", status=2) from None
    return 0


FORMATS: dict[str, logging.Formatter] = {
    "text": logging.Formatter("%(asctime)s %(levelname)s %(message)s"),
    "json": JsonFormatter(),
}


def _begin_log(form: str) -> None:
    """Write the log to the standard error, events of sign-in too."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[form])
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    events.setLevel(logging.INFO)


def _serve(settings: ServiceSettings, options: argparse.Namespace) -> None:
    for note in settings.notes:
        complain(f"note: {note}")
    sign_in = settings.sign_in

    def ready() -> None:
        for provider in sign_in.providers:
            say(f"Register {sign_in.redirect_uri(provider)} at the provider{_name(provider.label)}.")
            if sign_in.debug_page or sign_in.debug_for_anybody_unsafe:
                say(f"And, for the debug page, {sign_in.redirect_uri(provider, debug=True)}.")
        say(f"Ready: {sign_in.origin.base}")

    async def one(stop: anyio.Event) -> None:
        service = build_service(settings, tell=complain)
        with listening_at(options.host, options.port):
            await serve(service, host=options.host, port=options.port, on_ready=ready, stop=stop)

    serve_until_interrupted(one)


def _name(label: str) -> str:
    return f" {label}" if label else ""
