from __future__ import annotations

import json
import logging

import pytest

from sso_adapters.observe.logs import JsonFormatter, in_words, log_event
from sso_core.audit import AuditEvent, AuditKind

REFUSED = AuditEvent(
    AuditKind.REFUSED, code="no_code", detail='the provider said "no\nway"', reference="3df219d2", path="/a b", at=5.0
)
SIGNED_IN = AuditEvent(AuditKind.SIGNED_IN, "a1", "https://op.example", "alice", "admin", joined=("t1", "t2"), at=5.0)


@pytest.mark.parametrize(("event", "level"), [(REFUSED, "WARNING"), (SIGNED_IN, "INFO")])
def test_a_refusal_warns_and_everything_else_informs(
    event: AuditEvent, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sso_core.audit")
    log_event(event)
    (record,) = caplog.records
    assert (record.levelname, record.name) == (level, "sso_core.audit")
    assert vars(record)["sso_event"] == event.fields()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (REFUSED, 'refused code=no_code detail="the provider said \\"no\\nway\\"" reference=3df219d2 path="/a b"'),
        (SIGNED_IN, "signed_in account_id=a1 issuer=https://op.example subject=alice role=admin joined=t1,t2"),
    ],
)
def test_an_event_is_one_line_of_words(event: AuditEvent, line: str) -> None:
    assert in_words(event.fields()) == line


def formatted(**members: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "n", "levelno": 30, "levelname": "WARNING", "created": 5.0} | members)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    written: dict[str, object] = json.loads(line)
    return written


def test_an_event_is_one_line_of_json() -> None:
    assert formatted(sso_event=REFUSED.fields()) == {
        "time": "1970-01-01T00:00:05.000+00:00",
        "level": "warning",
        "logger": "n",
        "kind": "refused",
        "code": "no_code",
        "detail": 'the provider said "no\nway"',
        "reference": "3df219d2",
        "path": "/a b",
        "at": 5.0,
    }


def test_so_is_what_others_log() -> None:
    with pytest.raises(ValueError, match="late") as caught:
        int("late")
    said = formatted(msg="it is %s", args=("late",), exc_info=(caught.type, caught.value, caught.tb))
    assert said["message"] == "it is late"
    assert "ValueError: invalid literal" in str(said["exception"])
