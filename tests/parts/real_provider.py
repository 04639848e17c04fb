"""What a test holds of a running provider: its issuer, its registered clients, and people who sign in there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import attrs
import httpx

from parts.person import Callback, Habits, Person


@attrs.frozen
class RealClient:
    """A client as it is registered at the provider, in the words of OIDC Registration 2."""

    client_id: str
    client_secret: str | None
    auth_method: str = "client_secret_basic"
    id_token_alg: str = "RS256"
    response_mode: str | None = None
    """Not registered: what the test has to ask for at the authorization endpoint, None for the default."""
    userinfo_alg: str | None = None
    """The algorithm under which the userinfo answer is a JWT, None for JSON."""
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False


@attrs.frozen
class RealProvider:
    """A provider that runs for as long as the fixture that gave it.

    `clients` are keyed by what is particular about them ("basic", "post", "public", "form_post", …); every provider
    has "basic", "post" and "public". `people` may sign in; None means that any name may.
    """

    name: str
    issuer: str
    redirect_uris: tuple[str, ...]
    clients: Mapping[str, RealClient]
    people: tuple[str, ...] | None
    habits: Habits
    rotation_url: str | None = None

    @property
    def redirect_uri(self) -> str:
        """The first redirect URI: the one to take when it does not matter."""
        return self.redirect_uris[0]

    @property
    def post_logout_redirect_uris(self) -> tuple[str, ...]:
        """Where people may be sent after a logout at the provider."""
        return post_logout_redirect_uris(self.redirect_uris)

    def person(self, username: str) -> Person:
        """Return somebody with a fresh browser, who has to be closed; a second visit finds the first one's session.

        Raises ValueError when the provider does not know the name.
        """
        if self.people is not None and username not in self.people:
            raise ValueError(f"{self.name} knows {self.people}, not {username!r}")
        return Person(username, self.redirect_uris, self.habits)

    def sign_in(self, authorization_url: str, username: str, *, agree: bool = True) -> Callback:
        """Go from the authorization URL to the callback in a fresh browser; the callback itself is not requested.

        With `agree=False` the person signs in and then refuses consent.
        """
        with closing(self.person(username)) as person:
            return person.visit(authorization_url, agree=agree)

    def rotate_keys(self) -> tuple[str, ...]:
        """Replace every signature key of the living provider and return the new key identifiers.

        Raises LookupError where the provider has no way to do so.
        """
        if self.rotation_url is None:
            raise LookupError(f"{self.name} keeps its keys for as long as it runs")
        answer = httpx.post(self.rotation_url, trust_env=False, verify=False, timeout=30)
        answer.raise_for_status()
        return tuple(answer.json()["kids"])


def post_logout_redirect_uris(redirect_uris: tuple[str, ...]) -> tuple[str, ...]:
    """Return the root of each origin that the redirect URIs have, and where a service takes people back, once each."""
    paths = (b"/", b"/sso/logout/return")
    return tuple(dict.fromkeys(str(httpx.URL(uri).copy_with(raw_path=path)) for uri in redirect_uris for path in paths))
