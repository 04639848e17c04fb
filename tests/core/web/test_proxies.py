from __future__ import annotations

from ipaddress import ip_network

import pytest

from sso_core.web.proxies import is_trusted_proxy, vouching_headers

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
