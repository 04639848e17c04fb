"""A callback of which nothing is known but its address, against the reference."""

from __future__ import annotations

from typing import Any

from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused
from scenes import ENTROPY, NOW, PLAIN, settings

from sso_core.facts import Warm
from sso_core.machine import Failed
from sso_core.web.messages import Request
from sso_core.web.site import Site
from sso_core.wire import encode_form


def ours(case: Case) -> Any:
    """Bring the case's state back in a browser that has begun no login here; the reference asks for no more."""
    state = case.args.get("state")
    query = encode_form([("code", "c"), *([("state", str(state))] if state is not None else [])])
    request = Request("GET", "/sso/callback", query)
    visit = Site(settings(PLAIN)).visit(request, entropy=ENTROPY, now=NOW, warm=lambda _provider: Warm())
    return refused(visit.state.failure) if isinstance(visit.state, Failed) else type(visit.state).__name__


def theirs(case: Case) -> Any:
    if case.error is not None:
        return Refused(case.error["status"], str(case.error["message"]))
    return case.result.get("goes_to", case.result)


ROWS = (
    Row(
        Verdict.DIFFERENT,
        "W1, W2, A1: a login ends in the browser where it began, before anything else is looked at; what it is for was "
        "kept when it began, and is not read from its state (W7)",
        lambda _case: True,
        lambda case, _outcome: (
            Refused(401, "login_of_another_browser")
            if 0 < len(str(case.args.get("state") or "")) <= 512
            else Refused(400, "no_state")
        ),
    ),
)


@each("flow", "auth_callback")
def test_a_callback_of_another_browser_goes_nowhere(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)
