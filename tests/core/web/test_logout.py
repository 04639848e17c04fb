from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import attrs
import pytest
from browsing import FORM, Browser, location, told
from scenes import ACCOUNT, ENTROPY, NOW, OPENID, PLAIN, settings
from starts import OF_PROVIDER, SESSION, logout_token

from sso_core.effects import Kind
from sso_core.facts import Warm
from sso_core.failures import Reason
from sso_core.secret import Secret
from sso_core.sessions.session import SessionKind, encode_session, session_key
from sso_core.sessions.tokens import cli_token
from sso_core.web.messages import Response
from sso_core.web.pages import SignedOutPage, SignInChoice
from sso_core.web.site import Site

BACKCHANNEL = "/sso/logout/backchannel"
RETURN = "/sso/logout/return"
SECOND = attrs.evolve(OPENID, provider_id="second", issuer="https://second.example")


def posted(browser: Browser, token: Secret | None = None, path: str = BACKCHANNEL, **fields: str) -> Response:
    token = logout_token(sub="alice") if token is None else token
    body = urlencode({"logout_token": token.reveal(), **fields}).encode()
    return browser.send("POST", path, body=body, content_type=FORM)


def held(session: Any = OF_PROVIDER, site: Site | None = None) -> Browser:
    browser = Browser(site, account=ACCOUNT)
    browser.holds(session)
    return browser


def signed_in(browser: Browser) -> bool:
    return browser.send("GET", "/sso/session").status == 200


# The provider says so


@pytest.mark.parametrize("named", [{"sub": "alice"}, {"sid": "sid"}, {"sub": "alice", "sid": "sid"}])
def test_a_person_who_signed_out_at_the_provider_is_signed_out_here(named: dict[str, Any]) -> None:
    browser = held()
    assert signed_in(browser)
    response = posted(browser, logout_token(**named))
    assert (response.status, response.body, response.header("cache-control")) == (200, b"", "no-store")
    assert not signed_in(browser)


@pytest.mark.parametrize("named", [{"sub": "bob"}, {"sid": "other"}, {"sub": "alice", "sid": "other"}])
def test_whoever_is_not_named_stays(named: dict[str, Any]) -> None:
    browser = held()
    browser.account = None if named.get("sub") == "bob" else ACCOUNT
    assert posted(browser, logout_token(**named)).status == 200
    assert signed_in(browser)


def test_a_session_that_began_in_none_of_the_providers_ends_with_its_person_alone() -> None:
    browser = held(SESSION)
    assert posted(browser, logout_token(sid="sid")).status == 200
    assert signed_in(browser)
    assert posted(browser, logout_token(sub="alice", jti="j2")).status == 200
    assert not signed_in(browser)


@pytest.mark.parametrize("named", [{"sub": "alice"}, {"sid": "sid"}])
def test_a_command_line_is_signed_out_too(named: dict[str, Any]) -> None:
    browser = Browser(account=ACCOUNT)
    of_cli = attrs.evolve(OF_PROVIDER, kind=SessionKind.CLI)
    browser.store[Kind.SESSION, session_key(ENTROPY.session_id)] = encode_session(of_cli)
    bearer = f"Bearer {cli_token(None, ENTROPY.session_id).reveal()}"
    assert browser.send("GET", "/sso/session", authorization=bearer).status == 200
    assert posted(browser, logout_token(**named)).status == 200
    assert browser.send("GET", "/sso/session", authorization=bearer).status == 401


def test_a_token_is_used_once_and_ends_no_session_that_began_since() -> None:
    browser = held()
    assert posted(browser).status == 200
    browser.holds(attrs.evolve(SESSION, signed_in_at=NOW + 1))
    again = posted(browser)
    assert again.status == 400
    assert again.failure is not None
    assert again.failure.reason is Reason.LOGOUT_TOKEN_REPLAYED
    assert signed_in(browser)


def test_a_bad_token_is_answered_as_the_specification_has_it_and_ends_nothing() -> None:
    browser = held()
    response = posted(browser, logout_token(sub="alice", aud="other"))
    assert (response.status, response.header("cache-control")) == (400, "no-store")
    assert response.header("content-type") == "application/json"
    reference = response.reference
    assert told(response) == {
        "error": "invalid_request",
        "error_description": f"wrong_audience (reference {reference})",
    }
    assert response.failure is not None
    assert signed_in(browser)
    assert set(browser.store) == {(Kind.SESSION, session_key(ENTROPY.session_id))}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"logout_token=", FORM),
        (b"token=a", FORM),
        (b"logout_token=a&logout_token=b", FORM),
        (b'{"logout_token": "a"}', "application/json"),
        (None, FORM),
    ],
)
def test_what_is_no_form_with_a_token_is_refused(body: bytes | None, content_type: str) -> None:
    response = Browser().send("POST", BACKCHANNEL, body=body, content_type=content_type)
    assert (response.status, told(response)["error"]) == (400, "invalid_request")


def test_further_fields_are_passed_over() -> None:
    browser = held()
    assert posted(browser, ignored_parameter="ignored").status == 200
    assert not signed_in(browser)


def test_a_provider_is_told_to_come_again_while_the_store_is_down_and_then_it_ends() -> None:
    browser = held()
    browser.down = True
    response = posted(browser)
    assert (response.status, response.header("retry-after")) == (503, "2")
    assert told(response)["error"] == "temporarily_unavailable"
    browser.down = False
    assert signed_in(browser)
    assert posted(browser).status == 200
    assert not signed_in(browser)


def test_a_provider_is_told_to_come_again_while_its_keys_cannot_be_had() -> None:
    browser = held()
    browser.warm = lambda _provider: Warm()
    response = posted(browser)
    assert (response.status, told(response)["error"]) == (503, "temporarily_unavailable")


def test_each_provider_with_an_issuer_has_a_path_of_its_own() -> None:
    plain = attrs.evolve(PLAIN, provider_id="plain")
    browser = held(site=Site(settings(providers=(OPENID, SECOND, plain))))
    assert posted(browser, path=BACKCHANNEL + "/second").status == 400
    assert posted(browser, logout_token(sub="alice", iss=SECOND.issuer)).status == 400
    assert posted(browser, path=BACKCHANNEL + "/plain").status == 404
    assert posted(browser).status == 200


def test_a_logout_token_comes_by_post_alone() -> None:
    assert Browser().send("GET", BACKCHANNEL).status == 405


def test_people_are_signed_out_of_a_service_where_nobody_signs_in() -> None:
    browser = held(site=Site(settings(ui_disabled=True)))
    assert posted(browser).status == 200
    assert not signed_in(browser)


# And back from there


@pytest.mark.parametrize("query", ["", "state=s", "state=https%3A%2F%2Fevil.example", "state=a&state=b", "%zz"])
def test_whoever_comes_back_reads_that_they_are_out_whatever_the_address_says(query: str) -> None:
    response = Browser().send("GET", RETURN, query)
    assert response.status == 200
    assert response.body == SignedOutPage((SignInChoice("", "/sso/key/generate"),), "/sso/style.css")
    assert "location" not in dict(response.headers)
    assert not [name for name, _ in response.headers if name == "set-cookie"]


def test_whoever_is_signed_in_is_not_told_otherwise_and_not_signed_out() -> None:
    browser = held()
    assert location(browser.send("GET", RETURN, "state=s")) == "/"
    assert signed_in(browser)


def test_where_the_store_cannot_tell_nothing_is_said() -> None:
    browser = held()
    browser.down = True
    assert browser.send("GET", RETURN).status == 503
