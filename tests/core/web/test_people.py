from __future__ import annotations

from typing import Any

import attrs
import pytest
from browsing import Browser, cookies_set, location, refused, told, warm_facts
from scenes import ACCOUNT, ENTROPY, IDENTITY, METADATA, NOW, OPENID, settings

from sso_core.effects import Kind
from sso_core.facts import ProviderMetadata, Warm
from sso_core.failures import Reason
from sso_core.flows.sessions import NoSession
from sso_core.machine import Failed
from sso_core.records import ApiKey
from sso_core.secret import Secret
from sso_core.sessions.revocation import revocation_key
from sso_core.sessions.session import SessionKind, encode_session, session_key, session_of
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key, api_key_hash, cli_token
from sso_core.settings.origin import Origin
from sso_core.web.messages import Request
from sso_core.web.pages import HomePage, LeavingPage, SignInChoice
from sso_core.web.people import sign_in_choices, who_is_it
from sso_core.web.site import Site

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
SECOND = attrs.evolve(OPENID, provider_id="second", label="Second & Co")
SAME: dict[str, Any] = {"sec_fetch_site": "same-origin"}
KEY = api_key(Secret("k" * 43))
SIGNING = settings(session_keys=SessionKeys((b"k" * 32,)))


def test_a_person_signs_in_sees_who_they_are_and_signs_out() -> None:
    browser = Browser()
    browser.sign_in()
    assert told(browser.send("GET", "/sso/session"))["display_name"] == "Alice"
    home = browser.send("GET", "/").body
    assert isinstance(home, HomePage)
    assert home.session is not None
    assert home.trail[0] == "TakingLogin"
    before = dict(browser.cookies)
    assert location(browser.send("POST", "/sso/sign-out", **SAME)) == "/"
    browser.cookies = before
    assert browser.send("GET", "/sso/session").status == 401
    assert browser.send("GET", "/").body == HomePage(
        None,
        (),
        (SignInChoice("", "/sso/key/generate"),),
        "/sso/sign-out",
        "/sso/sign-out?everywhere=1",
        "/sso/style.css",
    )


@pytest.mark.parametrize(
    ("changes", "return_to", "expected"),
    [
        ({}, "/", [("", "/sso/key/generate")]),
        ({}, "/back", [("", "/sso/key/generate?return_to=%2Fback")]),
        ({"landing_path": "/ui/"}, "/ui/", [("", "/sso/key/generate")]),
        (
            {"providers": (OPENID, SECOND)},
            "/",
            [
                ("generic", "/sso/key/generate?provider=generic"),
                ("Second & Co", "/sso/key/generate?provider=second"),
            ],
        ),
        ({"password_sign_in": True, "providers": ()}, "/a", [("a password", "/sso/password?return_to=%2Fa")]),
        (
            {"password_sign_in": True, "origin": Origin("https://app.example/sub")},
            "/sub/",
            [("", "/sub/sso/key/generate"), ("a password", "/sub/sso/password")],
        ),
        ({"providers": ()}, "/", []),
    ],
)
def test_there_is_a_button_for_each_way_to_sign_in(
    changes: dict[str, Any], return_to: str, expected: list[tuple[str, str]]
) -> None:
    choices = sign_in_choices(settings(**changes), return_to)
    assert [(choice.label, choice.path) for choice in choices] == expected


# Programs


def held(session: Any, site: Site | None = None) -> Browser:
    browser = Browser(site, account=ACCOUNT)
    browser.store[Kind.SESSION, session_key(ENTROPY.session_id)] = encode_session(session)
    browser.keys[api_key_hash(KEY)] = ApiKey(api_key_hash(KEY), "a1", "ci", created_at=NOW)
    return browser


