"""Everything a login needs to know of the operator's wishes, as one immutable value."""

from __future__ import annotations

import re
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network

import attrs

from sso_core.accounts.policy import AccessPolicy
from sso_core.providers.kinds import Provider
from sso_core.sessions.limits import Limits
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.several import clashes
from sso_core.settings.ui import UiSettings

CALLBACK = "/sso/callback"
DEBUG_CALLBACK = "/sso/debug/callback"
BACKCHANNEL_LOGOUT = "/sso/logout/backchannel"
LOGOUT_RETURN = "/sso/logout/return"

PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LONGEST = 366 * 24 * 3600
"""Seconds that anything may last but personal keys: who is gone for a year signs in anew."""
LONGEST_KEY = 10 * LONGEST

_DURATION = attrs.validators.and_(attrs.validators.gt(0), attrs.validators.le(LONGEST))
_PATH = re.compile(r"/(?:[\w.~%-]+/)*[\w.~%-]*", re.ASCII)


class KeyHolders(Enum):
    """Who may have personal keys."""

    NOBODY = "nobody"
    ADMINS = "admins"
    EVERYBODY = "everybody"


@attrs.frozen
class SignInSettings:
    """The settings of sign-in. Durations are in seconds, `LONGEST` at most.

    Raises ValueError for a duration that is none, where two providers share an id, or have people who could be taken
    for each other's, and where the landing path or a network of proxies is none.

    With `sealing_keys`, pending logins travel in the browser's cookie, so that instances need to share none of them;
    sessions and command-line logins lie in the store all the same. A login is then used once per process (or once at
    all where the store is shared), and once by the provider's own rule.
    """

    origin: Origin
    providers: tuple[Provider, ...]
    """The first one owns `/sso/callback`, each further one `/sso/callback/{id}`, so that no answer can be mixed up."""
    policy: AccessPolicy = AccessPolicy(REFERENCE_LADDER)
    """With one provider, the `admin_id` that names no issuer is a subject of it."""
    sealing_keys: SealingKeys | None = None
    session_keys: SessionKeys | None = None
    """With keys, a made-up session identifier is turned away without asking the store."""
    login_ttl: float = attrs.field(default=600, validator=_DURATION)
    session_ttl: float = attrs.field(default=8 * 3600, validator=_DURATION)
    account_check_interval: float = attrs.field(
        default=300, validator=attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le(LONGEST))
    )
    """How long a session is believed before its account is read again: 0 reads it at every request."""
    landing_path: str = "/"
    """Where a person goes after sign-in who was on the way to nowhere else; below the mount."""
    announce_login: bool = False
    """Whether the landing path is told of a login by `?login=success`."""
    ui_disabled: bool = False
    """Whether nobody is signed in at all, as the operator wishes."""
    cli_enabled: bool = True
    cli_login_ttl: float = attrs.field(default=600, validator=_DURATION)
    cli_session_ttl: float = attrs.field(default=24 * 3600, validator=_DURATION)
    debug_page: bool = False
    """Whether administrators may sign in to a page that tells what the provider said."""
    debug_for_anybody_unsafe: bool = False
    """Show that page to anybody who can sign in at the provider."""
    password_sign_in: bool = False
    """Whether a function of the host checks names and passwords, on a form of ours."""
    header_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of proxies whose headers a function of the host may turn into a person."""
    address_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of reverse proxies that say where people come from, which is less than who they are."""
    limits: Limits = Limits()
    host_after_login: bool = False
    """Whether a function of the host is asked about everybody who is about to come in."""
    key_holders: KeyHolders = KeyHolders.NOBODY
    key_ttl: float = attrs.field(
        default=90 * 24 * 3600,
        validator=attrs.validators.and_(attrs.validators.gt(0), attrs.validators.le(LONGEST_KEY)),
    )
    """How long a personal key is good for at most."""
    reference_token: ReferenceToken | None = None
    """For hosts whose user interface reads the reference's cookie."""
    ui: UiSettings = UiSettings()
    leeway: int = attrs.field(default=30, validator=attrs.validators.in_(range(301)))
    """How far the provider's clock may be off."""
    proxy_networks: tuple[IPv4Network | IPv6Network, ...] = attrs.field(init=False, eq=False, repr=False)
    """The networks of `header_proxies`."""
    address_networks: tuple[IPv4Network | IPv6Network, ...] = attrs.field(init=False, eq=False, repr=False)
    """The networks of `address_proxies`."""

    def __attrs_post_init__(self) -> None:
        ids = [provider.provider_id for provider in self.providers]
        if len(set(ids)) != len(ids) or not all(PROVIDER_ID.fullmatch(name) for name in ids):
            raise ValueError("each provider needs an id of its own, of small letters, digits and hyphens")
        if clashes(self.providers):
            raise ValueError(
                "each provider needs a namespace of its own, or its people are taken for others: see settings.several"
            )
        if not _PATH.fullmatch(self.landing_path):
            raise ValueError("the landing path is a path of this service, below the mount")
        if self.policy.admin_id is not None and self.policy.admin_issuer is None and len(self.providers) == 1:
            policy = attrs.evolve(self.policy, admin_issuer=self.providers[0].namespace)
            object.__setattr__(self, "policy", policy)
        object.__setattr__(self, "proxy_networks", tuple(map(ip_network, self.header_proxies)))
        object.__setattr__(self, "address_networks", tuple(map(ip_network, self.address_proxies)))

    @property
    def landing(self) -> str:
        """The path, as browsers see it, where a person lands who was on the way to nowhere else."""
        return self.origin.path(self.landing_path) + ("?login=success" if self.announce_login else "")

    @property
    def longest_session(self) -> float:
        """How long any session may last."""
        return max(self.session_ttl, self.cli_session_ttl)

    def callback_path(self, provider: Provider) -> str:
        """Return the path, below the mount, to which this provider sends people back."""
        return self._callback(CALLBACK, provider)

    def debug_callback_path(self, provider: Provider) -> str:
        """Return the path, below the mount, to which this provider sends administrators back who only want to know."""
        return self._callback(DEBUG_CALLBACK, provider)

    def backchannel_logout_path(self, provider: Provider) -> str:
        """Return the path, below the mount, at which this provider says that people have signed out there."""
        return self._callback(BACKCHANNEL_LOGOUT, provider)

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where any provider sends people back whom it has signed out: the address to register there."""
        return self.origin.url(LOGOUT_RETURN)

    def _callback(self, path: str, provider: Provider) -> str:
        return path if provider.provider_id == self.providers[0].provider_id else f"{path}/{provider.provider_id}"

    def redirect_uri(self, provider: Provider, *, debug: bool = False) -> str:
        """Return the redirect URI to register at this provider; another one for the debug page."""
        return self.origin.url(self.debug_callback_path(provider) if debug else self.callback_path(provider))
