"""What providers are known to complain about, and what an operator can do: hints beside what was said."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sso_core.failures import Failure
from sso_core.wire import WireError, parse_http_url

_PKCE = ("pkce", "code verifier", "code_verifier", "code challenge", "code_challenge")
"""How providers call it, in small letters."""


def speaks_of_pkce(text: str) -> bool:
    """Whether a provider's error is about PKCE (RFC 7636)."""
    lowered = text.lower()
    return any(word in lowered for word in _PKCE)


def is_okta(endpoints: Iterable[str]) -> bool:
    """Whether one of the addresses is at a host with Okta in its name."""
    return any("okta" in _host(endpoint) for endpoint in endpoints)


def _host(endpoint: str) -> str:
    try:
        return parse_http_url(endpoint).host
    except WireError:
        return ""


def with_hint(failure: Failure, endpoints: Iterable[str]) -> Failure:
    """Return the failure, with a hint where the provider's words are about PKCE.

    It is always sent here, so what is wrong is at the provider, or on the way.
    """
    if not speaks_of_pkce(failure.detail):
        return failure
    where = _AT_OKTA if is_okta(endpoints) else "see how this client is set up at the provider"
    return attrs.evolve(failure, hint=f"{_ALWAYS}; {where}; {_ON_THE_WAY}")


_ALWAYS = "each login here sends an S256 challenge and its verifier"
_AT_OKTA = "in Okta's console, see the app's client credentials, where PKCE can be required"
_ON_THE_WAY = "or whether a proxy drops code_challenge or code_verifier"
