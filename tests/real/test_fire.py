"""Running under fire, briefly, and what holds its figures: `python -m tests.fire` plays all of the scenes."""

from __future__ import annotations

import socket
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from fire import report
from fire.canaries import MAY_BE, Canaries, Scan, Sort, Where
from fire.network import network, port_of
from fire.outcomes import Fate, Outcome
from fire.playing import Played, first_logins, half_accounts, run
from fire.scenes import BRIEFLY, SCENES, Deed, Scene, Victim

pytestmark = pytest.mark.real

SECRET = "a-secret-that-nobody-is-told-0123456789"
CALM = SCENES[0]


def outcome(fate: Fate, why: str = "", *, process: int = 0, ended_at: float = 1.0, longest: float = 0.1) -> Outcome:
    return Outcome(fate, why, "somebody", process, ended_at, longest)


def played(*outcomes: Outcome, scene: Scene = CALM, recovery: float | None = 0.5, twice: int = 0) -> Played:
    return Played(scene, outcomes, recovery, twice)


@pytest.mark.timeout(400)
def test_the_promise_holds_whatever_breaks(tmp_path: Path) -> None:
    told: list[str] = []
    done = run(BRIEFLY, tmp_path, tell=lambda one: told.extend((report.row(one), *report.reasons(one))))
    said = "\n".join([*told, *report.summary(done)])
    assert done.broken() == [], said
    assert all(one.fates[Fate.IN] for one in done.scenes), said
    assert all(done.looked.looked_at.values()), said


@pytest.mark.parametrize(
    ("what", "broken"),
    [
        (played(outcome(Fate.IN)), []),
        (
            played(outcome(Fate.WRONG, "a session of somebody else"), scene=SCENES[1]),
            ["1 x a session of somebody else"],
        ),
        (played(outcome(Fate.REFUSED, "callback: bad_signature"), scene=SCENES[1]), ["1 x callback: bad_signature"]),
        (played(outcome(Fate.REFUSED, "callback: code_refused"), scene=SCENES[1]), []),
        (played(outcome(Fate.UNAVAILABLE, "start: store_unreachable"), scene=SCENES[1]), []),
        (played(outcome(Fate.UNAVAILABLE, "x")), ["not everybody came in although nothing happened"]),
        (played(outcome(Fate.IN), twice=1), ["1 codes were sent twice"]),
        (played(outcome(Fate.IN), recovery=None), ["no recovery within 30 s"]),
        (played(outcome(Fate.IN, longest=15.5)), ["an answer took 15.5 s"]),
        (played(outcome(Fate.NO_ANSWER, "start"), scene=SCENES[1]), ["1 without an answer: start"]),
        (played(outcome(Fate.NO_ANSWER, "start"), scene=Scene(Victim.SERVICE, Deed.KILLED, unanswered=True)), []),
    ],
)
def test_what_breaks_the_promise_is_said(what: Played, broken: list[str]) -> None:
    assert what.broken() == broken


def test_each_process_has_to_sign_somebody_in_after_the_fault() -> None:
    outcomes = (
        outcome(Fate.IN, process=0, ended_at=1),
        outcome(Fate.REFUSED, process=1, ended_at=3),
        outcome(Fate.IN, process=0, ended_at=4),
        outcome(Fate.IN_LATER, process=1, ended_at=5),
        outcome(Fate.IN, process=1, ended_at=6),
    )
    assert first_logins(outcomes, after=2) == {0: 4, 1: 5}


@pytest.mark.parametrize(
    ("accounts", "identities", "halves"),
    [
        ("ab", "ab", 0),
        ("ab", "a", 1),
        ("a", "aa", 2),
        ("ab", "aab", 2),
    ],
)
def test_half_an_account_is_counted(accounts: str, identities: str, halves: int) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        "sso_accounts": [{"account_id": name} for name in accounts],
        "sso_identities": [{"account_id": name, "subject": name} for name in identities],
    }
    assert half_accounts(rows) == halves


@pytest.mark.parametrize("where", Where)
@pytest.mark.parametrize("sort", Sort)
def test_a_secret_is_found_wherever_the_table_does_not_have_it(where: Where, sort: Sort) -> None:
    known = Canaries()
    known.add(sort, SECRET)
    looking = Scan(known)
    looking.look(where, f"before it {SECRET} after it", "there")
    looking.look(where, "nothing of the kind", "here")
    assert looking.finds == ([] if sort in MAY_BE[where] else [f"a {sort.value} in {where.value}: there"])


@pytest.mark.parametrize("form", ["{0}", "%22{0}%22", "Basic {1}", "x{2}", "{3}"])
def test_a_secret_is_found_in_other_forms(form: str) -> None:
    known = Canaries()
    known.add_encoded(Sort.CLIENT_SECRET, SECRET)
    encoded = [urlsafe_b64encode(before + SECRET.encode() + b":1").decode() for before in (b"", b"a", b"ab")]
    assert set(known.found_in(form.format(SECRET, *encoded))) == {Sort.CLIENT_SECRET}


def test_a_network_passes_on_refuses_and_lets_through_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, network(port_of(server)) as between:
        for word in (b"before", b"after"):
            if word == b"after":
                between.open()
            with socket.create_connection(("127.0.0.1", between.port)) as client:
                there, _ = server.accept()
                with there:
                    client.sendall(word)
                    assert there.recv(100) == word
                    there.sendall(b"heard")
                    assert client.recv(100) == b"heard"
                    between.refuse()
                    assert (client.recv(100), there.recv(100)) == (b"", b"")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", between.port))
        assert [bytes(one.asked) for one in between.conversations] == [b"before", b"after"]
