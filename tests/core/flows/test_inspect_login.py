from __future__ import annotations

from typing import Any

import pytest
from scenes import IDENTITY, arrival, settings

from sso_core.accounts.decision import Decision
from sso_core.accounts.policy import AccessPolicy
from sso_core.audit import AuditEvent, AuditKind
from sso_core.events import AccountFacts
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.inspect_login import Inspected, inspect
from sso_core.records import CreateAccount
from sso_core.settings.ladder import REFERENCE_LADDER

EVERYBODY = AccessPolicy(REFERENCE_LADDER)


def inspected(policy: AccessPolicy = EVERYBODY, **changes: Any) -> Inspected:
    named: dict[str, Any] = {"policy": policy, "debug_page": True} | changes
    came = arrival(settings=settings(**named))
    return inspect(came, IDENTITY, AccountFacts(None))


def test_it_is_shown_what_would_be_decided() -> None:
    verdict = inspected().verdict
    assert isinstance(verdict, Decision)
    assert verdict.account.role == REFERENCE_LADDER.default
    assert [type(change) for change in verdict.changes] == [CreateAccount]


def test_the_log_hears_at_whose_claims_somebody_looked() -> None:
    assert inspected().deeds == (AuditEvent(AuditKind.INSPECTED, issuer=IDENTITY.issuer, subject=IDENTITY.subject),)


def test_a_refusal_is_shown_as_one() -> None:
    verdict = inspected(AccessPolicy(REFERENCE_LADDER, restricted_group="G")).verdict
    assert isinstance(verdict, Failure)
    assert verdict.reason is Reason.NOT_IN_GROUP


def test_a_page_that_was_switched_off_meanwhile_shows_nothing() -> None:
    with pytest.raises(Refusal) as refusal:
        inspected(debug_page=False)
    assert refusal.value.failure.reason is Reason.SWITCHED_OFF
