"""The settings that `serve` and `doctor` take from the environment, and what is wrong with them, as sentences."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.service import build_service
from sso_core.settings.environment import Problem, SettingsError, settings_from_environment
from sso_core.settings.sign_in import SignInSettings

WELL_KNOWN = "/.well-known/openid-configuration"
DATA_DIR = "sso-data"


def read_settings(environ: Mapping[str, str], *, host: str, port: int) -> SignInSettings:
    """Return the settings for a service that listens there. Raises SettingsError with every problem there is."""
    shown = f"[{host}]" if ":" in host else host
    problems: tuple[Problem, ...] = ()
    settings = None
    try:
        settings = settings_from_environment(environ, default_base_url=f"http://{shown}:{port}")
    except SettingsError as error:
        problems = error.problems
    issuer = environ.get("GENERIC_ISSUER", "").strip()
    if issuer.rstrip("/").endswith(WELL_KNOWN):
        hint = f"the issuer itself is probably {issuer.rstrip('/').removesuffix(WELL_KNOWN)}"
        problems = (Problem("GENERIC_ISSUER", "is the address of the provider's metadata", hint), *problems)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def build_named_service(settings: SignInSettings, environ: Mapping[str, str] = os.environ) -> AsgiSignIn:
    """Return the service with its files, or its database, where the environment says. Raises as `build_service`."""
    return build_service(settings, data_folder(environ), database=environ.get("DATABASE_URL") or None)


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which accounts, sessions and pending logins lie."""
    return Path(environ.get("SSO_DATA_DIR") or DATA_DIR)
