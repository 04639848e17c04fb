from __future__ import annotations

from plain_directory import InTurn

from sso_core.events import AccountFacts, Conflict, Written
from sso_core.records import LinkIdentity, SeatLeft
from sso_core.testing.directory_scenes import account, changes, creation, facts, person, update


def test_a_scene_is_written_and_read_as_a_login_would() -> None:
    directory = InTurn().open()
    assert InTurn().perform_at_once(directory, [creation(person(), SeatLeft(1))] * 2) == [Written(), Conflict()]
    assert facts(directory, "bob", count_seats=True) == AccountFacts(None, seats_taken=1)
    assert directory.perform(update(person(), 1, role="admin")) == Written()
    assert directory.perform(changes(LinkIdentity("id", "https://a.example", "1"))) == Written()
    found = account(directory, "1", issuer="https://a.example")
    assert found is not None
    assert found.role == "admin"