def test_a_program_is_told_for_whom_a_personal_key_stands() -> None:
    document = told(held(SESSION).send("GET", "/sso/session", authorization=f"Bearer {KEY.reveal()}"))
    assert document == {
        "signed_in": True,
        "account_id": "a1",
        "provider": "generic",
        "issuer": "https://idp.example",
        "subject": "alice",
        "display_name": "Alice",
        "email": ACCOUNT.email,
        "email_verified": ACCOUNT.email_verified,
        "handle": "alice",
        "role": ACCOUNT.role,
        "teams": [],
        "team_id": None,
        "kind": "key",
        "signed_in_at": NOW,
        "expires_at": None,
    }


@pytest.mark.parametrize("site", [None, Site(SIGNING)])
def test_a_command_line_is_known_by_its_token(site: Site | None) -> None:
    browser = held(attrs.evolve(SESSION, kind=SessionKind.CLI), site)
    token = cli_token(browser.site.settings.session_keys, ENTROPY.session_id).reveal()
    document = told(browser.send("GET", "/sso/session", authorization=f"bearer {token}"))
    assert (document["signed_in"], document["kind"], document["expires_at"]) == (True, "cli", NOW + 9)


def test_no_token_works_as_a_cookie_and_no_cookie_as_a_token() -> None:
    cli = held(attrs.evolve(SESSION, kind=SessionKind.CLI))
    for value in (ENTROPY.session_id.reveal(), cli_token(None, ENTROPY.session_id).reveal(), KEY.reveal()):
        cli.cookies = {cli.site.cookies.session: value}
        assert cli.send("GET", "/sso/session").status == 401
    browser = held(SESSION)
    for token in (ENTROPY.session_id.reveal(), cli_token(None, ENTROPY.session_id).reveal()):
        assert browser.send("GET", "/sso/session", authorization=f"Bearer {token}").status == 401


@pytest.mark.parametrize(
    ("authorization", "error"),
    [("Bearer nonsense", "invalid_key"), ("Bearer ", "invalid_key"), ("Bearer", "invalid_key")],
)
def test_who_presents_a_token_is_known_by_it_or_not_at_all(authorization: str, error: str) -> None:
    browser = Browser()
    browser.holds(SESSION)
    response = browser.send("GET", "/sso/session", authorization=authorization)
    assert (response.status, told(response)) == (401, {"signed_in": False, "error": error})
    assert browser.send("GET", "/sso/session", authorization="Basic YTpi").status == 200


def test_of_two_tokens_neither_is_believed() -> None:
    twice = (("authorization", f"Bearer {KEY.reveal()}"),) * 2
    assert who_is_it(Browser().site, Request("GET", "/", headers=twice)) == NoSession()


def test_a_page_for_people_looks_at_no_token() -> None:
    home = held(SESSION).send("GET", "/", authorization=f"Bearer {KEY.reveal()}").body
    assert isinstance(home, HomePage)
    assert home.session is None


def test_an_unreachable_store_is_told_to_programs_too() -> None:
    browser = Browser()
    browser.cookies = {browser.site.cookies.session: "s"}
    browser.down = True
    response = browser.send("GET", "/sso/session")
    assert (response.status, told(response)["error"]) == (503, "store_unreachable")


# Out again


def test_whoever_signs_out_everywhere_ends_every_session_of_theirs() -> None:
    browser, other = Browser(), Browser()
    browser.holds(SESSION)
    other.store = browser.store
    other.store[Kind.SESSION, session_key(Secret("other"))] = encode_session(SESSION)
    other.cookies = {other.site.cookies.session: "other"}
    assert other.send("GET", "/sso/session").status == 200
    response = browser.send("POST", "/sso/sign-out", "everywhere=1", **SAME)
    assert location(response) == "/"
    assert len(cookies_set(response)) == 2
    assert (Kind.REVOKED, revocation_key("a1")) in browser.store
    assert other.send("GET", "/sso/session").status == 401


@pytest.mark.parametrize("query", ["", "everywhere=0", "everywhere="])
def test_whoever_only_signs_out_ends_no_other(query: str) -> None:
    browser = Browser()
    browser.holds(SESSION)
    browser.send("POST", "/sso/sign-out", query, **SAME)
    assert browser.store == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_another_site_signs_nobody_out(headers: dict[str, str]) -> None:
    for query in ("", "everywhere=1"):
        assert refused(Browser().send("POST", "/sso/sign-out", query, b"", **headers)) is Reason.CROSS_SITE_REQUEST


