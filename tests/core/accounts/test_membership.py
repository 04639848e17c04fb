from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import account, alice, in_teams, policy

from sso_core.accounts.membership import MADE_LIMIT, TeamPlan, plan_teams, teams_to_ask, with_defaults
from sso_core.accounts.policy import NewAccounts, TeamDefaults, TeamSync
from sso_core.identity.teams import TeamsFound
from sso_core.records import Membership, MembershipSource, Team

HOST = MembershipSource.HOST
DESCRIBED = Team("t9", "Nine")
DESCRIBING = alice(teams=TeamsFound(("t1",), complete=True, to_create=(DESCRIBED,)))
ADD_ONLY, OFF = policy(team_sync=TeamSync.ADD_ONLY), policy(team_sync=TeamSync.OFF)
MEMBER = account(memberships=(Membership("byhand", HOST), Membership("old"), Membership("t1")))


def teams(*ids: str) -> tuple[Team, ...]:
    return tuple(map(Team, ids))


def test_missing_teams_are_joined_and_those_no_longer_named_left() -> None:
    plan = plan_teams(MEMBER, in_teams("t2", "t1"), teams("t1", "t2"), policy())
    assert plan.joined == (Membership("t2"),)
    assert plan.left == ("old",)
    assert plan.memberships == (Membership("byhand", HOST), Membership("t1"), Membership("t2"))
    assert [step.rule for step in plan.explanation] == ["joins", "leaves"]


def test_nothing_changes_for_whom_the_claims_name_the_same_teams() -> None:
    assert plan_teams(MEMBER, in_teams("old", "t1"), (), policy()) == TeamPlan(MEMBER.memberships)


def test_a_team_that_somebody_else_put_a_person_into_stays_theirs() -> None:
    plan = plan_teams(MEMBER, in_teams("byhand", "old", "t1"), teams("byhand"), policy())
    assert plan == TeamPlan(MEMBER.memberships)


@pytest.mark.parametrize(
    ("identity", "rule"),
    [(in_teams("t2", complete=False), policy()), (in_teams("t2"), ADD_ONLY)],
)
def test_a_list_that_may_be_cut_only_adds(identity: object, rule: object) -> None:
    plan = plan_teams(MEMBER, identity, teams("t2"), rule)  # type: ignore[arg-type]  # a row of the table
    assert (plan.joined, plan.left) == ((Membership("t2"),), ())


def test_where_nobody_was_asked_everything_stays() -> None:
    assert plan_teams(MEMBER, alice(), (), policy()) == TeamPlan(MEMBER.memberships)


def test_an_empty_list_that_is_complete_says_that_there_are_no_teams() -> None:
    assert plan_teams(MEMBER, in_teams(), (), policy()).memberships == (Membership("byhand", HOST),)


def test_without_synchronisation_the_claims_change_nothing() -> None:
    assert plan_teams(MEMBER, DESCRIBING, teams("t1"), OFF) == TeamPlan(MEMBER.memberships)
    assert teams_to_ask(DESCRIBING, OFF) == ()


def test_a_team_that_does_not_exist_is_left_out_and_noted() -> None:
    plan = plan_teams(None, in_teams("t1", "t2"), teams("t2"), policy())
    assert (plan.ensured, plan.joined) == ((), (Membership("t2"),))
    assert plan.explanation[0].result == '["t1"] left out: there is no such team, and none is made'


def test_where_the_operator_wants_it_teams_are_made() -> None:
    rule = policy(create_teams=True, team_defaults=TeamDefaults(models=("m",), max_budget=3.0))
    plan = plan_teams(None, in_teams("t1", "t2"), teams("t2"), rule)
    assert plan.ensured == (Team("t1", models=("m",), max_budget=3.0),)
    assert plan.joined == (Membership("t1"), Membership("t2"))


