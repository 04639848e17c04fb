"""What the debug page shows of a person, against the reference.

The reference shows whatever the provider's library returned, to anybody. Ours shows claims, to administrators who ask,
or to anybody by a loud option, and only of somebody who could be told.
"""

from __future__ import annotations

from typing import Any

from browsing import Browser
from cases import Case, Refused, Row, Verdict, each, hold
from playing import refused
from scenes import PLAIN, answer, settings, token_answer

from sso_core.effects import Effect, HttpRequest, Purpose
from sso_core.events import Event
from sso_core.identity.explanation import cut, shown
from sso_core.identity.identity import ShownClaim
from sso_core.oauth.claims import PROTOCOL_CLAIMS
from sso_core.web.debug import LEFT_OUT, redacted
from sso_core.web.messages import Response
from sso_core.web.pages import DebugPage
from sso_core.web.site import Site


class Anybody(Browser):
    """A browser of somebody of whom userinfo says what the case's provider says."""

    def __init__(self, said: dict[str, Any], *, configured: bool) -> None:
        providers = (PLAIN,) if configured else ()
        super().__init__(Site(settings(providers=providers, debug_page=True, debug_for_anybody_unsafe=True)))
        self.said = said

    def perform(self, effect: Effect) -> Event:
        if isinstance(effect, HttpRequest):
            return token_answer(id_token=None) if effect.purpose is Purpose.TOKEN else answer(self.said)
        return super().perform(effect)


def is_configured(case: Case) -> bool:
    return any(case.env.get(f"{kind}_CLIENT_ID") for kind in ("GOOGLE", "MICROSOFT", "GENERIC"))


def said(case: Case) -> dict[str, Any]:
    """Return what the provider says of the case's person: their id is a subject."""
    result = case.args.get("provider_result") or {}
    claims = {name: value for name, value in result.items() if name not in {"$type", "id"} and value is not None}
    return claims | ({"sub": result["id"]} if "id" in result else {})


def ours(case: Case) -> dict[str, Any]:
    browser = Anybody(said(case), configured=is_configured(case))
    if not is_configured(case):
        return told(browser.send("GET", "/sso/debug/login"))
    return told(browser.send("GET", "/sso/debug/callback", browser.callback("/sso/debug/login", "")))


def told(response: Response) -> dict[str, Any]:
    if response.failure is not None:
        return {"ending": refused(response.failure)}
    assert isinstance(response.body, DebugPage)
    person = dict(response.body.person)
    claims = {claim.name: claim.value for claim in response.body.claims if claim.name != "sub"}
    return {"ending": 200, "id": person["Subject"], "shown": claims}


def theirs(case: Case) -> dict[str, Any]:
    if case.error is not None:
        return {"ending": Refused(case.error["status"], str(case.error["message"]))}
    if case.result["status"] != 200:
        return {"ending": Refused(case.result["status"], "no provider")}
    shown_values = dict(case.result["shown"])
    return {"ending": 200, "id": shown_values.pop("id", None), "shown": shown_values}


def claims_shown(case: Case, outcome: dict[str, Any]) -> dict[str, Any]:
    claims = [redacted(ShownClaim(cut(name), shown(value), "")) for name, value in said(case).items() if name != "sub"]
    return outcome | {"shown": {claim.name: claim.value for claim in claims if claim.name not in PROTOCOL_CLAIMS}}


ROWS = (
    Row(Verdict.SAME, "values are shown as they are written in JSON", is_configured, claims_shown),
    Row(
        Verdict.DIFFERENT,
        "W22: what may be a secret is left out",
        lambda case: any(claim == LEFT_OUT for claim in claims_shown(case, {})["shown"].values()),
        claims_shown,
    ),
    Row(
        Verdict.DIFFERENT,
        "W12: of whom nothing is said, or no subject, nobody is shown",
        lambda case: is_configured(case) and not isinstance(said(case).get("sub"), str | int),
        lambda case, _outcome: {"ending": Refused(401, "no identity" if said(case) else "no userinfo")},
    ),
    Row(
        Verdict.DIFFERENT,
        "W23: that no provider is set up is a fault of the service, told when a login begins, and of no request",
        lambda case: not is_configured(case),
        lambda _case, _outcome: {"ending": Refused(500, "no_provider")},
    ),
)


@each("flow", "debug_sso_callback")
def test_a_person_is_shown_as_the_reference_shows_them(case: Case) -> None:
    hold(case, theirs(case), ours(case), ROWS)


def test_what_a_provider_says_of_somebody_is_shown_and_secrets_are_not() -> None:
    result = {"$type": "OpenID", "id": "u1", "email": "a@ex.com", "team_ids": ["t"], "api_key": "k", "picture": None}
    case = Case("", "", {"GENERIC_CLIENT_ID": "cid"}, {"provider_result": result}, {}, None, None, {}, None)
    shown_claims = {"email": '"a@ex.com"', "team_ids": '["t"]', "api_key": LEFT_OUT}
    assert ours(case) == {"ending": 200, "id": "u1", "shown": shown_claims}
