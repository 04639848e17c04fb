"""Real providers and a real database for the tests of this folder: session-scoped, started when the first test asks,
ended at the end. A part that cannot be fetched or started is an error with its last output, never a skip.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The package `parts` is beside this folder; `tests` itself is no package and on nobody's path. Last come the scenes
# that the adapters' tests share with these.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[1] / "adapters"))

from parts import postgresql, providers
from parts.postgresql import RealPostgresql
from parts.real_provider import RealProvider


@pytest.fixture(scope="session")
def redirect_uris() -> tuple[str, ...]:
    """What every client of every provider has registered; the first is for tests in which nobody listens there."""
    paths = ("", "/oidc-provider", "/canaille", "/django-oauth-toolkit")
    return tuple(f"http://127.0.0.1:{port}/sso/callback{path}" for port in range(4800, 4804) for path in paths)


@pytest.fixture(scope="session")
def oidc_provider(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """npm's `oidc-provider`: the certified one, with every kind of client."""
    with providers.oidc_provider(redirect_uris) as provider:
        yield provider


@pytest.fixture(scope="session")
def oidc_provider_with_path(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """The same as `oidc_provider`, with an issuer that has a path."""
    with providers.oidc_provider(redirect_uris, path="/tenant/op") as provider:
        yield provider


@pytest.fixture(scope="session")
def canaille(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """Canaille: Authlib's idea of a provider."""
    with providers.canaille(redirect_uris) as provider:
        yield provider


@pytest.fixture(scope="session")
def django_oauth_toolkit(redirect_uris: tuple[str, ...]) -> Iterator[RealProvider]:
    """Django OAuth Toolkit: oauthlib's idea of a provider."""
    with providers.django_oauth_toolkit(redirect_uris) as provider:
        yield provider


@pytest.fixture(
    scope="session", params=["oidc_provider", "oidc_provider_with_path", "canaille", "django_oauth_toolkit"]
)
def real_provider(request: pytest.FixtureRequest) -> RealProvider:
    """Each provider in turn; only the one at hand is started."""
    provider: RealProvider = request.getfixturevalue(request.param)
    return provider


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[RealPostgresql]:
    """PostgreSQL, for tests that leave it running."""
    with postgresql.running() as server:
        yield server
