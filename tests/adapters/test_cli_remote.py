from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest
from cli_service import Terminal

from sso_adapters.cli.credentials import Credential, Credentials
from sso_adapters.cli.login import end_session
from sso_adapters.cli.remote import Service, ServiceRefusedError, ServiceUnreachableError, chosen_base_url
from sso_adapters.cli.terminal import CommandError
from sso_adapters.cli.whoami import described
from sso_adapters.server import ThreadedServer
from sso_core.failures import Reason
from sso_core.secret import Secret

pytestmark = pytest.mark.command

TOKEN = Secret("token-canary")
Answer = tuple[str, bytes]
Asked = dict[str, Any]
OVER = ("401 Unauthorized", b'{"error": "not_signed_in"}')


@contextmanager
def answering(
    status: str, body: bytes = b"", *, then: Answer | None = None, headers: Sequence[tuple[str, str]] = ()
) -> Iterator[tuple[str, list[Asked]]]:
    """A service that gives one answer, and `then` another one to all that follows; it remembers what it was asked."""
    asked: list[Asked] = []

    def application(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        status, body = (then or first) if asked else first
        asked.append(environ)
        start(status, [("content-type", "application/json"), ("content-length", str(len(body))), *headers])
        return [body]

    first = (status, body)
    server = ThreadedServer(application, host="127.0.0.1", port=0)
    try:
        yield "http://127.0.0.1:{1}".format(*server.start()), asked
    finally:
        server.close()


def test_a_token_travels_in_its_header_and_nowhere_else() -> None:
    with answering("200 OK", b'{"signed_in": true}') as (address, asked), Service(address) as service:
        assert service.get("/sso/session", bearer=TOKEN) == {"signed_in": True}
        assert service.post("/sso/sign-out", [("a", "b")], bearer=TOKEN) == {"signed_in": True}
    for environ in asked:
        assert environ["HTTP_AUTHORIZATION"] == "Bearer token-canary"
        assert "canary" not in environ["PATH_INFO"] + environ["QUERY_STRING"]
    assert [environ["REQUEST_METHOD"] for environ in asked] == ["GET", "POST"]


@pytest.mark.parametrize("status", ["303 See Other", "204 No Content"])
def test_a_redirect_is_an_answer_without_members_and_not_followed(status: str) -> None:
    with answering(status) as (address, asked), Service(address) as service:
        assert service.post("/sso/sign-out", bearer=TOKEN) == {}
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"error": "wrong_team", "reference": "0a1b"}', f"{Reason.WRONG_TEAM.sentence} (wrong_team, reference 0a1b)"),
        (b'{"error": "wrong_team"}', f"{Reason.WRONG_TEAM.sentence} (wrong_team)"),
        (b'{"error": "of_tomorrow"}', "http://127.0.0.1:"),
        (b"{}", "(403)"),
    ],
)
def test_a_refusal_is_a_sentence_with_its_code_and_reference(body: bytes, sentence: str) -> None:
    with (
        answering("403 Forbidden", body) as (address, _),
        Service(address) as service,
        pytest.raises(ServiceRefusedError) as refused,
    ):
        service.get("/sso/session", bearer=TOKEN)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("status", "retry_after", "when"),
    [
        ("429 Too Many Requests", "290", " You can try again in 5 minutes. ("),
        ("429 Too Many Requests", "9" * 400, " Please wait a little. ("),
        ("429 Too Many Requests", "Fri, 31 Dec 1999 23:59:59 GMT", " Please wait a little. ("),
        ("503 Service Unavailable", "2", " Please wait a little. ("),
    ],
)
def test_who_asked_too_often_reads_when_to_come_again(status: str, retry_after: str, when: str) -> None:
    body = b'{"error": "too_many_requests"}'
    with (
        answering(status, body, headers=[("retry-after", retry_after)]) as (address, _),
        Service(address) as service,
        pytest.raises(ServiceRefusedError) as refused,
    ):
        service.get("/sso/session", bearer=TOKEN)
    assert when in str(refused.value)


def test_no_refusal_commands_the_terminal() -> None:
    body = b'{"error": "\\u001b[2J", "reference": "\\u0007"}'
    with (
        answering("400 Bad Request", body) as (address, _),
        Service(address) as service,
        pytest.raises(ServiceRefusedError) as refused,
    ):
        service.get("/", bearer=TOKEN)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("502 Bad Gateway", ServiceUnreachableError),
        ("504 Gateway Timeout", ServiceUnreachableError),
        ("500 Internal Server Error", CommandError),
        ("200 OK", CommandError),
        ("302 Found", CommandError),
    ],
)
def test_what_is_no_answer_of_such_a_service_is_told_so(status: str, kind: type[CommandError]) -> None:
    with (
        answering(status, b"<html>") as (address, _),
        Service(address) as service,
        pytest.raises(CommandError) as error,
    ):
        service.get("/", bearer=TOKEN)
    assert type(error.value) is kind


