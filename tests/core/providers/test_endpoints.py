from __future__ import annotations

import pytest
from scenes import METADATA

from sso_core.providers.endpoints import EndpointOverrides, check_address


@pytest.mark.parametrize(
    "value", ["https://idp.example/token", "http://localhost:8000/token", "http://127.0.0.1/token"]
)
def test_an_address_is_https_or_on_the_loopback(value: str) -> None:
    assert check_address("token endpoint", value) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "the token endpoint is no usable address"),
        ("idp.example/token", "no usable address"),
        ("ftp://idp.example", "no usable address"),
        ("https://user@idp.example", "no usable address"),
        ("https://idp.example/#fragment", "no usable address"),
        ("http://idp.example/token", "the token endpoint is plain http"),
        ("http://localhost.evil.example/token", "plain http"),
    ],
)
def test_any_other_address_is_refused_by_name(value: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_address("token endpoint", value)


@pytest.mark.parametrize("name", ["authorization", "token", "userinfo"])
def test_an_override_replaces_one_endpoint_and_is_checked(name: str) -> None:
    value = f"https://gov.example/{name}"
    metadata = EndpointOverrides(**{name: value}).over(METADATA)
    assert getattr(metadata, f"{name}_endpoint") == value
    assert (metadata.issuer, metadata.jwks_uri) == (METADATA.issuer, METADATA.jwks_uri)
    with pytest.raises(ValueError, match=f"{name} endpoint is plain http"):
        EndpointOverrides(**{name: "http://gov.example"})


def test_no_override_leaves_the_metadata_as_it_is() -> None:
    assert EndpointOverrides().over(METADATA) == METADATA
