"""How long a session is believed without a word of the directory, and what the directory's word makes of it.

An account may be shut, or lose its role or a team, while sessions of it last for hours. So each session remembers when
its account was last read, and whoever presents it after the interval has it read again.
"""

from __future__ import annotations

import attrs

from sso_core.records import Account
from sso_core.sessions.session import Session


def is_check_due(session: Session, interval: float, now: float) -> bool:
    """Whether the account has to be read again; a moment that is yet to come says nothing, since a clock was set."""
    return not 0 <= now - session.checked_at < interval


def is_believed_unchecked(session: Session, interval: float, now: float) -> bool:
    """Whether a session whose check is due holds although the directory cannot be read: for one interval more.

    So a directory that is restarted signs nobody out, and one that is away gives nobody who was shut out more than two
    intervals. With an interval of nothing there is no grace either.
    """
    return abs(now - session.checked_at) < 2 * interval


def is_renewed(session: Session, interval: float, now: float) -> bool:
    """Whether a session that was checked again is written back with that moment, for the rest of its time.

    Where every request reads the account, nobody needs to remember that this one did. Where the last check lies in the
    future, the clock has stepped back, and only the store's own clock knows how much is left.
    """
    return interval > 0 and session.checked_at <= now


def session_by_now(session: Session, account: Account | None, now: float) -> Session | None:
    """Return the session with the role and the teams of its account as it is; None where it is over.

    It is over when the account is gone or shut, when its person's identity has become another account's, and when they
    have left the team that the session is limited to: without the limit it would open more than before.
    """
    if account is None or account.disabled or account.account_id != session.account_id:
        return None
    if session.team_id is not None and session.team_id not in account.team_ids:
        return None
    return attrs.evolve(session, role=account.role, team_ids=account.team_ids, checked_at=now)
