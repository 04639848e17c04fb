"""What a browser is told when a person has been let in, or turned away."""

from __future__ import annotations

from sso_core.failures import Failure, Family
from sso_core.flows.attempt import Finishing
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.turn_away import ends_session
from sso_core.machine import Resting
from sso_core.web.answers import redirect
from sso_core.web.messages import Response
from sso_core.web.routing import Visit


def signed_in(visit: Visit, ending: Resting, trail: tuple[str, ...], *others: str) -> Response:
    """Give the browser its session, and send it where it was going; `others` are cookies to set along."""
    assert isinstance(ending, SignedIn)
    site = visit.site
    ttl = site.settings.session_ttl
    cookies = [
        site.cookies.set_session(ending.session_id, ttl),
        *site.cookies.set_reference_token(ending.session, ttl),
        *others,
    ]
    if trail:
        cookies.append(site.cookies.set_trail(trail))
    return redirect(ending.return_to, tuple(cookies))


def turned_away(visit: Visit, failure: Failure) -> tuple[str, ...]:
    """Return the cookies to clear after a refusal.

    A login of this browser that failed leaves nothing in it of who was signed in there before; see `flows.turn_away`.
    """
    failed = isinstance(visit.state, Finishing) and ends_session(failure)
    return visit.site.cookies.clear_person() if failed or failure.reason.family is Family.NOT_ALLOWED else ()
