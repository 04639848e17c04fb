from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, ISSUER

from sso_core.records import (
    AccountUnchanged,
    ApiKey,
    CreateAccount,
    EmailFree,
    EnsureTeam,
    HandleFree,
    IdentityAbsent,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    Mappings,
    Membership,
    MembershipSource,
    RevokeKey,
    RoleMap,
    SeatLeft,
    Team,
    UpdateAccount,
)

KEY = ApiKey("hash", "a1", "laptop", 1.0)
RECORDS = (
    ACCOUNT,
    KEY,
    Membership("blue", MembershipSource.HOST),
    Team("blue", models=("m",)),
    Mappings(RoleMap("groups", (("admin", ("staff",)),))),
    AccountUnchanged("a1", 1),
    IdentityAbsent(ISSUER, "alice"),
    HandleFree("alice"),
    EmailFree("alice@b.example"),
    SeatLeft(5),
    CreateAccount(ACCOUNT),
    UpdateAccount(ACCOUNT),
    LinkIdentity("a1", ISSUER, "alice"),
    EnsureTeam(Team("blue")),
    JoinTeam("a1", Membership("blue")),
    LeaveTeam("a1", "blue"),
    IssueKey(KEY),
    RevokeKey("hash"),
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_a_value(record: Any) -> None:
    assert attrs.evolve(record) == record
    assert hash(attrs.evolve(record)) == hash(record)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(record, attrs.fields(type(record))[0].name, None)


def test_an_account_names_its_teams() -> None:
    memberships = (Membership("blue"), Membership("green", MembershipSource.HOST))
    assert attrs.evolve(ACCOUNT, memberships=memberships).team_ids == ("blue", "green")


def test_an_address_shows_in_no_text() -> None:
    assert "canary" not in repr(attrs.evolve(ACCOUNT, email="canary@b.example"))
