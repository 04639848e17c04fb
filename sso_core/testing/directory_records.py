"""What every directory promises of handles, addresses, teams, keys and maps: a part of the directories' suite."""

from __future__ import annotations

import attrs

from sso_core.effects import ReadKey, WriteAccount
from sso_core.events import Conflict, KeyFacts, Written
from sso_core.records import (
    AccountUnchanged,
    ApiKey,
    EmailFree,
    EnsureTeam,
    HandleFree,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    Mappings,
    Membership,
    MembershipSource,
    RevokeKey,
    RoleMap,
    SaveMappings,
    SeatLeft,
    Team,
    UpdateAccount,
)
from sso_core.testing.directory_scenes import DirectoryScenes, account, changes, creation, facts, person, update

ALICE, BOB = person("alice", "a"), person("bob", "b")
RED = Team("red", "The red ones", ("model-1", "model-2"), 12.5, "30d", 1000, 60)
BLUE = Team("blue")
KEY = ApiKey("hash", "a", "laptop", 1000.5, 2000.5, "red")


class DirectoryRecords(DirectoryScenes):
    """Inherited along with `DirectorySuite`."""

    def test_no_two_accounts_share_a_handle(self) -> None:
        """The guard says so, and without it the directory does; a handle that was given up is free."""
        directory = self.open()
        alice, bob = attrs.evolve(ALICE, handle="nick"), attrs.evolve(BOB, handle="nick")
        assert directory.perform(creation(alice, HandleFree("nick"))) == Written()
        assert directory.perform(creation(bob, HandleFree("nick"))) == Conflict()
        assert directory.perform(creation(bob)) == Conflict()
        assert directory.perform(creation(BOB)) == Written()
        assert directory.perform(update(BOB, 1, handle="nick")) == Conflict()
        assert account(directory, "bob") == BOB
        assert directory.perform(update(ALICE, 1)) == Written()
        assert directory.perform(update(BOB, 1, handle="nick")) == Written()
        assert facts(directory, handle="nick").handle_holder == "b"

    def test_a_handle_is_held_by_whoever_has_exactly_it(self) -> None:
        """And by nobody whose handle is written a little differently."""
        directory = self.open()
        directory.perform(creation(attrs.evolve(ALICE, handle="nick")))
        assert facts(directory, "nobody", handle="nick").handle_holder == "a"
        for other in ("Nick", "nick ", "n%", ""):
            assert facts(directory, handle=other).handle_holder is None
        assert facts(directory).handle_holder is None
        assert directory.perform(creation(attrs.evolve(BOB, handle="Nick"), HandleFree("Nick"))) == Written()

    def test_the_account_of_a_handle_is_told_whole_where_that_is_asked(self) -> None:
        """Nowhere else: reading an account costs more than a look at who holds a name."""
        directory = self.open()
        named = attrs.evolve(ALICE, handle="nick")
        directory.perform(creation(named))
        assert facts(directory, "nobody", handle="nick").handle_account is None
        assert facts(directory, "nobody", handle="nick", by_handle=True).handle_account == named
        assert facts(directory, "nobody", handle="other", by_handle=True).handle_account is None
        assert facts(directory, "nobody", by_handle=True).handle_account is None

    def test_an_address_leads_to_its_holders_two_at_most(self) -> None:
        """Compared in lower case; beyond one nobody can be told by it, so that two are enough to say so."""
        directory = self.open()
        asked = "\u00e4lice@corp.example"
        assert facts(directory, "nobody", email=asked).email_holders == ()
        alice = attrs.evolve(ALICE, email="\u00c4lice@Corp.example", email_verified=True)
        directory.perform(creation(alice))
        assert facts(directory, "nobody", email=asked).email_holders == (alice,)
        assert facts(directory).email_holders == ()
        directory.perform(creation(attrs.evolve(BOB, email=asked)))
        directory.perform(creation(attrs.evolve(person("carol", "c"), email=asked)))
        assert len(set(facts(directory, email=asked).email_holders)) == 2
        directory.perform(update(BOB, 1))
        directory.perform(update(person("carol", "c"), 1, email="carol@corp.example"))
        assert facts(directory, "nobody", email=asked).email_holders == (alice,)

    def test_a_decision_on_a_free_address_is_not_carried_out_once_it_is_held(self) -> None:
        """However the holder writes it."""
        directory = self.open()
        alice = attrs.evolve(ALICE, email="Alice@corp.example")
        assert directory.perform(creation(alice, EmailFree("alice@corp.example"))) == Written()
        assert directory.perform(creation(BOB, EmailFree("alice@corp.example"))) == Conflict()
        assert directory.perform(creation(BOB, EmailFree("bob@corp.example"))) == Written()

    def test_seats_are_counted_where_that_is_asked(self) -> None:
        """And nobody gets one beyond the last."""
        directory = self.open()
        assert facts(directory, count_seats=True).seats_taken == 0
        assert directory.perform(creation(ALICE, SeatLeft(1))) == Written()
        assert directory.perform(creation(BOB, SeatLeft(1))) == Conflict()
        assert facts(directory, count_seats=True).seats_taken == 1
        assert facts(directory).seats_taken is None
        assert directory.perform(creation(BOB, SeatLeft(2))) == Written()

    def test_teams_are_read_as_they_were_written_if_they_were_asked_for(self) -> None:
        """Those that exist; a team that is there stays as it is, whatever is ensured of it."""
        directory = self.open()
        assert directory.perform(changes(EnsureTeam(RED), EnsureTeam(BLUE), EnsureTeam(Team("green")))) == Written()
        assert directory.perform(changes(EnsureTeam(Team("red", "other")))) == Written()
        assert facts(directory).teams == ()
        asked = facts(directory, teams=("red", "none", "Red", "blue", "red"))
        assert sorted(asked.teams, key=lambda team: team.team_id) == [BLUE, RED]

    def test_who_joins_a_team_is_in_it_and_stays_in_it_as_they_came(self) -> None:
        """A second joining changes neither the source of the membership nor the revision."""
        directory = self.open()
        host = Membership("red", MembershipSource.HOST)
        new = (EnsureTeam(RED), EnsureTeam(BLUE), *creation(ALICE).changes, JoinTeam("a", host))
        assert directory.perform(changes(*new)) == Written()
        assert account(directory) == attrs.evolve(ALICE, revision=2, memberships=(host,))
        assert directory.perform(changes(JoinTeam("a", Membership("red")), JoinTeam("a", host))) == Written()
        assert account(directory) == attrs.evolve(ALICE, revision=2, memberships=(host,))
        assert directory.perform(changes(JoinTeam("a", Membership("blue")))) == Written()
        assert account(directory) == attrs.evolve(ALICE, revision=3, memberships=(Membership("blue"), host))

    def test_nobody_joins_a_team_that_is_not_there_and_nobody_else_joins_one(self) -> None:
        """A change that says so is no success."""
        directory = self.open()
        directory.perform(changes(*creation(ALICE).changes, EnsureTeam(RED)))
        assert directory.perform(changes(JoinTeam("a", Membership("blue")))) == Conflict()
        assert directory.perform(changes(JoinTeam("nobody", Membership("red")))) == Conflict()
        assert account(directory) == ALICE

    def test_who_leaves_a_team_is_out_of_it_alone(self) -> None:
        """And whoever is not in it stays as they are."""
        directory = self.open()
        both = Membership("blue"), Membership("red")
        directory.perform(changes(EnsureTeam(RED), EnsureTeam(BLUE), *creation(ALICE).changes, *creation(BOB).changes))
        directory.perform(changes(*(JoinTeam(one, membership) for one in "ab" for membership in both)))
        assert directory.perform(changes(LeaveTeam("a", "red"))) == Written()
        assert account(directory) == attrs.evolve(ALICE, revision=4, memberships=both[:1])
        assert account(directory, "bob") == attrs.evolve(BOB, revision=3, memberships=both)
        assert directory.perform(changes(LeaveTeam("a", "red"), LeaveTeam("nobody", "red"))) == Written()
        assert account(directory) == attrs.evolve(ALICE, revision=4, memberships=both[:1])

    def test_what_describes_a_person_is_replaced_and_memberships_are_left(self) -> None:
        """Whatever memberships the description comes with."""
        directory = self.open()
        directory.perform(changes(EnsureTeam(RED), *creation(ALICE).changes, JoinTeam("a", Membership("red"))))
        wrong = attrs.evolve(ALICE, display_name="Alice", memberships=(Membership("blue"),))
        assert directory.perform(changes(UpdateAccount(wrong))) == Written()
        right = attrs.evolve(ALICE, display_name="Alice", revision=3, memberships=(Membership("red"),))
        assert account(directory) == right
        assert directory.perform(update(right, 2)) == Conflict()

    def test_a_key_is_read_with_its_account_until_it_is_revoked(self) -> None:
        """Whether it has expired is for the reader to judge."""
        directory = self.open()
        directory.perform(creation(ALICE))
        assert directory.perform(ReadKey("hash")) == KeyFacts(None, None)
        assert directory.perform(changes(IssueKey(KEY), IssueKey(ApiKey("other", "a", "", 0.0)))) == Written()
        assert directory.perform(ReadKey("hash")) == KeyFacts(KEY, ALICE)
        assert directory.perform(ReadKey("Hash")) == KeyFacts(None, None)
        assert directory.perform(changes(RevokeKey("hash"))) == Written()
        assert directory.perform(ReadKey("hash")) == KeyFacts(None, None)
        assert directory.perform(ReadKey("other")) == KeyFacts(ApiKey("other", "a", "", 0.0), ALICE)
        assert directory.perform(changes(RevokeKey("hash"))) == Written()

    def test_a_key_is_issued_once_and_to_somebody(self) -> None:
        """And under the guards of the decision."""
        directory = self.open()
        assert directory.perform(changes(IssueKey(KEY))) == Conflict()
        directory.perform(changes(*creation(ALICE).changes, *creation(BOB).changes, IssueKey(KEY)))
        assert directory.perform(changes(IssueKey(attrs.evolve(KEY, account_id="b")))) == Conflict()
        assert directory.perform(ReadKey("hash")) == KeyFacts(KEY, ALICE)
        stale = attrs.evolve(changes(RevokeKey("hash")), guards=(AccountUnchanged("a", 2),))
        assert directory.perform(stale) == Conflict()
        assert directory.perform(ReadKey("hash")) == KeyFacts(KEY, ALICE)

    def test_guards_without_a_change_ask_whether_facts_still_hold(self) -> None:
        """Nothing is written, and no revision grows."""
        directory = self.open()
        directory.perform(creation(ALICE))
        assert directory.perform(WriteAccount((), (AccountUnchanged("a", 1),))) == Written()
        assert directory.perform(WriteAccount((), (AccountUnchanged("a", 2),))) == Conflict()
        assert directory.perform(WriteAccount((), (AccountUnchanged("nobody", 1),))) == Conflict()
        assert account(directory) == ALICE

    def test_maps_are_read_as_they_were_saved_last(self) -> None:
        """With any person's facts, and empty at first."""
        directory = self.open()
        assert facts(directory).mappings == Mappings()
        roles = RoleMap("realm.groups", (("admin", ("ops", "\u00e9t\u00e9")), ("viewer", ())), "viewer", "other")
        for mappings in (Mappings(roles, "teams"), Mappings(RoleMap("groups")), Mappings(), Mappings(None, "t")):
            assert directory.perform(changes(SaveMappings(mappings))) == Written()
            assert facts(directory).mappings == mappings
