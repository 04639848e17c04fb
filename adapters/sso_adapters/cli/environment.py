"""The settings that `serve` and `doctor` take from the environment, or from a file, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from sso_core.settings.environment import Problem, SettingsError, service_from_environment
from sso_core.settings.service import ServiceSettings

WELL_KNOWN = "/.well-known/openid-configuration"


def read_settings(environ: Mapping[str, str], *, host: str, port: int) -> ServiceSettings:
    """Return the settings for a service that listens there. Raises SettingsError with every problem there is."""
    shown = f"[{host}]" if ":" in host else host
    problems: tuple[Problem, ...] = ()
    service = None
    try:
        settings = service_from_environment(environ, default_base_url=f"http://{shown}:{port}")
    except SettingsError as error:
        problems = error.problems
    issuer = environ.get("GENERIC_ISSUER", "").strip()
    if issuer.rstrip("/").endswith(WELL_KNOWN):
        hint = f"the issuer itself is probably {issuer.rstrip('/').removesuffix(WELL_KNOWN)}"
        problems = (Problem("GENERIC_ISSUER", "is the address of the provider's metadata", hint), *problems)
    if problems or service is None:
        raise SettingsError(problems)
    return settings
