from __future__ import annotations

from sso_core.audit import AuditEvent, AuditKind


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
