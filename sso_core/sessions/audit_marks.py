"""What a log says of a session."""

from __future__ import annotations

from sso_core.audit import AuditEvent, AuditKind
from sso_core.sessions.session import Session

LETTERS = 12


def session_mark(key: str) -> str:
    """Return how a log calls a session, from its key in the store: enough to tell it from others, and it opens none."""
    return key[:LETTERS]


def session_began(kind: AuditKind, session: Session, key: str) -> AuditEvent:
    """Return the event of a session that began, whose key in the store this is."""
    return AuditEvent(
        kind,
        session.account_id,
        session.issuer,
        session.subject,
        session.role,
        session=session_mark(key),
        provider=session.provider_id,
    )
