from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest
from cli_service import Browser, Service, Terminal, login_id, mode, serving

from sso_adapters.cli.credentials import Credential
from sso_adapters.cli.login import can_open_browser, choose_team, is_address, read_start, read_token, slower
from sso_adapters.cli.remote import ServiceRefusedError, ServiceUnreachableError
from sso_adapters.cli.terminal import CommandError
from sso_core.failures import Reason
from sso_core.secret import Secret
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Person, ProviderState, RegisteredClient
from sso_core.testing.signing_keys import signing_key

pytestmark = pytest.mark.command

ALICE = Person("alice", (("name", "Alice"), ("email", "alice@example.com"), ("email_verified", True)))


@pytest.fixture
def service() -> Iterator[Service]:
    client = RegisteredClient("client", Secret("client-secret-canary"), redirect_uris=("https://app.example/",))
    op = FakeProvider(ProviderState("https://idp.example", (client,), (ALICE,), (signing_key(),), seed="s"))
    with serving(op) as served:
        yield served


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_a_person_types_the_code_and_the_terminal_is_signed_in(
    service: Service, terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with terminal.running("login", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        page = browser.approve(address, code)
        assert page.status_code == 200
        assert "Back to your terminal" in page.text
        assert f"sso-core on {socket.gethostname()}” is signed in as Alice" in page.text
        assert not [name for name in browser.client.cookies if "session" in name]
        assert login.end() == 0
        assert f"Signed in at {service.address} as " in terminal.said
        token = terminal.token
    assert len(token) >= 43
    shown = terminal.said + terminal.complained + page.text + caplog.text
    assert token not in shown
    assert "client-secret-canary" not in shown
    assert code not in terminal.complained + caplog.text + page.text


def test_nobody_else_can_read_what_is_kept(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", "--code", service.address) as login, Browser(service) as browser:
        browser.approve(*login.invited())
        assert login.end() == 0
    assert mode(terminal.file) == 0o600
    assert mode(terminal.file.parent) == 0o700
    assert [path.name for path in terminal.file.parent.iterdir()] == ["credentials.json"]


def test_the_browser_of_this_machine_brings_the_code_to_a_port_here(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", "--loopback", "--no-browser", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        back = browser.approve(address, code)
        there = httpx.URL(back.headers["location"])
        assert (back.status_code, there.host, there.path) == (303, "127.0.0.1", "/callback")
        assert there.params["login"] == login_id(address)
        elsewhere = there.copy_with(path="/other")
        forged = there.copy_set_param("login", "x" * 43)
        empty = there.copy_remove_param("code")
        assert [browser.client.get(wrong).status_code for wrong in (elsewhere, forged, empty)] == [404, 400, 400]
        assert browser.client.post(there).status_code == 404
        landed = browser.client.get(there)
        assert (landed.status_code, landed.headers["cache-control"]) == (200, "no-store")
        assert "Back to your terminal" in landed.text
        assert login.end() == 0
    assert f"and type {code} if it asks" in terminal.said
    assert terminal.token
    assert there.params["code"] not in terminal.said + terminal.complained + landed.text


def test_who_is_in_several_teams_chooses_one_by_its_number(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", "--loopback", "--no-browser", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        back = browser.approve(address, code)
        service.join_teams(address, "blue", "green")
        browser.client.get(back.headers["location"])
        assert login.end(typed="0\nx\n2\n") == 0
    assert "  1  Blue (blue)\n  2  green\n" in terminal.said
    assert "for team green" in terminal.said


@pytest.mark.parametrize(
    ("team", "status", "said"), [("green", 0, "for team green"), ("red", 1, Reason.WRONG_TEAM.sentence)]
)
def test_or_names_it_from_the_start(team: str, status: int, said: str, service: Service, terminal: Terminal) -> None:
    arguments = ("login", "--loopback", "--no-browser", "--team", team, service.address)
    with terminal.running(*arguments) as login, Browser(service) as browser:
        address, code = login.invited()
        back = browser.approve(address, code)
        service.join_teams(address, "blue", "green")
        browser.client.get(back.headers["location"])
        assert login.end() == status
    assert said in terminal.said + terminal.complained
    assert bool(terminal.token) is (status == 0)


def test_where_nobody_can_choose_no_team_is_taken(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", "--loopback", "--no-browser", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        back = browser.approve(address, code)
        service.join_teams(address, "blue", "green")
        browser.client.get(back.headers["location"])
        assert login.end() == 2
    assert "--team" in terminal.complained
    assert not terminal.token


def test_five_wrong_codes_end_it(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        wrong = [browser.confirm(address, "BBBB-BBBB") for _ in range(5)]
        assert [page.status_code for page in wrong] == [400, 400, 400, 400, 403]
        assert browser.client.get(address).status_code == 404
        assert login.end() == 1
    assert Reason.NO_CLI_LOGIN.sentence in terminal.complained
    assert code not in terminal.complained


def test_who_declines_at_the_provider_may_think_again(service: Service, terminal: Terminal) -> None:
    with terminal.running("login", service.address) as login, Browser(service) as browser:
        address, code = login.invited()
        declined = browser.decline(address, code)
        assert declined.status_code == 403
        assert Reason.ACCESS_DENIED.code in declined.text
        assert browser.approve(address, code).status_code == 200
        assert login.end() == 0


def test_a_login_that_nobody_confirmed_in_time_is_over(terminal: Terminal) -> None:
    client = RegisteredClient("client", Secret("s"), redirect_uris=("https://app.example/",))
    op = FakeProvider(ProviderState("https://idp.example", (client,), (ALICE,), (signing_key(),), seed="s"))
    with serving(op, cli_login_ttl=1) as service:
        assert terminal.run("login", service.address) == 1
    assert "in time" in terminal.complained
    assert not terminal.token


def test_an_interrupt_ends_it_at_once_and_quietly(service: Service, terminal: Terminal) -> None:
    for more in ((), ("--loopback", "--no-browser")):
        with terminal.running("login", *more, service.address) as login:
            login.waits()
            began = time.monotonic()
            assert login.interrupt() == 130
            assert time.monotonic() - began < 5
    assert "Traceback" not in terminal.complained
    assert not terminal.file.exists()


def test_the_service_is_the_one_of_the_environment_or_the_last_one(service: Service, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, SSO_CORE_URL=service.address + "/")
    for arguments in (("login",), ("login",)):
        with terminal.running(*arguments) as login, Browser(service) as browser:
            browser.approve(*login.invited())
            assert login.end() == 0
        terminal.environment.pop("SSO_CORE_URL", None)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ((), "which service?"),
        (("http://app.example",), "plain http"),
        (("ftp://app.example",), "neither http nor https"),
        (("https://user@app.example",), "user part"),
    ],
)
def test_a_token_is_asked_for_nowhere_else(address: tuple[str, ...], said: str, terminal: Terminal) -> None:
    assert terminal.run("login", *address) == 2
    assert said in terminal.complained
    assert "Traceback" not in terminal.complained


def test_a_service_that_is_not_there_is_told_in_a_sentence(terminal: Terminal) -> None:
    assert terminal.run("login", "http://127.0.0.1:9") == 1
    assert terminal.complained.startswith("sso-core: http://127.0.0.1:9 cannot be reached: ")


def test_a_service_that_switched_it_off_is_quoted_with_code_and_sentence(terminal: Terminal) -> None:
    client = RegisteredClient("client", Secret("s"), redirect_uris=("https://app.example/",))
    op = FakeProvider(ProviderState("https://idp.example", (client,), (ALICE,), (signing_key(),), seed="s"))
    with serving(op, cli_enabled=False) as service:
        assert terminal.run("login", service.address) == 1
    assert f"{Reason.SWITCHED_OFF.sentence} (switched_off, reference " in terminal.complained


def test_a_terminal_knows_who_is_signed_in_and_no_token_outlives_its_sign_out(
    service: Service, terminal: Terminal
) -> None:
    with terminal.running("login", service.address) as login, Browser(service) as browser:
        browser.approve(*login.invited())
        assert login.end() == 0
    assert terminal.run("whoami") == 0
    assert "Alice <alice@example.com>" in terminal.said
    kept = terminal.file.read_bytes()
    assert terminal.run("logout") == 0
    assert not terminal.token
    terminal.file.write_bytes(kept)
    assert terminal.run("whoami") == 1
    assert "no longer signed in" in terminal.complained
    assert terminal.token not in terminal.said + terminal.complained


def test_a_new_sign_in_ends_the_former_one(service: Service, terminal: Terminal) -> None:
    files: list[bytes] = []
    with Browser(service) as browser:
        for _ in range(2):
            with terminal.running("login", service.address) as login:
                browser.approve(*login.invited())
                assert login.end() == 0
            files.append(terminal.file.read_bytes())
    assert terminal.run("whoami") == 0
    terminal.file.write_bytes(files[0])
    assert terminal.run("whoami") == 1


# What is said to it


STARTED = {
    "login_id": "i" * 43,
    "poll_secret": "poll-canary",
    "user_code": "BCDF-GHJK",
    "verification_uri": "https://app.example/sso/cli/confirm?login=i",
    "expires_in": 600,
    "interval": 0,
}


def test_a_start_is_read_and_shows_no_secret() -> None:
    started = read_start(STARTED)
    assert (started.login_id, started.interval) == ("i" * 43, 0.5)
    assert "canary" not in repr(started)
    assert "BCDF" not in repr(started)


@pytest.mark.parametrize(
    "change",
    [
        {"login_id": "../../other"},
        {"login_id": None},
        {"poll_secret": 1},
        {"user_code": []},
        {"verification_uri": "file:///etc/passwd"},
        {"verification_uri": "https://app.example/\x1b[2J"},
        {"expires_in": "600"},
        {"interval": None},
        {"interval": 1e300},
        {"expires_in": 1e300},
        {"expires_in": 0},
    ],
)
def test_a_start_that_leads_elsewhere_is_not_followed(change: dict[str, object]) -> None:
    with pytest.raises(CommandError, match="not understood"):
        read_start(STARTED | change)


def test_only_web_addresses_are_opened() -> None:
    assert is_address("http://127.0.0.1:4000/x")
    assert not is_address("javascript:alert(1)")


def test_a_token_is_read_and_shows_no_secret() -> None:
    token = read_token({"key": "key-canary", "user_id": "alice", "team_id": None, "expires_at": 5})
    assert token == Credential(Secret("key-canary"), "alice", None, 5)
    assert "canary" not in repr(token)


@pytest.mark.parametrize("change", [{"key": ""}, {"key": 1}, {"user_id": None}, {"team_id": 1}, {"expires_at": "5"}])
def test_an_approval_without_a_token_is_none(change: dict[str, object]) -> None:
    with pytest.raises(CommandError, match="not understood"):
        read_token({"key": "k", "user_id": "alice", "team_id": None, "expires_at": 5} | change)


@pytest.mark.parametrize("teams", [None, [], {}, 5, ["a"], [{"team_id": "a"}, None]])
def test_where_a_service_names_no_teams_none_is_asked_for(teams: object) -> None:
    with pytest.raises(CommandError, match="not understood"):
        choose_team({"team_details": teams})


def test_a_teams_name_cannot_command_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.readline", lambda: "1\n", raising=False)
    assert choose_team({"team_details": [{"team_id": "b", "team_alias": "\x1b]0;owned\x07"}]}) == "b"
    assert "\x1b" not in capsys.readouterr().out


UNREACHABLE = ServiceUnreachableError("gone")
BUSY = ServiceRefusedError("slow down", Reason.TOO_MANY_REQUESTS.code)
GONE = ServiceRefusedError("over", Reason.NO_CLI_LOGIN.code)
OTHER = ServiceRefusedError("no", Reason.WRONG_POLL_SECRET.code)


@pytest.mark.parametrize(("error", "interval", "after"), [(UNREACHABLE, 2, 4), (BUSY, 4, 8), (BUSY, 20, 30)])
def test_a_poll_bears_what_may_pass(error: CommandError, interval: float, after: float) -> None:
    assert slower(interval, error) == after


@pytest.mark.parametrize("error", [GONE, OTHER, CommandError("no service")])
def test_and_nothing_else(error: CommandError) -> None:
    with pytest.raises(CommandError):
        slower(2.0, error)


@pytest.mark.parametrize(
    ("environ", "browser", "expected"),
    [
        ({}, "firefox", True),
        ({}, "/usr/bin/w3m", False),
        ({}, "lynx", False),
        ({"SSH_CONNECTION": "1.2.3.4"}, "firefox", False),
        ({"SSH_TTY": "/dev/pts/1"}, "firefox", False),
        ({}, None, False),
    ],
)
def test_a_window_is_opened_only_where_the_person_sits(
    environ: dict[str, str], browser: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import webbrowser  # noqa: PLC0415 -- here only

    @attrs.frozen
    class Named:
        name: str

    def get() -> Named:
        if browser is None:
            raise webbrowser.Error
        return Named(browser)

    monkeypatch.setattr(webbrowser, "get", get)
    assert can_open_browser(environ) is expected
