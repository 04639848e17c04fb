"""People who come for the first time, all at once or while the database fails, through the routes of a service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import attrs
import httpx
from rehearsal import CalledSender, Clock
from sqlalchemy import func, select

from sso_adapters.directories.schema import accounts, identities, memberships, teams
from sso_adapters.directories.sql import SqlDirectory
from sso_adapters.http.library import Library
from sso_adapters.pages import Pages
from sso_adapters.world import BlockingWorld, Store
from sso_adapters.wsgi import WsgiSignIn
from sso_core.accounts.policy import AccessPolicy
from sso_core.facts import Warm
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Person, ProviderState, RegisteredClient
from sso_core.testing.signing_keys import signing_key
from sso_core.web.site import Site

ADDRESS = "https://app.example"
ISSUER = "https://idp.example"
CROWD = 50
POLICY = AccessPolicy(REFERENCE_LADDER, email_domains=("example.com",), create_teams=True)
RULES = IdentityRules(team_claims=("teams",))
NOTHING = {"accounts": 0, "identities": 0, "teams": 0, "memberships": 0}
ONE_PERSON = {"accounts": 1, "identities": 1, "teams": 2, "memberships": 2}


def _person(name: str, domain: str = "example.com", *, verified: bool = True) -> Person:
    claims = (("email", f"{name}@{domain}"), ("email_verified", verified), ("teams", ["green", "blue"]))
    return Person(name, claims)


PEOPLE = (_person("erin"), _person("frank", "elsewhere.example"), _person("dave", verified=False))


@attrs.frozen
class Scene:
    """A service over a directory and a store, and the provider behind it."""

    application: WsgiSignIn
    directory: SqlDirectory
    op: FakeProvider
    clock: Clock

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Open a browser of its own."""
        with httpx.Client(transport=httpx.WSGITransport(self.application), base_url=ADDRESS) as client:
            yield client

    def visit_provider(self, client: httpx.Client, name: str = "erin") -> str:
        """Begin a login and sign in at the provider; return the path of the callback."""
        begun = client.get("/sso/key/generate")
        assert begun.status_code == 303, begun.text
        redirect = self.op.authorize(begun.headers["location"], name, self.clock())
        return redirect.url.removeprefix(ADDRESS)

    def login(self, name: str = "erin") -> int:
        """Sign in in a fresh browser; return the status of the callback."""
        with self.browser() as client:
            return client.get(self.visit_provider(client, name)).status_code

    def rows(self) -> dict[str, int]:
        """How much there is of what sign-in writes."""
        with self.directory.engine.connect() as connection:
            return {
                table.name.removeprefix("sso_"): connection.execute(
                    select(func.count()).select_from(table)
                ).scalar_one()
                for table in (accounts, identities, teams, memberships)
            }

    def come_at_once(self, names: Sequence[str]) -> list[tuple[int, str | None]]:
        """Let people come back from the provider at the same moment, each to a browser of their own.

        Returns the status of each callback, and the account whose session the browser has then.
        """
        start = Barrier(len(names))

        def come(name: str) -> tuple[int, str | None]:
            with self.browser() as client:
                path = self.visit_provider(client, name)
                start.wait()
                status = client.get(path).status_code
                told = client.get("/sso/session")
                return status, told.json()["account_id"] if told.status_code == 200 else None

        with ThreadPoolExecutor(len(names)) as threads:
            return list(threads.map(come, names))


def scene(directory: SqlDirectory, store: Store) -> Scene:
    """Set the scene over what a test opened."""
    clock = Clock()
    secret = Secret("secret")
    client = RegisteredClient("crowd", secret, redirect_uris=(f"{ADDRESS}/sso/callback",))
    op = FakeProvider(ProviderState(ISSUER, (client,), PEOPLE, (signing_key(),)))
    provider = OpenIdProvider(ISSUER, Client("crowd", secret), rules=RULES)
    settings = SignInSettings(Origin(ADDRESS), (provider,), policy=POLICY)
    sender = CalledSender(op, clock)
    world = BlockingWorld(sender, Library(sender, clock=clock), store, directory, clock=clock)
    return Scene(WsgiSignIn(Site(settings), world, warm=lambda _provider: Warm(), render=Pages()), directory, op, clock)


def check_one_account_and_many_sessions(scene: Scene) -> None:
    """Play one person's first logins, all at once."""
    arrived = scene.come_at_once(["erin"] * CROWD)
    assert [status for status, _ in arrived] == [303] * CROWD
    (account,) = {account for _, account in arrived}
    assert account is not None
    assert scene.rows() == ONE_PERSON


def check_refused_people_leave_nothing(scene: Scene) -> None:
    """Play people who may not come in, one after the other and at once."""
    for name in ("frank", "dave"):
        assert scene.login(name) == 401
    assert scene.come_at_once(["frank", "dave"] * 5) == [(401, None)] * 10
    assert scene.rows() == NOTHING
