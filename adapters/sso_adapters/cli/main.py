"""What the `sso-core` command does with its first word; everything else is told by the module of that name.

Only the module that is asked for is imported, so that signing in needs none of the extras that serving needs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from sso_adapters.cli.terminal import CommandError, complain
from sso_core import __version__

COMMANDS: Mapping[str, str] = {
    "demo": "a service and a provider on this machine, to look at",
    "serve": "serve sign-in against the provider that the environment names",
    "provider": "the demo's provider alone, to try a program of your own against",
    "doctor": "check the set-up that the environment names, without signing anybody in",
    "login": "sign in at a service from this terminal",
    "whoami": "say who is signed in from this terminal",
    "logout": "end that, here and at the service",
}
EXTRAS: Mapping[str, str] = {"alembic": "demo", "jinja2": "demo", "sqlalchemy": "demo"}
"""Which extra brings a module that the base install lacks."""
INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended before it had done its work."""


class Command(Protocol):
    """What the module of a command offers."""

    def options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Do it, and return the exit status. Raises CommandError."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0, 1 for what failed, 2 for what was asked or set in a wrong way."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parser(words).parse_args(words)
        return int(options.run(options))
    except CommandError as error:
        return complain(str(error), error.status)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        return complain(f"this needs {error.name}, which an extra brings: pip install 'sso-core[{extra}]'")
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sso-core",
        description="Signs people in through any OpenID Connect or OAuth 2.0 provider: shows it, serves it, checks its "
        "set-up, and signs this terminal in at a service.",
        epilog="`sso-core COMMAND --help` tells of the options of each.",
    )
    parser.add_argument("--version", action="version", version=f"sso-core {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    # No option before the command takes a value, so its name is the first word that is no option.
    named = next((word for word in words if not word.startswith("-")), "")
    for name, sentence in COMMANDS.items():
        one = commands.add_parser(name, help=sentence, description=sentence[0].upper() + sentence[1:] + ".")
        if name == named:
            command = cast("Command", import_module(f"sso_adapters.cli.{name}"))
            command.options(one)
            one.set_defaults(run=command.run)
    return parser
