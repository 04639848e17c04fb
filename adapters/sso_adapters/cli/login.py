"""`sso-core login`: the person signs in with a browser, and this terminal gets a token for it.

Where a browser can be opened on this machine, it brings a code to a port here (RFC 8252). Elsewhere the person types a
code, which this terminal shows, into a browser anywhere (RFC 8628).
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any

import attrs

from sso_adapters.cli.credentials import Credential, Credentials, credentials_path
from sso_adapters.cli.loopback import Listener
from sso_adapters.cli.remote import OVER, Service, ServiceRefusedError, ServiceUnreachableError, chosen_base_url
from sso_adapters.cli.terminal import CommandError, Countdown, moment, printable, say
from sso_core.failures import Reason
from sso_core.oauth.pkce import code_challenge
from sso_core.secret import Secret
from sso_core.web.cli import CLI_POLL, CLI_START, LOGIN_ID
from sso_core.web.people import SESSION, SIGN_OUT
from sso_core.wire import WireError, parse_http_url

SHORTEST = 0.5
"""Seconds between two polls, however hasty a service is."""
LONGEST = 86400.0
"""Seconds that a sign-in may wait for its person, whatever a service says."""
SLOWEST = 30.0
"""Seconds between two polls of a service that does not answer, or asks for patience (RFC 8628 3.5)."""
BUSY = frozenset({Reason.TOO_MANY_REQUESTS.code, Reason.STORE_UNREACHABLE.code})
TEXT_BROWSERS = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""They would take this terminal over, and not give it back."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("base_url", nargs="?", help="address of the service (default SSO_CORE_URL, or the last one)")
    parser.add_argument("--team", metavar="ID", help="the team to act for, if you are in several")
    parser.add_argument("--no-browser", action="store_true", help="open no browser, only say where to go")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--loopback", action="store_true", help="have the browser of this machine bring the code here")
    way.add_argument("--code", action="store_true", help="show a code to type into a browser anywhere")


def run(options: argparse.Namespace) -> int:
    """Sign in, and keep the token."""
    credentials = Credentials(credentials_path())
    browser = not options.no_browser and can_open_browser(os.environ)
    with Service(chosen_base_url(options.base_url, credentials)) as service, ExitStack() as stack:
        former = credentials.get(service.base_url)
        listens = options.loopback or (browser and not options.code)
        listener = stack.enter_context(Listener()) if listens else None
        login = CliLogin(service, options.team, listener)
        login.begin()
        invite(login.started, listens=listens, open_browser=browser)
        credential = login.finish()
        try:
            credentials.keep(service.base_url, credential)
        except CommandError:
            end_session(service, credential.token)  # nobody will ever use it
            raise
        if former is not None:
            end_session(service, former.token)
    team = f" for team {printable(credential.team_id)}" if credential.team_id else ""
    say(f"Signed in at {service.base_url} as {printable(credential.user_id)}{team}, {until(credential)}.")
    return 0


def until(credential: Credential) -> str:
    """Say how long a token is good."""
    return f"until {moment(credential.expires_at)}"


def can_open_browser(environ: Mapping[str, str]) -> bool:
    """Whether a window can be opened on the machine before which the person sits."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return PurePath(str(getattr(browser, "name", ""))).name not in TEXT_BROWSERS


@attrs.frozen
class Started:
    """What the service said when the sign-in began."""

    login_id: str
    poll_secret: Secret
    user_code: str = attrs.field(repr=False)
    verification_uri: str
    lifetime: float
    interval: float


class CliLogin:
    """One sign-in of this terminal, from its start to its token."""

    def __init__(self, service: Service, team_id: str | None, listener: Listener | None) -> None:
        self._service = service
        self._team_id = team_id
        self._listener = listener
        self._verifier = Secret(secrets.token_urlsafe(32))
        self.started: Started

    def begin(self) -> None:
        """Announce this terminal; every secret but the verifier is the service's. Raises CommandError."""
        said: dict[str, str] = {"client": f"sso-core on {socket.gethostname()}"}
        if self._listener is not None:
            challenge = code_challenge(self._verifier)
            said |= {"redirect_uri": self._listener.redirect_uri, "code_challenge": challenge}
        self.started = read_start(self._service.post_json(CLI_START, said))
        if self._listener is not None:
            self._listener.expected = self.started.login_id

    def finish(self) -> Credential:
        """Wait for the person, let them choose a team, and return the token. Raises CommandError."""
        with Countdown("Waiting for you in the browser", self.started.lifetime) as countdown:
            document = self._wait(countdown)
        if document.get("requires_team_selection") is True:
            self._team_id = choose_team(document)
            document = self._poll()
        return read_token(document)

    def _wait(self, countdown: Countdown) -> dict[str, Any]:
        interval = self.started.interval
        if self._listener is None:
            countdown.pause(interval)
        else:
            countdown.pause(self.started.lifetime, self._listener.arrived)
        while not countdown.is_over:
            try:
                document = self._poll()
            except CommandError as error:
                interval = slower(interval, error)
            else:
                if document.get("status") == "ready":
                    return document
                interval = self.started.interval
            countdown.pause(interval)
        raise CommandError("nobody confirmed this sign-in in time, so it is over; start again when you like")

    def _poll(self) -> dict[str, Any]:
        form = [] if self._team_id is None else [("team_id", self._team_id)]
        if self._listener is not None:
            form += [("code", self._listener.code.reveal()), ("code_verifier", self._verifier.reveal())]
        return self._service.post(CLI_POLL + self.started.login_id, form, bearer=self.started.poll_secret)


