"""Whole logins at real providers, over real sockets, on each driver: what others wrote agrees with what is here."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import attrs
import pytest
from parts.real_provider import RealProvider
from real.relying_party import DRIVERS, relying_party

from sso_core.effects import Purpose
from sso_core.failures import Reason
from sso_core.sessions.sealing import SealingKeys
from sso_core.web.messages import Response

pytestmark = pytest.mark.real

OIDC_PROVIDER = (
    *("basic", "odd", "post", "public", "form_post", "signed_userinfo", "ps256", "es256", "eddsa"),
    *("logout_of_person", "logout_of_session"),
)
# A code that nobody redeems makes Canaille's in-memory store mix up later codes of the client: no test may leave one
# behind there, so a wrong secret is not tried on it.
CASES = [
    *(("oidc_provider", kind) for kind in OIDC_PROVIDER),
    ("oidc_provider_with_path", "basic"),
    *(("canaille", kind) for kind in ("basic", "post", "public", "eddsa")),
    *(("django_oauth_toolkit", kind) for kind in ("basic", "post", "public")),
]
SUBJECTS = {"oidc-provider": "alice", "canaille": "alice", "django-oauth-toolkit": "1"}


@attrs.frozen
class _Person:
    signed_in: bool
    issuer: str
    subject: str
    email: str


def body_of(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    return dict(json.loads(response.body))


def person_of(response: Response) -> _Person:
    assert response.status == 200, response
    told = body_of(response)
    return _Person(told["signed_in"], told["issuer"], told["subject"], told["email"])


def alice_at(provider: RealProvider) -> _Person:
    return _Person(True, provider.issuer, SUBJECTS[provider.name], "alice@example.test")


def provider_named(request: pytest.FixtureRequest, fixture: str) -> RealProvider:
    provider: RealProvider = request.getfixturevalue(fixture)
    return provider


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("fixture", "kind"), CASES)
def test_a_person_signs_in(request: pytest.FixtureRequest, fixture: str, kind: str, driver: str) -> None:
    provider = provider_named(request, fixture)
    with relying_party(provider, provider.clients[kind], driver) as service:
        before = service.session()
        location = service.begin(return_to="/notes?page=2")
        callback = provider.sign_in(location, "alice")
        answer = service.arrive(callback)

        assert before.status == 401
        assert callback.method == ("POST" if kind == "form_post" else "GET")
        assert (answer.status, answer.failure) == (303, None)
        assert dict(answer.headers)["location"] == "/notes?page=2"
        assert person_of(service.session()) == alice_at(provider)
        assert Counter(service.sent) == {
            Purpose.METADATA: 1,
            Purpose.KEYS: 1,
            Purpose.TOKEN: 1,
            Purpose.USERINFO: 1,
        }


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_second_login_reads_no_document_again(django_oauth_toolkit: RealProvider, driver: str) -> None:
    with relying_party(django_oauth_toolkit, django_oauth_toolkit.clients["basic"], driver) as service:
        service.login("alice")
        answer = service.login("bob")

        assert (answer.status, answer.failure) == (303, None)
        assert person_of(service.session()).email == "bob@example.test"
        assert Counter(service.sent) == {
            Purpose.METADATA: 1,
            Purpose.KEYS: 1,
            Purpose.TOKEN: 2,
            Purpose.USERINFO: 2,
        }


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["basic", "signed_userinfo"])
def test_a_login_after_the_keys_were_replaced_reads_them_anew(
    oidc_provider: RealProvider, kind: str, driver: str
) -> None:
    with relying_party(oidc_provider, oidc_provider.clients[kind], driver) as service:
        assert service.login().failure is None
        assert "RefreshingKeys" not in service.trail

        oidc_provider.rotate_keys()
        answer = service.login()

        assert (answer.status, answer.failure) == (303, None)
        assert "RefreshingKeys" in service.trail
        assert service.sent.count(Purpose.KEYS) == 2
        assert person_of(service.session()) == alice_at(oidc_provider)


@pytest.mark.parametrize("driver", DRIVERS)
def test_keys_replaced_while_the_person_is_at_the_provider_do_not_stop_the_login(
    oidc_provider: RealProvider, driver: str
) -> None:
    with relying_party(oidc_provider, oidc_provider.clients["es256"], driver) as service:
        assert service.login().failure is None
        callback = oidc_provider.sign_in(service.begin(), "bob")

        oidc_provider.rotate_keys()

        assert service.arrive(callback).failure is None
        assert person_of(service.session()).subject == "bob"


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("fixture", ["oidc_provider", "canaille", "django_oauth_toolkit"])
def test_a_person_who_declines_is_told_so_and_no_token_is_asked_for(
    request: pytest.FixtureRequest, fixture: str, driver: str
) -> None:
    provider = provider_named(request, fixture)
    with relying_party(provider, provider.clients["post"], driver) as service:
        # Consent given before would be remembered: the person is asked again (OIDC Core 3.1.2.1).
        callback = provider.sign_in(service.begin() + "&prompt=consent", "carol", agree=False)
        answer = service.arrive(callback)

        assert answer.failure is not None
        assert answer.failure.reason is Reason.ACCESS_DENIED
        assert answer.status == Reason.ACCESS_DENIED.status
        assert dict(answer.headers)["refresh"].startswith("0;url=/sso/refused?code=access_denied&reference=")
        assert service.session().status == 401
        assert service.token_requests == 0
        assert service.browser.cookies == {}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["basic", "post"])
@pytest.mark.parametrize("fixture", ["oidc_provider", "django_oauth_toolkit"])
def test_a_wrong_client_secret_is_told_from_a_wrong_code(
    request: pytest.FixtureRequest, fixture: str, kind: str, driver: str
) -> None:
    provider = provider_named(request, fixture)
    with relying_party(provider, provider.clients[kind], driver, secret="of-another-client") as service:
        answer = service.login()

        assert answer.failure is not None
        assert answer.failure.reason is Reason.CLIENT_REFUSED
        assert "of-another-client" not in repr(answer)
        assert service.session().status == 401
        assert service.token_requests == 1


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("sealed", [False, True], ids=["stored", "sealed"])
@pytest.mark.parametrize("kind", ["basic", "form_post"])
def test_a_callback_that_comes_twice_leads_on_and_spends_its_code_once(
    oidc_provider: RealProvider, kind: str, sealed: bool, driver: str
) -> None:
    keys = SealingKeys((b"k" * 32,)) if sealed else None
    with relying_party(oidc_provider, oidc_provider.clients[kind], driver, sealing_keys=keys) as service:
        callback = oidc_provider.sign_in(service.begin(return_to="/notes"), "alice")
        first, second = service.arrive(callback), service.arrive(callback)

        assert (first.status, second.status) == (303, 303)
        assert second.failure is None
        assert dict(second.headers)["location"] == "/notes"
        assert service.token_requests == 1
        assert person_of(service.session()) == alice_at(oidc_provider)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_callback_in_another_browser_signs_nobody_in_and_its_own_browser_may_still_finish(
    oidc_provider: RealProvider, driver: str
) -> None:
    with relying_party(oidc_provider, oidc_provider.clients["basic"], driver) as service:
        callback = oidc_provider.sign_in(service.begin(), "alice")
        own, service.browser.cookies = service.browser.cookies, {}
        strange = service.arrive(callback)

        assert strange.failure is not None
        assert strange.failure.reason is Reason.LOGIN_OF_ANOTHER_BROWSER
        assert service.session().status == 401
        assert service.token_requests == 0

        service.browser.cookies = own
        assert service.arrive(callback).failure is None
        assert person_of(service.session()) == alice_at(oidc_provider)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("fixture", ["oidc_provider", "django_oauth_toolkit"])
def test_a_login_that_travels_sealed_in_the_cookie_signs_in(
    request: pytest.FixtureRequest, fixture: str, driver: str
) -> None:
    provider = provider_named(request, fixture)
    keys = SealingKeys((b"n" * 32, b"o" * 32))
    with relying_party(provider, provider.clients["basic"], driver, sealing_keys=keys) as service:
        answer = service.login()

        assert (answer.status, answer.failure) == (303, None)
        assert person_of(service.session()) == alice_at(provider)


@pytest.mark.parametrize("driver", DRIVERS)
def test_two_logins_of_one_browser_both_finish_in_whichever_order(oidc_provider: RealProvider, driver: str) -> None:
    with relying_party(oidc_provider, oidc_provider.clients["basic"], driver) as service:
        first, second = service.begin(return_to="/one"), service.begin(return_to="/two")
        late, early = oidc_provider.sign_in(first, "alice"), oidc_provider.sign_in(second, "alice")

        assert dict(service.arrive(early).headers)["location"] == "/two"
        assert dict(service.arrive(late).headers)["location"] == "/one"
        assert person_of(service.session()) == alice_at(oidc_provider)


def test_every_kind_of_client_of_both_providers_has_its_login_above(
    oidc_provider: RealProvider, canaille: RealProvider, django_oauth_toolkit: RealProvider
) -> None:
    running = {"oidc_provider": oidc_provider, "canaille": canaille, "django_oauth_toolkit": django_oauth_toolkit}

    registered = {(fixture, kind) for fixture, provider in running.items() for kind in provider.clients}

    assert registered == set(CASES) - {("oidc_provider_with_path", "basic")}
