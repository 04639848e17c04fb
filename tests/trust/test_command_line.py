"""A command line gets a session only from the person who sits before it (TRUST A-h)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_adapters.pages import Pages
from sso_core.failures import Reason
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import LETTERS, TRIES
from sso_core.sessions.limits import Limits
from sso_core.web.messages import Response
from sso_core.web.pages import CliApprovedPage, ConfirmCliPage, LeavingPage
from trust.scene import Browser, Scene, cookies_set, location, refusal

PAGES = Pages()
JSON = (("content-type", "application/json"),)
TERMINAL, ELSEWHERE = "198.51.100.7", "192.0.2.66"
VERIFIER = "v" * 43
LISTENING = {"redirect_uri": "http://127.0.0.1:4711/callback", "code_challenge": code_challenge(Secret(VERIFIER))}


class Terminal:
    """A command line, at an address of its own."""

    def __init__(self, scene: Scene, peer: str = TERMINAL) -> None:
        self.browser = scene.browser(peer)
        self.told: dict[str, Any] = {}

    def start(self, **said: object) -> Response:
        """Begin, and remember what it is told."""
        response = self.browser.send("POST", "/sso/cli/start", "", json.dumps(said).encode(), JSON)
        if response.status == 200:
            self.told = document(response)
        return response

    def poll(self, secret: str | None = None, **form: str) -> Response:
        """Ask for the token."""
        headers = (("authorization", f"Bearer {self.told['poll_secret'] if secret is None else secret}"),)
        path = f"/sso/cli/poll/{self.told['login_id']}"
        return self.browser.post(path, form, headers) if form else self.browser.get(path, "", headers)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing has been granted."""
        return bool(document(self.poll())["status"] == "pending")

    @property
    def login(self) -> str:
        """The id of its login, which is in the link."""
        return str(self.told["login_id"])


