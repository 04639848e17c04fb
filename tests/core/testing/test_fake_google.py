from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from whole_login import WholeLogin

from sso_core.failures import Reason
from sso_core.flows.keep_session import SignedIn
from sso_core.machine import Failed
from sso_core.oauth.client import Client
from sso_core.providers.google import google
from sso_core.providers.kinds import OpenIdProvider
from sso_core.testing.fake_google import GARY, GINA, GOOGLE, GRETA, google_provider
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Person

REGISTERED = google_provider().clients[0]
CLIENT = Client(REGISTERED.client_id, REGISTERED.client_secret)


def login(person: Person, provider: OpenIdProvider) -> WholeLogin:
    op = FakeProvider(google_provider())
    login = WholeLogin(provider, op, person.subject)
    assert op.state.surprises == ()
    return login


def test_a_person_signs_in_with_google() -> None:
    played = login(GRETA, google(CLIENT, hosted_domains=("example.org",)))
    assert isinstance(played.ending, SignedIn), played.ending
    assert played.gathered is not None
    assert (played.gathered.issuer, played.gathered.subject) == (GOOGLE, GRETA.subject)
    assert parse_qs(urlsplit(played.location).query)["hd"] == ["example.org"]


def test_everybody_with_a_verified_address_signs_in_where_no_organisation_is_named() -> None:
    assert isinstance(login(GARY, google(CLIENT)).ending, SignedIn)


@pytest.mark.parametrize(
    ("person", "domains", "expected"),
    [
        (GARY, ("example.org",), Reason.HOSTED_DOMAIN_REFUSED),
        (GRETA, ("example.net",), Reason.HOSTED_DOMAIN_REFUSED),
        (GINA, ("example.org",), Reason.EMAIL_NOT_VERIFIED),
        (GINA, (), Reason.EMAIL_NOT_VERIFIED),
    ],
)
def test_others_stay_out(person: Person, domains: tuple[str, ...], expected: Reason) -> None:
    played = login(person, google(CLIENT, hosted_domains=domains))
    assert isinstance(played.ending, Failed)
    assert played.ending.failure.reason is expected
    assert "ReadingAccount" not in played.trail


def test_an_unverified_address_is_let_in_only_by_name() -> None:
    assert isinstance(login(GINA, google(CLIENT, verified_email_required=False)).ending, SignedIn)


def test_a_private_person_is_of_no_organisation_whatever_userinfo_says() -> None:
    provider = google(CLIENT, hosted_domains=("example.org",))
    state = google_provider()
    alterations = attrs.evolve(state.alterations, userinfo_claims=lambda claims: {**claims, "hd": "example.org"})
    op = FakeProvider(attrs.evolve(state, alterations=alterations))
    ending = WholeLogin(provider, op, GARY.subject).ending
    assert isinstance(ending, Failed)
    assert ending.failure.reason is Reason.HOSTED_DOMAIN_REFUSED
    assert op.state.count("userinfo") == 0
