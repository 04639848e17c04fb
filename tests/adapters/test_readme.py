from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from commands import ROOT, browser, environment, free_ports, running

from sso_core.settings.environment import settings_from_environment

pytestmark = pytest.mark.command

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
MENTIONED = {"build_service": 0, "finish_login": 1, "advance": 2}


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The lines that `sso-core provider` says to paste."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("provider")
    with running("provider", "--port", str(port), env=environment(), cwd=folder) as served:
        lines = [line.removeprefix("export ") for line in served.said if line.startswith("export ")]
        yield {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture
def play(pasted: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a block as a module of its own, in an empty folder, with the pasted settings."""
    for name, value in pasted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    module: dict[str, Any] = {"__name__": "module"}

    def run(block: str) -> SimpleNamespace:
        exec(compile(block, "README.md", "exec"), module)
        return SimpleNamespace(**module)

    yield run
    for name in {"sender", "directory"} & module.keys():  # what lives as long as a process does
        module[name].close()


def test_the_blocks_are_those_that_the_tests_mean() -> None:
    assert all(name in BLOCKS[number] for name, number in MENTIONED.items())
    assert len(BLOCKS) == len(MENTIONED)


async def asked(application: Any) -> httpx.Response:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        try:
            return await client.get("/sso/session")
        finally:
            await application.stop()


def test_the_application_is_one(play: Any) -> None:
    answer = anyio.run(asked, play(BLOCKS[0]).sign_in)
    assert answer.status_code == 401


def test_the_two_doors_lead_a_person_in(play: Any, capsys: pytest.CaptureFixture[str]) -> None:
    module = play(BLOCKS[1])
    location, cookie = module.start()
    with browser() as client:
        back = client.post(location, data={"username": "alice", "password": "alice"}).headers["location"]
    query = back.partition("?")[2]
    assert back.startswith("http://127.0.0.1:8000/sso/callback?")
    return_to, session_id = module.callback(query, cookie)
    assert (return_to, len(session_id)) == ("/", 43)
    assert "signed in: Alice Example" in capsys.readouterr().out
    assert module.callback(query, cookie) == ("/", None)


def test_and_nobody_else(play: Any, capsys: pytest.CaptureFixture[str]) -> None:
    module = play(BLOCKS[1])
    location, cookie = module.start()
    with browser() as client:
        back = client.post(location, data={"cancel": "yes"}).headers["location"]
    assert module.callback(back.partition("?")[2], cookie) == ("/", None)
    assert module.callback(back.partition("?")[2], "") == ("/", None)
    assert module.callback("", cookie) == ("/", None)
    said = capsys.readouterr().out
    for code in ("access_denied", "login_of_another_browser", "no_state"):
        assert f"\n{code}: " in said


def test_the_test_passes(play: Any) -> None:
    play(BLOCKS[2])


def test_the_line_that_makes_a_sealing_key_makes_one(pasted: dict[str, str]) -> None:
    line = re.search(r'python3 -c "(.+?)"`', README)
    assert line is not None
    made = subprocess.run((sys.executable, "-c", line[1]), capture_output=True, text=True, check=True).stdout.strip()
    settings = settings_from_environment(pasted | {"SSO_SEALING_KEYS": made}, default_base_url="http://127.0.0.1:8000")
    assert settings.sealing_keys is not None
    assert len(base64.urlsafe_b64decode(made + "=")) == 32
