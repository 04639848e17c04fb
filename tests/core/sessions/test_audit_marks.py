from __future__ import annotations

from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW

from sso_core.audit import AuditEvent, AuditKind
from sso_core.sessions.audit_marks import session_began, session_mark
from sso_core.sessions.session import session_key, session_of

KEY = session_key(ENTROPY.session_id)
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 10)


def test_a_session_is_called_by_the_beginning_of_its_key() -> None:
    assert session_mark(KEY) == KEY[:12]
    assert ENTROPY.session_id.reveal() not in session_mark(KEY)


def test_a_session_that_began_is_told_with_whose_it_is() -> None:
    assert session_began(AuditKind.SIGNED_IN, SESSION, KEY) == AuditEvent(
        AuditKind.SIGNED_IN,
        ACCOUNT.account_id,
        IDENTITY.issuer,
        IDENTITY.subject,
        ACCOUNT.role,
        session=KEY[:12],
        provider="generic",
    )
