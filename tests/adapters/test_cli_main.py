from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import COMMAND, environment, free_ports, run_to_its_end, running

from sso_adapters.cli import main
from sso_adapters.cli.main import COMMANDS
from sso_adapters.cli.terminal import CommandError

pytestmark = pytest.mark.command

EXTRAS = ("jinja2", "sqlalchemy", "alembic", "trio", "redis")
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r})); "
"""Python takes a module for missing whose entry is None."""


def run_without_extras(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    python, option, program = COMMAND
    return subprocess.run(
        (python, option, WITHOUT + program, *arguments),
        env=environment(HOME=str(cwd), XDG_CONFIG_HOME=str(cwd)),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["login", "whoami", "logout"])
def test_signing_in_needs_no_extra(command: str, tmp_path: Path) -> None:
    ended = run_without_extras(command, "http://127.0.0.1:9", cwd=tmp_path)
    assert "Traceback" not in ended.stderr
    assert "extra" not in ended.stderr
    assert "127.0.0.1:9" in ended.stdout + ended.stderr


@pytest.mark.parametrize("command", ["demo", "provider", "serve", "doctor"])
def test_serving_without_its_extra_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    ended = run_without_extras(command, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.endswith("which an extra brings: pip install 'sso-core[demo]'\n")
    assert ended.stderr.count("\n") == 1


def test_pages_without_their_extra_name_it(tmp_path: Path) -> None:
    program = WITHOUT + "import sso_adapters.pages"
    ended = subprocess.run(
        (sys.executable, "-c", program), env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.stderr.endswith("ModuleNotFoundError: the pages need Jinja2: pip install 'sso-core[demo]'\n")


def test_help_says_what_the_program_does_and_what_each_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Signs people in through any OpenID Connect or OAuth 2.0 provider" in said
    assert all(f"{name} {sentence}" in said for name, sentence in COMMANDS.items())


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_command_tells_of_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: sso-core {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["nonsense"], ["login", "--code", "--loopback"], ["serve", "--port", "0"]])
def test_a_mistake_of_usage_is_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (CommandError("no", 2), 2, "sso-core: no\n"),
        (KeyboardInterrupt(), 130, ""),
        (ModuleNotFoundError(name="sqlalchemy.orm"), 1, "sso-core: this needs sqlalchemy.orm, "),
    ],
)
def test_an_end_is_a_status_and_at_most_a_line(
    error: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_options: object) -> int:
        raise error

    monkeypatch.setattr("sso_adapters.cli.whoami.run", run)
    assert main.main(["whoami"]) == status
    assert capsys.readouterr().err.startswith(said)


def test_a_module_that_no_extra_brings_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_options: object) -> int:
        raise ModuleNotFoundError(name="sso_adapters.nowhere")

    monkeypatch.setattr("sso_adapters.cli.whoami.run", run)
    with pytest.raises(ModuleNotFoundError):
        main.main(["whoami"])


# Serving


def configured(**more: str) -> dict[str, str]:
    return environment(
        GENERIC_ISSUER="http://localhost:9", GENERIC_CLIENT_ID="x", GENERIC_CLIENT_SECRET="secret-canary", **more
    )


def test_serve_says_what_to_register(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    env = configured(PROXY_BASE_URL="https://app.example/auth")
    with running("serve", "--port", str(port), env=env, cwd=tmp_path) as served:
        assert served.said[0] == "Register https://app.example/auth/sso/callback at the provider."
        assert served.interrupt()[:2] == (0, "")


@pytest.mark.parametrize("command", ["serve", "provider"])
def test_a_taken_port_is_told_with_its_address_and_the_option_for_another(command: str, tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        ended = run_to_its_end(command, "--port", str(port), env=configured(), cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"sso-core: the address 127.0.0.1:{port} is in use: end what listens there, or choose another with --port\n"
    )


def test_the_address_of_the_metadata_is_not_taken_for_the_issuer(tmp_path: Path) -> None:
    env = configured() | {"GENERIC_ISSUER": "https://idp.example/realm/.well-known/openid-configuration"}
    ended = run_to_its_end("serve", env=env, cwd=tmp_path)
    assert ended.returncode == 2
    assert "the issuer itself is probably https://idp.example/realm" in ended.stderr


def test_provider_takes_no_redirect_uri_that_is_none(tmp_path: Path) -> None:
    ended = run_to_its_end("provider", "--redirect-uri", "app:/callback", env=environment(), cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--redirect-uri" in ended.stderr


def test_provider_ends_with_an_interrupt(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running("provider", "--port", str(port), env=environment(), cwd=tmp_path) as served:
        assert served.said[0] == f"export GENERIC_ISSUER=http://localhost:{port}"
        assert served.interrupt()[:2] == (0, "")
