"""Which connection comes from a proxy that may say who somebody is, and which of its headers count.

Only the transport tells where a connection comes from. What a header says of its own way here is never read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from sso_core.events import Headers

NOT_VOUCHING = frozenset({"cookie", "authorization"})
"""Never the proxy's words about a person, and secrets of that person's own."""


def is_trusted_proxy(peer: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether the connection comes from one of the operator's networks; an address that is none comes from nowhere."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def vouching_headers(headers: Headers) -> Headers:
    """Return the headers that may name a person.

    A name with an underscore is left out, since many read it as a hyphen, and one that comes twice, since one of the
    two was the client's: either is how a client speaks with its proxy's voice.
    """
    times = Counter(name for name, _ in headers)
    return tuple(
        (name, value) for name, value in headers if "_" not in name and times[name] == 1 and name not in NOT_VOUCHING
    )