def test_an_older_browser_signs_out_by_its_origin() -> None:
    assert Browser().send("POST", "/sso/sign-out", origin="https://app.example").status == 303


@pytest.mark.parametrize("site", [None, Site(SIGNING)])
def test_a_command_line_ends_its_own_session_by_its_token(site: Site | None) -> None:
    browser = held(attrs.evolve(SESSION, kind=SessionKind.CLI), site)
    token = cli_token(browser.site.settings.session_keys, ENTROPY.session_id).reveal()
    response = browser.send("POST", "/sso/sign-out", authorization=f"Bearer {token}")
    assert (response.status, told(response)) == (200, {"signed_in": False})
    assert browser.send("GET", "/sso/session", authorization=f"Bearer {token}").status == 401


def test_a_token_ends_nothing_else() -> None:
    browser = held(SESSION)
    browser.holds(SESSION)
    for token in ("nonsense", KEY.reveal(), ENTROPY.session_id.reveal()):
        response = browser.send("POST", "/sso/sign-out", authorization=f"Bearer {token}")
        assert (refused(response), told(response)["error"]) == (Reason.INVALID_KEY, "invalid_key")
    twice = (("authorization", f"Bearer {cli_token(None, ENTROPY.session_id).reveal()}"),) * 2
    visit = browser.site.visit(
        Request("POST", "/sso/sign-out", headers=twice), entropy=ENTROPY, now=NOW, warm=warm_facts
    )
    assert isinstance(visit.state, Failed)
    assert browser.send("GET", "/sso/session").status == 200


# And out at the provider


LEAVING = attrs.evolve(OPENID, logout_at_provider=True)
OFFERED = attrs.evolve(METADATA, end_session_endpoint="https://idp.example/end-session")


def leaving(metadata: ProviderMetadata | None = OFFERED) -> Browser:
    browser = Browser(Site(settings(LEAVING)))
    browser.warm = lambda _provider: Warm(metadata)
    browser.holds(SESSION)
    return browser


@pytest.mark.parametrize("query", ["", "everywhere=1"])
def test_whoever_signs_out_is_sent_on_to_the_provider_where_the_operator_wishes(query: str) -> None:
    browser = leaving()
    response = browser.send("POST", "/sso/sign-out", query, **SAME)
    assert isinstance(response.body, LeavingPage)
    assert response.header("refresh") == f"0;url={response.body.location}"
    assert response.body.location.startswith("https://idp.example/end-session?client_id=client&")
    assert len(cookies_set(response)) == 2
    assert (Kind.SESSION, session_key(ENTROPY.session_id)) not in browser.store
    assert ((Kind.REVOKED, revocation_key("a1")) in browser.store) is bool(query)


@pytest.mark.parametrize("metadata", [METADATA, None], ids=["not offered", "down"])
def test_whoever_cannot_be_sent_on_is_signed_out_all_the_same(metadata: ProviderMetadata | None) -> None:
    browser = leaving(metadata)
    assert location(browser.send("POST", "/sso/sign-out", **SAME)) == "/"
    assert browser.store == {}


def test_another_site_sends_nobody_to_the_provider() -> None:
    browser = leaving()
    response = browser.send("POST", "/sso/sign-out", sec_fetch_site="cross-site")
    assert refused(response) is Reason.CROSS_SITE_REQUEST
    assert browser.store


def test_a_command_line_leaves_no_provider() -> None:
    browser = leaving()
    browser.cookies = {}
    browser.store[Kind.SESSION, session_key(ENTROPY.session_id)] = encode_session(
        attrs.evolve(SESSION, kind=SessionKind.CLI)
    )
    token = cli_token(None, ENTROPY.session_id).reveal()
    assert told(browser.send("POST", "/sso/sign-out", authorization=f"Bearer {token}")) == {"signed_in": False}
