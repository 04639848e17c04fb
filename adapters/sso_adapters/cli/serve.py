"""`sso-core serve`: sign-in against the provider that the environment names."""

from __future__ import annotations

import argparse

import anyio

from sso_adapters.cli.environment import add_options, build_named_service, read_settings
from sso_adapters.cli.serving import listening_at, serve_until_interrupted
from sso_adapters.cli.terminal import CommandError, complain, say
from sso_adapters.service import serve
from sso_core.settings.environment import SettingsError


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; nothing is started unless all settings hold together."""
    try:
        service_settings = read_settings(options)
    except SettingsError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(f"the settings do not hold together, so nothing was started:\n{lines}", status=2) from None
    for note in service_settings.notes:
        complain(f"note: {note}")
    settings = service_settings.sign_in

    def ready() -> None:
        for provider in settings.providers:
            say(f"Register {settings.redirect_uri(provider)} at the provider{_name(provider.label)}.")
        say(f"Ready: {settings.origin.base}")

    async def one(stop: anyio.Event) -> None:
        service = build_named_service(service_settings)
        with listening_at(options.host, options.port):
            await serve(service, host=options.host, port=options.port, on_ready=ready, stop=stop)

    serve_until_interrupted(one)
    return 0


def _name(label: str) -> str:
    return f" {label}" if label else ""
