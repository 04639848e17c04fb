"""What every directory of accounts promises, as tests to inherit.

    class TestMyDirectory(DirectorySuite):
        def open(self): return MyDirectory()

        def perform_at_once(self, directory, effects):
            with ThreadPoolExecutor(len(effects)) as threads:
                return list(threads.map(directory.perform, effects))

The directory is empty, and has a synchronous `perform`. pytest collects the tests by name, and any other runner may
call them.
"""

from __future__ import annotations

import attrs

from sso_core.effects import ReadAccount, ReadKey, WriteAccount
from sso_core.events import AccountFacts, Conflict, DirectoryUnreachable, KeyFacts, Written
from sso_core.records import (
    Account,
    AccountUnchanged,
    Change,
    CreateAccount,
    EnsureTeam,
    IdentityAbsent,
    IssueKey,
    JoinTeam,
    LeaveTeam,
    LinkIdentity,
    Mappings,
    Membership,
    RevokeKey,
    SaveMappings,
    UpdateAccount,
)
from sso_core.testing.directory_races import DirectoryRaces
from sso_core.testing.directory_records import KEY, RED, DirectoryRecords
from sso_core.testing.directory_scenes import (
    ISSUER,
    SUBJECTS,
    account,
    changes,
    creation,
    facts,
    person,
    update,
)

ALICE = person(name="Alice")
RED_MEMBER = Membership("red")
IN_RED = (RED_MEMBER,)
FULL = Account(
    "id",
    "Al\u00ecce \U0001f511",
    revision=1,
    identities=((ISSUER, "alice"), ("https://other.example", "1")),
    handle="al\u00ecce",
    email="Alice@corp.example",
    email_verified=True,
    role="admin",
    models=("model-1", "\u00e9"),
    max_budget=0.1,
    budget_duration="30d",
    auth_provider="generic",
    disabled=True,
)
"""An account with a value of its own in each field."""


