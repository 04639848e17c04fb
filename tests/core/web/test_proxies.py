from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from sso_core.events import Headers
from sso_core.web.messages import Request
from sso_core.web.proxies import certain_address, client_address, is_trusted_proxy, vouching_headers

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"), ip_network("fd00::/8"))


@pytest.mark.parametrize("peer", ["10.0.0.1", "10.255.255.255", "192.0.2.7", "fd00::1", "::ffff:10.0.0.1"])
def test_a_connection_from_a_named_network_is_the_proxys(peer: str) -> None:
    assert is_trusted_proxy(peer, NETWORKS)


@pytest.mark.parametrize(
    "peer",
    ["", "11.0.0.1", "192.0.2.8", "::1", "fe80::1%eth0", "nonsense", "10.0.0.1:80", "10.0.0.1, 10.0.0.2", "010.0.0.1"],
)
def test_any_other_is_not(peer: str) -> None:
    assert not is_trusted_proxy(peer, NETWORKS)


def test_without_a_network_nobody_is() -> None:
    assert not is_trusted_proxy("10.0.0.1", ())


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ((("x-user", "alice"), ("x-groups", "a,b")), ("x-user", "x-groups")),
        ((("x-user", "alice"), ("x_user", "mallory")), ("x-user",)),
        ((("x_user", "mallory"),), ()),
        ((("x-user", "mallory"), ("x-user", "alice"), ("host", "h")), ("host",)),
        ((("cookie", "a=b"), ("authorization", "Basic canary"), ("x-user", "alice")), ("x-user",)),
    ],
)
def test_only_what_one_voice_says_under_one_name_counts(
    headers: tuple[tuple[str, str], ...], left: tuple[str, ...]
) -> None:
    assert tuple(name for name, _ in vouching_headers(headers)) == left


PROXY, CLIENT = "10.0.0.1", "198.51.100.9"
FOR = "x-forwarded-for"


def asked(peer: str, *headers: tuple[str, str]) -> Request:
    return Request("GET", "/", headers=headers, peer=peer)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (((FOR, CLIENT),), CLIENT),
        (((FOR, f"203.0.113.1, {CLIENT}"),), CLIENT),
        (((FOR, f"203.0.113.1,{CLIENT} , 10.9.9.9,\t192.0.2.7"),), CLIENT),
        (((FOR, "203.0.113.1"), (FOR, CLIENT)), CLIENT),
        (((FOR, CLIENT), (FOR, "10.9.9.9")), CLIENT),
        (((FOR, f"nonsense, {CLIENT}"),), CLIENT),
        (((FOR, f"{CLIENT}:4711"),), CLIENT),
        (((FOR, "2001:DB8::1"),), "2001:db8::1"),
        (((FOR, "[2001:db8::1]"),), "2001:db8::1"),
        (((FOR, "[2001:db8::1]:4711"),), "2001:db8::1"),
        (((FOR, f"::ffff:{CLIENT}"),), CLIENT),
        (((FOR, f"{CLIENT}, ::ffff:10.0.0.2"),), CLIENT),
        ((("x_forwarded_for", "203.0.113.1"), (FOR, CLIENT)), CLIENT),
    ],
)
def test_behind_a_named_proxy_the_last_address_that_is_no_proxys_is_the_clients(
    headers: Headers, expected: str
) -> None:
    assert client_address(asked(PROXY, *headers), NETWORKS) == expected
    assert certain_address(asked(f"::ffff:{PROXY}", *headers), NETWORKS) == expected


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((FOR, ""),),
        ((FOR, "unknown"),),
        ((FOR, f"{CLIENT}, unknown"),),
        ((FOR, f"{CLIENT},"),),
        ((FOR, CLIENT), (FOR, "")),
        ((FOR, f"{CLIENT} {CLIENT}"),),
        ((FOR, f'"{CLIENT}"'),),
        ((FOR, "fe80::1%eth0"),),
        ((FOR, "198.51.100.09"),),
        ((FOR, f"{CLIENT}:port"),),
        ((FOR, "10.0.0.2, 10.0.0.3"),),
        (("x_forwarded_for", CLIENT),),
        (("forwarded", f"for={CLIENT}"),),
        (("x-real-ip", CLIENT),),
    ],
)
def test_where_a_proxy_says_nothing_that_counts_it_is_itself_the_client_and_in_doubt(headers: Headers) -> None:
    assert client_address(asked(PROXY, *headers), NETWORKS) == PROXY
    assert certain_address(asked(PROXY, *headers), NETWORKS) == ""


@pytest.mark.parametrize("networks", [(), NETWORKS])
@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via", "x-real-ip"]
)
def test_nobody_else_says_where_they_come_from_and_whoever_tries_is_in_doubt(name: str, networks: Any) -> None:
    request = asked("203.0.113.1", (name, CLIENT))
    assert client_address(request, networks) == "203.0.113.1"
    assert certain_address(request, networks) == ""


@pytest.mark.parametrize(
    ("peer", "address"),
    [("203.0.113.1", "203.0.113.1"), ("::ffff:203.0.113.1", "203.0.113.1"), ("", ""), ("testclient", "testclient")],
)
def test_without_a_proxy_the_connection_tells(peer: str, address: str) -> None:
    request = asked(peer, ("host", "app.example"), ("x-user", "alice"))
    assert client_address(request, NETWORKS) == certain_address(request, NETWORKS) == address
