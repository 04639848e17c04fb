"""Everything a login needs to know of the operator's wishes, as one immutable value."""

from __future__ import annotations

import attrs

from sso_core.providers.kinds import Provider
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.origin import Origin

CALLBACK = "/sso/callback"


@attrs.frozen
class SignInSettings:
    """The settings of sign-in. Durations are in seconds.

    With `sealing_keys`, pending logins travel in the browser's cookie, and instances need to share nothing. A login
    is then used once per process (or once at all where the store is shared), and once by the provider's own rule.
    """

    origin: Origin
    provider: Provider
    sealing_keys: SealingKeys | None = None
    login_ttl: float = attrs.field(default=600, validator=attrs.validators.gt(0))
    session_ttl: float = attrs.field(default=8 * 3600, validator=attrs.validators.gt(0))
    leeway: int = attrs.field(default=30, validator=attrs.validators.in_(range(301)))
    """How far the provider's clock may be off."""

    @property
    def redirect_uri(self) -> str:
        """The redirect URI to register at the provider."""
        return self.origin.url(CALLBACK)