def document(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    told: dict[str, Any] = json.loads(response.body)
    return told


def look(browser: Browser, login: str, query: str = "") -> ConfirmCliPage:
    """Follow the link."""
    shown = browser.get("/sso/cli/confirm", f"login={login}{query}")
    assert isinstance(shown.body, ConfirmCliPage)
    return shown.body


def confirm(browser: Browser, login: str, code: str) -> Response:
    """Type the code, and press the button."""
    return browser.post("/sso/cli/confirm", {"login": login, "code": code})


def approve(browser: Browser, confirmed: Response, person: str = "alice") -> Response:
    """Sign in at the provider, and come back."""
    assert isinstance(confirmed.body, LeavingPage), confirmed
    return browser.arrive(browser.scene.op.authorize(confirmed.body.location, person, browser.scene.clock()))


# A link that somebody sends


def test_a107_a_link_grants_nothing_without_the_code_from_the_terminal() -> None:
    with Scene() as scene:
        mallory, victim = Terminal(scene, ELSEWHERE), scene.browser()
        victim.login("alice")  # here and at the provider
        mallory.start(client="Your friendly updater")
        scene.clock.now += 120
        page = look(victim, mallory.login, "&code=" + mallory.told["user_code"] + "&user_code=x")
        assert page.needs_code
        assert (page.client, page.address, page.minutes) == ("Your friendly updater", ELSEWHERE, 2)
        shown = PAGES(page)[1].decode()
        assert mallory.told["user_code"] not in shown
        assert all(told in shown for told in (ELSEWHERE, "Your friendly updater", "2 minutes"))
        for code in ("", "BBBB-BBBB", mallory.login):
            assert refusal(confirm(victim, mallory.login, code)) is Reason.WRONG_USER_CODE
        for response in (
            victim.send("GET", "/sso/cli/confirm", f"login={mallory.login}&code={mallory.told['user_code']}"),
            victim.send("POST", "/sso/cli/confirm", f"login={mallory.login}&code={mallory.told['user_code']}", b""),
        ):
            assert not isinstance(response.body, LeavingPage)
        assert mallory.is_waiting
        assert scene.op.state.count("authorization") == 1


@pytest.mark.parametrize("headers", [(("sec-fetch-site", "cross-site"),), (("origin", "https://evil.example"),)])
def test_a107_no_other_site_presses_the_button_for_anybody(headers: tuple[tuple[str, str], ...]) -> None:
    with Scene() as scene:
        mallory, victim = Terminal(scene, ELSEWHERE), scene.browser()
        mallory.start()
        body = f"login={mallory.login}&code={mallory.told['user_code']}".encode()
        form = ("content-type", "application/x-www-form-urlencoded")
        response = victim.send("POST", "/sso/cli/confirm", "", body, (form, *headers))
        assert refusal(response) is Reason.CROSS_SITE_REQUEST
        assert cookies_set(response) == []
        assert mallory.is_waiting


def test_a107_the_person_before_the_terminal_gets_its_session_and_the_browser_none() -> None:
    with Scene() as scene:
        terminal, browser = Terminal(scene), scene.browser()
        terminal.start(client="cli")
        approved = approve(browser, confirm(browser, terminal.login, terminal.told["user_code"].lower()))
        assert isinstance(approved.body, CliApprovedPage)
        assert browser.person is None
        token = document(terminal.poll())["key"]
        session = browser.get("/sso/session", "", (("authorization", f"Bearer {token}"),))
        assert document(session)["subject"] == "alice"
        assert refusal(terminal.poll()) is Reason.NO_CLI_LOGIN, "one token"


@pytest.mark.parametrize("client", ["<script>alert(1)</script>", "a\r\nb\x1b[2J", "x" * 5000, "\u202eevil", " "])
def test_a107_what_a_command_line_calls_itself_is_shown_as_such(client: str) -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        terminal.start(client=client)
        page = look(scene.browser(), terminal.login)
        assert page.client.isprintable()
        assert 0 < len(page.client) <= 100
        assert "<script" not in PAGES(page)[1].decode()


# Where no code is needed


@pytest.mark.parametrize(
    ("headers", "needed"),
    [((), False), ((("x-forwarded-for", TERMINAL),), True), ((("forwarded", f"for={TERMINAL}"),), True)],
)
def test_a107_without_a_code_only_a_browser_that_is_certainly_at_the_same_address_goes_on(
    headers: tuple[tuple[str, str], ...], needed: bool
) -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        terminal.start(**LISTENING)
        for peer, code_is_needed in ((TERMINAL, needed), (ELSEWHERE, True), ("", True)):
            shown = scene.browser(peer).get("/sso/cli/confirm", f"login={terminal.login}", headers)
            assert isinstance(shown.body, ConfirmCliPage)
            assert shown.body.needs_code is code_is_needed


def test_a107_behind_a_proxy_that_nobody_named_everybody_needs_the_code() -> None:
    with Scene() as scene:
        proxy = "10.0.0.1"
        mallory = Terminal(scene, proxy)
        mallory.start(**LISTENING)
        victim = scene.browser(proxy)
        form = (("x-forwarded-for", "203.0.113.5"),)
        response = victim.post("/sso/cli/confirm", {"login": mallory.login, "code": ""}, form)
        assert refusal(response) is Reason.WRONG_USER_CODE
        assert mallory.is_waiting


def test_a107_and_even_then_the_answer_goes_to_the_browsers_own_machine() -> None:
    with Scene() as scene:
        mallory, victim = Terminal(scene), scene.browser(TERMINAL)  # both behind one router
        mallory.start(**LISTENING)
        taken = urlsplit(location(approve(victim, confirm(victim, mallory.login, ""))))
        assert (taken.scheme, taken.netloc, taken.path) == ("http", "127.0.0.1:4711", "/callback")
        for form in ({}, {"code_verifier": VERIFIER}, {"code": "guessed", "code_verifier": VERIFIER}):
            assert refusal(mallory.poll(**form)) is Reason.WRONG_POLL_SECRET


# Guessing


def codes(number: int) -> list[str]:
    """Return so many codes that nobody was given."""
    return ["B" * 4 + "-" + "B" * 3 + LETTERS[at % len(LETTERS)] for at in range(number)]


def test_a109_after_five_wrong_codes_the_login_is_gone_for_the_right_one_too() -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        terminal.start()
        reasons = [refusal(confirm(scene.browser(), terminal.login, code)) for code in codes(TRIES)]
        assert reasons == [Reason.WRONG_USER_CODE] * (TRIES - 1) + [Reason.TOO_MANY_TRIES]
        late = confirm(scene.browser(), terminal.login, terminal.told["user_code"])
        assert refusal(late) is Reason.NO_CLI_LOGIN
        assert refusal(terminal.poll()) is Reason.NO_CLI_LOGIN


def test_a109_one_address_guesses_at_few_logins_and_another_is_not_kept_from_its_own() -> None:
    with Scene(limits=Limits(cli_codes_per_address=20)) as scene:
        reasons, terminals = [], [Terminal(scene) for _ in range(12)]
        for each in terminals:
            each.start()
            reasons += [refusal(confirm(scene.browser(ELSEWHERE), each.login, code)) for code in codes(2)]
        terminal = terminals[-1]
        assert reasons == [Reason.WRONG_USER_CODE] * 20 + [Reason.TOO_MANY_REQUESTS] * 4
        response = confirm(scene.browser(ELSEWHERE), terminal.login, terminal.told["user_code"])
        assert refusal(response) is Reason.TOO_MANY_REQUESTS
        assert int(response.header("retry-after")) > 0
        assert isinstance(confirm(scene.browser(), terminal.login, terminal.told["user_code"]).body, LeavingPage)


def test_a109_no_header_makes_another_address_of_one() -> None:
    with Scene(limits=Limits(cli_codes_per_address=3)) as scene:
        terminal = Terminal(scene)
        terminal.start()
        for number, code in enumerate(codes(4)):
            headers = (("x-forwarded-for", f"203.0.113.{number}"), ("forwarded", f"for=203.0.113.{number}"))
            form = {"login": terminal.login, "code": code}
            scene.browser(ELSEWHERE).post("/sso/cli/confirm", form, headers)
        assert refusal(scene.responses[-1]) is Reason.TOO_MANY_REQUESTS


def test_a109_one_address_begins_few_logins() -> None:
    with Scene(limits=Limits(cli_starts_per_address=3)) as scene:
        assert [Terminal(scene).start().status for _ in range(4)] == [200, 200, 200, 429]
        assert Terminal(scene, ELSEWHERE).start().status == 200


def test_a109_a_code_is_good_for_ten_minutes_and_has_more_than_34_bits() -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        terminal.start()
        assert len(LETTERS) ** 8 > 2**34
        assert terminal.told["expires_in"] <= 600
        scene.clock.now += 600
        late = confirm(scene.browser(), terminal.login, terminal.told["user_code"])
        assert refusal(late) is Reason.NO_CLI_LOGIN
        assert refusal(terminal.poll()) is Reason.NO_CLI_LOGIN


def test_a109_a_poll_secret_is_not_guessed_and_no_guess_harms_the_login() -> None:
    with Scene() as scene:
        terminal, browser = Terminal(scene), scene.browser()
        terminal.start()
        for wrong in ("", "a", "a" * 43, terminal.told["user_code"], terminal.login, "a" * 5000):
            assert refusal(terminal.poll(wrong)) is Reason.WRONG_POLL_SECRET
        approve(browser, confirm(browser, terminal.login, terminal.told["user_code"]))
        assert refusal(terminal.poll("a" * 43)) is Reason.WRONG_POLL_SECRET
        assert document(terminal.poll())["status"] == "ready"


# Other people


def test_a110_only_the_browser_that_gave_the_code_last_approves() -> None:
    with Scene() as scene:
        terminal, mallory, alice = Terminal(scene), scene.browser(), scene.browser()
        terminal.start()
        code = terminal.told["user_code"]
        earlier, later = confirm(mallory, terminal.login, code), confirm(alice, terminal.login, code)
        assert refusal(approve(mallory, earlier, "bob")) is Reason.NO_CLI_LOGIN
        assert terminal.is_waiting
        assert isinstance(approve(alice, later, "alice").body, CliApprovedPage)
        assert refusal(confirm(mallory, terminal.login, code)) is Reason.NO_CLI_LOGIN
        assert document(terminal.poll())["user_id"] == "alice"


def test_a110_somebody_who_is_signed_in_neither_approves_nor_ends_it_without_the_code() -> None:
    with Scene() as scene:
        terminal, mallory = Terminal(scene), scene.browser()
        terminal.start()
        mallory.login("bob")
        for method in ("POST", "DELETE", "PUT"):
            for path in ("/sso/cli/confirm", "/sso/cli/deny", "/sso/cli/approve", f"/sso/cli/{terminal.login}"):
                body = f"login={terminal.login}&approve=1&deny=1".encode()
                response = mallory.send(
                    method, path, "", body, (("content-type", "application/x-www-form-urlencoded"),)
                )
                assert response.status in (400, 404, 405)
        assert terminal.is_waiting


def test_a110_the_way_back_from_the_provider_is_the_confirming_browsers_alone() -> None:
    with Scene() as scene:
        terminal, mallory, alice = Terminal(scene), scene.browser(), scene.browser()
        terminal.start()
        confirmed = confirm(alice, terminal.login, terminal.told["user_code"])
        assert refusal(approve(mallory, confirmed, "bob")) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert terminal.is_waiting
        assert isinstance(approve(alice, confirmed, "alice").body, CliApprovedPage)
        assert document(terminal.poll())["user_id"] == "alice"


# A command line that listens


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:80/callback"]
)
def test_a111_a_command_line_listens_on_the_loopback_by_number_at_any_port(uri: str) -> None:
    with Scene() as scene:
        assert Terminal(scene).start(**{**LISTENING, "redirect_uri": uri}).status == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:4711/callback",
        "http://localhost.evil.example:4711/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://evil.example#@127.0.0.1/callback",
        "http://evil.example\\@127.0.0.1/callback",
        "https://127.0.0.1:4711/callback",
        "http://127.0.0.2:4711/callback",
        "http://0.0.0.0:4711/callback",
        "http://127.1:4711/callback",
        "http://2130706433:4711/callback",
        "http://0x7f.0.0.1:4711/callback",
        "http://[::ffff:127.0.0.1]:4711/callback",
        "http://[::]:4711/callback",
        "http://192.0.2.1:4711/callback",
        "http://127.0.0.1:4711/",
        "http://127.0.0.1:4711/callback/",
        "http://127.0.0.1:4711/callback/../evil",
        "http://127.0.0.1:4711/%63allback",
        "http://127.0.0.1:4711/callback?a=b",
        "http://127.0.0.1:4711/callback?",
        "http://127.0.0.1:4711/callback#a",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:4711/callback\r\nx: y",
        " http://127.0.0.1:4711/callback",
        "//127.0.0.1:4711/callback",
        "javascript:alert(1)",
        "com.example.app:/callback",
        "",
    ],
)
def test_a111_nowhere_else(uri: str) -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        assert refusal(terminal.start(**{**LISTENING, "redirect_uri": uri})) is Reason.MALFORMED_CALLBACK
        assert terminal.told == {}


@pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 44, "=" * 43, "v" * 128, "a" * 42 + "\u00e4"])
def test_a111_nor_without_a_challenge_of_s256(challenge: str) -> None:
    with Scene() as scene:
        started = Terminal(scene).start(**{**LISTENING, "code_challenge": challenge})
        assert refusal(started) is Reason.MALFORMED_CALLBACK


def test_a111_the_code_is_worth_nothing_without_secret_and_verifier() -> None:
    with Scene() as scene:
        terminal, browser = Terminal(scene), scene.browser()
        terminal.start(**LISTENING)
        assert terminal.is_waiting
        taken = location(approve(browser, confirm(browser, terminal.login, terminal.told["user_code"])))
        assert taken.startswith("http://127.0.0.1:4711/callback?")
        code = parse_qs(urlsplit(taken).query)["code"][0]
        for secret, form in (
            (None, {"code": code}),
            (None, {"code": code, "code_verifier": "w" * 43}),
            (None, {"code": code, "code_verifier": LISTENING["code_challenge"]}),
            (None, {"code": code[:-1], "code_verifier": VERIFIER}),
            ("a" * 43, {"code": code, "code_verifier": VERIFIER}),
        ):
            assert refusal(terminal.poll(secret, **form)) is Reason.WRONG_POLL_SECRET
        assert document(terminal.poll(code=code, code_verifier=VERIFIER))["user_id"] == "alice"


