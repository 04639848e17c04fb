"""Events of sign-in as records of `logging`, in words for people and as JSON for programs.

The logger is `sso_core.audit`: refusals are warnings, everything else is information. A record holds the event's fields
as the dict `sso_event`, so that a handler of any kind can write them in its own way.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sso_core.audit import AuditEvent, AuditKind

Observe = Callable[[AuditEvent], None]
"""Hears of each event, within the request that brought it about; it must not wait."""

log = logging.getLogger("sso_core.audit")


def log_event(event: AuditEvent) -> None:
    """Write one record."""
    fields = event.fields()
    level = logging.WARNING if event.kind is AuditKind.REFUSED else logging.INFO
    log.log(level, "%s", in_words(fields), extra={"sso_event": fields})


def in_words(fields: dict[str, object]) -> str:
    """Return an event as one line: what happened, then all that is known, by name."""
    rest = " ".join(f"{name}={_word(value)}" for name, value in fields.items() if name not in ("kind", "at"))
    return f"{fields['kind']} {rest}"


def _word(value: object) -> str:
    """Return a value that stays within its line and its word."""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if text.isprintable() and " " not in text and '"' not in text else json.dumps(text)


class JsonFormatter(logging.Formatter):
    """Writes each record as one line of JSON: an event by its fields, anything else as a message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        event = getattr(record, "sso_event", None)
        line |= event if isinstance(event, dict) else {"message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
