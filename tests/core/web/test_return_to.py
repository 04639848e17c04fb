from __future__ import annotations

import pytest

from sso_core.settings.origin import Origin
from sso_core.web.return_to import safe_return_target

ROOT = Origin("https://app.example")
MOUNTED = Origin("https://app.example/sub")


@pytest.mark.parametrize(
    "target",
    ["/", "/a", "/a/b?c=d&e=//f", "/a#b", "/%C3%A4", "/a.b/..c", "/%25252541", "https://app.example/a"],
)
def test_a_path_of_ours_is_kept(target: str) -> None:
    assert safe_return_target(target, ROOT) == target.removeprefix("https://app.example")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "a",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "/%2Fevil.example",
        "/%252Fevil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "/\r/evil.example",
        "/%0d%0aset-cookie:a",
        "/%C2%A0/evil.example",
        "/%E2%80%83/evil.example",
        "/a%00b",
        "/a%7Fb",
        "/./\\evil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/a/../b",
        "https:evil.example",
        "https://evil.example",
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "https://app.example",
        "http://app.example/",
        "javascript:alert(1)",
        " /a",
        "/a b",
        "/ä",
        "/" + "a" * 2000,
    ],
)
def test_whatever_may_lead_elsewhere_leads_home(target: str) -> None:
    assert safe_return_target(target, ROOT) == "/"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/sub/a", "/sub/a"),
        ("/sub/..a", "/sub/..a"),
        ("/subway", "/sub/"),
        ("/a", "/sub/"),
        *[("/sub/" + up, "/sub/") for up in ("..", ".", "a/..", "%2e%2e", ".%252e?a=b", "..#a")],
    ],
)
def test_below_a_mount_only_the_mount_is_ours(target: str, expected: str) -> None:
    assert safe_return_target(target, MOUNTED) == expected


def test_where_home_is_the_operator_may_say() -> None:
    assert safe_return_target("", ROOT, "/ui/?login=success") == "/ui/?login=success"
    assert safe_return_target("//evil.example", MOUNTED, "/sub/ui/") == "/sub/ui/"
    assert safe_return_target("/a\\b", ROOT, "/ui/") == safe_return_target("/./a", ROOT, "/ui/") == "/ui/"
