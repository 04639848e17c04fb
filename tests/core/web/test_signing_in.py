from __future__ import annotations

import pytest
from browsing import Browser, cookies_set, location
from scenes import ACCOUNT, ENTROPY, IDENTITY, NOW, settings

from sso_core.failures import Failure, Reason
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.sessions import NoSession
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.session import session_of
from sso_core.web.messages import Request
from sso_core.web.routing import Route, Visit, no_ending, refuse_with_page
from sso_core.web.signing_in import signed_in, turned_away
from sso_core.web.site import Site

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
ENDING = SignedIn(ENTROPY.session_id, SESSION, "/back")
ROUTE = Route(lambda _door: NoSession(), no_ending, refuse_with_page)
TOKEN = ReferenceToken(b"r" * 32)


def visit(site: Site | None = None) -> Visit:
    return Visit(site or Browser().site, ROUTE, Request("GET", "/"), "ref", NOW, NoSession())


def names(headers: tuple[str, ...] | list[str]) -> list[str]:
    return [header.partition("=")[0].removeprefix("__Host-sso-") for header in headers]


@pytest.mark.parametrize(
    ("trail", "others", "expected"),
    [((), (), ["session"]), (("A",), ("o=1",), ["session", "o", "trail"])],
)
def test_the_browser_gets_a_session_and_goes_on(
    trail: tuple[str, ...], others: tuple[str, ...], expected: list[str]
) -> None:
    response = signed_in(visit(), ENDING, trail, *others)
    assert location(response) == "/back"
    assert names(cookies_set(response)) == expected


def test_beside_it_the_references_token_where_hosts_need_it() -> None:
    response = signed_in(visit(Site(settings(reference_token=TOKEN))), ENDING, ())
    assert names(cookies_set(response)) == ["session", "token"]
    assert ENTROPY.session_id.reveal() not in cookies_set(response)[1]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.NOT_IN_GROUP, ["session", "trail", "token"]),
        (Reason.ACCOUNT_DISABLED, ["session", "trail", "token"]),
        (Reason.WRONG_PASSWORD, []),
        (Reason.ACCESS_DENIED, []),
        (Reason.STORE_UNREACHABLE, []),
    ],
)
def test_who_may_not_come_in_leaves_nothing_of_who_was_there_before(reason: Reason, expected: list[str]) -> None:
    assert names(turned_away(visit(Site(settings(reference_token=TOKEN))), Failure(reason))) == expected
