from __future__ import annotations

import pytest

from sso_core.settings.origin import Origin


@pytest.mark.parametrize(
    ("base", "origin", "mount"),
    [
        ("https://app.example", "https://app.example", ""),
        ("https://app.example/", "https://app.example", ""),
        ("https://APP.example:443/", "https://app.example", ""),
        ("https://app.example:8443/a/b/", "https://app.example:8443", "/a/b"),
        ("http://localhost:8000", "http://localhost:8000", ""),
        ("http://127.0.0.1:80/app", "http://127.0.0.1", "/app"),
        ("http://[::1]:8000/app", "http://[::1]:8000", "/app"),
    ],
)
def test_an_address_is_reduced_to_one_form(base: str, origin: str, mount: str) -> None:
    ours = Origin(base)
    assert (ours.base, ours.origin, ours.mount) == (origin + mount, origin, mount)
    assert ours == Origin(origin + mount)


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ("", "not usable"),
        ("app.example", "not usable"),
        ("ftp://app.example", "not usable"),
        ("https://user@app.example", "not usable"),
        ("https://app.example/#top", "not usable"),
        ("https://app.example /", "not usable"),
        ("https://app.example/?a=b", "has a query"),
        ("http://app.example", "plain http"),
        ("http://192.168.0.1", "plain http"),
        ("http://localhost.app.example", "plain http"),
    ],
)
def test_an_address_that_is_not_safe_to_serve_under_is_refused(base: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Origin(base)


@pytest.mark.parametrize(("base", "secure"), [("https://app.example", True), ("http://localhost", False)])
def test_only_https_is_secure(base: str, secure: bool) -> None:
    assert Origin(base).is_secure is secure


def test_our_paths_lie_below_the_mount() -> None:
    ours = Origin("https://app.example/a/")
    assert ours.url("/sso/callback") == "https://app.example/a/sso/callback"
    assert ours.path("/sso/callback") == "/a/sso/callback"


def test_mounts_of_one_host_have_marks_of_their_own() -> None:
    root, one, other = (Origin("https://app.example" + mount) for mount in ("/", "/a", "/b"))
    assert root.mark == ""
    assert len(one.mark) == 6
    assert one.mark != other.mark
    assert one.mark == Origin("https://app.example/a/").mark
