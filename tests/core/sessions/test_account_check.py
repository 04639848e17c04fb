from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.records import Account, Membership
from sso_core.sessions.account_check import is_believed_unchecked, is_check_due, is_renewed, session_by_now
from sso_core.sessions.session import Session, session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9999)
IN_BLUE = attrs.evolve(ACCOUNT, role="internal_user", memberships=(Membership("blue"), Membership("green")))
LIMITED = attrs.evolve(SESSION, team_id="blue", team_ids=("blue",))


@pytest.mark.parametrize(
    ("interval", "age", "due"),
    [
        (300, 0, False),
        (300, 299.9, False),
        (300, 300, True),
        (300, 1e9, True),
        (300, -0.1, True),
        (0.5, 0.4, False),
        (0, 0, True),
        (0, 1, True),
    ],
)
def test_an_account_is_read_again_after_the_interval(interval: float, age: float, due: bool) -> None:
    assert is_check_due(SESSION, interval, NOW + age) is due


@pytest.mark.parametrize(
    ("interval", "age", "believed"),
    [
        (300, 0, True),
        (300, 599.9, True),
        (300, 600, False),
        (300, 1e9, False),
        (300, -599.9, True),
        (300, -600, False),
        (0, 0, False),
        (0, 1, False),
    ],
)
def test_without_the_directory_there_is_a_grace_of_one_interval(interval: float, age: float, believed: bool) -> None:
    assert is_believed_unchecked(SESSION, interval, NOW + age) is believed


@pytest.mark.parametrize(
    ("interval", "age", "renewed"), [(300, 300, True), (300, 0, True), (300, -0.1, False), (0, 1, False)]
)
def test_a_session_is_written_back_unless_nobody_knows_how_much_of_its_time_is_left(
    interval: float, age: float, renewed: bool
) -> None:
    assert is_renewed(SESSION, interval, NOW + age) is renewed


@pytest.mark.parametrize(
    ("session", "account"),
    [
        (SESSION, None),
        (SESSION, attrs.evolve(ACCOUNT, disabled=True)),
        (SESSION, attrs.evolve(ACCOUNT, account_id="another")),
        (LIMITED, ACCOUNT),
        (LIMITED, attrs.evolve(IN_BLUE, memberships=(Membership("green"),))),
        (LIMITED, attrs.evolve(IN_BLUE, disabled=True)),
    ],
)
def test_a_session_is_over_when_its_account_or_the_team_it_is_limited_to_is(
    session: Session, account: Account | None
) -> None:
    assert session_by_now(session, account, NOW + 1) is None


@pytest.mark.parametrize("session", [SESSION, LIMITED])
def test_a_session_follows_the_role_and_the_teams_of_its_account_and_changes_in_nothing_else(session: Session) -> None:
    by_now = session_by_now(session, IN_BLUE, NOW + 1)
    assert by_now == attrs.evolve(session, role="internal_user", team_ids=("blue", "green"), checked_at=NOW + 1)


def test_whoever_lost_role_and_teams_keeps_none() -> None:
    privileged = attrs.evolve(SESSION, role="proxy_admin", team_ids=("blue",))
    by_now = session_by_now(privileged, attrs.evolve(ACCOUNT, role=None), NOW)
    assert by_now is not None
    assert (by_now.role, by_now.team_ids) == (None, ())
