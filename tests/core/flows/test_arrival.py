from __future__ import annotations

import attrs
from scenes import ENTROPY, ISSUER, OPENID, PLAIN, arrival, attempt, pending_login, settings

from sso_core.flows.arrival import arrival_of, person_of
from sso_core.identity.gathered import Gathered
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.records import Mappings, RoleMap
from sso_core.secret import Secret
from sso_core.sessions.pending_login import LoginPurpose

CLAIMS = ClaimSet({"name": "Alice", "groups": ["admins"], "iss": ISSUER, "nonce": "n"})
GATHERED = Gathered(ISSUER, "alice", merge_claims(CLAIMS, ClaimSet(), ClaimSet()))
ROLE_MAP = RoleMap("groups", (("proxy_admin", ("admins",)),))
MAPS = Mappings(role_map=ROLE_MAP)


def test_whoever_comes_back_from_a_provider_arrives_as_the_login_began() -> None:
    provider = attrs.evolve(OPENID, rules=IdentityRules(group_teams=True))
    login = pending_login(purpose=LoginPurpose.CLI, cli_login="c", cli_claim=Secret("claim-canary"))
    came = arrival_of(attempt(provider, former_session="old"), login)
    assert (came.settings, came.provider_id, came.rules) == (settings(provider), "generic", provider.rules)
    assert (came.return_to, came.entropy, came.former_session) == ("/back", ENTROPY, "old")
    assert (came.purpose, came.cli_login, came.cli_claim) == (LoginPurpose.CLI, "c", Secret("claim-canary"))
    assert not came.from_host
    assert came.former_namespace is None
    assert "canary" not in repr(came)


def test_whoever_comes_from_a_provider_that_got_an_issuer_may_be_known_by_what_it_was() -> None:
    provider = attrs.evolve(OPENID, former_namespace="corp")
    assert arrival_of(attempt(provider), pending_login()).former_namespace == "corp"
    assert arrival_of(attempt(PLAIN), pending_login()).former_namespace is None


def test_the_directorys_maps_are_for_what_providers_say() -> None:
    assert arrival().describe(GATHERED, MAPS).role == "proxy_admin"
    assert arrival(from_host=True).describe(GATHERED, MAPS).role is None


def test_a_map_of_the_directory_for_every_provider_is_for_the_only_one() -> None:
    other = attrs.evolve(OPENID, provider_id="other", issuer="https://other.example")
    several = arrival(settings=settings(providers=(OPENID, other)), provider_id="other")
    assert several.describe(GATHERED, MAPS).role is None
    named = Mappings(attrs.evolve(ROLE_MAP, provider="other"))
    assert several.describe(GATHERED, named).role == "proxy_admin"


def test_the_host_is_told_what_describes_the_person_and_not_the_token() -> None:
    person = person_of(arrival().describe(GATHERED, MAPS), GATHERED)
    assert (person.issuer, person.subject, person.display_name, person.handle) == (ISSUER, "alice", "Alice", "alice")
    assert (person.email, person.email_verified, person.role, person.team_ids) == (None, False, "proxy_admin", ())
    assert person.claims == (("name", "Alice"), ("groups", ["admins"]))
