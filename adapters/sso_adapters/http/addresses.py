"""Which addresses may be talked to. Pure functions: nothing is resolved or connected here.

A provider's documents name further addresses (endpoints, key sets), so whoever controls a document could point this
service at machines that only it can reach: a cloud's metadata service, a database, itself. The rule is asked twice:
about the URL before anything happens, and about each address that a name resolves to, right before the connection
to that very address. A name that changes its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from itertools import zip_longest

import attrs

from sso_core.wire import HttpUrl

Address = IPv4Address | IPv6Address

MOST_ADDRESSES = 4
"""How many addresses of one name are tried; more would leave each too little of the time for a connection."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""RFC 4291 2.4: all that has been given out of IPv6 so far."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052 2.1: an IPv4 address in the last 32 bits."""


@attrs.frozen(kw_only=True)
class AddressRule:
    """Says which URLs and addresses are refused. Without options: https, and public addresses only.

    Plain http goes to a host that is loopback by its own word, and loopback addresses to such a host only: a public
    name that resolves to 127.0.0.1 is refused, whatever the options. Multicast and unspecified addresses are always
    refused, no provider lives there.

    `allow_plain_http` sends secrets unencrypted; `allow_private_addresses` opens the inner network, the metadata
    service of a cloud included, to whoever writes the provider's documents.
    """

    allow_plain_http: bool = False
    allow_private_addresses: bool = False

    def refuses_url(self, url: HttpUrl) -> str | None:
        """Return why nothing may be sent to the URL, or None."""
        if url.scheme == "https" or self.allow_plain_http or url.is_loopback:
            return None
        return f"plain http to {url.host} is refused"

    def refuses_address(self, host: str, address: Address) -> str | None:
        """Return why `host` may not be reached at `address`, or None."""
        real = embedded(address)
        if is_loopback_host(host) != real.is_loopback:
            return f"{host} at {address} is refused: only a loopback host is at a loopback address"
        if real.is_multicast or real.is_unspecified:
            return f"{host} at {address} is refused: no host has this address"
        if real.is_loopback or self.allow_private_addresses or is_public(real):
            return None
        return f"{host} at {address} is refused: the address is not public"


def is_loopback_host(host: str) -> bool:
    """Whether a host is this machine by its own word, nothing resolved."""
    return HttpUrl("https", host, 443, "", "").is_loopback


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, through whichever gateway, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet (IANA's special-purpose registries, RFC 6890)."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def in_turn(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Return the addresses to try, each once, families alternating, the resolver's order kept within each.

    Where one of the two internets is broken, the second attempt is already in the other one (RFC 8305 4).
    """
    unique = tuple(dict.fromkeys(addresses))
    first = tuple(address for address in unique if address.version == unique[0].version)
    other = tuple(address for address in unique if address.version != unique[0].version)
    pairs = zip_longest(first, other)
    return tuple(address for pair in pairs for address in pair if address is not None)[:MOST_ADDRESSES]