class DirectorySuite(DirectoryRecords, DirectoryRaces):
    """Subclass it for a directory."""

    def test_nobody_is_known_at_first(self) -> None:
        """An empty directory knows nobody, and says so."""
        assert self.open().perform(ReadAccount(ISSUER, "alice")) == AccountFacts(None)

    def test_a_new_account_is_at_revision_one(self) -> None:
        """And is read as it was written, by each of its identities."""
        directory = self.open()
        assert directory.perform(creation(attrs.evolve(FULL, revision=7))) == Written()
        for issuer, subject in FULL.identities:
            assert account(directory, subject, issuer=issuer) == FULL

    def test_what_describes_a_person_is_replaced_whole(self) -> None:
        """The revision grows by one, and identities are left, whatever the description comes with."""
        directory = self.open()
        directory.perform(creation(FULL))
        plain = Account("id", "", revision=9, identities=((ISSUER, "mallory"),))
        assert directory.perform(changes(UpdateAccount(plain))) == Written()
        assert account(directory) == Account("id", "", 2, FULL.identities)
        assert account(directory, "mallory") is None
        assert directory.perform(update(FULL, 2)) == Written()
        assert account(directory) == attrs.evolve(FULL, revision=3)

    def test_people_are_told_apart_by_every_character(self) -> None:
        """No folding of case or width, no trimming, no normal form."""
        directory = self.open()
        for number, subject in enumerate(SUBJECTS):
            assert directory.perform(creation(person(subject, str(number)))) == Written()
        for number, subject in enumerate(SUBJECTS):
            assert account(directory, subject) == person(subject, str(number))

    def test_a_subject_that_cannot_be_stored_is_nobody_elses(self) -> None:
        """A directory that has no NUL or no half of a character says so, and does not cut."""
        directory = self.open()
        for number, subject in enumerate(("a\x00b", "a\ud800")):
            answer = directory.perform(creation(person(subject, str(number))))
            assert isinstance(answer, Written | Conflict | DirectoryUnreachable)
            assert account(directory, "a") is None
            assert isinstance(directory.perform(ReadAccount(ISSUER, subject)), AccountFacts | DirectoryUnreachable)
        assert directory.perform(creation(person("a", "plain"))) == Written()
        assert account(directory, "a") == person("a", "plain")

    def test_the_same_subject_of_another_issuer_is_another_person(self) -> None:
        """Only the pair identifies (OIDC Core 5.7)."""
        directory = self.open()
        directory.perform(creation(ALICE))
        other = person("alice", "other", issuer=f"{ISSUER}/")
        assert account(directory, issuer=f"{ISSUER}/") is None
        assert directory.perform(creation(other)) == Written()
        assert account(directory) == ALICE
        assert account(directory, issuer=f"{ISSUER}/") == other

    def test_a_person_has_one_account(self) -> None:
        """The guard says so, and without it the directory does."""
        directory = self.open()
        directory.perform(creation(ALICE))
        second = person("alice", "second")
        assert directory.perform(creation(second)) == Conflict()
        assert directory.perform(changes(CreateAccount(second))) == Conflict()
        twice = Account("twice", "", 1, ((ISSUER, "bob"), (ISSUER, "bob")))
        assert directory.perform(changes(CreateAccount(twice))) == Conflict()
        assert account(directory) == ALICE
        assert account(directory, "bob") is None

    def test_an_account_has_one_person(self) -> None:
        """An identifier that is in use is nobody else's."""
        directory = self.open()
        directory.perform(creation(person("alice", "same")))
        assert directory.perform(creation(person("bob", "same"))) == Conflict()
        assert account(directory, "bob") is None

    def test_a_further_identity_leads_to_the_same_account(self) -> None:
        """And makes a revision of its own, so that of two that are linked at once one knows of the other."""
        directory = self.open()
        directory.perform(creation(ALICE))
        assert directory.perform(changes(LinkIdentity("id", "https://a.example", "1"))) == Written()
        linked = attrs.evolve(ALICE, revision=2, identities=(("https://a.example", "1"), (ISSUER, "alice")))
        assert account(directory) == linked
        assert account(directory, "1", issuer="https://a.example") == linked

    def test_an_identity_is_bound_once(self) -> None:
        """To somebody, and not again, not even to the same account."""
        directory = self.open()
        directory.perform(changes(CreateAccount(ALICE), CreateAccount(person("bob", "bob"))))
        for account_id in ("id", "bob", "nobody"):
            assert directory.perform(changes(LinkIdentity(account_id, ISSUER, "alice"))) == Conflict()
        assert directory.perform(changes(LinkIdentity("nobody", ISSUER, "carol"))) == Conflict()
        assert account(directory) == ALICE
        assert account(directory, "carol") is None

    def test_a_decision_on_former_facts_is_not_carried_out(self) -> None:
        """Somebody was quicker: the account is at another revision, or is not there."""
        directory = self.open()
        directory.perform(creation(ALICE))
        directory.perform(update(ALICE, 1, display_name="quick"))
        assert directory.perform(update(ALICE, 1, display_name="slow")) == Conflict()
        assert directory.perform(update(ALICE, 3, display_name="early")) == Conflict()
        assert directory.perform(update(person("bob", "nobody"), 1)) == Conflict()
        assert account(directory) == attrs.evolve(ALICE, display_name="quick", revision=2)

    def test_a_change_to_an_account_that_is_not_there_is_no_success(self) -> None:
        """Even where no guard asks for it."""
        assert self.open().perform(changes(UpdateAccount(ALICE))) == Conflict()

    def test_all_is_written_or_nothing(self) -> None:
        """Whichever part of it fails: a change or a guard, the first or the last."""
        directory = self.open()
        taken = person("taken", "taken", name="Taken")
        directory.perform(changes(CreateAccount(taken), IssueKey(attrs.evolve(KEY, account_id="taken"))))
        before = [facts(directory, subject, teams=("red",), count_seats=True) for subject in ("taken", "new")]
        every: tuple[Change, ...] = (
            EnsureTeam(RED),
            CreateAccount(attrs.evolve(person("new", "new"), handle="nick", email="new@corp.example")),
            JoinTeam("new", RED_MEMBER),
            JoinTeam("taken", RED_MEMBER),
            LeaveTeam("taken", "red"),
            LinkIdentity("taken", ISSUER, "second"),
            UpdateAccount(attrs.evolve(taken, display_name="x", handle="other", email="x@corp.example")),
            RevokeKey("hash"),
            IssueKey(attrs.evolve(KEY, key_hash="new", account_id="new")),
            SaveMappings(Mappings(team_claim="teams")),
        )
        clash = CreateAccount(person("taken", "x"))
        holds, wrong = IdentityAbsent(ISSUER, "new"), AccountUnchanged("taken", 7)
        for decision in (
            WriteAccount((*every, clash), ()),
            WriteAccount((clash, *every), ()),
            WriteAccount((*every, UpdateAccount(person("x", "missing"))), ()),
            WriteAccount(every, (holds, wrong)),
            WriteAccount(every, (wrong, holds)),
        ):
            assert directory.perform(decision) == Conflict()
            asked = [facts(directory, subject, teams=("red",), count_seats=True) for subject in ("taken", "new")]
            assert asked == before
            assert facts(directory, "second", handle="nick", email="new@corp.example") == AccountFacts(None)
            assert facts(directory, "second", handle="other", email="x@corp.example") == AccountFacts(None)
            assert directory.perform(ReadKey("new")) == KeyFacts(None, None)
            assert directory.perform(ReadKey("hash")) == KeyFacts(attrs.evolve(KEY, account_id="taken"), taken)
        assert directory.perform(WriteAccount(every, (holds,))) == Written()
        assert facts(directory, "new", teams=("red",), handle="other", count_seats=True) == AccountFacts(
            attrs.evolve(person("new", "new"), handle="nick", email="new@corp.example", revision=2, memberships=IN_RED),
            handle_holder="taken",
            teams=(RED,),
            seats_taken=2,
            mappings=Mappings(team_claim="teams"),
        )
        assert directory.perform(ReadKey("hash")) == KeyFacts(None, None)

    def test_changes_are_carried_out_in_their_order(self) -> None:
        """A later one builds on an earlier one, and takes what an earlier one gave up."""
        directory = self.open()
        first = attrs.evolve(ALICE, handle="nick")
        second = attrs.evolve(person("bob", "bob"), handle="nick")
        decision = changes(
            CreateAccount(first), UpdateAccount(attrs.evolve(ALICE, display_name="b")), CreateAccount(second)
        )
        assert directory.perform(decision) == Written()
        assert account(directory) == attrs.evolve(ALICE, display_name="b", revision=2)
        assert account(directory, "bob") == second
