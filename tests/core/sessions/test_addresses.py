from __future__ import annotations

from ipaddress import ip_address

import pytest

from sso_core.sessions.addresses import ip_of, network_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::0007", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
    ],
)
def test_an_address_is_read_however_it_is_written(text: str, address: str) -> None:
    assert ip_of(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "nonsense", "192.0.2.7:80", "192.0.2.007", "192.0.2", "192.0.2.7/32", "[::1]"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert ip_of(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("", ""),
    ],
)
def test_whoever_has_many_addresses_is_one(one: str, other: str) -> None:
    assert network_of(one) == network_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("2001:db8::1", "2001:db8:0:1::1"), ("192.0.2.7", "192.0.2.8"), ("", "192.0.2.7"), ("a", "b")]
)
def test_others_are_told_apart(one: str, other: str) -> None:
    assert network_of(one) != network_of(other)
