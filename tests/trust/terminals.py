"""A command line that signs in, as its three requests."""

from __future__ import annotations

import json
from typing import Any

from sso_core.testing.provider_state import Redirect
from sso_core.web.messages import Response
from sso_core.web.pages import LeavingPage
from trust.scene import Browser, Scene

JSON = ("content-type", "application/json")


def told(response: Response) -> dict[str, Any]:
    """Return what an answer says in JSON."""
    assert isinstance(response.body, bytes)
    document: dict[str, Any] = json.loads(response.body)
    return document


def started(scene: Scene, **said: str) -> dict[str, Any]:
    """Begin, and return what the command line is told."""
    body = json.dumps(said).encode()
    return told(scene.browser("198.51.100.7").send("POST", "/sso/cli/start", "", body, (JSON,)))


def confirm(browser: Browser, begun: dict[str, Any], code: str | None = None) -> Response:
    """Type the code into the page that a command line points to."""
    form = {"login": begun["login_id"], "code": begun["user_code"] if code is None else code}
    return browser.post("/sso/cli/confirm", form)


def authorized(browser: Browser, confirmed: Response, name: str) -> Redirect:
    """Go to the provider from there, and sign in."""
    assert isinstance(confirmed.body, LeavingPage), confirmed
    return browser.scene.op.authorize(confirmed.body.location, name, browser.scene.clock())


def approve(browser: Browser, begun: dict[str, Any], name: str = "alice") -> Response:
    """Let a command line in, all the way."""
    return browser.arrive(authorized(browser, confirm(browser, begun), name))


def poll(scene: Scene, begun: dict[str, Any], **changes: str) -> Response:
    """Ask for the token."""
    secret = changes.get("secret", begun["poll_secret"])
    bearer = ("authorization", f"Bearer {secret}")
    return scene.browser("198.51.100.7").get(
        f"/sso/cli/poll/{changes.get('login_id', begun['login_id'])}", "", (bearer,)
    )


def token_of(scene: Scene, name: str = "alice") -> str:
    """Sign a command line in, and return its token."""
    begun = started(scene)
    approve(scene.browser(), begun, name)
    return str(told(poll(scene, begun))["key"])


def status_of(scene: Scene, token: str) -> int:
    """Return how a bearer token is answered."""
    return scene.browser().get("/sso/session", "", (("authorization", f"Bearer {token}"),)).status
