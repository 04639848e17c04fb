from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import ACCOUNT, ENTROPY, GATHERED, ISSUER, NOW, arrival, attempt, pending_login, settings

from sso_core.accounts.policy import AccessPolicy, Linking
from sso_core.effects import AskHost, ReadAccount, WriteAccount
from sso_core.events import (
    AccountFacts,
    Conflict,
    DirectoryUnreachable,
    Event,
    HostAnswered,
    HostFailed,
    OutcomeUnknown,
    Written,
)
from sso_core.failures import Reason
from sso_core.flows.approve_cli import TakingApprovedLogin
from sso_core.flows.enter import AskingHost, ReadingAccount, WritingAccount, enter, read_account
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import KeepingSession
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.hosts import AfterLogin, Declined, Wishes
from sso_core.identity.gathered import Gathered
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.machine import Failed, advance
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.records import AccountUnchanged, HandleFree, Mappings, RoleMap, Team
from sso_core.secret import Secret
from sso_core.sessions.pending_login import LoginPurpose
from sso_core.settings.ladder import REFERENCE_LADDER

CLAIMS = ClaimSet(
    {
        "name": "Alice",
        "email": "alice@corp.example",
        "email_verified": True,
        "preferred_username": "al",
        "groups": ["admins"],
        "teams": ["t1"],
    }
)
TEAM_MAP = Mappings(team_claim="teams")
ROLE_MAP = Mappings(role_map=RoleMap("groups", (("proxy_admin", ("admins",)),)))
NAMED = IdentityRules(AttributeNames(handle=("preferred_username",)))


def reading(rules: IdentityRules = IdentityRules(), **changes: Any) -> ReadingAccount:
    """A person with many claims, under a policy of these rules."""
    sign_in = settings(
        policy=AccessPolicy(REFERENCE_LADDER, **changes.pop("policy", {})), **changes.pop("settings", {})
    )
    gathered = Gathered(ISSUER, "alice", merge_claims(CLAIMS, ClaimSet(), ClaimSet()))
    return enter(arrival(settings=sign_in, rules=rules, **changes), gathered)


def asking(**changes: Any) -> AskingHost:
    state = advance(reading(settings={"host_after_login": True}, **changes), [AccountFacts(ACCOUNT)], now=NOW)
    assert isinstance(state, AskingHost)
    return state


def writing(tries: int = 4) -> WritingAccount:
    state = advance(attrs.evolve(reading(), tries=tries), [AccountFacts(None)], now=NOW)
    assert isinstance(state, WritingAccount)
    return state


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


# What is read


def test_the_account_is_looked_up_by_issuer_and_subject() -> None:
    assert read_account(attempt(), pending_login(), GATHERED).awaits == (ReadAccount(ISSUER, "alice", handle="alice"),)


def test_everything_that_the_decision_needs_is_asked_at_once_and_nothing_else() -> None:
    rules = IdentityRules(AttributeNames(handle=("preferred_username",)), team_claims=("teams",))
    assert reading(rules).awaits == (ReadAccount(ISSUER, "alice", handle="al", teams=("t1",)),)
    policy = {"linking": Linking.VERIFIED_EMAIL, "seats": 5}
    assert reading(policy=policy).awaits == (
        ReadAccount(ISSUER, "alice", email="alice@corp.example", handle="alice", count_seats=True),
    )


def test_the_unsafe_linking_looks_for_the_subject_as_a_handle_too() -> None:
    policy = {"linking": Linking.ANY_EMAIL_UNSAFE}
    by_handle, by_subject = reading(NAMED, policy=policy).awaits
    assert by_handle == ReadAccount(ISSUER, "alice", email="alice@corp.example", handle="al", by_handle=True)
    assert by_subject == ReadAccount(ISSUER, "alice", handle="alice", by_handle=True)
    assert len(reading(policy=policy).awaits) == 1


