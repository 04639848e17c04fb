from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest
from cli_service import mode

from sso_adapters.cli.credentials import Credential, Credentials, credentials_path, write_for_owner
from sso_adapters.cli.terminal import CommandError
from sso_core.secret import Secret

HERE, THERE = "https://here.example", "https://there.example"
TOKEN = Credential(Secret("token-canary"), "alice", "blue", 1_800_000_000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sso-core" / "credentials.json"


def test_tokens_are_kept_by_service_and_the_last_service_is_meant(path: Path) -> None:
    for base_url in (HERE, THERE):
        Credentials(path).keep(base_url, TOKEN)
    credentials = Credentials(path)
    assert (credentials.get(HERE), credentials.get(THERE)) == (TOKEN, TOKEN)
    assert credentials.latest == THERE


def test_what_is_forgotten_is_gone_and_another_service_is_meant(path: Path) -> None:
    Credentials(path).keep(HERE, TOKEN)
    Credentials(path).keep(THERE, attrs.evolve(TOKEN, token=Secret("other-canary")))
    Credentials(path).forget(THERE)
    credentials = Credentials(path)
    assert (credentials.get(THERE), credentials.latest) == (None, HERE)
    assert "other-canary" not in path.read_text()
    credentials.forget(HERE)
    assert Credentials(path).latest is None


def test_file_and_folder_are_their_owners_whatever_they_were_before(path: Path) -> None:
    path.parent.mkdir(mode=0o777)
    path.write_text('{"version": 1, "latest": null, "services": {}}')
    path.chmod(0o666)
    before = os.umask(0)
    try:
        Credentials(path).keep(HERE, TOKEN)
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_write_that_fails_leaves_the_former_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Credentials(path).keep(HERE, TOKEN)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match="cannot be stored: no space left"):
        Credentials(path).keep(THERE, TOKEN)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_no_repr_shows_a_token(path: Path) -> None:
    assert "canary" not in repr(TOKEN)
    Credentials(path).keep(HERE, TOKEN)
    assert "canary" not in repr(Credentials(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version": 2, "latest": null, "services": {}}',
        b'{"version": 1, "latest": 5, "services": {}}',
        b'{"version": 1, "latest": null, "services": []}',
        b'{"version": 1, "latest": null, "services": {"https://here.example": "token"}}',
        b'{"version": 1, "latest": null, "services": {"https://here.example": {"token": 5}}}',
        b'{"version": 1, "latest": "", "services": {"https://a": {"token": "", "user_id": "", "expires_at": 5}}}',
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_left_alone(content: bytes, path: Path) -> None:
    write_for_owner(path, content)
    with pytest.raises(CommandError, match="cannot be understood"):
        Credentials(path)
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_read_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(CommandError, match="cannot be read"):
        Credentials(path)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CONFIG_HOME": "/elsewhere"}, Path("/elsewhere/sso-core/credentials.json")),
        ({"XDG_CONFIG_HOME": "relative"}, Path.home() / ".config/sso-core/credentials.json"),
        ({"XDG_CONFIG_HOME": ""}, Path.home() / ".config/sso-core/credentials.json"),
        ({}, Path.home() / ".config/sso-core/credentials.json"),
    ],
)
def test_the_file_lies_where_the_desktop_keeps_such_files(environ: dict[str, str], expected: Path) -> None:
    assert credentials_path(environ) == expected
