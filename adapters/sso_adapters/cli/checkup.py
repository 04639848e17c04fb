"""What the doctor makes of what was seen: one function for each check, from answers to findings, without any I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import attrs

from sso_core.events import AccountFacts, Event, Found, HttpResponse, Missing
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure
from sso_core.oauth.client import AuthenticationMethod
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider
from sso_core.settings.environment import Problem
from sso_core.settings.sign_in import SignInSettings
from sso_core.settings.unsafe import UnsafeOption
from sso_core.wire import WireError, parse_json_object

DRIFT = 5.0
"""Seconds between two clocks that nobody needs to look after."""
DOCUMENT_LIMIT = 512 * 1024


class Verdict(Enum):
    """What a finding means for people who want to sign in."""

    OK = "ok"
    WARN = "warn"
    """They can, but somebody should know."""
    FAIL = "fail"
    """They cannot."""


@attrs.frozen
class Finding:
    """One thing that was looked at, and what to do about it."""

    check: str
    verdict: Verdict
    what: str
    hint: str = ""


def check_problems(problems: tuple[Problem, ...]) -> Iterator[Finding]:
    """Tell of settings that do not hold together."""
    for problem in problems:
        yield Finding("settings", Verdict.FAIL, f"{problem.variable} {problem.what}", problem.hint)


def check_notes(notes: tuple[Problem, ...]) -> Iterator[Finding]:
    """Tell of what was taken as it was written, and may yet be meant otherwise."""
    for note in notes:
        yield Finding("settings", Verdict.WARN, f"{note.variable} {note.what}", note.hint)


def check_redirects(settings: SignInSettings) -> Iterator[Finding]:
    """Say what has to be registered: only the provider knows whether it is."""
    for provider in settings.providers:
        uri = settings.redirect_uri(provider)
        yield Finding("redirect URI", Verdict.OK, f"register {uri} at the provider", "exactly so, to the last letter")
    if not settings.origin.is_secure:
        hint = "set PROXY_BASE_URL to the https address under which people reach the service"
        yield Finding("redirect URI", Verdict.WARN, "people on this machine only can sign in, over http", hint)


def check_proxies(settings: SignInSettings) -> Iterator[Finding]:
    """Say where limits take everybody for one address: https is not spoken by `serve`, so that a proxy is before it."""
    if settings.address_proxies or not settings.origin.is_secure:
        return
    what = (
        "https ends at a proxy, which is not named: everybody seems to come from its address, and is limited together"
    )
    hint = "SSO_ADDRESS_PROXIES names it, and it has to add to X-Forwarded-For"
    yield Finding("proxy", Verdict.WARN, what, hint)


def check_unsafe(options: tuple[UnsafeOption, ...]) -> Iterator[Finding]:
    """Name every option that gives up a protection, loudly, with what it lets happen."""
    for option in options:
        yield Finding("unsafe", Verdict.WARN, f"UNSAFE {option.name}: {option.what}", f"instead: {option.instead}")
    if not options:
        yield Finding("unsafe", Verdict.OK, "none: no protection is given up")


def check_discovery(issuer: str, read: ProviderMetadata | Failure) -> Finding:
    """Say whether the provider publishes what it is, for exactly this issuer."""
    if isinstance(read, Failure):
        return Finding("discovery", Verdict.FAIL, read.detail, read.hint)
    return Finding("discovery", Verdict.OK, f"{issuer} says where its endpoints are, and calls itself so")


def check_plain(provider: OAuthProvider) -> Finding:
    """Say what a plain provider cannot be asked."""
    what = f"plain OAuth 2.0 at {provider.token_endpoint}: it publishes nothing that could be checked"
    return Finding("discovery", Verdict.WARN, what, "where it has an issuer, GENERIC_ISSUER makes every check possible")


def check_capabilities(provider: OpenIdProvider, answer: HttpResponse) -> Iterator[Finding]:
    """Hold what the provider says it can do to what a login asks of it."""
    try:
        document = parse_json_object(answer.body, limit=DOCUMENT_LIMIT)
    except WireError:
        return
    yield _check_pkce(_listed(document, "code_challenge_methods_supported"))
    yield _check_response_issuer(document.get("authorization_response_iss_parameter_supported") is True)
    yield _check_authentication(provider.client.method, _listed(document, "token_endpoint_auth_methods_supported"))
    scopes = _listed(document, "scopes_supported")
    unknown = [] if scopes is None else [scope for scope in provider.scope.split() if scope not in scopes]
    if unknown:
        hint = "some providers list not all of theirs; compare GENERIC_SCOPE"
        yield Finding("scopes", Verdict.WARN, f"the provider does not list {', '.join(unknown)}", hint)


def _listed(document: Mapping[str, Any], name: str) -> list[Any] | None:
    value = document.get(name)
    return value if isinstance(value, list) else None


def _check_pkce(methods: list[Any] | None) -> Finding:
    if methods is not None and "S256" in methods:
        return Finding("PKCE", Verdict.OK, "the provider lists S256")
    what = "the provider does not say that it knows S256" if methods is None else "the provider lists no S256"
    return Finding(
        "PKCE", Verdict.WARN, what, "it is sent all the same; without it the nonce alone ties code and login"
    )


def _check_response_issuer(promised: bool) -> Finding:  # noqa: FBT001 -- a fact, named at its one caller
    if promised:
        return Finding("response issuer", Verdict.OK, "each answer names its issuer (RFC 9207)")
    what = "answers do not name their issuer (RFC 9207)"
    return Finding("response issuer", Verdict.OK, what, "each provider has a callback of its own, which does instead")


def _check_authentication(method: AuthenticationMethod, methods: list[Any] | None) -> Finding:
    known = ["client_secret_basic"] if methods is None else methods  # OIDC Discovery 3
    if method.value in known:
        return Finding("client", Verdict.OK, f"the provider takes {method.value}")
    hint = f"GENERIC_CLIENT_AUTHENTICATION may be one of what it lists: {', '.join(map(str, known))[:200]}"
    return Finding("client", Verdict.FAIL, f"the provider does not take {method.value}", hint)


def check_keys(provider: OpenIdProvider, metadata: ProviderMetadata, read: KeySet | Failure) -> Finding:
    """Say whether a token of the provider can be verified, with which keys and algorithms."""
    if isinstance(read, Failure):
        return Finding("keys", Verdict.FAIL, read.detail, read.hint)
    allowed = set(provider.algorithms) & set(metadata.id_token_algorithms)
    fitting = [key for key in read.keys if key.algorithms & allowed]
    names = ", ".join(name for name in metadata.id_token_algorithms if any(name in key.algorithms for key in fitting))
    if not fitting:
        hint = "it signs with other algorithms, weak keys, or shared secrets, which are not taken"
        return Finding("keys", Verdict.FAIL, f"none of the provider's {len(read.keys)} keys can be used", hint)
    return Finding("keys", Verdict.OK, f"{len(fitting)} of {len(read.keys)} usable, for {names}")


def check_clock(answer: HttpResponse, *, now: float, leeway: float) -> Finding:
    """Compare the provider's clock with ours: tokens are good from one moment to another."""
    said = next((value for name, value in answer.headers if name == "date"), None)
    try:
        drift = now - parsedate_to_datetime(said or "").timestamp()
    except ValueError:
        return Finding("clock", Verdict.WARN, "the provider does not say what time it is")
    if abs(drift) <= DRIFT:
        return Finding("clock", Verdict.OK, f"within {DRIFT:.0f} s of the provider's")
    what = f"{abs(drift):.0f} s {'ahead of' if drift > 0 else 'behind'} the provider's"
    verdict = Verdict.WARN if abs(drift) <= leeway else Verdict.FAIL
    return Finding(
        "clock", verdict, what, f"beyond {leeway:.0f} s no token is good; have this machine keep time by NTP"
    )


def check_store(event: Event) -> Finding:
    """Say whether logins and sessions can be kept."""
    if isinstance(event, Found | Missing):
        return Finding("store", Verdict.OK, "logins and sessions can be read")
    return Finding("store", Verdict.FAIL, f"logins and sessions cannot be read: {getattr(event, 'why', '')}")


def check_directory(event: Event) -> Finding:
    """Say whether accounts can be looked up."""
    if isinstance(event, AccountFacts):
        return Finding("directory", Verdict.OK, "accounts can be looked up")
    return Finding("directory", Verdict.FAIL, f"accounts cannot be looked up: {getattr(event, 'why', '')}")
