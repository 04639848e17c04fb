"""Settings from environment variables, judged as a whole: every problem in one report, and no secret in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sso_core.identity.ladder import RoleLadder
from sso_core.providers.kinds import Provider
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.policy_environment import read_policy
from sso_core.settings.provider_environment import (
    Described,
    read_environment_provider,
    report_restrictions_of_others,
)
from sso_core.settings.readiness import named_provider
from sso_core.settings.reading import Problem, Reading, Report, SettingsError
from sso_core.settings.service import ServiceSettings
from sso_core.settings.service_environment import read_origin, read_service_options, read_sign_in_options
from sso_core.settings.sign_in import SignInSettings
from sso_core.settings.spelling import misspelt
from sso_core.settings.variables import BY_NAME

__all__ = ["Problem", "SettingsError", "service_from_environment", "settings_from_environment"]


def settings_from_environment(environ: Mapping[str, str], *, default_base_url: str) -> SignInSettings:
    """Return the settings of sign-in that `environ` describes: those of `service_from_environment`, and no more."""
    return service_from_environment(environ, default_base_url=default_base_url).sign_in


def service_from_environment(environ: Mapping[str, str], *, default_base_url: str) -> ServiceSettings:
    """Return the settings that `environ` describes; the base address defaults to where the service listens.

    Raises SettingsError with every problem there is. Empty variables count as unset, except for restrictions.
    """
    report = Report()
    reading = Reading(environ, report)

    def providers(group_claims: tuple[str, ...]) -> tuple[Provider | None, ...]:
        if named_provider(environ) is None and host_vouches(environ):
            report_restrictions_of_others(reading, None)
            return ()
        return (read_environment_provider(reading, Described(REFERENCE_LADDER, group_claims)),)

    for name, close in misspelt(environ):
        if BY_NAME[close].restricts:
            reading.problem(name, "is not known", f"do you mean {close}?")
        else:
            reading.note(name, "is not known", f"do you mean {close}?")
    return read_whole(reading, report, REFERENCE_LADDER, providers, default_base_url)


def host_vouches(values: Mapping[str, object]) -> bool:
    """Whether people may come in whom no provider knows, so that none is needed."""
    reading = Reading(values, Report())  # what is wrong is reported where it is read
    return reading.flag("SSO_PASSWORD_SIGN_IN") or reading.has("SSO_HEADER_PROXIES")


def read_whole(
    reading: Reading,
    report: Report,
    ladder: RoleLadder,
    providers: Callable[[tuple[str, ...]], tuple[Provider | None, ...]],
    default_base_url: str,
) -> ServiceSettings:
    """Return the settings as one value, from what `reading` says and from what `providers` returns.

    `providers` is given the claims that list groups at whichever provider. Raises SettingsError.
    """
    origin = read_origin(reading, default_base_url)
    found = [provider for provider in providers(reading.items("SSO_GROUP_JWT_FIELD") or ()) if provider is not None]
    policy, options, service = (
        read_policy(reading, ladder),
        read_sign_in_options(reading),
        read_service_options(reading),
    )
    if report.problems or origin is None:
        raise SettingsError(tuple(report.problems))
    sign_in = SignInSettings(origin, tuple(found), policy=policy, **options)
    return ServiceSettings(sign_in, notes=tuple(report.notes), **service)
