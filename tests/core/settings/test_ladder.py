from __future__ import annotations

import re
from pathlib import Path

import pytest

import sso_core
from sso_core.settings.ladder import REFERENCE_LADDER

CORE = Path(sso_core.__file__).parent
NAMES = re.compile(r"\b(proxy_admin|proxy_admin_viewer|internal_user|internal_user_viewer|org_admin)\b")
ELSEWHERE = [path for path in sorted(CORE.rglob("*.py")) if path.parent != CORE / "settings"]


def test_the_ladder_is_that_of_the_reference() -> None:
    assert REFERENCE_LADDER.roles == ("proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer")
    assert REFERENCE_LADDER.unranked == ("org_admin", "team", "customer")
    assert REFERENCE_LADDER.promoted == "proxy_admin"
    assert REFERENCE_LADDER.default == "internal_user_viewer"
    assert REFERENCE_LADDER.budgeted == "internal_user"


@pytest.mark.parametrize(("role", "admin"), [("proxy_admin", True), ("proxy_admin_viewer", True), ("org_admin", False)])
def test_two_roles_may_administer(role: str, admin: bool) -> None:
    assert REFERENCE_LADDER.is_admin(role) is admin


def test_role_names_are_spelled_in_the_settings_only() -> None:
    assert [path for path in ELSEWHERE if NAMES.search(path.read_text())] == []
