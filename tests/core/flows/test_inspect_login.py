from __future__ import annotations

from typing import Any

import pytest
from scenes import ACCOUNT, IDENTITY, arrival, settings

from sso_core.accounts.decision import Decision
from sso_core.accounts.policy import AccessPolicy
from sso_core.effects import AccountFacts
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.inspect_login import Inspected, check_may_inspect, inspect
from sso_core.records import CreateAccount
from sso_core.settings.ladder import REFERENCE_LADDER

ADMIN = AccessPolicy(REFERENCE_LADDER, admin_id="alice")
ON: dict[str, Any] = {"debug_page": True}
ANYBODY: dict[str, Any] = ON | {"debug_for_anybody_unsafe": True}


def inspected(policy: AccessPolicy = ADMIN, **changes: Any) -> Inspected:
    came = arrival(settings=settings(policy=policy, **ON | changes))
    return inspect(came, IDENTITY, AccountFacts(None))


def refused(policy: AccessPolicy = ADMIN, **changes: Any) -> Reason:
    with pytest.raises(Refusal) as refusal:
        inspected(policy, **changes)
    return refusal.value.failure.reason


def test_an_administrator_sees_what_would_be_decided() -> None:
    verdict = inspected().verdict
    assert isinstance(verdict, Decision)
    assert verdict.account.role == REFERENCE_LADDER.promoted
    assert [type(change) for change in verdict.changes] == [CreateAccount]


def test_nobody_else_sees_it_unless_the_operator_shows_it_to_anybody() -> None:
    everybody = AccessPolicy(REFERENCE_LADDER)
    assert refused(everybody) is Reason.NOT_ADMIN
    assert isinstance(inspected(everybody, **ANYBODY).verdict, Decision)


def test_a_refusal_is_shown_where_anybody_may_look_and_holds_elsewhere() -> None:
    nobody = AccessPolicy(REFERENCE_LADDER, admin_id="alice", restricted_group="G")
    assert refused(nobody) is Reason.NOT_IN_GROUP
    verdict = inspected(nobody, **ANYBODY).verdict
    assert isinstance(verdict, Failure)
    assert verdict.reason is Reason.NOT_IN_GROUP


def test_a_page_that_is_off_shows_nothing_to_anybody() -> None:
    assert refused(debug_page=False, debug_for_anybody_unsafe=True) is Reason.SWITCHED_OFF
    with pytest.raises(Refusal):
        check_may_inspect(settings(policy=ADMIN), Decision(ACCOUNT))