@pytest.mark.parametrize(
    ("by_handle", "by_subject", "found"),
    [("handle", None, "handle"), (None, "subject", "subject"), ("handle", "subject", "handle")],
)
def test_the_handle_goes_before_the_subject(by_handle: str | None, by_subject: str | None, found: str) -> None:
    def facts(account_id: str | None) -> AccountFacts:
        account = attrs.evolve(ACCOUNT, account_id=account_id, identities=()) if account_id else None
        return AccountFacts(None, handle_holder=account_id, handle_account=account)

    state = reading(NAMED, policy={"linking": Linking.ANY_EMAIL_UNSAFE})
    after = advance(state, [facts(by_handle), facts(by_subject)], now=NOW)
    assert isinstance(after, WritingAccount)
    assert after.decision.account.account_id == found


def test_a_map_of_the_directory_describes_the_person_anew() -> None:
    after = advance(reading(), [AccountFacts(ACCOUNT, mappings=ROLE_MAP)], now=NOW)
    assert isinstance(after, WritingAccount)
    assert after.decision.account.role == "proxy_admin"


def test_teams_that_only_the_directorys_map_names_are_asked_for_in_another_round() -> None:
    again = advance(reading(), [AccountFacts(ACCOUNT, mappings=TEAM_MAP)], now=NOW)
    assert isinstance(again, ReadingAccount)
    assert again.awaits == (ReadAccount(ISSUER, "alice", handle="alice", teams=("t1",)),)
    assert again.tries == 3
    after = advance(again, [AccountFacts(ACCOUNT, teams=(Team("t1"),), mappings=TEAM_MAP)], now=NOW)
    assert isinstance(after, WritingAccount)
    assert after.decision.account.team_ids == ("t1",)


def test_a_map_that_keeps_changing_is_not_followed_forever() -> None:
    state = attrs.evolve(reading(), tries=1)
    assert reason(advance(state, [AccountFacts(ACCOUNT, mappings=TEAM_MAP)], now=NOW)) is Reason.ACCOUNT_CONTESTED


def test_the_maps_of_the_directory_are_not_for_whom_the_host_describes() -> None:
    after = advance(reading(from_host=True), [AccountFacts(ACCOUNT, mappings=ROLE_MAP)], now=NOW)
    assert isinstance(after, WritingAccount)
    assert after.decision.account.role == REFERENCE_LADDER.default


# What becomes of it


def test_a_new_person_is_written_before_they_are_signed_in() -> None:
    state = writing()
    assert state.awaits == (WriteAccount(state.decision.changes, state.decision.guards),)
    after = advance(state, [Written()], now=NOW)
    assert isinstance(after, KeepingSession)
    assert after.session.account_id == ENTROPY.account_id


def test_a_known_person_needs_no_writing() -> None:
    after = advance(read_account(attempt(), pending_login(), GATHERED), [AccountFacts(ACCOUNT)], now=NOW)
    assert isinstance(after, KeepingSession)
    assert after.session.account_id == "a1"


@pytest.mark.parametrize("facts", [[DirectoryUnreachable("locked")]])
def test_an_unreachable_directory_gives_no_session(facts: list[Event]) -> None:
    assert reason(advance(reading(), facts, now=NOW)) is Reason.DIRECTORY_UNREACHABLE
    assert reason(advance(writing(), [DirectoryUnreachable("full")], now=NOW)) is Reason.DIRECTORY_UNREACHABLE
    state = reading(NAMED, policy={"linking": Linking.ANY_EMAIL_UNSAFE})
    assert reason(advance(state, [AccountFacts(None), *facts], now=NOW)) is Reason.DIRECTORY_UNREACHABLE


@pytest.mark.parametrize("event", [Conflict(), OutcomeUnknown()])
def test_what_is_uncertain_is_read_again_but_not_forever(event: Event) -> None:
    after = advance(writing(), [event], now=NOW)
    assert isinstance(after, ReadingAccount)
    assert after.tries == 3
    assert reason(advance(writing(tries=1), [event], now=NOW)) is Reason.ACCOUNT_CONTESTED


