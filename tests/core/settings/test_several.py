from __future__ import annotations

import attrs
import pytest

from sso_core.oauth.client import Client
from sso_core.oauth.tenants import Tenants
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Provider
from sso_core.secret import Secret
from sso_core.settings.several import clashes

CLIENT, OTHER_CLIENT = Client("a", Secret("canary")), Client("a", Secret("other"))
OPENID = OpenIdProvider("https://idp.example", CLIENT)
PLAIN = OAuthProvider(
    "https://idp.example", CLIENT, "https://idp.example/a", "https://idp.example/t", "https://idp.example/u"
)
FEW, MORE, REST = (Tenants("https://idp.example/{tenantid}", allowed) for allowed in (("1",), ("1", "2"), ("3",)))


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(OPENID, client=OTHER_CLIENT),
        attrs.evolve(OPENID, endpoints=EndpointOverrides(token="https://other.example")),
        attrs.evolve(OPENID, client=OTHER_CLIENT, tenants=FEW),
        PLAIN,
    ],
)
def test_two_that_share_subjects_and_not_the_registration_clash(other: Provider) -> None:
    assert clashes((OPENID, other)) == ((OPENID, other),)
    assert clashes((other, OPENID)) == ((other, OPENID),)


@pytest.mark.parametrize("other", [PLAIN, attrs.evolve(PLAIN, token_endpoint="https://other.example/t")])
def test_a_plain_one_shares_its_namespace_with_nobody(other: OAuthProvider) -> None:
    assert clashes((PLAIN, attrs.evolve(other, provider_id="other")))


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(OPENID, provider_id="other", scope="openid"),
        attrs.evolve(OPENID, issuer="https://other.example", client=OTHER_CLIENT),
        attrs.evolve(PLAIN, namespace="corp"),
    ],
)
def test_others_stand_beside_each_other(other: Provider) -> None:
    assert clashes((OPENID, other)) == ()


CORP = "https://corp.example"
CAME_FROM = attrs.evolve(OPENID, former_namespace=CORP, provider_id="came")


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(PLAIN, namespace=CORP),
        attrs.evolve(OPENID, issuer=CORP, client=OTHER_CLIENT),
        attrs.evolve(OPENID, issuer="https://other.example", former_namespace=CORP),
        attrs.evolve(OPENID, issuer="https://other.example", former_namespace=OPENID.issuer),
    ],
)
def test_nobody_else_has_the_namespace_whose_accounts_a_provider_takes_over(other: Provider) -> None:
    assert clashes((CAME_FROM, other))
    assert clashes((other, CAME_FROM))


def test_a_former_namespace_of_its_own_is_in_nobodys_way() -> None:
    assert clashes((CAME_FROM, attrs.evolve(OPENID, issuer="https://other.example", former_namespace="other"))) == ()
    assert clashes((CAME_FROM, attrs.evolve(CAME_FROM, provider_id="again"))) == ()


def test_tenants_keep_two_entries_apart_if_they_share_none() -> None:
    few, more, rest = (attrs.evolve(OPENID, tenants=tenants) for tenants in (FEW, MORE, REST))
    rest, more = attrs.evolve(rest, client=OTHER_CLIENT), attrs.evolve(more, client=OTHER_CLIENT)
    assert clashes((few, rest)) == ()
    assert clashes((few, more)) == ((few, more),)


def test_tenants_are_held_against_those_of_another_authority_and_against_plain_namespaces() -> None:
    few, more, rest = (attrs.evolve(OPENID, tenants=tenants) for tenants in (FEW, MORE, REST))
    single = attrs.evolve(few, issuer="https://idp.example/1", client=OTHER_CLIENT)
    assert clashes((more, single)) == ((more, single),)
    assert clashes((rest, single)) == ()
    assert clashes((more, attrs.evolve(single, client=CLIENT))) == ()
    plain = attrs.evolve(PLAIN, namespace="https://idp.example/1")
    assert clashes((more, plain)) == ((more, plain),)
    assert clashes((plain, single)) == ((plain, single),)
    assert clashes((rest, plain)) == ()


def test_one_alone_and_none_clash_with_nobody() -> None:
    assert clashes(()) == clashes((OPENID,)) == ()
