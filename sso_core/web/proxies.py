"""What proxies may say of a request: which of them who somebody is, and which of them where somebody comes from.

These are two trusts, and two lists of the operator's. Only the transport tells whose connection it is; a header about
the way here counts where one of the operator's own proxies wrote it.
"""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from sso_core.events import Headers
from sso_core.sessions.addresses import ip_of
from sso_core.web.messages import Request

Networks = tuple[IPv4Network | IPv6Network, ...]

NOT_VOUCHING = frozenset({"cookie", "authorization"})
"""Never the proxy's words about a person, and secrets of that person's own."""

FORWARDED_FOR = "x-forwarded-for"
"""What every proxy can write; `Forwarded` (RFC 7239) is written by few, and often passed on as a client sent it."""
FORWARDING = frozenset({"forwarded", "via", "x-real-ip"})
"""With all that begins with `x-forwarded-`: by these a proxy gives itself away."""

_WITH_PORT = re.compile(r"\[([0-9a-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}", re.ASCII | re.IGNORECASE)


def is_trusted_proxy(peer: str, networks: Networks) -> bool:
    """Whether the connection comes from one of the operator's networks; an address that is none comes from nowhere."""
    address = ip_of(peer)
    return address is not None and _is_within(address, networks)


def vouching_headers(headers: Headers) -> Headers:
    """Return the headers that may name a person.

    A name with an underscore is left out, since many read it as a hyphen, and one that comes twice, since one of the
    two was the client's: either is how a client speaks with its proxy's voice.
    """
    times = Counter(name for name, _ in headers)
    return tuple(
        (name, value) for name, value in headers if "_" not in name and times[name] == 1 and name not in NOT_VOUCHING
    )


def client_address(request: Request, networks: Networks) -> str:
    """Return where a request comes from, as far as that is known.

    That is the transport's peer, or whom the operator's proxies have it from. Behind a proxy that is not named all
    people come from the one address of the proxy.
    """
    return _forwarded_for(request, networks) or _plain(request.peer)


def certain_address(request: Request, networks: Networks) -> str:
    """Return where a request comes from, or the empty text in doubt.

    It is in doubt behind a proxy that does not say, and where a header tells of a proxy that nobody has named: many
    people may come from its address.
    """
    if is_trusted_proxy(request.peer, networks):
        return _forwarded_for(request, networks)
    passed_on = any(name in FORWARDING or name.startswith("x-forwarded-") for name, _ in request.headers)
    return "" if passed_on else _plain(request.peer)


def _forwarded_for(request: Request, networks: Networks) -> str:
    """Return the last address that is none of the proxies', where one of them wrote the header; else the empty text.

    Each proxy adds whom it was called by at the end, some in a header of their own below the others (RFC 9110 5.3).
    What stands before that address was written by whoever is there, and is not read.
    """
    if not is_trusted_proxy(request.peer, networks):
        return ""
    for text in reversed(",".join(request.all_headers(FORWARDED_FOR)).split(",")):
        address = _entry(text.strip())
        if address is None:
            return ""
        if not _is_within(address, networks):
            return str(address)
    return ""


def _entry(text: str) -> IPv4Address | IPv6Address | None:
    """Read one address; some proxies write its port beside it. A zone is known on one machine only."""
    written = _WITH_PORT.fullmatch(text)
    return ip_of(written[1] or written[2] if written else text) if "%" not in text else None


def _is_within(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _plain(peer: str) -> str:
    """Return an address as it is compared: one host has one."""
    address = ip_of(peer)
    return peer if address is None else str(address)