def test_who_was_quicker_with_the_same_address_keeps_it() -> None:
    state = reading(policy={"linking": Linking.VERIFIED_EMAIL})
    writes = advance(state, [AccountFacts(None)], now=NOW)
    assert isinstance(writes, WritingAccount)
    again = advance(writes, [Conflict()], now=NOW)
    assert isinstance(again, ReadingAccount)
    quicker = attrs.evolve(ACCOUNT, identities=((ISSUER, "bob"),), email="alice@corp.example")
    assert reason(advance(again, [AccountFacts(None, email_holders=(quicker,))], now=NOW)) is Reason.EMAIL_TAKEN


# Who is refused


def test_a_refused_person_leaves_no_row() -> None:
    state = reading(policy={"restricted_group": "G"})
    assert reason(advance(state, [AccountFacts(None)], now=NOW)) is Reason.NOT_IN_GROUP


def test_a_refused_person_takes_the_browsers_former_session_along() -> None:
    state = reading(policy={"restricted_group": "G"}, former_session="old")
    after = advance(state, [AccountFacts(None)], now=NOW)
    assert isinstance(after, EndingFormerSession)
    assert (after.key, after.failure.reason) == ("old", Reason.NOT_IN_GROUP)


def test_an_outage_signs_nobody_out() -> None:
    state = reading(former_session="old")
    assert reason(advance(state, [DirectoryUnreachable()], now=NOW)) is Reason.DIRECTORY_UNREACHABLE


# The host


def test_the_host_is_asked_about_a_person_who_may_come_in() -> None:
    state = asking()
    (ask,) = state.awaits
    assert isinstance(ask, AskHost)
    assert isinstance(ask.question, AfterLogin)
    assert ask.question.account == ACCOUNT
    assert (ask.question.person.subject, ask.question.person.email) == ("alice", "alice@corp.example")
    assert dict(ask.question.person.claims)["groups"] == ["admins"]


def test_the_host_is_not_asked_about_whom_no_wish_would_let_in() -> None:
    state = reading(settings={"host_after_login": True}, policy={"email_domains": ("evil.example",)})
    assert reason(advance(state, [AccountFacts(None)], now=NOW)) is Reason.EMAIL_DOMAIN_REFUSED
    disabled = attrs.evolve(ACCOUNT, disabled=True)
    state = reading(settings={"host_after_login": True})
    assert reason(advance(state, [AccountFacts(disabled)], now=NOW)) is Reason.ACCOUNT_DISABLED


def test_a_host_without_wishes_lets_the_person_in_as_they_are() -> None:
    state = asking(former_session="old")
    after = advance(state, [HostAnswered(Wishes())], now=NOW)
    assert isinstance(after, WritingAccount)
    known = attrs.evolve(state, facts=AccountFacts(after.decision.account))
    writing_nothing = advance(known, [HostAnswered(Wishes())], now=NOW)
    assert isinstance(writing_nothing, WritingAccount)
    assert isinstance(advance(writing_nothing, [Written()], now=NOW), KeepingSession)


def test_who_was_shut_out_while_the_host_thought_does_not_come_in() -> None:
    state = asking()
    settled = advance(state, [HostAnswered(Wishes())], now=NOW)
    assert isinstance(settled, WritingAccount)
    account = settled.decision.account
    unchanged = advance(attrs.evolve(state, facts=AccountFacts(account)), [HostAnswered(Wishes())], now=NOW)
    assert isinstance(unchanged, WritingAccount)
    assert unchanged.awaits == (WriteAccount((), (AccountUnchanged(account.account_id, account.revision),)),)
    again = advance(unchanged, [Conflict()], now=NOW)
    assert isinstance(again, ReadingAccount)
    shut = attrs.evolve(account, revision=account.revision + 1, disabled=True)
    assert reason(advance(again, [AccountFacts(shut)], now=NOW)) is Reason.ACCOUNT_DISABLED


