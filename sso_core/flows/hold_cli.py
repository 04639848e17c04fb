"""What the stories of a command line share: an entry that one flow at a time holds, and puts back.

An entry is taken before it is changed, so that of two browsers at once one waits, and no wrong code goes uncounted.
Whoever takes it and may not go on puts it back as it was: the command line may still get its token.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from sso_core.effects import Drop, Effect, Keep, Kind
from sso_core.events import AlreadyTaken, Dropped, Found, Kept, Missing, Occupied, StoreUnreachable, Taken
from sso_core.failures import Failure, Reason, refuse
from sso_core.machine import Failed, Working
from sso_core.sessions.cli_entry import (
    TRIES,
    CliLogin,
    cli_login_key,
    decode_cli_login,
    encode_cli_login,
)
from sso_core.settings.sign_in import SignInSettings

BUSY = b"busy"
BUSY_TTL = 10.0
"""Seconds that an entry which was taken and not put back is told from one that never was. It is lost: nobody else can
hold it, and the command line starts again."""


def check_cli_enabled(settings: SignInSettings) -> None:
    """Refuse a command line where the operator wants none."""
    if not settings.cli_enabled:
        refuse(Reason.SWITCHED_OFF, "the command line is switched off")


def entry_of(answer: Found | Taken | AlreadyTaken | Missing | StoreUnreachable, now: float) -> CliLogin:
    """Return the login of an entry that is alive by our clock, or refuse."""
    match answer:
        case StoreUnreachable(why):
            refuse(Reason.STORE_UNREACHABLE, f"the command-line login cannot be read: {why}")
        case AlreadyTaken(marker) if marker == BUSY:
            refuse(Reason.TOO_MANY_REQUESTS, "somebody is answering for this command line at this moment")
        case AlreadyTaken():
            refuse(Reason.NO_CLI_LOGIN, "the token of this command-line login was given out already")
        case Missing():
            refuse(Reason.NO_CLI_LOGIN, "there is no command-line login of this id")
        case Found(value) | Taken(value):
            login = decode_cli_login(value)
        case _:
            assert_never(answer)
    if now >= login.expires_at:
        refuse(Reason.NO_CLI_LOGIN, f"the command-line login expired {now - login.expires_at:.0f} s ago")
    return login


def why_closed(login: CliLogin) -> Failure | None:
    """Say why nobody may approve a login any more: somebody has, or it saw too many wrong codes."""
    if login.session is not None:
        return Failure(Reason.NO_CLI_LOGIN, "the command-line login is approved already")
    if login.tries >= TRIES:
        return Failure(Reason.TOO_MANY_TRIES, f"{TRIES} wrong codes were given for this command line")
    return None


@attrs.frozen
class ReturningCliLogin(Working):
    """Waits until the entry is back where it was taken: the command line may still get its token."""

    uninterruptible = True

    login_id: str
    login: CliLogin
    ttl: float
    failure: Failure

    def asks(self) -> tuple[Effect, ...]:
        """Put it back; one that saw too many wrong codes is gone."""
        key = cli_login_key(self.login_id)
        if self.login.tries >= TRIES:
            return (Drop(Kind.CLI_LOGIN, key),)
        return (Keep(Kind.CLI_LOGIN, key, encode_cli_login(self.login), self.ttl),)

    def receive(self, answer: Kept | Occupied | Dropped | StoreUnreachable, *, now: float) -> Failed:
        """Say what is wrong."""
        del now
        if isinstance(answer, StoreUnreachable):
            refuse(Reason.SESSION_NOT_KEPT, f"the command-line login is lost: {answer.why}")
        return Failed(self.failure)
