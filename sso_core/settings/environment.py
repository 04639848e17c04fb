"""Settings from environment variables, judged as a whole: every problem in one report, and no secret in it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import attrs

from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider, ResponseMode
from sso_core.secret import Secret
from sso_core.sessions.sealing import SealingKeys
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.wire import WireError, b64url_decode, parse_http_url

ENDPOINTS = ("GENERIC_AUTHORIZATION_ENDPOINT", "GENERIC_TOKEN_ENDPOINT", "GENERIC_USERINFO_ENDPOINT")


E = TypeVar("E", bound=Enum)


@attrs.frozen
class Problem:
    """A variable that is missing or wrong, and what to do about it."""

    variable: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.variable} {self.what}" + (f" ({self.hint})" if self.hint else "")


class SettingsError(Exception):
    """The settings do not hold together; `problems` names all that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def settings_from_environment(environ: Mapping[str, str], *, default_base_url: str) -> SignInSettings:
    """Return the settings that `environ` describes; the base address defaults to where the service listens.

    Raises SettingsError with every problem there is.
    """
    reading = _Reading({name: value.strip() for name, value in environ.items() if value.strip()})
    origin = reading.origin(default_base_url)
    provider = reading.provider()
    sealing_keys = reading.sealing_keys()
    if reading.problems or origin is None or provider is None:
        raise SettingsError(tuple(reading.problems))
    return SignInSettings(origin, (provider,), sealing_keys=sealing_keys)


class _Reading:
    """One pass over the variables, gathering what is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[Problem] = []

    def _problem(self, variable: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(variable, what, hint))

    def origin(self, default: str) -> Origin | None:
        try:
            return Origin(self.environ.get("PROXY_BASE_URL", default))
        except ValueError as error:
            self._problem("PROXY_BASE_URL", f"is not usable: {error}", "such as https://app.example.com")
            return None

    def provider(self) -> Provider | None:
        client = self._client()
        mode = self._choice("GENERIC_RESPONSE_MODE", ResponseMode, ResponseMode.QUERY)
        issuer = self._address("GENERIC_ISSUER")
        endpoints = [self._address(name) for name in ENDPOINTS]
        named = [name for name in ENDPOINTS if name in self.environ]
        scope = self.environ.get("GENERIC_SCOPE", "openid email profile")
        if "GENERIC_ISSUER" in self.environ:
            return self._openid(issuer, client, mode, scope, named)
        if not named:
            self._problem("GENERIC_ISSUER", "is missing", f"or set {', '.join(ENDPOINTS)} for plain OAuth 2.0")
        else:
            for name in ENDPOINTS:
                if name not in named:
                    self._problem(name, "is missing", "plain OAuth 2.0 needs all three endpoints")
        return self._oauth(endpoints, client, mode, scope)

    def _openid(
        self, issuer: str | None, client: Client | None, mode: ResponseMode, scope: str, named: list[str]
    ) -> Provider | None:
        for name in named:
            self._problem(name, "contradicts GENERIC_ISSUER", "the issuer's metadata names its endpoints; remove one")
        if "openid" not in scope.split():
            self._problem("GENERIC_SCOPE", "lacks openid", "a provider with an issuer gives ID tokens for it only")
        if issuer is None or client is None or self.problems:
            return None
        return OpenIdProvider(issuer, client, scope=scope, response_mode=mode)

    def _oauth(
        self, endpoints: list[str | None], client: Client | None, mode: ResponseMode, scope: str
    ) -> Provider | None:
        authorization, token, userinfo = endpoints
        if authorization is None or token is None or userinfo is None or client is None:
            return None
        namespace = self.environ.get("GENERIC_NAMESPACE", parse_http_url(token).origin)
        return OAuthProvider(namespace, client, authorization, token, userinfo, scope=scope, response_mode=mode)

    def _client(self) -> Client | None:
        default = AuthenticationMethod.BASIC
        if self.environ.get("GENERIC_INCLUDE_CLIENT_ID", "false").lower() == "true":
            default = AuthenticationMethod.POST
        method = self._choice("GENERIC_CLIENT_AUTHENTICATION", AuthenticationMethod, default)
        client_id, secret = self.environ.get("GENERIC_CLIENT_ID"), self.environ.get("GENERIC_CLIENT_SECRET")
        if client_id is None:
            self._problem("GENERIC_CLIENT_ID", "is missing", "the id under which the provider knows this service")
        public = method is AuthenticationMethod.NONE
        if secret is None and not public:
            self._problem("GENERIC_CLIENT_SECRET", "is missing", "or GENERIC_CLIENT_AUTHENTICATION=none without one")
        if secret is not None and public:
            self._problem("GENERIC_CLIENT_SECRET", "contradicts GENERIC_CLIENT_AUTHENTICATION=none", "remove one")
        if client_id is None or (secret is None) is not public:
            return None
        return Client(client_id, None if secret is None else Secret(secret), method)

    def _choice(self, name: str, choices: type[E], default: E) -> E:
        value = self.environ.get(name, default.value)
        known = {choice.value: choice for choice in choices}
        if value not in known:
            self._problem(name, "is not known", f"one of {', '.join(known)}")
        return known.get(value, default)

    def _address(self, name: str) -> str | None:
        value = self.environ.get(name)
        if value is None:
            return None
        try:
            url = parse_http_url(value)
        except WireError as error:
            self._problem(name, f"is no usable address: {error}")
            return None
        if url.scheme == "http" and not url.is_loopback:
            self._problem(name, "is plain http", "only https, or http on the loopback of this machine")
            return None
        return value

    def sealing_keys(self) -> SealingKeys | None:
        value = self.environ.get("SSO_SEALING_KEYS")
        if value is None:
            return None
        try:
            return SealingKeys(tuple(b64url_decode(part.strip()) for part in value.split(",")))
        except ValueError:
            self._problem("SSO_SEALING_KEYS", "is not usable", "base64url of 32 random bytes each, the newest first")
            return None
