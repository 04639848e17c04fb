"""What is tried at services of every kind: over each store, over each directory."""

from __future__ import annotations

from sso_adapters.world import Directory
from sso_core.failures import Reason
from sso_core.testing.directory_scenes import SUBJECTS
from trust.people import person, provider
from trust.scene import Browser, Scene, refusal


def swap(victim: Browser, attacker: Browser) -> None:
    """Lay the attacker's binding under the name of the victim's login."""
    (name,), (value,) = victim.login_cookies, attacker.login_cookies.values()
    attacker.cookies[name] = value


def another_browsers_state_is_refused(scene: Scene) -> None:
    """Bring another browser's answer to another process, and see that both logins go on as they should."""
    attacker, victim = scene.browser(), scene.browser()
    attacker.process = scene.second
    redirect = victim.authorize(victim.begin(), "alice")
    his = attacker.authorize(attacker.begin(), "bob")
    swap(victim, attacker)
    assert refusal(attacker.arrive(redirect)) in (Reason.NO_PENDING_LOGIN, Reason.UNREADABLE_LOGIN)
    assert scene.tokens_sent() == 0
    assert victim.arrive(redirect).status == 303
    assert attacker.arrive(his).status == 303
    assert (victim.person, attacker.person) == ("alice", "bob")


def subjects_are_told_apart(directory: Directory) -> None:
    """Sign in, twice, people whose subjects a careless comparison takes for each other."""
    with Scene(provider(*map(person, SUBJECTS)), directory=directory) as scene:
        accounts: dict[str, set[str]] = {}
        for subject in (*SUBJECTS, *SUBJECTS):
            browser = scene.browser()
            assert browser.login(subject).status == 303
            assert browser.session is not None
            assert browser.session["subject"] == subject
            accounts.setdefault(subject, set()).add(browser.session["account_id"])
        assert [len(each) for each in accounts.values()] == [1] * len(SUBJECTS)
        assert len(set.union(*accounts.values())) == scene.accounts == len(SUBJECTS)
