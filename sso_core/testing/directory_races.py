"""What every directory promises to many who come at once: a part of the directories' suite."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from sso_core.effects import WriteAccount
from sso_core.events import Conflict, Written
from sso_core.records import (
    AccountUnchanged,
    CreateAccount,
    EmailFree,
    EnsureTeam,
    HandleFree,
    IdentityAbsent,
    JoinTeam,
    LinkIdentity,
    Membership,
    SeatLeft,
    Team,
)
from sso_core.testing.directory_scenes import (
    ISSUER,
    RACERS,
    Directory,
    DirectoryScenes,
    account,
    creation,
    facts,
    person,
    update,
)

SEATS = 7


class DirectoryRaces(DirectoryScenes):
    """Inherited along with `DirectorySuite`."""

    def test_of_many_first_logins_of_one_person_at_once_one_creates_the_account(self) -> None:
        """The rest are told that somebody was quicker."""
        directory = self.open()
        racers = [creation(person("alice", str(number))) for number in range(RACERS)]
        self.one_of(directory, racers)
        final = account(directory)
        assert final is not None
        assert final.revision == 1

    def test_first_logins_of_different_people_at_once_do_not_disturb_each_other(self) -> None:
        """A burst of new people is no conflict, also where all of them come with the same new team."""
        directory = self.open()
        racers = []
        for number in range(RACERS):
            new = person(str(number), str(number))
            guards = IdentityAbsent(ISSUER, str(number)), SeatLeft(RACERS), HandleFree(str(number))
            decided = EnsureTeam(Team("red")), CreateAccount(new), JoinTeam(str(number), Membership("red"))
            racers.append(WriteAccount(decided, guards))
        assert list(self.perform_at_once(directory, racers)) == [Written()] * RACERS
        assert facts(directory, count_seats=True).seats_taken == RACERS

    def test_of_many_decisions_on_one_revision_one_is_carried_out(self) -> None:
        """No change is lost under another."""
        directory = self.open()
        directory.perform(creation(person()))
        self.one_of(directory, [update(person(), 1, display_name=str(number)) for number in range(RACERS)])
        final = account(directory)
        assert final is not None
        assert final.revision == 2

    def test_of_many_new_people_at_once_as_many_come_in_as_there_are_seats(self) -> None:
        """Counting and adding is one step."""
        directory = self.open()
        racers = [creation(person(str(number), str(number)), SeatLeft(SEATS)) for number in range(RACERS)]
        answers = list(self.perform_at_once(directory, racers))
        assert answers.count(Written()) == SEATS
        assert answers.count(Conflict()) == RACERS - SEATS
        assert facts(directory, count_seats=True).seats_taken == SEATS

    def test_of_many_people_at_once_who_want_one_handle_one_gets_it(self) -> None:
        """And nobody else comes in on the same decision, guarded or not."""
        directory = self.open()
        people = [attrs.evolve(person(str(number), str(number)), handle="nick") for number in range(RACERS)]
        guarded = [creation(one, HandleFree("nick")) for one in people[::2]]
        self.one_of(directory, guarded + [creation(one) for one in people[1::2]])

    def test_of_many_people_at_once_who_want_one_address_for_themselves_one_gets_it(self) -> None:
        """However each of them writes it."""
        directory = self.open()
        addresses = ("nick@corp.example", "Nick@Corp.example")
        people = [
            attrs.evolve(person(str(number), str(number)), email=addresses[number % 2]) for number in range(RACERS)
        ]
        self.one_of(directory, [creation(one, EmailFree("nick@corp.example")) for one in people])

    def test_of_many_identities_that_are_linked_to_one_account_at_once_one_is(self) -> None:
        """The others were decided on when it had fewer."""
        directory = self.open()
        directory.perform(creation(person()))
        racers = [
            WriteAccount((LinkIdentity("id", ISSUER, f"other {number}"),), (AccountUnchanged("id", 1),))
            for number in range(RACERS)
        ]
        self.one_of(directory, racers)
        final = account(directory)
        assert final is not None
        assert len(final.identities) == 2

    def one_of(self, directory: Directory, racers: Sequence[WriteAccount]) -> None:
        """Let them race; one is carried out, and the others meet a conflict."""
        answers = list(self.perform_at_once(directory, racers))
        assert answers.count(Written()) == 1
        assert answers.count(Conflict()) == len(racers) - 1
