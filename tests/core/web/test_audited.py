from __future__ import annotations

import attrs
import pytest
from browsing import Browser
from scenes import NOW, OPENID, settings

from sso_core.audit import AuditEvent, AuditKind
from sso_core.failures import Reason
from sso_core.providers.kinds import OpenIdProvider
from sso_core.web.messages import Response
from sso_core.web.site import Site

OTHER: OpenIdProvider = attrs.evolve(OPENID, issuer="https://other.example", provider_id="other")
TWO = Site(settings(providers=(OPENID, OTHER)))


def kinds(response: Response) -> list[AuditKind]:
    return [event.kind for event in response.audit]


def test_a_login_is_told_with_the_request_that_ended_it() -> None:
    browser = Browser(peer="192.0.2.7")
    assert browser.send("GET", "/sso/key/generate").audit == ()
    response = browser.sign_in()
    assert kinds(response) == [AuditKind.ACCOUNT_CREATED, AuditKind.SIGNED_IN]
    created, signed_in = response.audit
    assert created.reference == signed_in.reference != ""
    assert (signed_in.method, signed_in.path, signed_in.peer) == ("GET", "/sso/callback", "192.0.2.7")
    assert (signed_in.provider, signed_in.subject, signed_in.at) == ("generic", "alice", NOW)


def test_behind_a_named_proxy_the_log_says_where_a_request_came_from() -> None:
    browser = Browser(Site(settings(address_proxies=("192.0.2.7",))), peer="192.0.2.7")
    (event,) = browser.send("GET", "/nowhere", x_forwarded_for="203.0.113.1, 198.51.100.9").audit
    assert event.peer == "198.51.100.9"


def test_a_refusal_is_told_once_with_its_code_and_the_reference_that_people_see() -> None:
    response = Browser(peer="192.0.2.7").send("GET", "/sso/callback", "code=c&state=s")
    assert response.failure is not None
    assert response.audit == (
        AuditEvent(
            AuditKind.REFUSED,
            code=Reason.LOGIN_OF_ANOTHER_BROWSER.code,
            detail=response.failure.detail,
            hint=response.failure.hint,
            provider="generic",
            reference=response.reference,
            method="GET",
            path="/sso/callback",
            peer="192.0.2.7",
            at=NOW,
        ),
    )


@pytest.mark.parametrize(
    ("site", "path", "query", "provider"),
    [
        (None, "/sso/key/generate", "provider=nobody", ""),
        (None, "/sso/key/generate", "return_to=/&return_to=/", "generic"),
        (TWO, "/sso/key/generate", "provider=nobody", ""),
        (TWO, "/sso/key/generate", "provider=other&return_to=%", ""),
        (TWO, "/sso/callback/other", "", "other"),
        (TWO, "/nowhere", "provider=other", ""),
    ],
)
def test_a_refusal_names_the_provider_that_it_has_to_do_with(
    site: Site | None, path: str, query: str, provider: str
) -> None:
    response = Browser(site).send("GET", path, query)
    assert kinds(response) == [AuditKind.REFUSED]
    assert response.audit[0].provider == provider


@pytest.mark.parametrize(
    ("site", "form", "provider"),
    [(None, b"", "generic"), (TWO, b"provider=other", "other"), (TWO, b"provider=nobody", ""), (TWO, None, "")],
)
def test_so_does_that_of_a_command_line_which_names_it_in_its_form(
    site: Site | None, form: bytes | None, provider: str
) -> None:
    response = Browser(site).send("POST", "/sso/cli/confirm", "provider=generic", form, sec_fetch_site="same-origin")
    assert kinds(response) == [AuditKind.REFUSED]
    assert response.audit[0].provider == provider


def test_signing_out_is_told_by_the_session_that_was_told_before() -> None:
    browser = Browser()
    began = browser.sign_in().audit[-1]
    ended = browser.send("POST", "/sso/sign-out", sec_fetch_site="same-origin")
    assert [(event.kind, event.session) for event in ended.audit] == [(AuditKind.SIGNED_OUT, began.session)]
    assert browser.send("POST", "/sso/sign-out", sec_fetch_site="same-origin").audit == ()


def test_signing_out_everywhere_is_told_by_the_account() -> None:
    browser = Browser()
    began = browser.sign_in().audit[-1]
    ended = browser.send("POST", "/sso/sign-out", "everywhere=1", sec_fetch_site="same-origin")
    assert [(event.kind, event.account_id) for event in ended.audit] == [
        (AuditKind.SIGNED_OUT_EVERYWHERE, began.account_id)
    ]
