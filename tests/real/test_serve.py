"""`sso-core serve` as an operator starts it: a command, an environment, and a provider that others wrote."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from commands import PATIENCE, environment, running
from parts.real_provider import RealProvider

pytestmark = pytest.mark.real

Naming = Callable[[RealProvider], dict[str, str]]

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
GROUPS = {
    "GENERIC_SCOPE": "openid email profile groups",
    "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM": "groups",
    "GENERIC_ROLE_MAPPINGS_ROLES": json.dumps({"proxy_admin": ["friends of alice"], "internal_user": ["staff"]}),
}
FRIENDS_ONLY = {"SSO_RESTRICTED_GROUP": "friends of alice", "SSO_GROUP_JWT_FIELD": "groups"}


def registration(provider: RealProvider, kind: str = "basic") -> dict[str, str]:
    """The client as the operator names it."""
    client = provider.clients[kind]
    secret = {} if client.client_secret is None else {"GENERIC_CLIENT_SECRET": client.client_secret}
    return {
        "GENERIC_CLIENT_ID": client.client_id,
        "GENERIC_CLIENT_AUTHENTICATION": client.auth_method,
        "GENERIC_RESPONSE_MODE": client.response_mode or "query",
        **secret,
    }


def named_by_issuer(provider: RealProvider) -> dict[str, str]:
    """OpenID Connect, by discovery."""
    return {"GENERIC_ISSUER": provider.issuer}


def named_by_endpoints(provider: RealProvider) -> dict[str, str]:
    """Plain OAuth 2.0, as environments of the reference have it."""
    answer = httpx.get(f"{provider.issuer}/.well-known/openid-configuration", trust_env=False, timeout=PATIENCE)
    metadata = answer.json()
    return {f"GENERIC_{name.upper()}": metadata[name] for name in ENDPOINTS}


NAMINGS: list[Naming] = [named_by_issuer, named_by_endpoints]


def registered_at(provider: RealProvider) -> tuple[str, str]:
    """Return the redirect URI that the provider knows, and the port that the service has to listen at for it."""
    uri = next(uri for uri in provider.redirect_uris if urlsplit(uri).path == "/sso/callback")
    return uri, str(urlsplit(uri).port)


def come_in(provider: RealProvider, browser: httpx.Client, name: str, return_to: str = "/") -> httpx.Response:
    """Go to the provider and come back with its answer."""
    begun = browser.get("/sso/key/generate", params={"return_to": return_to})
    assert begun.status_code == 303, begun.text
    callback = provider.sign_in(begun.headers["location"], name)
    return browser.request(callback.method, callback.url, data=dict(callback.form) or None)


@pytest.mark.parametrize("kind", ["basic", "public", "form_post"])
def test_a_person_signs_in_at_the_command_and_a_signal_ends_it(
    oidc_provider: RealProvider, kind: str, tmp_path: Path
) -> None:
    registered, port = registered_at(oidc_provider)
    env = environment(**registration(oidc_provider, kind), **named_by_issuer(oidc_provider))
    with running("serve", "--port", port, "--log", "json", env=env, cwd=tmp_path) as served:
        assert registered == f"{served.address}/sso/callback"
        with httpx.Client(base_url=served.address, trust_env=False, timeout=PATIENCE) as browser:
            assert browser.get("/sso/session").status_code == 401
            arrived = come_in(oidc_provider, browser, "alice", "/notes?page=2")
            assert (arrived.status_code, arrived.headers["location"]) == (303, "/notes?page=2")

            told = browser.get("/sso/session")
            assert told.status_code == 200
            person = told.json()
            assert (person["signed_in"], person["issuer"], person["subject"], person["email"]) == (
                True,
                oidc_provider.issuer,
                "alice",
                "alice@example.test",
            )
        status, complaints, _ = served.interrupt(signal.SIGTERM)
        assert status == 0
        events = [json.loads(line) for line in complaints.splitlines()]
        assert [event["kind"] for event in events] == ["account_created", "signed_in"]
        assert {event["subject"] for event in events} == {"alice"}
    files = {path.name for path in (tmp_path / "sso-data").iterdir()}
    assert files == {"directory.sqlite3", "session.key", "short_lived.sqlite3"}


@pytest.mark.parametrize("naming", NAMINGS)
def test_groups_give_roles_and_let_in_however_the_provider_is_named(
    oidc_provider: RealProvider, naming: Naming, tmp_path: Path
) -> None:
    _, port = registered_at(oidc_provider)
    env = environment(**registration(oidc_provider), **naming(oidc_provider), **GROUPS)
    roles: dict[str, str] = {}
    with running("serve", "--port", port, env=env, cwd=tmp_path) as served:
        for name in ("alice", "bob"):
            with httpx.Client(base_url=served.address, trust_env=False, timeout=PATIENCE) as browser:
                assert come_in(oidc_provider, browser, name).status_code == 303
                person = browser.get("/sso/session").json()
                roles[person["subject"]] = person["role"]
    assert roles == {"alice": "proxy_admin", "bob": "internal_user"}


@pytest.mark.parametrize("naming", NAMINGS)
def test_a_restricted_group_keeps_the_others_out(oidc_provider: RealProvider, naming: Naming, tmp_path: Path) -> None:
    _, port = registered_at(oidc_provider)
    env = environment(**registration(oidc_provider), **naming(oidc_provider), **GROUPS, **FRIENDS_ONLY)
    with running("serve", "--port", port, env=env, cwd=tmp_path) as served:
        with httpx.Client(base_url=served.address, trust_env=False, timeout=PATIENCE) as browser:
            assert come_in(oidc_provider, browser, "alice").status_code == 303
            assert browser.get("/sso/session").status_code == 200
        with httpx.Client(base_url=served.address, trust_env=False, timeout=PATIENCE) as browser:
            refused = come_in(oidc_provider, browser, "bob")
            assert refused.status_code == 403
            assert "<code>not_in_group</code>" in refused.text
            assert browser.get("/sso/session").status_code == 401