def slower(interval: float, error: CommandError) -> float:
    """Return the seconds until the next poll after one that failed; raise the error where waiting mends nothing."""
    busy = isinstance(error, ServiceRefusedError) and error.code in BUSY
    if busy or isinstance(error, ServiceUnreachableError):
        return min(2 * interval, SLOWEST)
    raise error


def invite(started: Started, *, listens: bool, open_browser: bool) -> None:
    """Say where the person has to go, and what to type there; open the place where that is wanted."""
    say(f"Open {started.verification_uri}")
    say(f"and type {printable(started.user_code)}" + (" if it asks" if listens else ""))
    if open_browser:
        webbrowser.open(started.verification_uri)


def read_start(document: Mapping[str, Any]) -> Started:
    """Return what the service said. Raises CommandError for anything that could lead somewhere else."""
    login_id, poll_secret, user_code, address, lifetime, interval = map(
        document.get, ("login_id", "poll_secret", "user_code", "verification_uri", "expires_in", "interval")
    )
    if (
        isinstance(login_id, str)
        and isinstance(poll_secret, str)
        and isinstance(user_code, str)
        and isinstance(address, str)
        and isinstance(lifetime, int | float)
        and isinstance(interval, int | float)
        and 0 < lifetime <= LONGEST
        and interval <= LONGEST
        and LOGIN_ID.fullmatch(login_id)
        and is_address(address)
    ):
        return Started(login_id, Secret(poll_secret), user_code, address, lifetime, max(SHORTEST, interval))
    raise CommandError("the service answers the start of a sign-in in a way that is not understood")


def is_address(text: str) -> bool:
    """Whether a browser may be sent there: an http or https address, and nothing that a terminal would obey."""
    try:
        parse_http_url(text)
    except WireError:
        return False
    return True


def read_token(document: Mapping[str, Any]) -> Credential:
    """Return the token that the service gave. Raises CommandError."""
    key, user_id, team_id = document.get("key"), document.get("user_id"), document.get("team_id")
    expires_at = document.get("expires_at")
    if not (
        isinstance(key, str)
        and key
        and isinstance(user_id, str)
        and isinstance(team_id, str | None)
        and isinstance(expires_at, int | float)
    ):
        raise CommandError("the service approves the sign-in in a way that is not understood")
    return Credential(Secret(key), user_id, team_id, expires_at)


def choose_team(document: Mapping[str, Any]) -> str:
    """Let the person choose a team by its number.

    Raises CommandError where nobody is there to choose, and where the service names no teams to choose from.
    """
    listed = document.get("team_details")
    if not isinstance(listed, list) or not listed or not all(isinstance(team, dict) for team in listed):
        raise CommandError("the service asks for a team in a way that is not understood")
    teams = [(str(team.get("team_id")), team.get("team_alias")) for team in listed]
    say("You are in several teams:")
    for number, (team_id, alias) in enumerate(teams, 1):
        say(f"  {number}  {printable(f'{alias} ({team_id})' if alias else team_id)}")
    while True:
        sys.stdout.write(f"Act for which one (1-{len(teams)})? ")
        sys.stdout.flush()
        answer = sys.stdin.readline()
        if not answer:
            say()
            raise CommandError("no team was chosen; name one with --team", status=2)
        typed = answer.strip()
        if typed.isascii() and typed.isdecimal() and 0 < int(typed) <= len(teams):
            return teams[int(typed) - 1][0]


def end_session(service: Service, token: Secret) -> CommandError | None:
    """End what a token stands for at the service; return what is in the way of it.

    It is believed to be ended only when the service no longer takes it: nobody is told that they are signed out who
    is not.
    """
    try:
        service.post(SIGN_OUT, bearer=token)
        service.get(SESSION, bearer=token)
    except ServiceRefusedError as error:
        return None if error.code in OVER else error
    except CommandError as error:
        return error
    return CommandError(f"{service.base_url} takes it still")
