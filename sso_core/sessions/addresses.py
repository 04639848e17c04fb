"""Addresses of the internet protocol as values, and whom each of them stands for."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

SITE = 64
"""Bits of an IPv6 address that a provider gives out: the rest is its customer's, who has all of those addresses."""


def ip_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text writes, in IPv4 where it is one mapped to IPv6; None where it writes none."""
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip


def network_of(address: str) -> str:
    """Return whom an address stands for: itself, or in IPv6 its site.

    What is no address stands for itself; so all whose address is unknown are one.
    """
    ip = ip_of(address)
    if isinstance(ip, IPv6Address):
        return str(IPv6Network((ip.packed, SITE), strict=False))
    return address if ip is None else str(ip)