@pytest.mark.parametrize(
    ("named", "environ", "latest", "expected"),
    [
        ("https://a.example/", {}, None, "https://a.example"),
        ("https://a.example/mount/", {"SSO_CORE_URL": "https://b.example"}, None, "https://a.example/mount"),
        (None, {"SSO_CORE_URL": " https://b.example "}, "https://c.example", "https://b.example"),
        (None, {"SSO_CORE_URL": ""}, "https://c.example", "https://c.example"),
        ("http://[::1]:4000", {}, None, "http://[::1]:4000"),
    ],
)
def test_the_service_that_is_meant(
    named: str | None, environ: dict[str, str], latest: str | None, expected: str, tmp_path: Path
) -> None:
    credentials = Credentials(tmp_path / "file")
    credentials.latest = latest
    assert chosen_base_url(named, credentials, environ) == expected


# Who is signed in, and out again


def keep(terminal: Terminal, address: str) -> None:
    Credentials(terminal.file).keep(address, Credential(TOKEN, "alice", "blue", 1_800_000_000.0))


PERSON = (
    b'{"signed_in": true, "display_name": "Alice \\u001b[2J", "email": "alice@example.com", "role": "internal_user",'
    b' "team_id": "blue", "expires_at": 1800000000}'
)


def test_whoami_says_name_address_role_team_and_until_when(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    with answering("200 OK", PERSON) as (address, asked):
        keep(terminal, address)
        assert terminal.run("whoami") == 0
        assert terminal.run("whoami", "--json") == 0
    assert asked[0]["PATH_INFO"] == "/sso/session"
    for said in ("Alice ?[2J <alice@example.com>", "role  internal_user", "team  blue", "until 2027-01-15", address):
        assert said in terminal.said
    assert "canary" not in terminal.said + terminal.complained
    assert "\x1b" not in terminal.said


def test_a_person_without_address_role_or_team_has_none_shown() -> None:
    assert described({"display_name": "Bob", "email": None}, "https://a.example") == ["Bob", "at    https://a.example"]


@pytest.mark.parametrize("code", ["not_signed_in", "invalid_key"])
def test_whoami_with_a_token_that_is_over_says_how_to_get_another(code: str, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    with answering("401 Unauthorized", f'{{"signed_in": false, "error": "{code}"}}'.encode()) as (address, _):
        keep(terminal, address)
        assert terminal.run("whoami") == 1
    assert f"sso-core login {address}" in terminal.complained


def test_whoami_without_a_token_asks_nobody(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    with answering("200 OK", PERSON) as (address, asked):
        assert terminal.run("whoami", address) == 1
    assert not asked
    assert "you are not signed in" in terminal.complained


def test_logout_ends_the_session_there_and_forgets_it_here(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    with answering("303 See Other", then=OVER) as (address, asked):
        keep(terminal, address)
        assert terminal.run("logout") == 0
        assert terminal.run("logout", address) == 0
    assert [environ["PATH_INFO"] for environ in asked] == ["/sso/sign-out", "/sso/session"]
    assert terminal.said == f"Signed out at {address}.\nYou are not signed in at {address}.\n"
    assert not terminal.token


def test_logout_forgets_it_when_the_service_is_gone_and_says_what_that_means(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    keep(terminal, "http://127.0.0.1:9")
    assert terminal.run("logout") == 1
    assert "forgotten here, but there it is good until 2027-01-15" in terminal.complained
    assert not terminal.token
    assert "canary" not in terminal.complained


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (("303 See Other", b""), OVER, None),
        (("204 No Content", b""), ("401 Unauthorized", b'{"error": "invalid_key"}'), None),
        (OVER, None, None),
        (("303 See Other", b""), ("200 OK", PERSON), CommandError),
        (("303 See Other", b""), ("502 Bad Gateway", b""), ServiceUnreachableError),
        (("503 Service Unavailable", b'{"error": "store_unreachable"}'), None, ServiceRefusedError),
        (("502 Bad Gateway", b""), None, ServiceUnreachableError),
    ],
)
def test_a_session_is_ended_when_its_token_is_taken_no_more(
    first: Answer, then: Answer | None, expected: type[CommandError] | None
) -> None:
    with answering(*first, then=then) as (address, _), Service(address) as service:
        trouble = end_session(service, TOKEN)
    assert trouble is None if expected is None else type(trouble) is expected