def test_a_team_that_the_provider_describes_is_made_whoever_is_in_it() -> None:
    plan = plan_teams(None, DESCRIBING, teams("t1"), policy())
    assert (plan.ensured, plan.joined) == ((DESCRIBED,), (Membership("t1"),))
    assert plan_teams(None, DESCRIBING, teams("t1", "t9"), policy()).ensured == ()
    joining = attrs.evolve(DESCRIBING, teams=attrs.evolve(DESCRIBING.teams, team_ids=("t9",)))
    assert plan_teams(None, joining, (), policy(create_teams=True)).ensured == (DESCRIBED,)


def test_somebody_new_is_put_into_the_teams_of_new_accounts_for_good() -> None:
    rule = policy(new_accounts=NewAccounts(team_ids=("d1", "d2")), team_sync=TeamSync.OFF)
    plan = plan_teams(None, in_teams("t1"), teams("d1"), rule)
    assert plan.memberships == (Membership("d1", HOST),)
    assert plan_teams(account(), in_teams("t1"), teams("d1"), rule).memberships == ()


def test_all_teams_that_may_be_joined_are_asked_for_once() -> None:
    rule = policy(new_accounts=NewAccounts(team_ids=("d1", "t1")))
    assert teams_to_ask(DESCRIBING, rule) == ("t1", "t9", "d1")


def test_the_defaults_fill_what_a_described_team_leaves_open() -> None:
    defaults = TeamDefaults(("m",), 1.0, "30d", 10, 20)
    rule = policy(team_defaults=defaults)
    assert with_defaults(Team("t"), rule) == Team("t", None, ("m",), 1.0, "30d", 10, 20)
    full = Team("t", "T", ("n",), 0.0, "1d", 0, 0)
    assert with_defaults(full, rule) == full


IDS = st.lists(st.sampled_from("abcdef"), unique=True)


@given(IDS, st.permutations("abcdef"), IDS, IDS)
def test_the_order_of_the_claims_makes_no_difference(
    named: list[str], order: list[str], here: list[str], existing: list[str]
) -> None:
    member = account(memberships=tuple(map(Membership, sorted(here))))
    shuffled = [team for team in order if team in named]
    one, other = (plan_teams(member, in_teams(*ids), teams(*existing), policy()) for ids in (sorted(named), shuffled))
    assert one.memberships == other.memberships
    assert set(one.joined) == set(other.joined)
    assert one.left == other.left
    assert {membership.team_id for membership in one.memberships} <= set(named) & (set(existing) | set(here))


@pytest.mark.parametrize("over", [0, 1, 50])
def test_one_login_makes_so_many_teams_and_the_next_one_the_others(over: int) -> None:
    named = tuple(f"t{number:03}" for number in range(MADE_LIMIT + over))
    rule = policy(create_teams=True)
    plan = plan_teams(account(), in_teams(*named), (), rule)
    assert plan.ensured == teams(*named[:MADE_LIMIT])
    assert plan.memberships == tuple(map(Membership, named[:MADE_LIMIT]))
    told = [step.result for step in plan.explanation if step.rule == "teams"]
    assert told == ([f"{over} left out: one login makes 100 teams at most"] if over else [])
    after = plan_teams(account(memberships=plan.memberships), in_teams(*named), plan.ensured, rule)
    assert after.memberships == tuple(map(Membership, named))


def test_the_teams_of_new_people_are_made_first() -> None:
    named = tuple(f"t{number}" for number in range(MADE_LIMIT))
    rule = policy(create_teams=True, new_accounts=NewAccounts(team_ids=("all",)))
    assert Membership("all", HOST) in plan_teams(None, in_teams(*named), (), rule).joined


class Counted(str):
    """A team's id that counts how often it is compared with another one."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def test_the_work_grows_with_the_number_of_teams_and_not_with_its_square() -> None:
    def names(first: int) -> tuple[str, ...]:
        return tuple(Counted(f"t{number}") for number in range(first, first + 1000))

    member = account(memberships=tuple(map(Membership, names(0))))
    Counted.compared = 0
    plan = plan_teams(member, in_teams(*names(500)), teams(*names(500)), policy())
    assert (len(plan.joined), len(plan.left)) == (500, 500)
    assert Counted.compared < 50 * 1000