def test_the_hosts_wishes_are_written_and_kept_through_another_round() -> None:
    writes = advance(asking(), [HostAnswered(Wishes(role="proxy_admin"))], now=NOW)
    assert isinstance(writes, WritingAccount)
    assert writes.decision.account.role == "proxy_admin"
    again = advance(writes, [Conflict()], now=NOW)
    assert isinstance(again, ReadingAccount)
    writes_again = advance(again, [AccountFacts(ACCOUNT)], now=NOW)
    assert isinstance(writes_again, WritingAccount)
    assert writes_again.decision == writes.decision


@pytest.mark.parametrize("wishes", [Wishes(team_ids=("t9",)), Wishes(handle="chosen")])
def test_what_only_the_host_names_is_read_once_more(wishes: Wishes) -> None:
    again = advance(asking(), [HostAnswered(wishes)], now=NOW)
    assert isinstance(again, ReadingAccount)
    (read,) = again.awaits
    assert isinstance(read, ReadAccount)
    assert (read.teams, read.handle) == (wishes.team_ids or (), wishes.handle or "alice")
    after = advance(again, [AccountFacts(ACCOUNT, teams=(Team("t9"),))], now=NOW)
    assert isinstance(after, WritingAccount)
    assert (after.decision.account.team_ids, after.decision.account.handle) == (read.teams, read.handle)
    assert (HandleFree("chosen") in after.decision.guards) is (wishes.handle is not None)


def test_a_host_that_misspells_a_demotion_lets_nobody_in() -> None:
    assert reason(advance(asking(), [HostAnswered(Wishes(role="internal-user"))], now=NOW)) is Reason.HOST_FAILED


def test_a_host_that_declines_or_fails_lets_nobody_in() -> None:
    assert reason(advance(asking(), [HostAnswered(Declined("no"))], now=NOW)) is Reason.HOST_DECLINED
    assert reason(advance(asking(), [HostFailed("raised")], now=NOW)) is Reason.HOST_FAILED
    declined = advance(asking(former_session="old"), [HostAnswered(Declined("no"))], now=NOW)
    assert isinstance(declined, EndingFormerSession)
    assert reason(advance(asking(former_session="old"), [HostFailed()], now=NOW)) is Reason.HOST_FAILED


# What the login is for


def test_a_login_that_only_wants_to_know_writes_nothing_and_asks_no_host() -> None:
    state = reading(
        settings={"host_after_login": True, "debug_page": True, "debug_for_anybody_unsafe": True},
        purpose=LoginPurpose.DEBUG,
    )
    assert isinstance(advance(state, [AccountFacts(None)], now=NOW), Inspected)


def test_a_command_line_gets_what_a_browser_would_by_the_same_rules() -> None:
    came: dict[str, Any] = {"purpose": LoginPurpose.CLI, "cli_login": "c", "cli_claim": Secret("claim-canary")}
    rules = IdentityRules(team_claims=("teams",))
    state = advance(reading(rules, **came), [AccountFacts(None, teams=(Team("t1", "One"),))], now=NOW)
    assert isinstance(state, WritingAccount)
    after = advance(state, [Written()], now=NOW)
    assert isinstance(after, TakingApprovedLogin)
    approval = after.approval
    assert (approval.login_id, approval.claim) == ("c", Secret("claim-canary"))
    assert (approval.session.team_ids, approval.aliases) == (("t1",), (("t1", "One"),))
    assert approval.loopback_code == ENTROPY.loopback_code
    known = advance(reading(rules, **came), [AccountFacts(state.decision.account)], now=NOW)
    assert isinstance(known, TakingApprovedLogin)
    refused = reading(policy={"restricted_group": "G"}, **came)
    assert reason(advance(refused, [AccountFacts(None)], now=NOW)) is Reason.NOT_IN_GROUP
