from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from commands import (
    PROMPTLY,
    Served,
    at_the_provider,
    browser,
    demo,
    environment,
    free_ports,
    run_to_its_end,
    running,
    sign_in,
)

pytestmark = pytest.mark.command


def test_a_person_signs_in_at_the_demo_and_out_again(tmp_path: Path) -> None:
    with demo(tmp_path) as served, browser() as client:
        assert client.get(f"{served.address}/sso/session").status_code == 401
        back = sign_in(client, served.address)
        assert (back.status_code, back.headers["location"]) == (303, "/")
        told = client.get(f"{served.address}/sso/session")
        assert told.status_code == 200
        assert told.json()["subject"] == "alice"
        home = client.get(served.address)
        assert "Alice Example" in home.text
        assert "SignedIn" in home.text
        out = client.post(f"{served.address}/sso/sign-out")
        assert (out.status_code, out.headers["location"]) == (303, "/")
        assert client.get(f"{served.address}/sso/session").status_code == 401
        status, complaints, _ = served.interrupt()
        assert (status, complaints) == (0, "")


def test_the_demo_leaves_nothing_behind_where_it_was_started(tmp_path: Path) -> None:
    with demo(tmp_path, SSO_DATA_DIR="") as served:
        assert served.interrupt()[:2] == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_demo_says_who_can_sign_in(tmp_path: Path) -> None:
    with demo(tmp_path) as served:
        assert "alice" in served.said[0]
        assert served.said[-1] == f"Ready: {served.address}"


def test_a_wrong_password_shows_the_form_again(tmp_path: Path) -> None:
    with demo(tmp_path) as served, browser() as client:
        there = at_the_provider(client, served.address)
        for form in ({"username": "alice", "password": "bob"}, {"username": "nobody", "password": "nobody"}, {}):
            again = client.post(there, data=form)
            assert again.status_code == 401
            assert 'name="password"' in again.text
            assert "do not belong together" in again.text
        assert client.post(there, data={"username": "alice", "password": "alice"}).status_code == 303


def test_who_declines_gets_a_page_that_says_so(tmp_path: Path) -> None:
    with demo(tmp_path) as served, browser() as client:
        there = at_the_provider(client, served.address)
        declined = client.post(there, data={"cancel": "yes"})
        refused = client.get(declined.headers["location"])
        assert refused.status_code == 403
        assert "<code>access_denied</code>" in refused.text
        left = client.get(urljoin(served.address, refused.headers["refresh"].partition("url=")[2]))
        assert left.status_code == 403
        assert "<code>access_denied</code>" in left.text
        assert client.get(f"{served.address}/sso/session").status_code == 401
        status, complaints, _ = served.interrupt()
        assert status == 0
        assert re.fullmatch(r"refused code=access_denied .* path=/sso/callback .*\n", complaints)


def test_an_interrupt_ends_it_promptly_although_a_connection_is_open(tmp_path: Path) -> None:
    with demo(tmp_path) as served, browser() as client:
        assert client.get(served.address).status_code == 200
        status, complaints, seconds = served.interrupt()
        assert (status, complaints) == (0, "")
        assert seconds < PROMPTLY


