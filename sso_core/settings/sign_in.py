"""Everything a login needs to know of the operator's wishes, as one immutable value."""

from __future__ import annotations

import re
from enum import Enum

import attrs

from sso_core.accounts.policy import AccessPolicy
from sso_core.providers.kinds import Provider
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.several import clashes
from sso_core.settings.ui import UiSettings

CALLBACK = "/sso/callback"

PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class KeyHolders(Enum):
    """Who may have personal keys."""

    NOBODY = "nobody"
    ADMINS = "admins"
    EVERYBODY = "everybody"


@attrs.frozen
class SignInSettings:
    """The settings of sign-in. Durations are in seconds.

    Raises ValueError where two providers share an id, or have people who could be taken for each other's.

    With `sealing_keys`, pending logins travel in the browser's cookie, and instances need to share nothing. A login
    is then used once per process (or once at all where the store is shared), and once by the provider's own rule.
    """

    origin: Origin
    providers: tuple[Provider, ...]
    """The first one owns `/sso/callback`, each further one `/sso/callback/{id}`, so that no answer can be mixed up."""
    policy: AccessPolicy = AccessPolicy(REFERENCE_LADDER)
    sealing_keys: SealingKeys | None = None
    session_keys: SessionKeys | None = None
    """With keys, a made-up session identifier is turned away without asking the store."""
    login_ttl: float = attrs.field(default=600, validator=attrs.validators.gt(0))
    session_ttl: float = attrs.field(default=8 * 3600, validator=attrs.validators.gt(0))
    landing_path: str = "/"
    """Where a person goes after sign-in who was on the way to nowhere else; below the mount."""
    announce_login: bool = False
    """Whether the landing path is told of a login by `?login=success`."""
    ui_disabled: bool = False
    """Whether nobody is signed in at all, as the operator wishes."""
    cli_enabled: bool = True
    cli_login_ttl: float = attrs.field(default=600, validator=attrs.validators.gt(0))
    cli_session_ttl: float = attrs.field(default=24 * 3600, validator=attrs.validators.gt(0))
    debug_page: bool = False
    """Whether administrators may sign in to a page that tells what the provider said."""
    debug_for_anybody_unsafe: bool = False
    """Show that page to anybody who can sign in at the provider."""
    password_sign_in: bool = False
    """Whether a function of the host checks names and passwords, on a form of ours."""
    header_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of proxies whose headers a function of the host may turn into a person."""
    host_after_login: bool = False
    """Whether a function of the host is asked about everybody who is about to come in."""
    key_holders: KeyHolders = KeyHolders.NOBODY
    key_ttl: float = attrs.field(default=90 * 24 * 3600, validator=attrs.validators.gt(0))
    """How long a personal key is good for at most."""
    reference_token: ReferenceToken | None = None
    """For hosts whose user interface reads the reference's cookie."""
    ui: UiSettings = UiSettings()
    leeway: int = attrs.field(default=30, validator=attrs.validators.in_(range(301)))
    """How far the provider's clock may be off."""

    def __attrs_post_init__(self) -> None:
        ids = [provider.provider_id for provider in self.providers]
        if len(set(ids)) != len(ids) or not all(PROVIDER_ID.fullmatch(name) for name in ids):
            raise ValueError("each provider needs an id of its own, of small letters, digits and hyphens")
        if clashes(self.providers):
            raise ValueError(
                "each provider needs a namespace of its own, or its people are taken for others: see settings.several"
            )

    def callback_path(self, provider: Provider) -> str:
        """Return the path, below the mount, to which this provider sends people back."""
        return (
            CALLBACK if provider.provider_id == self.providers[0].provider_id else f"{CALLBACK}/{provider.provider_id}"
        )

    def redirect_uri(self, provider: Provider) -> str:
        """Return the redirect URI to register at this provider."""
        return self.origin.url(self.callback_path(provider))
