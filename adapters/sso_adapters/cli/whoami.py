"""`sso-core whoami`: the person behind this terminal's token, by the service's word."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from sso_adapters.cli.credentials import Credentials, credentials_path
from sso_adapters.cli.remote import OVER, Service, ServiceRefusedError, chosen_base_url
from sso_adapters.cli.terminal import CommandError, moment, printable, say
from sso_core.web.people import SESSION

LINES = (("role", "role"), ("team", "team_id"))
"""What is said of a person beside their name, and where the service says it."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("base_url", nargs="?", help="address of the service (default SSO_CORE_URL, or the last one)")
    parser.add_argument("--json", action="store_true", help="say it as JSON, as the service does")


def run(options: argparse.Namespace) -> int:
    """Ask the service; whoever has no token, or one that is over, is nobody."""
    credentials = Credentials(credentials_path())
    base_url = chosen_base_url(options.base_url, credentials)
    credential = credentials.get(base_url)
    if credential is None:
        raise CommandError(f"you are not signed in at {base_url}: sso-core login {base_url}")
    try:
        with Service(base_url) as service:
            document = service.get(SESSION, bearer=credential.token)
    except ServiceRefusedError as error:
        if error.code not in OVER:
            raise
        raise CommandError(f"you are no longer signed in at {base_url}: sso-core login {base_url}") from None
    if options.json:
        say(json.dumps(document, ensure_ascii=True, indent=1))
    else:
        for line in described(document, base_url):
            say(line)
    return 0


def described(person: Mapping[str, Any], base_url: str) -> list[str]:
    """Return what the service says of a person, a line for each thing that it says."""
    email, end = person.get("email"), person.get("expires_at")
    lines = [printable(person.get("display_name")) + (f" <{printable(email)}>" if email else "")]
    lines += [f"{name:6}{printable(person[key])}" for name, key in LINES if person.get(key)]
    if isinstance(end, int | float):
        lines.append(f"until {moment(end)}")
    return [*lines, f"at    {base_url}"]