@pytest.mark.parametrize("which", ["--port", "--provider-port"])
def test_a_busy_port_is_told_in_one_line(which: str, tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken, free = busy.getsockname()[1], free_ports(1)[0]
        other = "--provider-port" if which == "--port" else "--port"
        arguments = ("demo", "--no-open", which, str(taken), other, str(free))
        ended = run_to_its_end(*arguments, env=environment(), cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert re.fullmatch(r"sso-core: .*in use.*\n", ended.stderr)


def test_a_port_that_cannot_be_is_a_mistake_of_usage(tmp_path: Path) -> None:
    ended = run_to_its_end("demo", "--port", "70000", env=environment(), cwd=tmp_path)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_missing_settings_are_named_at_once_and_nothing_is_started(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    env = environment(PROXY_BASE_URL="ftp://nowhere", GENERIC_RESPONSE_MODE="smoke")
    ended = run_to_its_end("serve", "--port", str(port), env=env, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    for variable in ("PROXY_BASE_URL", "GENERIC_RESPONSE_MODE", "GENERIC_CLIENT_ID", "GENERIC_ISSUER"):
        assert variable in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_data_folder_that_is_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    port, provider_port = free_ports(2)
    arguments = ("demo", "--no-open", "--port", str(port), "--provider-port", str(provider_port))
    ended = run_to_its_end(*arguments, env=environment(SSO_DATA_DIR=str(tmp_path / "data")), cwd=tmp_path)
    assert ended.returncode == 1
    assert re.fullmatch(r"sso-core: the service cannot start: .*\n", ended.stderr)


@contextmanager
def serve(tmp_path: Path, issuer: str, folder: Path) -> Iterator[Served]:
    (port,) = free_ports(1)
    settings = {
        "GENERIC_ISSUER": issuer,
        "GENERIC_CLIENT_ID": "sso-core-demo",
        "GENERIC_CLIENT_SECRET": "not-the-demos-own",
        "SSO_DATA_DIR": str(folder),
    }
    with running("serve", "--port", str(port), env=environment(**settings), cwd=tmp_path) as served:
        assert served.address == f"http://127.0.0.1:{port}"
        yield served


def test_serve_sends_people_to_the_provider_that_the_environment_names(tmp_path: Path) -> None:
    folder = tmp_path / "somewhere" / "data"
    with demo(tmp_path) as provider:
        issuer = re.search(r"http://localhost:\d+", " ".join(provider.said))
        assert issuer is not None
        with serve(tmp_path, issuer.group(), folder) as served, browser() as client:
            at_the_provider(client, served.address)
            assert served.interrupt()[:2] == (0, "")
    path = folder / "directory.sqlite3"
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(path) as directory:
        assert directory.execute("SELECT count(*) FROM sso_accounts").fetchone() == (0,)
    directory.close()


def test_accounts_of_the_demo_outlast_it_in_a_folder_that_is_named(tmp_path: Path) -> None:
    seen: list[str] = []
    for _ in range(2):
        with demo(tmp_path, SSO_DATA_DIR=str(tmp_path / "data")) as served, browser() as client:
            sign_in(client, served.address)
            seen.append(client.get(f"{served.address}/sso/session").json()["subject"])
            assert served.interrupt()[:2] == (0, "")
    assert seen == ["alice", "alice"]
    with sqlite3.connect(tmp_path / "data" / "directory.sqlite3") as directory:
        # The demo's provider has an address of its own each time here, and so is another issuer.
        query = "SELECT subject, revision FROM sso_identities JOIN sso_accounts USING (account_id)"
        assert directory.execute(query).fetchall() == [("alice", 1), ("alice", 1)]
    directory.close()


SERVABLE = {"GENERIC_ISSUER": "http://localhost:9", "GENERIC_CLIENT_ID": "x", "GENERIC_CLIENT_SECRET": "secret-canary"}
KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"


@pytest.mark.parametrize(
    ("settings", "status", "sentence"),
    [
        ({"REDIS_URL": "redis://:canary@/?answer=42"}, 1, "the service cannot start: the URL of the store"),
        ({"DATABASE_URL": "sqlite:///nowhere/at/all"}, 1, "the service cannot start: "),
        ({"DATABASE_URL": "postgresql://:canary@127.0.0.1:port/x", "SSO_SESSION_KEYS": KEY}, 1, "cannot start: "),
        ({"DATABASE_URL": "postgresql://:canary@127.0.0.1:9/x"}, 2, "SSO_SESSION_KEYS is missing"),
    ],
)
def test_what_cannot_be_used_at_all_is_told_in_a_sentence(
    settings: dict[str, str], status: int, sentence: str, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    ended = run_to_its_end("serve", "--port", str(port), env=environment(**SERVABLE, **settings), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "canary" not in ended.stderr


def test_serve_starts_although_its_servers_are_down_and_says_so(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = {
        "DATABASE_URL": "postgresql://somebody:canary@127.0.0.1:9/x",
        "REDIS_URL": "redis://:canary@127.0.0.1:9/0",
        "SSO_SESSION_KEYS": KEY,
    }
    env = environment(**SERVABLE, **settings)
    with running("serve", "--port", str(port), env=env, cwd=tmp_path) as served, browser() as client:
        assert client.get(f"{served.address}/sso/liveness").status_code == 200
        assert client.get(f"{served.address}/sso/readiness").status_code == 503
        begun = client.get(f"{served.address}/sso/key/generate")
        assert begun.status_code == 503
        status, complaints, _ = served.interrupt()
    assert status == 0
    assert "sso-core: the database cannot be used: OperationalError" in complaints
    assert "sso-core: the store cannot be used: ConnectionError" in complaints
    assert "canary" not in complaints
    assert list(tmp_path.iterdir()) == []


def test_the_demo_gives_roles_and_teams_and_tells_who_is_refused_and_why(tmp_path: Path) -> None:
    with demo(tmp_path) as served:
        came: dict[str, tuple[str, list[str]]] = {}
        for name in ("alice", "bob", "carol", "erin"):
            with browser() as client:
                assert sign_in(client, served.address, name).status_code == 303
                told = client.get(f"{served.address}/sso/session").json()
                came[name] = (told["role"], told["teams"])
        assert came == {
            "alice": ("proxy_admin", []),
            "bob": ("internal_user", []),
            "carol": ("internal_user_viewer", []),
            "erin": ("internal_user", ["blue", "green"]),
        }
        for name, code in (("dave", "email_not_verified"), ("frank", "email_domain_refused")):
            with browser() as client:
                refused = sign_in(client, served.address, name)
                assert (refused.status_code, f"<code>{code}</code>" in refused.text) == (401, True)


def test_alice_looks_into_a_login_of_frank_at_the_demo(tmp_path: Path) -> None:
    with demo(tmp_path) as served:
        with browser() as client:
            assert client.get(f"{served.address}/sso/debug/login").status_code == 401
        with browser() as client:
            sign_in(client, served.address)
            begun = client.get(f"{served.address}/sso/debug/login")
            back = client.post(begun.headers["location"], data={"username": "frank", "password": "frank"})
            page = client.get(back.headers["location"])
            for said in ("Would be refused", "email_domain_refused", "the address is at elsewhere.example"):
                assert said in page.text
            assert client.get(f"{served.address}/sso/session").json()["subject"] == "alice"
