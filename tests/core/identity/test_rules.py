from __future__ import annotations

from sso_core.identity.rules import AccessTokenClaims, AttributeNames, IdentityRules


def test_without_a_rule_a_person_is_known_by_the_subject_and_gets_no_role_and_no_team() -> None:
    rules = IdentityRules()
    assert rules.names.handle == ("sub",)
    assert (rules.role_map, rules.role_claim_names, rules.team_claims, rules.default_team_claim) == (None, (), (), None)
    assert not rules.group_teams
    assert not rules.email_is_verified


def test_without_a_rule_nothing_is_read_that_nobody_verified() -> None:
    assert IdentityRules().access_token is AccessTokenClaims.IGNORED


def test_names_of_claims_are_those_of_openid_connect() -> None:
    names = AttributeNames()
    assert (names.email, names.first_name, names.last_name) == (("email",), ("given_name",), ("family_name",))
    assert names.extra is None


def test_rules_are_values() -> None:
    assert hash(IdentityRules()) == hash(IdentityRules(AttributeNames()))
