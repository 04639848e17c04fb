"""A login belongs to the browser that began it (TRUST A-a)."""

from __future__ import annotations

from sso_core.failures import Reason
from trust.scene import Scene, refusal


def test_a1_a_strangers_code_and_state_sign_nobody_in() -> None:
    with Scene() as scene:
        attacker, victim = scene.browser(), scene.browser()
        stolen = attacker.authorize(attacker.begin(), "alice")
        assert refusal(victim.arrive(stolen)) is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert scene.tokens_sent() == 0
        assert victim.person is None


def test_a2_another_browsers_state_is_not_ours_and_stays_theirs() -> None:
    with Scene() as scene:
        alice, bob = scene.browser(), scene.browser()
        hers, his = alice.begin(), bob.begin()
        arriving = alice.authorize(hers, "alice")
        (name,), (cookie,) = alice.login_cookies, bob.login_cookies.values()
        bob.cookies[name] = cookie
        assert refusal(bob.arrive(arriving)) is Reason.NO_PENDING_LOGIN
        assert scene.tokens_sent() == 0
        assert alice.arrive(arriving).status == 303
        assert alice.person == "alice"
        assert bob.arrive(bob.authorize(his, "bob")).status == 303
        assert bob.person == "bob"
