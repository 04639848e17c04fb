"""The settings that `serve` and `doctor` take from the environment, or from a file, and what is wrong with them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.cli.serving import LOOPBACK
from sso_adapters.cli.terminal import CommandError, port_number
from sso_adapters.service import build_service
from sso_core.settings.environment import Problem, SettingsError, service_from_environment
from sso_core.settings.service import ServiceSettings
from sso_core.settings.toml import referred_files, service_from_toml

WELL_KNOWN = "/.well-known/openid-configuration"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which settings, and where the service listens."""
    parser.add_argument("--host", default=LOOPBACK, help=f"to listen on (default {LOOPBACK})")
    parser.add_argument("--port", type=port_number, default=4000, help="to listen on (default 4000)")
    parser.add_argument("--settings", metavar="FILE", type=Path, help="a TOML file, instead of environment variables")


def read_settings(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> ServiceSettings:
    """Return the settings that the options mean.

    Raises SettingsError with every problem there is, and CommandError for a file that cannot be read.
    """
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{host}:{options.port}"
    if options.settings is not None:
        return _from_file(options.settings, environ, address)
    problems: tuple[Problem, ...] = ()
    service = None
    try:
        service = service_from_environment(environ, default_base_url=address)
    except SettingsError as error:
        problems = error.problems
    issuer = environ.get("GENERIC_ISSUER", "").strip()
    if issuer.rstrip("/").endswith(WELL_KNOWN):
        hint = f"the issuer itself is probably {issuer.rstrip('/').removesuffix(WELL_KNOWN)}"
        problems = (Problem("GENERIC_ISSUER", "is the address of the provider's metadata", hint), *problems)
    if problems or service is None:
        raise SettingsError(problems)
    return service


def _from_file(path: Path, environ: Mapping[str, str], address: str) -> ServiceSettings:
    try:
        text = path.read_text(encoding="utf-8")
        files = {name: (path.parent / name).read_text(encoding="utf-8") for name in referred_files(text)}
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the settings cannot be read: {error}", status=2) from None
    return service_from_toml(text, environ, default_base_url=address, files=files)


def build_named_service(service: ServiceSettings) -> AsgiSignIn:
    """Return the service with its files, or its database, where the settings say.

    Raises as `build_service`, and CommandError for a store that this command does not open: sessions that some
    instances look for there and others elsewhere are lost one by one.
    """
    if service.redis_url is not None:
        raise CommandError("REDIS_URL is set, but this command keeps sessions beside the accounts; unset it", status=2)
    database = None if service.database_url is None else service.database_url.reveal()
    return build_service(service.sign_in, Path(service.data_dir), database=database)
