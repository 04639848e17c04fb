"""How often something may be tried, by whom, and who is refused for it.

A try is counted before anybody looks at it, so that of a burst in parallel no more come through than of a queue. Keys
are hashes: whoever reads the store learns no name that was typed, and no address.
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from typing import assert_never

import attrs

from sso_core.effects import Count, Kind
from sso_core.events import Counted, StoreUnreachable
from sso_core.failures import Reason, refuse
from sso_core.sessions.addresses import network_of
from sso_core.wire import b64url_encode

MOST = 100_000
"""A limit that nobody reaches is none."""
WINDOW = 600
"""Seconds: long enough that guessing is slow, short enough for a person who was kept out by somebody else's."""
LONGEST_WINDOW = 24 * 3600

_NUMBER = attrs.validators.and_(attrs.validators.instance_of(int), attrs.validators.ge(1), attrs.validators.le(MOST))
_WINDOW = attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(LONGEST_WINDOW))

ONE_ADDRESS = "if it is a proxy's, name it in SSO_ADDRESS_PROXIES; if many people share it, raise the limit"
ONE_NAME = "somebody guesses, or a program has an old password"


@attrs.frozen
class Limits:
    """How many tries there may be within `window` seconds. None can be switched off.

    Raises ValueError for a number that is none, and where one address could use up all the tries of a name: whoever
    knows the name would keep its person out.
    """

    window: float = attrs.field(default=WINDOW, validator=_WINDOW)
    passwords: int = attrs.field(default=10, validator=_NUMBER)
    """Of one name from one address."""
    passwords_per_address: int = attrs.field(default=100, validator=_NUMBER)
    passwords_per_name: int = attrs.field(default=200, validator=_NUMBER)
    cli_starts_per_address: int = attrs.field(default=60, validator=_NUMBER)
    cli_codes_per_address: int = attrs.field(default=60, validator=_NUMBER)

    def __attrs_post_init__(self) -> None:
        if self.passwords_per_name <= self.passwords:
            raise ValueError("the tries of a name have to be more than those of a name from one address")


@attrs.frozen
class Quota:
    """What one party may try, and where that is counted."""

    what: str
    key: str
    most: int
    window: float
    hint: str = ""

    @property
    def count(self) -> Count:
        """Count one more."""
        return Count(Kind.TRIES, self.key, self.window)


def password_quotas(limits: Limits, username: str, address: str) -> tuple[Quota, Quota, Quota]:
    """Return what a try of a password counts against, to be counted in this order, each within the one before.

    Few tries of one name come from one address, more from an address that many people share, and more still for a name
    from everywhere: it takes many addresses to keep a person out by failing in their name, and what is refused to an
    address is no try of the name.
    """
    name, network = folded_name(username), network_of(address)
    of_address, of_pair = _key("passwords from", network), _key("passwords from for", network, name)
    of_name, window = _key("passwords for", name), limits.window
    return (
        Quota("passwords from one address", of_address, limits.passwords_per_address, window, ONE_ADDRESS),
        Quota("passwords for one name from one address", of_pair, limits.passwords, window, ONE_NAME),
        Quota("passwords for one name", of_name, limits.passwords_per_name, window, ONE_NAME),
    )


def cli_start_quota(limits: Limits, address: str) -> Quota:
    """Return what the start of a command line's login counts against: each brings new tries of a user code."""
    key = _key("cli start", network_of(address))
    return Quota("command lines from one address", key, limits.cli_starts_per_address, limits.window, ONE_ADDRESS)


def cli_code_quota(limits: Limits, address: str) -> Quota:
    """Return what a typed user code counts against, right or wrong, beside the tries of its login (RFC 8628 5.1)."""
    key = _key("cli code", network_of(address))
    return Quota("user codes from one address", key, limits.cli_codes_per_address, limits.window, ONE_ADDRESS)


def check_quota(quota: Quota, answer: Counted | StoreUnreachable) -> None:
    """Refuse a try beyond the quota, until the window is over, and any try that cannot be counted."""
    match answer:
        case Counted(number, left) if number > quota.most:
            detail = f"{quota.what}: {number}, and {quota.most} are let through within {quota.window:.0f} s"
            refuse(Reason.TOO_MANY_REQUESTS, detail, quota.hint, wait=max(1.0, left))
        case Counted():
            return
        case StoreUnreachable(why):
            refuse(Reason.STORE_UNREACHABLE, f"tries cannot be counted: {why}")
        case _:
            assert_never(answer)


def folded_name(username: str) -> str:
    """Return a name as a lenient host may read it: its tries count together however it is written."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()


def _key(*parts: str) -> str:
    """Return the store's key. Each part stands with its length, so that no two lists of parts are written alike."""
    written = "".join(f"{len(part)} {part}" for part in parts)
    return b64url_encode(sha256(f"tries {written}".encode("utf-8", "surrogatepass")).digest())
