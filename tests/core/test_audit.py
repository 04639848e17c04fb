from __future__ import annotations

import re
from pathlib import Path

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.failures import Reason
from sso_core.settings.variables import BY_NAME

GUIDE = (Path(__file__).parents[2] / "docs" / "hardening.md").read_text()


def test_what_is_known_of_an_event_is_told_by_name() -> None:
    event = AuditEvent(AuditKind.ROLE_CHANGED, "a1", role="admin", former_role="", joined=("t1",), at=5.0)
    assert event.fields() == {
        "kind": "role_changed",
        "account_id": "a1",
        "role": "admin",
        "joined": ("t1",),
        "at": 5.0,
    }


def test_each_kind_is_its_name_in_lower_case() -> None:
    assert [kind for kind in AuditKind if kind.value != kind.name.lower()] == []


def test_the_guide_knows_every_kind_and_nothing_that_there_is_not() -> None:
    kinds = {kind.value for kind in AuditKind}
    assert sorted(kind for kind in kinds if f"`{kind}`" not in GUIDE) == []
    named = set(re.findall(r"`([A-Za-z]+(?:_[A-Za-z]+)+)`", GUIDE))
    fields = {field.name for field in attrs.fields(AuditEvent)} | {"sso_event"}
    assert sorted(named - kinds - fields - set(BY_NAME) - {reason.code for reason in Reason}) == []
