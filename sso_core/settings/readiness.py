"""Whether an environment has all that its provider needs, for whoever watches the service."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sso_core.settings.generic_environment import ENDPOINTS
from sso_core.settings.variables import PROVIDER_KINDS

READY = 200
NOT_READY = 503


@attrs.frozen
class Readiness:
    """The answer. `provider` is None where none is named, which is no fault."""

    status: int
    provider: str | None
    missing: tuple[str, ...]
    message: str

    @property
    def body(self) -> dict[str, object]:
        """The answer as the members of a JSON object."""
        health = "healthy" if self.status == READY else "unhealthy"
        body: dict[str, object] = {"status": health, "sso_configured": self.provider is not None}
        if self.provider is not None:
            body["provider"] = self.provider
        if self.missing:
            body["missing_environment_variables"] = list(self.missing)
        return body | {"message": self.message}


def named_provider(environ: Mapping[str, str]) -> str | None:
    """Return the kind of the one provider that an environment names: the first with a client id that is not empty."""
    return next((kind for kind in PROVIDER_KINDS if environ.get(f"{kind.upper()}_CLIENT_ID", "").strip()), None)


def readiness(environ: Mapping[str, str]) -> Readiness:
    """Say which variables the provider of an environment lacks, in the order in which they are needed."""
    provider = named_provider(environ)
    if provider is None:
        return Readiness(READY, None, (), "No provider is named, so nobody signs in through one.")
    needed = NEEDED[provider]
    if provider == "generic":
        needed = _needed_by_generic(environ)
    missing = tuple(name for name in needed if not environ.get(name, "").strip())
    title = provider.capitalize()
    if missing:
        return Readiness(NOT_READY, provider, missing, f"Sign-in through {title} lacks {', '.join(missing)}.")
    return Readiness(READY, provider, (), f"Sign-in through {title} has all that it needs.")


NEEDED = {
    "google": ("GOOGLE_CLIENT_SECRET",),
    "microsoft": ("MICROSOFT_CLIENT_SECRET", "MICROSOFT_TENANT"),
    "generic": ("GENERIC_CLIENT_SECRET", *ENDPOINTS),
}
"""What each kind needs beside its client id."""


def _needed_by_generic(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Leave out the endpoints where an issuer names them, and the secret of a public client."""
    public = environ.get("GENERIC_CLIENT_AUTHENTICATION", "").strip().lower() == "none"
    known = ENDPOINTS if environ.get("GENERIC_ISSUER", "").strip() else ()
    secret = NEEDED["generic"][:1] if public else ()
    return tuple(name for name in NEEDED["generic"] if name not in (*known, *secret))
