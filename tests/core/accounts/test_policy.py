from __future__ import annotations

from typing import Any

import pytest

from sso_core.accounts.policy import AccessPolicy
from sso_core.settings.ladder import REFERENCE_LADDER


@pytest.mark.parametrize(
    "restriction", [{"email_domains": ()}, {"restricted_group": ""}, {"admin_id": ""}, {"admin_issuer": ""}]
)
def test_an_empty_restriction_is_a_mistake_and_no_wish(restriction: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nobody in"):
        AccessPolicy(REFERENCE_LADDER, **restriction)


def test_there_is_a_seat_at_least() -> None:
    assert AccessPolicy(REFERENCE_LADDER, seats=1).seats == 1
    with pytest.raises(ValueError, match="seat"):
        AccessPolicy(REFERENCE_LADDER, seats=0)


def test_without_a_rule_everybody_comes_in() -> None:
    policy = AccessPolicy(REFERENCE_LADDER)
    assert (policy.email_domains, policy.restricted_group, policy.admins_only, policy.seats) == (
        None,
        None,
        False,
        None,
    )
