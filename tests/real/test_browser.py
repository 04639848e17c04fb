"""The demo in a real browser: pages, cookies and redirects as Chromium has them, not as a test imagines them."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

pytestmark = pytest.mark.real

IMAGES = Path(__file__).parents[2] / "docs" / "images"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONGEST_START = 30
"""Seconds until a start of the demo counts as failed."""


@attrs.frozen
class Demo:
    """Where the running demo answers."""

    address: str
    provider: str


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago; all are held together, so they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    """Read what the demo says until it says that it is ready; fail with all of it otherwise."""
    assert process.stdout
    said, deadline = b"", time.monotonic() + LONGEST_START
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not re.search(rb"^Ready: .*\n", said, re.MULTILINE):
            assert selector.select(max(0, deadline - time.monotonic())), f"the demo is not ready: {said!r}"
            piece = os.read(process.stdout.fileno(), 65536)
            assert piece, f"the demo ended: {said!r}"
            said += piece


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Run `sso-core demo` as a person would, from the sources of this checkout."""
    port, provider_port = free_ports(2)
    root = Path(__file__).parents[2]
    env = {name: value for name, value in os.environ.items() if name != "SSO_DATA_DIR"}
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "import sys; from sso_adapters.cli.main import main; sys.exit(main())", "demo"),
            *("--port", str(port), "--provider-port", str(provider_port), "--no-open"),
        ],
        env=env | {"PYTHONPATH": os.pathsep.join((str(root), str(root / "adapters")))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        try:
            wait_until_ready(process)
            yield Demo(f"http://127.0.0.1:{port}", f"http://localhost:{provider_port}")
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
    assert process.returncode == 0, "the demo does not end cleanly when it is asked to"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the machine's Chromium; without one there is nothing to test."""
    executable = os.environ.get("SSO_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("no Chromium on this machine: set SSO_CHROMIUM to its executable")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


class People:
    """Opens a fresh browser profile for each person, and closes all of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def arrive(self, **how: Any) -> BrowserContext:
        context = self._browser.new_context(
            **{"viewport": {"width": 960, "height": 540}, "color_scheme": "light"} | how
        )
        context.set_default_timeout(15_000)
        self._contexts.append(context)
        return context

    def leave(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def people(browser: Browser) -> Iterator[People]:
    people = People(browser)
    yield people
    people.leave()


def go_to_provider(page: Page, demo: Demo) -> None:
    page.goto(demo.address)
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Demo provider")).to_be_visible()
    assert page.url.startswith(demo.provider + "/")


def fill_in(page: Page, name: str, password: str | None = None) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(name if password is None else password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, demo: Demo, name: str = "alice") -> None:
    go_to_provider(page, demo)
    fill_in(page, name)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name.capitalize()} Example")


def picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """Write a picture for the documentation, only when asked to: each run would change it."""
    if os.environ.get("SSO_SCREENSHOTS") != "1":
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png", full_page=full_page, animations="disabled", caret="hide")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_person_signs_in_sees_who_they_are_and_signs_out(demo: Demo, people: People, scripts: bool) -> None:
    page = people.arrive(java_script_enabled=scripts).new_page()
    page.goto(demo.address)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    picture(page, "sign-in")
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Demo provider")).to_be_visible()
    picture(page, "provider")

    fill_in(page, "alice")

    expect(page.get_by_role("heading", level=1)).to_have_text("Alice Example")
    assert page.url == demo.address + "/"
    expect(page.get_by_role("row", name="email alice@example.com")).to_be_visible()
    expect(page.get_by_role("row", name="groups")).to_contain_text("admins")
    expect(page.get_by_text(demo.provider, exact=True).first).to_be_visible()
    states = page.get_by_role("listitem").all_inner_texts()
    assert states[-1] == "SignedIn"
    assert "ReadingAccount" in states
    picture(page, "signed-in", full_page=True)

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    page.reload()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_the_providers_business_and_the_login_goes_on(demo: Demo, people: People) -> None:
    page = people.arrive().new_page()
    go_to_provider(page, demo)
    fill_in(page, "alice", "a guess")
    expect(page.get_by_role("alert")).to_be_visible()

    fill_in(page, "alice")

    expect(page.get_by_role("heading", level=1)).to_have_text("Alice Example")


def test_two_tabs_at_once_both_finish(demo: Demo, people: People) -> None:
    context = people.arrive()
    first, second = context.new_page(), context.new_page()
    go_to_provider(first, demo)
    go_to_provider(second, demo)

    fill_in(second, "alice")
    expect(second.get_by_role("heading", level=1)).to_have_text("Alice Example")
    fill_in(first, "alice")
    expect(first.get_by_role("heading", level=1)).to_have_text("Alice Example")

    second.reload()
    expect(second.get_by_role("heading", level=1)).to_have_text("Alice Example")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_person_who_declines_is_told_so_and_the_address_keeps_nothing(
    demo: Demo, people: People, scripts: bool
) -> None:
    page = people.arrive(java_script_enabled=scripts).new_page()
    go_to_provider(page, demo)

    page.get_by_role("button", name="Decline").click()

    page.wait_for_url(re.compile(re.escape(demo.address) + r"/sso/refused\?"))
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    expect(page.get_by_text("access_denied")).to_be_visible()
    assert re.fullmatch(r"/sso/refused\?code=access_denied&reference=[0-9a-f]+", page.url.removeprefix(demo.address))
    picture(page, "refused")

    page.get_by_role("link", name="Sign in again").click()
    fill_in(page, "bob")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob Example")


def test_a_callback_that_is_opened_again_leads_back_to_the_person(demo: Demo, people: People) -> None:
    page = people.arrive().new_page()
    callbacks: list[str] = []
    page.on("request", lambda request: callbacks.append(request.url) if "/sso/callback?" in request.url else None)
    sign_in(page, demo)
    assert len(callbacks) == 1

    page.goto(callbacks[0])

    expect(page.get_by_role("heading", level=1)).to_have_text("Alice Example")
    assert page.url == demo.address + "/"


def test_a_callback_in_another_browser_signs_nobody_in(demo: Demo, people: People) -> None:
    page, stranger = people.arrive().new_page(), people.arrive().new_page()
    callbacks: list[str] = []
    page.on("request", lambda request: callbacks.append(request.url) if "/sso/callback?" in request.url else None)
    sign_in(page, demo)

    stranger.goto(callbacks[0])

    stranger.wait_for_url(re.compile(r"/sso/refused\?code=login_of_another_browser&"))
    stranger.goto(demo.address)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You are not signed in")


def test_the_way_back_shows_no_code_in_any_address_that_the_history_holds(demo: Demo, people: People) -> None:
    page = people.arrive().new_page()
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    sign_in(page, demo)
    page.go_back()
    page.go_back()

    assert addresses
    assert not [address for address in addresses if "/sso/callback" in address]


def test_scripts_cannot_read_any_cookie(demo: Demo, people: People) -> None:
    context = people.arrive()
    page = context.new_page()
    sign_in(page, demo)

    # By the browser's own jar: the pages' policy is not to be weakened for the sake of a look at `document.cookie`.
    cookies = context.cookies(demo.address)

    assert any(cookie.get("name") == "sso-session" for cookie in cookies)
    assert all(cookie.get("httpOnly") and cookie.get("sameSite") == "Lax" for cookie in cookies)


def test_a_phone_at_night_shows_everything_without_scrolling_sideways(demo: Demo, people: People) -> None:
    phone = people.arrive(
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
    )
    page = phone.new_page()
    page.goto(demo.address)
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    go_to_provider(page, demo)
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    fill_in(page, "alice")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alice Example")
    widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert max(widths) <= 390
    expect(page.get_by_role("row", name="email alice@example.com")).to_be_visible()
    red, green, blue = map(
        int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    )
    assert red + green + blue < 150
    picture(page, "signed-in-phone-dark")


@pytest.mark.parametrize("way", ["--code", "--loopback"])
def test_a_person_signs_a_terminal_in(demo: Demo, people: People, way: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    terminal = subprocess.Popen(
        [
            *(sys.executable, "-c", "import sys; from sso_adapters.cli.main import main; sys.exit(main())"),
            *("login", "--no-browser", way, demo.address),
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(root), str(root / "adapters"))),
            "XDG_CONFIG_HOME": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    with terminal:
        assert terminal.stdout
        try:
            address = terminal.stdout.readline().split()[1]
            code = terminal.stdout.readline().split()[2]
            page = people.arrive().new_page()
            page.goto(address)
            asked = page.get_by_label("The code that your own terminal shows")
            if asked.count():
                asked.fill(code.lower().replace("-", " "))
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("heading", name="Demo provider")).to_be_visible()
            fill_in(page, "alice")
            expect(page.get_by_role("heading", level=1)).to_have_text("Back to your terminal")
            said, _ = terminal.communicate(timeout=30)
        finally:
            terminal.kill()
    assert terminal.returncode == 0
    assert said.startswith(f"Signed in at {demo.address} as ")
    page.goto(demo.address)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