OWN_CHOICE = (
    *("login_id", "id", "key", "key_id", "session", "session_id", "poll_secret", "user_code", "device_code", "token"),
    *("code", "secret", "expires_in", "team_id", "user_id", "role", "address", "existing_key"),
)


@pytest.mark.parametrize("name", OWN_CHOICE)
def test_a112_a_command_line_chooses_nothing_of_its_own_login(name: str) -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        assert refusal(terminal.start(**{name: "a" * 43})) is Reason.MALFORMED_CALLBACK
        assert terminal.told == {}
        query = f"{name}={'a' * 43}"
        response = terminal.browser.send("POST", "/sso/cli/start", query, b"{}", JSON)
        assert "a" * 43 not in json.dumps(document(response))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"a"', b'{"client": 1}', b'{"client": "a", "client": "b"}', b"{"]
)
def test_a112_a_start_that_is_none_is_refused(body: bytes) -> None:
    with Scene() as scene:
        response = scene.browser().send("POST", "/sso/cli/start", "", body, JSON)
        assert refusal(response) is Reason.MALFORMED_CALLBACK


@pytest.mark.parametrize("login", ["a" * 43, "../" + "a" * 40, "", "*", "a" * 42, "a" * 44, "\u00e4" * 43])
def test_a112_an_id_that_the_service_did_not_make_leads_nowhere(login: str) -> None:
    with Scene() as scene:
        terminal = Terminal(scene)
        terminal.told = {"login_id": login, "poll_secret": "a" * 43}
        assert refusal(terminal.poll()) in (Reason.NO_CLI_LOGIN, Reason.NOT_FOUND)
        browser = scene.browser()
        assert browser.post("/sso/cli/confirm", {"login": login, "code": "BBBB-BBBB"}).status == 404
        assert cookies_set(scene.responses[-1]) == []
