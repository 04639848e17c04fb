"""`sso-core serve` as an operator starts it: a command, an environment, and a provider that others wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

import httpx
import pytest
from parts.real_provider import RealProvider

pytestmark = pytest.mark.real

COMMAND = (sys.executable, "-c", "import sys; from sso_adapters.cli.main import main; sys.exit(main())")
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


def environment(provider: RealProvider, kind: str) -> dict[str, str]:
    """What the operator sets, and nothing that another service of this machine may have been told."""
    client = provider.clients[kind]
    mine = {
        "GENERIC_ISSUER": provider.issuer,
        "GENERIC_CLIENT_ID": client.client_id,
        "GENERIC_CLIENT_AUTHENTICATION": client.auth_method,
        **({} if client.client_secret is None else {"GENERIC_CLIENT_SECRET": client.client_secret}),
    }
    foreign = ("DATABASE_", "GENERIC_", "PROXY_", "REDIS_", "SSO_")
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and "proxy" not in name.lower()
    }
    return {**bare, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'adapters'}", "PYTHONWARNINGS": "error", **mine}


@contextmanager
def serving(env: dict[str, str], folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command for as long as the context lasts; yield its process and the address that it says."""
    with subprocess.Popen(
        (*COMMAND, "serve", "--port", str(port)),
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        alarm = Timer(PATIENCE, process.kill)
        alarm.start()
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            word, _, address = process.stdout.readline().strip().partition(": ")
            assert word == "Ready", process.stderr.read()
            yield process, address
        finally:
            alarm.cancel()
            process.kill()


@pytest.mark.parametrize("kind", ["basic", "public", "form_post"])
def test_a_person_signs_in_at_the_command_and_a_signal_ends_it(
    oidc_provider: RealProvider, kind: str, tmp_path: Path
) -> None:
    registered = next(uri for uri in oidc_provider.redirect_uris if urlsplit(uri).path == "/sso/callback")
    port = urlsplit(registered).port
    assert port is not None
    env = environment(oidc_provider, kind) | {"GENERIC_RESPONSE_MODE": "form_post" if kind == "form_post" else "query"}
    with serving(env, tmp_path, port) as (process, address):
        assert registered == f"{address}/sso/callback"
        with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE) as browser:
            assert browser.get("/sso/session").status_code == 401

            begun = browser.get("/sso/key/generate", params={"return_to": "/notes?page=2"})
            assert begun.status_code == 303
            callback = oidc_provider.sign_in(begun.headers["location"], "alice")
            arrived = browser.request(callback.method, callback.url, data=dict(callback.form) or None)
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
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (0, "")
    assert {path.name for path in (tmp_path / "sso-data").iterdir()} == {"directory.sqlite3", "short_lived.sqlite3"}
