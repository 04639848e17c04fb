"""`sso-core logout`: ends this terminal's session at the service, and forgets the token in any case."""

from __future__ import annotations

import argparse

from sso_adapters.cli.credentials import Credentials, credentials_path
from sso_adapters.cli.login import end_session, until
from sso_adapters.cli.remote import Service, chosen_base_url
from sso_adapters.cli.terminal import CommandError, say


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("base_url", nargs="?", help="address of the service (default SSO_CORE_URL, or the last one)")


def run(options: argparse.Namespace) -> int:
    """Forget the token here first: what becomes of it there is not in our hands."""
    credentials = Credentials(credentials_path())
    base_url = chosen_base_url(options.base_url, credentials)
    credential = credentials.get(base_url)
    if credential is None:
        say(f"You are not signed in at {base_url}.")
        return 0
    credentials.forget(base_url)
    with Service(base_url) as service:
        trouble = end_session(service, credential.token)
    if trouble is not None:
        raise CommandError(f"the token is forgotten here, but there it is good {until(credential)}: {trouble}")
    say(f"Signed out at {base_url}.")
    return 0
