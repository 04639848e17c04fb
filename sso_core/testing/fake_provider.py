"""A provider that is a function: of a request, of its own state, and of the time it is told.

    authorize(state, url, person=..., now=...)  a person signs in and consents   -> (state, Redirect)
    deny(state, url)                            a person declines                -> (state, Redirect)
    end_session(state, url)                     a person signs out there         -> (state, Redirect)
    answer(state, request, now=...)             the relying party asks           -> (state, HttpResponse)

It is as strict as the specifications allow, so that what passes here passes elsewhere: `state.surprises` says what no
sound relying party does. `FakeProvider` holds the state for those who do not care to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import attrs

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.testing.authorization_endpoint import authorize, deny
from sso_core.testing.documents import json_answer, key_set, metadata, userinfo
from sso_core.testing.provider_state import ProviderState, Redirect, example_provider
from sso_core.testing.signing_out import end_session, logout_form
from sso_core.testing.token_endpoint import exchange_code, header

T = TypeVar("T")

WELL_KNOWN = "/.well-known/"
OPENID_CONFIGURATION = "openid-configuration"
AUTHORIZATION_SERVER = "oauth-authorization-server"


def answer(state: ProviderState, request: HttpRequest, *, now: float) -> tuple[ProviderState, HttpResponse]:
    """Answer a request of the relying party.

    An address that the provider did not publish is answered with 404, a method that it does not offer with 405; both
    are surprises.
    """
    state = attrs.evolve(state, requests=(*state.requests, request))
    known = _endpoints(state).get(request.url)
    if known is None:
        return state.surprised(f"nothing is published at {_bare(request.url)}"), json_answer({}, status=404)
    name, method, play = known
    state = state.seeing(name)
    if request.method != method:
        return state.surprised(f"{name} was asked by {request.method}"), json_answer({}, status=405)
    return play(state, request, now)


Play = Callable[[ProviderState, HttpRequest, float], tuple[ProviderState, HttpResponse]]


def _endpoints(state: ProviderState) -> dict[str, tuple[str, str, Play]]:
    paths = state.paths
    endpoints: dict[str, tuple[str, str, Play]] = {
        state.endpoint(paths.token): ("token", "POST", exchange_code),
        state.endpoint(paths.userinfo): ("userinfo", "GET", _userinfo),
    }
    if state.openid:
        issuer = urlsplit(state.issuer)
        origin, path = f"{issuer.scheme}://{issuer.netloc}", issuer.path.rstrip("/")
        published = ("metadata", "GET", _metadata), ("metadata", "GET", _nothing)
        endpoints |= {
            state.endpoint(paths.keys): ("keys", "GET", _keys),
            f"{origin}{path}{WELL_KNOWN}{OPENID_CONFIGURATION}": published[
                OPENID_CONFIGURATION not in state.published_at
            ],
            f"{origin}{WELL_KNOWN}{AUTHORIZATION_SERVER}{path}": published[
                AUTHORIZATION_SERVER not in state.published_at
            ],
        }
    return endpoints


def _bare(url: str) -> str:
    """Return an address without its query, which may hold a secret."""
    return url.partition("?")[0]


def _metadata(state: ProviderState, _request: HttpRequest, _now: float) -> tuple[ProviderState, HttpResponse]:
    return state, state.alterations.metadata_answer(json_answer(metadata(state)))


def _nothing(state: ProviderState, _request: HttpRequest, _now: float) -> tuple[ProviderState, HttpResponse]:
    """Answer who looks for metadata in the other place: that is how it is found, hence no surprise."""
    return state, json_answer({}, status=404)


def _keys(state: ProviderState, _request: HttpRequest, _now: float) -> tuple[ProviderState, HttpResponse]:
    return state, state.alterations.keys_answer(json_answer(key_set(state)))


def _userinfo(state: ProviderState, request: HttpRequest, _now: float) -> tuple[ProviderState, HttpResponse]:
    """Answer about the person whose token comes in the header, the one place it may come in (RFC 6750 2.1)."""
    scheme, _, token = header(request, "authorization").partition(" ")
    grant = state.grant(access_token=token) if scheme.lower() == "bearer" else None
    client = state.client(grant.client_id) if grant is not None else None
    if grant is None or client is None:
        challenge = (("www-authenticate", 'Bearer error="invalid_token"'),)
        return state, HttpResponse(401, b"", challenge)
    return state, state.alterations.userinfo_answer(userinfo(state, client, grant))


class FakeProvider:
    """A provider with a memory, for tests that ask it from one thread or from many.

    Each step replaces the state as a whole. Of two steps that start from one state, one wins and the other is played
    again: no grant and no entry of the log is ever lost, and no thread holds what another waits for.
    """

    def __init__(self, state: ProviderState | None = None) -> None:
        self._latest = (0, example_provider() if state is None else state)
        self._claims: dict[int, object] = {}

    @property
    def state(self) -> ProviderState:
        """What the provider is and knows now."""
        return self._latest[1]

    def change(self, step: Callable[[ProviderState], ProviderState]) -> None:
        """Change the provider between two requests: rotate its keys, move its endpoints, forget its past."""
        self._play(lambda state: (step(state), None))

    def authorize(self, url: str, person: str, now: float) -> Redirect:
        """Play the visit of a person who consents."""
        return self._play(lambda state: authorize(state, url, person=person, now=now))

    def deny(self, url: str, error: str = "access_denied", description: str = "") -> Redirect:
        """Play a visit that ends without a grant."""
        return self._play(lambda state: deny(state, url, error=error, description=description))

    def end_session(self, url: str) -> Redirect:
        """Play the visit of a person who signs out."""
        return self._play(lambda state: end_session(state, url))

    def logout_form(
        self, client_id: str, now: float, *, subject: str | None = None, sid: str | None = None
    ) -> dict[str, str]:
        """Return what the provider posts to a client when somebody has signed out."""
        return self._play(lambda state: logout_form(state, client_id, now=now, subject=subject, sid=sid))

    def answer(self, request: HttpRequest, now: float) -> HttpResponse:
        """Answer a request of the relying party."""
        return self._play(lambda state: answer(state, request, now=now))

    def _play(self, step: Callable[[ProviderState], tuple[ProviderState, T]]) -> T:
        while True:
            version, before = self._latest
            after, result = step(before)
            mine = object()
            # `setdefault` is one step of the interpreter: the first claim on a version stands.
            if self._claims.setdefault(version, mine) is mine:
                self._latest = (version + 1, after)
                return result
