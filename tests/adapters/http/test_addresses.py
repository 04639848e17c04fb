from __future__ import annotations

from ipaddress import ip_address

import pytest

from sso_adapters.http import AddressRule
from sso_adapters.http.addresses import MOST_ADDRESSES, embedded, in_turn
from sso_core.wire import parse_http_url

STRICT = AddressRule()
OPEN = AddressRule(allow_private_addresses=True)

PUBLIC = ["8.8.8.8", "142.250.1.1", "2606:4700::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%1",
    "fd00::1",
    "fec0::1",
    "2001:db8::1",
    "4000::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
]
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
NOBODY = ["0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "::ffff:224.0.0.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert STRICT.refuses_address("idp.example", ip_address(address)) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_passes_only_where_that_is_allowed(address: str) -> None:
    why = STRICT.refuses_address("idp.example", ip_address(address))
    assert why is not None
    assert "not public" in why
    assert OPEN.refuses_address("idp.example", ip_address(address)) is None


@pytest.mark.parametrize("rule", [STRICT, OPEN])
@pytest.mark.parametrize("host", ["idp.example", "localhost.", "127.1", "localhost.evil.example"])
@pytest.mark.parametrize("address", LOOPBACK)
def test_a_name_that_is_not_loopback_by_its_own_word_never_reaches_a_loopback_address(
    rule: AddressRule, host: str, address: str
) -> None:
    assert rule.refuses_address(host, ip_address(address)) is not None


@pytest.mark.parametrize(
    ("host", "address"), [("localhost", "127.0.0.1"), ("localhost", "::1"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1")]
)
def test_a_loopback_host_is_at_a_loopback_address(host: str, address: str) -> None:
    assert STRICT.refuses_address(host, ip_address(address)) is None


@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *NOBODY])
def test_a_loopback_host_is_nowhere_else(address: str) -> None:
    assert OPEN.refuses_address("localhost", ip_address(address)) is not None


@pytest.mark.parametrize("address", NOBODY)
def test_what_is_no_hosts_address_is_refused_whatever_the_options(address: str) -> None:
    assert OPEN.refuses_address("idp.example", ip_address(address)) is not None


@pytest.mark.parametrize(
    "url", ["https://idp.example/", "https://localhost/", "http://localhost:8080/", "http://[::1]/"]
)
def test_https_and_plain_http_to_loopback_pass(url: str) -> None:
    assert STRICT.refuses_url(parse_http_url(url)) is None


@pytest.mark.parametrize(
    "url", ["http://idp.example/", "http://127.1/", "http://localhost.evil.example/", "http://10.0.0.1"]
)
def test_plain_http_to_anywhere_else_needs_the_option(url: str) -> None:
    assert STRICT.refuses_url(parse_http_url(url)) is not None
    assert AddressRule(allow_plain_http=True).refuses_url(parse_http_url(url)) is None


def test_an_allowance_shows_in_the_repr_and_is_given_by_name_only() -> None:
    assert "allow_private_addresses=True" in repr(OPEN)
    with pytest.raises(TypeError):
        AddressRule(True)  # type: ignore[call-arg]


def test_the_families_take_turns_each_address_once_and_not_too_many() -> None:
    six = [ip_address(f"2606:4700::{n}") for n in range(1, 5)]
    four = [ip_address(f"8.8.8.{n}") for n in range(1, 3)]
    assert in_turn([*six, six[0], *four]) == (six[0], four[0], six[1], four[1])
    assert in_turn([*six, *six]) == tuple(six[:MOST_ADDRESSES])
    assert in_turn([]) == ()


def test_an_address_inside_an_address_is_found() -> None:
    assert str(embedded(ip_address("64:ff9b::a00:1"))) == "10.0.0.1"
    assert str(embedded(ip_address("2606:4700::1"))) == "2606:4700::1"
